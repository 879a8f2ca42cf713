/* SPDX-License-Identifier: MIT */
#include "trouble.h"

#include "../harness/raw.h"
#include "rng.h"
#include "waiter.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    SLOTS = 16,       /* closes that are left to a handler */
    CHILD_ROW = 512,  /* numbers that a child polls */
    PAUSE_US = 400000 /* between two children, at most */
};

_Atomic uint64_t trouble_signals, trouble_children;

static _Atomic int slots[SLOTS]; /* number + 1, or 0 */
static int listening;

/* The first free slot has it, or there is none. */
static int leave_to_handler(int fd)
{
    for (int i = 0; i < SLOTS; i++) {
        int none = 0;
        if (atomic_compare_exchange_strong(&slots[i], &none, fd + 1))
            return 1;
    }
    return 0;
}

void trouble_close(int fd, uint64_t *random)
{
    switch (soak_draw(random, 4)) {
    case 0:
        raw_close(fd);
        return;
    case 1:
        if (leave_to_handler(fd))
            return;
        break;
    default:
        break;
    }
    close(fd);
}

int trouble_pending(void)
{
    int pending = 0;

    for (int i = 0; i < SLOTS; i++)
        pending += atomic_load(&slots[i]) != 0;
    return pending;
}

/* --- signals -------------------------------------------------------------- */

static void close_one(uint64_t number)
{
    int fd = atomic_exchange(&slots[number % SLOTS], 0);

    if (fd)
        close(fd - 1);
}

static void on_signal(int signal)
{
    int saved = errno;
    uint64_t number = atomic_fetch_add(&trouble_signals, 1);
    struct pollfd row[4];
    struct timeval now = {0, 0};
    fd_set in;

    (void)signal;
    for (int i = 0; i < 4; i++)
        row[i] = (struct pollfd){listening + i, POLLIN, 0};
    poll(row, 4, 0);
    FD_ZERO(&in);
    FD_SET(listening, &in);
    select(listening + 1, &in, NULL, NULL, &now);
    atomic_fetch_add(&waiter_calls, 2);
    close_one(number);
    errno = saved;
}

static void start_signals(int per_second)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    struct itimerspec every = {{0, 1000000000 / per_second},
                               {0, 1000000000 / per_second}};
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL,
                             .sigev_signo = SIGUSR1};
    timer_t timer;

    if (sigaction(SIGUSR1, &action, NULL) < 0 ||
        timer_create(CLOCK_MONOTONIC, &event, &timer) < 0 ||
        timer_settime(timer, 0, &every, NULL) < 0) {
        perror("timer");
        _exit(3);
    }
}

/* --- children ------------------------------------------------------------- */

/* In a child with one thread: it has copies of everything, for a moment. */
static void be_a_child(uint64_t random)
{
    static struct pollfd row[CHILD_ROW];

    for (int i = 0; i < CHILD_ROW; i++)
        row[i] = (struct pollfd){3 + i, POLLIN, 0};
    for (int i = 0; i < 3; i++) {
        poll(row, CHILD_ROW, 0);
        for (int j = 0; j < 20; j++)
            close(3 + (int)soak_draw(&random, CHILD_ROW));
    }
    usleep(soak_draw(&random, 5000));
    poll(row, CHILD_ROW, 0);
    _exit(0);
}

static void wait_for(pid_t pid)
{
    int status = 0;
    pid_t got;

    do
        got = waitpid(pid, &status, 0);
    while (got < 0 && errno == EINTR);
    if (got != pid || status != 0) {
        fprintf(stderr, "a child ended with status %#x\n", (unsigned)status);
        _exit(3);
    }
    atomic_fetch_add(&trouble_children, 1);
}

static void have_child(uint64_t *random)
{
    volatile pid_t pid;

    if (soak_draw(random, 4) == 0) {
        pid = vfork();
        if (pid == 0) {
            close(listening);
            _exit(0);
        }
    } else {
        pid = fork();
        if (pid == 0)
            be_a_child(*random);
    }
    if (pid > 0)
        wait_for(pid);
}

static void *have_children(void *argument)
{
    uint64_t random = *(uint64_t *)argument;

    for (;;) {
        usleep(1000 + soak_draw(&random, PAUSE_US));
        have_child(&random);
    }
    return NULL;
}

void trouble_start(int listener, int signals_per_second, uint64_t seed)
{
    static uint64_t random;
    pthread_t thread;

    random = seed;
    listening = listener;
    if (signals_per_second)
        start_signals(signals_per_second);
    if (pthread_create(&thread, NULL, have_children, &random) != 0)
        _exit(3);
}
