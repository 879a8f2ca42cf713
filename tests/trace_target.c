/* SPDX-License-Identifier: MIT */
/*
 * A program whose calls are known by number, for tests/cmd-trace: from one
 * place 1,000 polls of 400 pipes, of which one is ready; from another 400
 * polls of 40 with an entry exchanged before each; from a third 201 selects of
 * 3 descriptors that wait for a millisecond. With "fork", it first forks a
 * child that does the same. With "busy" or "sleepy" and two numbers it makes so
 * many polls of so many pipes, of which one after the other is ready, or a
 * timer later.
 */
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    PIPES = 400,
    FEW = 40
};

static struct pollfd fds[PIPES];

static void open_pipes(void)
{
    for (int i = 0; i < PIPES; i++) {
        int ends[2];
        if (pipe(ends) < 0)
            exit(99);
        fds[i] = (struct pollfd){.fd = ends[0], .events = POLLIN};
        if (i == 0 && write(ends[1], "x", 1) != 1)
            exit(99);
    }
}

void poll_many(void);
void poll_changing(void);
void select_few(void);

/* Exported, so that the report knows it by name. */
__attribute__((noinline)) void poll_many(void)
{
    for (int i = 0; i < 1000; i++)
        if (poll(fds, PIPES, 1000) != 1)
            exit(98);
    errno = ENOTTY;
    if (poll(fds, PIPES, 0) != 1 || errno != ENOTTY)
        exit(97);
}

__attribute__((noinline)) void poll_changing(void)
{
    for (int i = 0; i < 400; i++) {
        struct pollfd spare = fds[FEW - 1];
        fds[FEW - 1] = fds[FEW + i % 2];
        fds[FEW + i % 2] = spare;
        if (poll(fds, FEW, 1000) != 1)
            exit(96);
    }
}

__attribute__((noinline)) void select_few(void)
{
    for (int i = 0; i < 201; i++) {
        struct timeval timeout = {0, 1000};
        fd_set set;
        FD_ZERO(&set);
        for (int j = 1; j <= 3; j++)
            FD_SET(fds[j].fd, &set);
        if (select(fds[3].fd + 1, &set, NULL, NULL, &timeout) != 0)
            exit(95);
    }
}

static int wait_busily(int count, int calls)
{
    struct pollfd *all = calloc((size_t)count, sizeof(*all));
    int *writers = calloc((size_t)count, sizeof(*writers));
    char byte;

    for (int i = 0; i < count; i++) {
        int ends[2];
        if (pipe(ends) < 0)
            return 93;
        all[i] = (struct pollfd){.fd = ends[0], .events = POLLIN};
        writers[i] = ends[1];
    }
    for (int i = 0; i < calls; i++) {
        int at = (int)(i * 7L % count);
        if (write(writers[at], "x", 1) != 1 || poll(all, count, -1) != 1 ||
            read(all[at].fd, &byte, 1) != 1)
            return 92;
    }
    return 0;
}

static int wait_asleep(int count, int calls)
{
    const struct itimerspec soon = {.it_value = {.tv_nsec = 300000}};
    struct pollfd *all = calloc((size_t)count, sizeof(*all));
    int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    uint64_t times;

    for (int i = 0; i < count; i++) {
        int ends[2];
        if (pipe(ends) < 0)
            return 91;
        all[i] = (struct pollfd){.fd = ends[0], .events = POLLIN};
    }
    all[count - 1].fd = timer;
    for (int i = 0; i < calls; i++)
        if (timerfd_settime(timer, 0, &soon, NULL) < 0 ||
            poll(all, count, -1) != 1 || read(timer, &times, sizeof(times)) < 0)
            return 90;
    return 0;
}

/* Two descriptors a pipe: as many as there may be. */
static int wait_for_many(int (*how)(int count, int calls), char *argv[])
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return 89;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    return how(atoi(argv[2]), atoi(argv[3]));
}

int main(int argc, char *argv[])
{
    int status = 0;
    pid_t child = -1;

    if (argc > 3)
        return wait_for_many(
            strcmp(argv[1], "busy") == 0 ? wait_busily : wait_asleep, argv);
    open_pipes();
    if (argc > 1)
        child = fork();
    poll_many();
    poll_changing();
    select_few();
    if (child == 0)
        _exit(0);
    if (child > 0 && (waitpid(child, &status, 0) != child || status))
        return 94;
    return argc > 2 ? atoi(argv[2]) : 0;
}
