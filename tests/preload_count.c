/* SPDX-License-Identifier: MIT */
/*
 * Another preload library, as users have them: it wraps poll, select and
 * close, counts them, and passes them on to the next in line. The program
 * under test finds the counts by preload_count(), may have functions of its own
 * called before each close, and before each poll and select, what is left of
 * select()'s time kept from it, and the clock stopped.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/select.h>
#include <time.h>
#include <unistd.h>

struct preload_counts {
    int poll, select, close;
};

static struct preload_counts counts;

struct preload_counts preload_count(void);
struct preload_counts preload_count(void)
{
    return counts;
}

void (*preload_before_close)(int fd);
void (*preload_before_wait)(void);
bool preload_keeps_time;
bool preload_stops_clock;

/* 64-bit times have functions of their own on 32-bit processors. */
#define NEXT_NAMED(name, name64)                                               \
    dlsym(RTLD_NEXT, sizeof(time_t) > sizeof(long) ? (name64) : (name))

int poll(struct pollfd *fds, nfds_t n, int timeout)
{
    int (*next)(struct pollfd *, nfds_t, int) =
        (int (*)(struct pollfd *, nfds_t, int))dlsym(RTLD_NEXT, "poll");
    __atomic_fetch_add(&counts.poll, 1, __ATOMIC_RELAXED);
    if (preload_before_wait)
        preload_before_wait();
    return next(fds, n, timeout);
}

int select(int n, fd_set *r, fd_set *w, fd_set *x, struct timeval *timeout)
{
    int (*next)(int, fd_set *, fd_set *, fd_set *, struct timeval *) =
        (int (*)(int, fd_set *, fd_set *, fd_set *,
                 struct timeval *))NEXT_NAMED("select", "__select64");
    struct timeval copy;
    __atomic_fetch_add(&counts.select, 1, __ATOMIC_RELAXED);
    if (preload_before_wait)
        preload_before_wait();
    if (!preload_keeps_time || !timeout)
        return next(n, r, w, x, timeout);
    copy = *timeout;
    return next(n, r, w, x, &copy);
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    int (*next)(clockid_t, struct timespec *) =
        (int (*)(clockid_t, struct timespec *))NEXT_NAMED("clock_gettime",
                                                          "__clock_gettime64");
    if (!preload_stops_clock)
        return next(clock, now);
    *now = (struct timespec){.tv_sec = 1000};
    return 0;
}

int close(int fd)
{
    int (*next)(int) = (int (*)(int))dlsym(RTLD_NEXT, "close");
    __atomic_fetch_add(&counts.close, 1, __ATOMIC_RELAXED);
    if (preload_before_close)
        preload_before_close(fd);
    return next(fd);
}
