/* SPDX-License-Identifier: MIT */
/*
 * The exported functions that take a 64-bit time on 32-bit processors, and
 * those that glibc gave such a twin though they hand out or change the same.
 */
#include "entry_wait.h"

#include "time64.h"

#ifdef EPS_HAVE_TIME64

CONSIDERED consider_ppoll64(struct pollfd *fds, nfds_t n,
                            const struct eps_timespec64 *timeout,
                            const sigset_t *mask)
{
    struct eps_timespec64 rest;
    struct timespec narrow;
    struct eps_pollcall call =
        ppollcall(fds, n, eps_narrow_timespec(timeout, &narrow), mask);
    int ret;

    if (run_poll(&call, &ret))
        return ret;
    timeout = eps_widen_rest(timeout, call.slept, call.timeout, &rest);
    return poll_was_native(&call, EPS_NEXT(__ppoll64)(fds, n, timeout, mask));
}

CONSIDERED consider_ppoll64_chk(struct pollfd *fds, nfds_t n,
                                const struct eps_timespec64 *timeout,
                                const sigset_t *mask, size_t size)
{
    struct eps_timespec64 rest;
    struct timespec narrow;
    struct eps_pollcall call =
        ppollcall(fds, n, eps_narrow_timespec(timeout, &narrow), mask);
    int ret;

    if (size / sizeof(*fds) >= n && run_poll(&call, &ret))
        return ret;
    timeout = eps_widen_rest(timeout, call.slept, call.timeout, &rest);
    return poll_was_native(
        &call, EPS_NEXT(__ppoll64_chk)(fds, n, timeout, mask, size));
}

CONSIDERED consider_select64(int n, fd_set *r, fd_set *w, fd_set *x,
                             struct eps_timeval64 *timeout)
{
    struct eps_selcall call = selcall(n, r, w, x);
    struct timeval narrow;
    bool answered;
    int ret;

    call.timeval = eps_narrow_timeval(timeout, &narrow);
    answered = run_select(&call, &ret);
    if (answered || call.slept) /* then only a rest is left for native */
        eps_widen_timeval(timeout, &narrow);
    if (answered)
        return ret;
    return select_was_native(&call, EPS_NEXT(__select64)(n, r, w, x, timeout));
}

CONSIDERED consider_pselect64(int n, fd_set *r, fd_set *w, fd_set *x,
                              const struct eps_timespec64 *timeout,
                              const sigset_t *mask)
{
    struct eps_timespec64 rest;
    struct timespec narrow;
    struct eps_selcall call =
        pselcall(n, r, w, x, eps_narrow_timespec(timeout, &narrow), mask);
    int ret;

    if (run_select(&call, &ret))
        return ret;
    timeout = eps_widen_rest(timeout, call.slept, call.timespec, &rest);
    return select_was_native(&call,
                             EPS_NEXT(__pselect64)(n, r, w, x, timeout, mask));
}

EPS_EXPORT int __ppoll64(struct pollfd *fds, nfds_t n,
                         const struct eps_timespec64 *timeout,
                         const sigset_t *mask)
{
    if (is_passed_on(fds, n))
        return eps_next.__ppoll64(fds, n, timeout, mask);
    return consider_ppoll64(fds, n, timeout, mask);
}

EPS_EXPORT int __ppoll64_chk(struct pollfd *fds, nfds_t n,
                             const struct eps_timespec64 *timeout,
                             const sigset_t *mask, size_t size)
{
    if (is_passed_on(fds, n))
        return eps_next.__ppoll64_chk(fds, n, timeout, mask, size);
    return consider_ppoll64_chk(fds, n, timeout, mask, size);
}

EPS_EXPORT int __select64(int n, fd_set *r, fd_set *w, fd_set *x,
                          struct eps_timeval64 *timeout)
{
    if (is_select_passed_on(r, w, x, n))
        return eps_next.__select64(n, r, w, x, timeout);
    return consider_select64(n, r, w, x, timeout);
}

EPS_EXPORT int __pselect64(int n, fd_set *r, fd_set *w, fd_set *x,
                           const struct eps_timespec64 *timeout,
                           const sigset_t *mask)
{
    if (is_select_passed_on(r, w, x, n))
        return eps_next.__pselect64(n, r, w, x, timeout, mask);
    return consider_pselect64(n, r, w, x, timeout, mask);
}

/* --- twins of the other hooks ------------------------------------------- */

EPS_EXPORT int __fcntl_time64(int fd, int command, ...)
{
    return eps_do_fcntl(EPS_NEXT(__fcntl_time64), fd, command,
                        EPS_ARGUMENT(command));
}

EPS_EXPORT ssize_t __recvmsg64(int fd, struct msghdr *message, int flags)
{
    return eps_do_recvmsg(EPS_NEXT(__recvmsg64), fd, message, flags);
}

EPS_EXPORT int __recvmmsg64(int fd, struct mmsghdr *messages,
                            unsigned int count, int flags,
                            struct eps_timespec64 *timeout)
{
    int ret = EPS_NEXT(__recvmmsg64)(fd, messages, count, flags, timeout);

    eps_received(messages, ret);
    return ret;
}

EPS_EXPORT int __setsockopt64(int fd, int level, int name, const void *value,
                              socklen_t length)
{
    return eps_do_setsockopt(EPS_NEXT(__setsockopt64), fd, level, name, value,
                             length);
}

EPS_EXPORT int __prctl_time64(int option, ...)
{
    unsigned long args[4];

    EPS_ARGUMENTS(args, option);
    return eps_do_prctl(EPS_NEXT(__prctl_time64), option, args);
}

#endif
