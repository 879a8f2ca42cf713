/* SPDX-License-Identifier: MIT */
#include "waker.h"
#include "fail.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <unistd.h>

static int orders[2];

/* A thread of the batch class does not preempt the one that woke it, so its
 * byte is written when the loop is asleep, and not before. */
static void *serve(void *unused)
{
    static const struct sched_param none;
    int fd;

    (void)unused;
    if (sched_setscheduler(0, SCHED_BATCH, &none) < 0)
        fail_errno("the batch class");
    while (read(orders[0], &fd, sizeof(fd)) == sizeof(fd)) {
        if (write(fd, "", 1) != 1)
            fail_errno("the waker's write");
    }
    return NULL;
}

void waker_start(void)
{
    static bool started;
    pthread_t thread;

    if (started)
        return;
    started = true;
    if (pipe2(orders, 0) < 0)
        fail_errno("pipe2");
    errno = pthread_create(&thread, NULL, serve, NULL);
    if (errno != 0)
        fail_errno("pthread_create");
}

void waker_ask(int fd)
{
    if (write(orders[1], &fd, sizeof(fd)) != sizeof(fd))
        fail_errno("an order to the waker");
}
