/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "worker.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "make.h"

#include "../harness/clock.h"
#include "../harness/raw.h"

const char *outcome_name(enum outcome outcome)
{
    static const char *const names[] = {"passed", "found a difference", "hung",
                                        "crashed"};
    return names[outcome];
}

/* The script as a file without a name, rewound. */
static int script_file(const struct op_list *ops)
{
    int fd = open_unnamed();
    FILE *out = fd < 0 ? NULL : fdopen(dup(fd), "w");
    if (!out) {
        perror("diff: a file without a name");
        exit(2);
    }
    for (size_t i = 0; i < ops->n; i++)
        op_print(out, &ops->op[i]);
    fclose(out);
    lseek(fd, 0, SEEK_SET);
    return fd;
}

/*
 * Becomes the worker. It leads a process group, so that it can be ended with
 * all its children, and it ends when we do.
 */
static void become_worker(const struct job *job, int tally_fd, int script_fd)
{
    char text[8][24];
    setpgid(0, 0);
    raw_syscall3(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0);
    if (script_fd >= 0) {
        dup2(script_fd, 0);
        close(script_fd);
    }
    if (job->quiet)
        dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), 1);
    snprintf(text[0], sizeof(text[0]), "--worker=%d", tally_fd);
    snprintf(text[1], sizeof(text[1]), "--seed=%ju",
             (uintmax_t)job->plan->seed);
    snprintf(text[2], sizeof(text[2]), "--calls=%d", job->plan->calls);
    snprintf(text[3], sizeof(text[3]), "--fds=%d", job->plan->fds);
    snprintf(text[4], sizeof(text[4]), "--threads=%d", job->plan->threads);
    snprintf(text[5], sizeof(text[5]), "--mode=%s", mode_name(job->plan->mode));
    snprintf(text[6], sizeof(text[6]), "--episode=%d", job->plan->episode);
    snprintf(text[7], sizeof(text[7]), "--break=%lu", job->broken);
    const char *stop = job->stop ? "--stop" : "--shrink=0";
    execl("/proc/self/exe", "diff", text[0], text[1], text[2], text[3], text[4],
          text[5], text[6], text[7], stop,
          script_fd >= 0 ? "--script=-" : (char *)NULL, (char *)NULL);
    perror("diff: cannot start itself again");
    _exit(2);
}

/* Waits; false if there was no progress for so many seconds. */
static bool watch(pid_t pid, const struct tally *shared, int patience,
                  int *status)
{
    unsigned long ticks = 0;
    double moved = clock_ms();
    while (waitpid(pid, status, WNOHANG) != pid) {
        if (ticks != shared->ticks) {
            ticks = shared->ticks;
            moved = clock_ms();
        }
        if (clock_ms() - moved > 1e3 * patience)
            return false;
        clock_sleep_ms(1);
    }
    return true;
}

enum outcome worker_run(const struct job *job, struct tally *result)
{
    int tally_fd, status = 0;
    int script_fd = job->script ? script_file(job->script) : -1;
    struct tally *shared = tally_create(&tally_fd);
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0)
        become_worker(job, tally_fd, script_fd);
    close(tally_fd);
    if (script_fd >= 0)
        close(script_fd);
    bool ended = watch(pid, shared, job->patience, &status);
    /* Whatever is left of the group goes with its leader. */
    kill(-pid, SIGKILL);
    if (!ended)
        waitpid(pid, &status, 0);
    memcpy(result, shared, sizeof(*result));
    munmap(shared, sizeof(*shared));
    if (!ended)
        return HANGS;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return GOOD;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 2)
        exit(2);
    return WIFEXITED(status) ? DIFFERS : CRASHES;
}
