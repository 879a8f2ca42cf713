/* SPDX-License-Identifier: MIT */
/*
 * Another preload library, as users have them: it wraps poll, select and
 * close, counts them, and passes them on to the next in line. The program
 * under test finds the counts by preload_count(), may have a function of its
 * own called before each close, and what is left of select()'s time kept from
 * it.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/select.h>
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
bool preload_keeps_time;

int poll(struct pollfd *fds, nfds_t n, int timeout)
{
    int (*next)(struct pollfd *, nfds_t, int) =
        (int (*)(struct pollfd *, nfds_t, int))dlsym(RTLD_NEXT, "poll");
    __atomic_fetch_add(&counts.poll, 1, __ATOMIC_RELAXED);
    return next(fds, n, timeout);
}

int select(int n, fd_set *r, fd_set *w, fd_set *x, struct timeval *timeout)
{
    int (*next)(int, fd_set *, fd_set *, fd_set *, struct timeval *) =
        (int (*)(int, fd_set *, fd_set *, fd_set *, struct timeval *))dlsym(
            RTLD_NEXT, "select");
    struct timeval copy;
    __atomic_fetch_add(&counts.select, 1, __ATOMIC_RELAXED);
    if (!preload_keeps_time || !timeout)
        return next(n, r, w, x, timeout);
    copy = *timeout;
    return next(n, r, w, x, &copy);
}

int close(int fd)
{
    int (*next)(int) = (int (*)(int))dlsym(RTLD_NEXT, "close");
    __atomic_fetch_add(&counts.close, 1, __ATOMIC_RELAXED);
    if (preload_before_close)
        preload_before_close(fd);
    return next(fd);
}
