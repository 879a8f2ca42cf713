/* SPDX-License-Identifier: MIT */
/*
 * The obvious preload library, and a wrong one: poll() from an epoll set that
 * is kept from call to call and brought up to date by comparing masks alone.
 * It never learns that a number was closed, or stands for another file, or
 * that the process is a child by now. Quiet programs like it; that the
 * hazards don't is what shows that they can tell.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>

enum {
    NUMBERS = 4096, /* calls with higher ones are made natively */
    BATCH = 512,
    WATCHED = 1 << 16 /* beside a mask: this number is in the set */
};

struct watch_list {
    int end; /* one more than the highest number */
    uint32_t masks[NUMBERS];
};

static __thread int set;                  /* 0 is never an epoll set */
static __thread struct watch_list known;  /* what the set holds */
static __thread struct watch_list wanted; /* what this call asks for */

static int poll_natively(struct pollfd *fds, nfds_t n, int timeout)
{
    int (*next)(struct pollfd *, nfds_t, int) =
        (int (*)(struct pollfd *, nfds_t, int))dlsym(RTLD_NEXT, "poll");
    return next(fds, n, timeout);
}

static bool collect(const struct pollfd *fds, nfds_t n)
{
    memset(&wanted, 0, sizeof(wanted));
    for (nfds_t i = 0; i < n; i++) {
        if (fds[i].fd < 0)
            continue;
        if (fds[i].fd >= NUMBERS)
            return false;
        wanted.masks[fds[i].fd] |= WATCHED | (uint16_t)fds[i].events;
        if (fds[i].fd >= wanted.end)
            wanted.end = fds[i].fd + 1;
    }
    return true;
}

static bool update_one(int fd, uint32_t from, uint32_t to)
{
    struct epoll_event event = {.events = to & ~WATCHED, .data.fd = fd};
    int op = !to ? EPOLL_CTL_DEL : from ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
    if (epoll_ctl(set, op, fd, &event) && to)
        return false;
    known.masks[fd] = to;
    return true;
}

/* False if epoll can't watch one of them. */
static bool update(void)
{
    int end = known.end > wanted.end ? known.end : wanted.end;
    known.end = end;
    for (int fd = 0; fd < end; fd++)
        if (known.masks[fd] != wanted.masks[fd] &&
            !update_one(fd, known.masks[fd], wanted.masks[fd]))
            return false;
    return true;
}

/* Makes the answers of the call out of the events of the set. */
static int tell(struct pollfd *fds, nfds_t n, const struct epoll_event *events,
                int count)
{
    int ready = 0;
    memset(wanted.masks, 0, sizeof(wanted.masks));
    for (int i = 0; i < count; i++)
        wanted.masks[events[i].data.fd] = events[i].events;
    for (nfds_t i = 0; i < n; i++) {
        uint32_t told = fds[i].fd < 0 ? 0 : wanted.masks[fds[i].fd];
        fds[i].revents =
            (short)(told & ((uint16_t)fds[i].events | POLLERR | POLLHUP));
        ready += fds[i].revents != 0;
    }
    return ready;
}

int poll(struct pollfd *fds, nfds_t n, int timeout)
{
    struct epoll_event events[BATCH];
    if (!set)
        set = epoll_create1(EPOLL_CLOEXEC);
    if (!collect(fds, n) || !update())
        return poll_natively(fds, n, timeout);
    int count = epoll_wait(set, events, BATCH, timeout);
    return count < 0 ? count : tell(fds, n, events, count);
}
