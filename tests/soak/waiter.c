/* SPDX-License-Identifier: MIT */
#include "waiter.h"

#include "clock.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/select.h>

_Atomic uint64_t waiter_calls;
_Atomic int64_t waiter_worst_us;

static void mark(unsigned long *bits, int fd)
{
    bits[fd / 64] |= 1ul << fd % 64;
}

static bool is_marked(const unsigned long *bits, int fd)
{
    return bits[fd / 64] >> fd % 64 & 1;
}

static int fill(struct waiter *waiter, const struct pollfd *fds, nfds_t count)
{
    int highest = -1;

    for (nfds_t i = 0; i < count; i++)
        highest = fds[i].fd > highest ? fds[i].fd : highest;
    memset(waiter->in, 0, (size_t)(highest / 64 + 1) * 8);
    memset(waiter->out, 0, (size_t)(highest / 64 + 1) * 8);
    for (nfds_t i = 0; i < count; i++) {
        if (fds[i].events & POLLIN)
            mark(waiter->in, fds[i].fd);
        if (fds[i].events & POLLOUT)
            mark(waiter->out, fds[i].fd);
    }
    return highest + 1;
}

static void tell(const struct waiter *waiter, struct pollfd *fds, nfds_t count)
{
    for (nfds_t i = 0; i < count; i++)
        fds[i].revents =
            (short)((is_marked(waiter->in, fds[i].fd) ? POLLIN : 0) |
                    (is_marked(waiter->out, fds[i].fd) ? POLLOUT : 0));
}

#define SET(bits) ((fd_set *)(void *)(bits))

static int ask_select(struct waiter *waiter, struct pollfd *fds, nfds_t count,
                      int ms)
{
    struct timeval time = {ms / 1000, ms % 1000 * 1000};
    struct timespec precise = {ms / 1000, ms % 1000 * 1000000L};
    int nfds = fill(waiter, fds, count), ret;
    sigset_t mask;

    sigemptyset(&mask);
    if (waiter->kind == WAITER_SELECT)
        ret = select(nfds, SET(waiter->in), SET(waiter->out), NULL,
                     ms < 0 ? NULL : &time);
    else
        ret = pselect(nfds, SET(waiter->in), SET(waiter->out), NULL,
                      ms < 0 ? NULL : &precise, &mask);
    if (ret >= 0)
        tell(waiter, fds, count);
    return ret;
}

static int ask(struct waiter *waiter, struct pollfd *fds, nfds_t count, int ms)
{
    struct timespec precise = {ms / 1000, ms % 1000 * 1000000L};
    sigset_t mask;

    switch (waiter->kind) {
    case WAITER_POLL:
        return poll(fds, count, ms);
    case WAITER_PPOLL:
        sigemptyset(&mask);
        return ppoll(fds, count, ms < 0 ? NULL : &precise, &mask);
    default:
        return ask_select(waiter, fds, count, ms);
    }
}

static void note_late(int64_t late)
{
    int64_t worst = atomic_load(&waiter_worst_us);

    while (late > worst)
        if (atomic_compare_exchange_weak(&waiter_worst_us, &worst, late))
            return;
}

int waiter_wait(struct waiter *waiter, struct pollfd *fds, nfds_t count,
                int timeout)
{
    int64_t begun = soak_now_us();
    int ret = ask(waiter, fds, count, timeout);
    int saved = errno;

    atomic_fetch_add(&waiter_calls, 1);
    if (timeout >= 0)
        note_late(soak_now_us() - begun - timeout * INT64_C(1000));
    errno = saved;
    return ret;
}
