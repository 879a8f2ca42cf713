/* SPDX-License-Identifier: MIT */
/*
 * Samples of what processes wait in.
 *
 * Kernel notes:
 * (a) /proc/PID/task/TID/syscall is "running", or a number and its arguments;
 *     who may not attach to the process may not read it. A thread that never
 *     sleeps is never seen in a call.
 * (b) A process of another class has the numbers of that.
 */
#include "sample.h"

#include "clock.h"
#include "procstat.h"
#include "say.h"

#include <ctype.h>
#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define ROUND_NS 100000000L

struct number {
    long number;
    const char *name;
    int count; /* the argument that says how many; -1: it is epoll's */
};

static const struct number own_numbers[] = {
#ifdef SYS_poll
    {SYS_poll, "poll", 1},
#endif
#ifdef SYS_select
    {SYS_select, "select", 0},
#endif
#ifdef SYS__newselect
    {SYS__newselect, "select", 0},
#endif
#ifdef SYS_ppoll_time64
    {SYS_ppoll_time64, "ppoll", 1},
    {SYS_pselect6_time64, "pselect", 0},
#endif
    {SYS_ppoll, "ppoll", 1},
    {SYS_pselect6, "pselect", 0},
#ifdef SYS_epoll_wait
    {SYS_epoll_wait, "epoll_wait", -1},
#endif
    {SYS_epoll_pwait, "epoll_pwait", -1},
#ifdef SYS_epoll_pwait2
    {SYS_epoll_pwait2, "epoll_pwait2", -1},
#endif
    {-1, NULL, 0},
};

/* Note (b). */
static const struct number other_numbers[] = {
#ifdef __x86_64__
    {168, "poll", 1},
    {142, "select", 0},
    {309, "ppoll", 1},
    {308, "pselect", 0},
    {414, "ppoll", 1},
    {413, "pselect", 0},
    {256, "epoll_wait", -1},
    {319, "epoll_pwait", -1},
    {441, "epoll_pwait2", -1},
#endif
    {-1, NULL, 0},
};

