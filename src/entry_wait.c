/* SPDX-License-Identifier: MIT */
/*
 * The exported calls of the poll and select family: a few lines each.
 */
#include "entry_wait.h"

#include "steady.h"

/* `next` is where the function is that the program has asked for. */
CONSIDERED consider_poll(typeof(eps_next.poll) *next, struct pollfd *fds,
                         nfds_t n, int timeout)
{
    struct eps_pollcall call;
    int ret;

    if (is_refused(n))
        return EPS_NEXT_AT(next)(fds, n, timeout);
    if (eps_steady_poll(fds, n, timeout, &ret))
        return ret;
    call =
        (struct eps_pollcall){.array = fds, .count = n, .timeout_ms = timeout};
    if (try_poll(&call, &ret))
        return ret;
    return poll_was_native(&call, (*next)(fds, n, call.timeout_ms));
}

/* An array smaller than it claims to be is libc's to end the program for. */
CONSIDERED consider_poll_chk(struct pollfd *fds, nfds_t n, int timeout,
                             size_t size)
{
    struct eps_pollcall call = {
        .array = fds, .count = n, .timeout_ms = timeout};
    int ret;

    if (size / sizeof(*fds) >= n && run_poll(&call, &ret))
        return ret;
    return poll_was_native(&call,
                           EPS_NEXT(__poll_chk)(fds, n, call.timeout_ms, size));
}

CONSIDERED consider_ppoll(struct pollfd *fds, nfds_t n,
                          const struct timespec *timeout, const sigset_t *mask)
{
    struct eps_pollcall call = ppollcall(fds, n, timeout, mask);
    int ret;

    if (run_poll(&call, &ret))
        return ret;
    return poll_was_native(&call, EPS_NEXT(ppoll)(fds, n, call.timeout, mask));
}

CONSIDERED consider_ppoll_chk(struct pollfd *fds, nfds_t n,
                              const struct timespec *timeout,
                              const sigset_t *mask, size_t size)
{
    struct eps_pollcall call = ppollcall(fds, n, timeout, mask);
    int ret;

    if (size / sizeof(*fds) >= n && run_poll(&call, &ret))
        return ret;
    return poll_was_native(
        &call, EPS_NEXT(__ppoll_chk)(fds, n, call.timeout, mask, size));
}

CONSIDERED consider_select(typeof(eps_next.select) *next, int n, fd_set *r,
                           fd_set *w, fd_set *x, struct timeval *timeout)
{
    struct eps_bitmaps sets = bitmaps(r, w, x);
    struct eps_selcall call;
    struct timeval rest;
    int ret;

    if (is_refused(bits_of(n)))
        return EPS_NEXT_AT(next)(n, r, w, x, timeout);
    if (eps_steady_select(n, &sets, timeout, &ret))
        return ret;
    call = selcall(n, r, w, x);
    call.timeval = timeout;
    if (try_select(&call, &ret))
        return ret;
    timeout = select_rest(&call, timeout, &rest);
    return select_was_native(&call, (*next)(n, r, w, x, timeout));
}

CONSIDERED consider_pselect(int n, fd_set *r, fd_set *w, fd_set *x,
                            const struct timespec *timeout,
                            const sigset_t *mask)
{
    struct eps_selcall call = pselcall(n, r, w, x, timeout, mask);
    int ret;

    if (run_select(&call, &ret))
        return ret;
    return select_was_native(
        &call, EPS_NEXT(pselect)(n, r, w, x, call.timespec, mask));
}

EPS_EXPORT int poll(struct pollfd *fds, nfds_t n, int timeout)
{
    if (is_passed_on(fds, n))
        return eps_next.poll(fds, n, timeout);
    return consider_poll(&eps_next.poll, fds, n, timeout);
}

EPS_EXPORT int __poll(struct pollfd *fds, nfds_t n, int timeout)
{
    if (is_passed_on(fds, n))
        return eps_next.__poll(fds, n, timeout);
    return consider_poll(&eps_next.__poll, fds, n, timeout);
}

EPS_EXPORT int __poll_chk(struct pollfd *fds, nfds_t n, int timeout,
                          size_t size)
{
    if (is_passed_on(fds, n))
        return eps_next.__poll_chk(fds, n, timeout, size);
    return consider_poll_chk(fds, n, timeout, size);
}

EPS_EXPORT int ppoll(struct pollfd *fds, nfds_t n,
                     const struct timespec *timeout, const sigset_t *mask)
{
    if (is_passed_on(fds, n))
        return eps_next.ppoll(fds, n, timeout, mask);
    return consider_ppoll(fds, n, timeout, mask);
}

EPS_EXPORT int __ppoll_chk(struct pollfd *fds, nfds_t n,
                           const struct timespec *timeout, const sigset_t *mask,
                           size_t size)
{
    if (is_passed_on(fds, n))
        return eps_next.__ppoll_chk(fds, n, timeout, mask, size);
    return consider_ppoll_chk(fds, n, timeout, mask, size);
}

EPS_EXPORT int select(int n, fd_set *r, fd_set *w, fd_set *x,
                      struct timeval *timeout)
{
    if (is_select_passed_on(r, w, x, n))
        return eps_next.select(n, r, w, x, timeout);
    return consider_select(&eps_next.select, n, r, w, x, timeout);
}

EPS_EXPORT int __select(int n, fd_set *r, fd_set *w, fd_set *x,
                        struct timeval *timeout)
{
    if (is_select_passed_on(r, w, x, n))
        return eps_next.__select(n, r, w, x, timeout);
    return consider_select(&eps_next.__select, n, r, w, x, timeout);
}

EPS_EXPORT int pselect(int n, fd_set *r, fd_set *w, fd_set *x,
                       const struct timespec *timeout, const sigset_t *mask)
{
    if (is_select_passed_on(r, w, x, n))
        return eps_next.pselect(n, r, w, x, timeout, mask);
    return consider_pselect(n, r, w, x, timeout, mask);
}