/* A short file of a process; false if it has gone, or may not be read. */
static bool read_of(int pid, const char *name, char *text, size_t size)
{
    char *path = cmd_format("/proc/%d/%s", pid, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = fd >= 0 ? read(fd, text, size - 1) : -1;
    int wrong = errno;

    free(path);
    if (fd >= 0)
        close(fd);
    errno = wrong;
    text[length > 0 ? length : 0] = '\0';
    return length > 0;
}

static const struct number *numbers_of(int pid)
{
    const int own = sizeof(long) == 8 ? ELFCLASS64 : ELFCLASS32;
    char head[EI_NIDENT + 1];

    if (!read_of(pid, "exe", head, sizeof(head)))
        return own_numbers;
    return head[EI_CLASS] == own ? own_numbers : other_numbers;
}

static long count_open(int pid)
{
    char *path = cmd_format("/proc/%d/fd", pid);
    DIR *directory = opendir(path);
    long count = 0;

    free(path);
    while (directory && readdir(directory))
        count++;
    if (directory)
        closedir(directory);
    return count > 2 ? count - 2 : 0;
}

static uint64_t read_switches(int pid, int thread)
{
    char name[64], text[4096];
    const char *at;

    snprintf(name, sizeof(name), "task/%d/status", thread);
    if (!read_of(pid, name, text, sizeof(text)))
        return 0;
    at = strstr(text, "\nvoluntary_ctxt_switches:");
    return at ? strtoull(strchr(at, ':') + 1, NULL, 10) : 0;
}

/* Fields 14 and 15 of stat, behind the name, which may hold anything. */
void cmd_sample_cpu(int pid, double *user, double *system)
{
    unsigned long long ticks[2] = {0, 0};
    double hz = (double)sysconf(_SC_CLK_TCK);
    char text[1024];
    const char *at;

    if (!read_of(pid, "stat", text, sizeof(text)) ||
        !(at = strrchr(text, ')')) ||
        sscanf(at, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu",
               &ticks[0], &ticks[1]) != 2)
        return;
    *user = (double)ticks[0] / hz;
    *system = (double)ticks[1] / hz;
}

static struct cmd_sampled *find(struct cmd_samples *samples, int pid)
{
    for (size_t i = 0; i < samples->count; i++)
        if (samples->all[i].pid == pid)
            return &samples->all[i];
    return NULL;
}

static struct cmd_sampled *add(struct cmd_samples *samples, int pid)
{
    struct cmd_sampled *process;

    if (samples->count == samples->room) {
        samples->room = samples->room ? 2 * samples->room : 64;
        samples->all =
            cmd_alloc(samples->all, samples->room * sizeof(*process));
    }
    process = &samples->all[samples->count++];
    *process = (struct cmd_sampled){.pid = pid, .first = cmd_clock_seconds()};
    process->start = eps_procstat_start(pid);
    read_of(pid, "comm", process->command, sizeof(process->command));
    process->command[strcspn(process->command, "\n")] = '\0';
    for (char *at = process->command; *at; at++)
        if (!isprint((unsigned char)*at))
            *at = '?';
    cmd_sample_cpu(process->pid, &process->user_before,
                   &process->system_before);
    return process;
}

/* It waits in select or poll; for select, nfds is only a bound. */
static void note_wait(struct cmd_sampled *process, int thread,
                      const struct number *call, unsigned long long count)
{
    long open = count > 1 ? count_open(process->pid) : 1;

    process->waiting++;
    if (call->count == 0 && count > (unsigned long long)open)
        count = (unsigned long long)open;
    if (!process->thread) {
        process->thread = thread;
        process->switches_before = read_switches(process->pid, thread);
    }
    if (!process->call || count > process->most) {
        process->call = call->name;
        process->most = count < UINT32_MAX ? (uint32_t)count : UINT32_MAX;
        process->open = open;
    }
}

/* Note (a). */
static void look_at_thread(struct cmd_sampled *process, int thread,
                           const struct number *numbers)
{
    unsigned long long arguments[2];
    char name[64], text[256];
    long number;

    snprintf(name, sizeof(name), "task/%d/syscall", thread);
    if (!read_of(process->pid, name, text, sizeof(text)))
        return;
    process->looks++;
    if (strncmp(text, "running", 7) == 0) {
        process->running++;
        return;
    }
    if (sscanf(text, "%ld %llx %llx", &number, &arguments[0], &arguments[1]) !=
        3)
        return;
    for (; numbers->name; numbers++)
        if (numbers->number == number) {
            if (numbers->count < 0)
                process->epolling++;
            else
                note_wait(process, thread, numbers, arguments[numbers->count]);
        }
}

static void look_at(struct cmd_sampled *process)
{
    char *path = cmd_format("/proc/%d/task", process->pid);
    DIR *directory = opendir(path);
    const struct number *numbers = numbers_of(process->pid);
    struct dirent *entry;

    free(path);
    while (directory && (entry = readdir(directory)) != NULL)
        if (isdigit((unsigned char)entry->d_name[0]))
            look_at_thread(process, atoi(entry->d_name), numbers);
    if (directory)
        closedir(directory);
    cmd_sample_cpu(process->pid, &process->user, &process->system);
    if (process->thread)
        process->switches = read_switches(process->pid, process->thread);
    process->last = cmd_clock_seconds();
}

/* A kernel thread has no program. */
static bool is_kernel_thread(int pid)
{
    char text[4];

    errno = 0;
    return !read_of(pid, "cmdline", text, sizeof(text)) && errno == 0;
}

static void look_at_all(struct cmd_samples *samples, bool first)
{
    DIR *directory = opendir("/proc");
    struct dirent *entry;

    while (directory && (entry = readdir(directory)) != NULL) {
        int pid = atoi(entry->d_name);
        struct cmd_sampled *process;
        char text[8];
        if (pid <= 0 || pid == getpid())
            continue;
        process = find(samples, pid);
        errno = 0;
        if (!process && !read_of(pid, "syscall", text, sizeof(text))) {
            samples->denied += first && errno != ENOENT && errno != ESRCH &&
                               !is_kernel_thread(pid);
            continue;
        }
        look_at(process ? process : add(samples, pid));
    }
    if (directory)
        closedir(directory);
}

void cmd_sample(struct cmd_samples *samples, double seconds)
{
    struct timespec round = {0, ROUND_NS};
    double end = cmd_clock_seconds() + seconds;

    look_at_all(samples, true);
    /* Once more at least, or there is nothing to take a rate of. */
    do {
        nanosleep(&round, NULL);
        look_at_all(samples, false);
    } while (cmd_clock_seconds() < end);
}
