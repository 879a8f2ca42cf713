/* SPDX-License-Identifier: MIT */
/*
 * The exported calls of the poll and select family: a few lines each.
 */
#include "entry.h"

#include "pollcall.h"
#include "selcall.h"

#include <errno.h>

/* Before start-up, and where nothing is to be answered, all is native. */
static bool is_off(void)
{
    return !atomic_load_explicit(&eps_process.ready, memory_order_relaxed);
}

static int poll_result(const struct eps_pollcall *call, int saved)
{
    errno = call->ret < 0 ? call->error : saved;
    return call->ret;
}

/* True if the call was answered; the result is in *ret, and in errno. */
static bool answer_poll(struct pollfd *fds, nfds_t n, int timeout, int *ret)
{
    struct eps_pollcall call = {
        .array = fds, .count = n, .timeout_ms = timeout};
    int saved = errno;

    if (is_off() || eps_pollcall_run(&call) == EPS_NATIVE)
        return false;
    *ret = poll_result(&call, saved);
    return true;
}

static bool answer_ppoll(struct pollfd *fds, nfds_t n,
                         const struct timespec *timeout, const sigset_t *mask,
                         int *ret)
{
    struct eps_pollcall call = {.array = fds,
                                .count = n,
                                .precise = true,
                                .timeout = timeout,
                                .mask = mask};
    int saved = errno;

    if (is_off() || eps_pollcall_run(&call) == EPS_NATIVE)
        return false;
    *ret = poll_result(&call, saved);
    return true;
}

static struct eps_selcall selcall(int n, fd_set *r, fd_set *w, fd_set *x)
{
    return (struct eps_selcall){
        .nfds = n,
        .sets = {{(unsigned long *)r, (unsigned long *)w,
                  (unsigned long *)x}},
    };
}

static bool run_select(struct eps_selcall *call, int *ret)
{
    int saved = errno;

    if (is_off() || eps_selcall_run(call) == EPS_NATIVE)
        return false;
    *ret = call->ret;
    errno = call->ret < 0 ? call->error : saved;
    return true;
}

/* A native success proves that the caller's memory can be written. */
static int after_native(const struct eps_selcall *call, int ret)
{
    if (call->unseen && ret >= 0)
        eps_selcall_remember(call);
    return ret;
}

EPS_EXPORT int poll(struct pollfd *fds, nfds_t n, int timeout)
{
    int ret;

    return answer_poll(fds, n, timeout, &ret) ? ret
                                              : EPS_NEXT(poll)(fds, n, timeout);
}

EPS_EXPORT int __poll(struct pollfd *fds, nfds_t n, int timeout)
{
    int ret;

    return answer_poll(fds, n, timeout, &ret)
               ? ret
               : EPS_NEXT(__poll)(fds, n, timeout);
}

/* An array smaller than it claims to be is libc's to end the program for. */
EPS_EXPORT int __poll_chk(struct pollfd *fds, nfds_t n, int timeout,
                          size_t size)
{
    int ret;

    return size / sizeof(*fds) >= n && answer_poll(fds, n, timeout, &ret)
               ? ret
               : EPS_NEXT(__poll_chk)(fds, n, timeout, size);
}

EPS_EXPORT int ppoll(struct pollfd *fds, nfds_t n,
                     const struct timespec *timeout, const sigset_t *mask)
{
    int ret;

    return answer_ppoll(fds, n, timeout, mask, &ret)
               ? ret
               : EPS_NEXT(ppoll)(fds, n, timeout, mask);
}

EPS_EXPORT int __ppoll_chk(struct pollfd *fds, nfds_t n,
                           const struct timespec *timeout, const sigset_t *mask,
                           size_t size)
{
    int ret;

    return size / sizeof(*fds) >= n &&
                   answer_ppoll(fds, n, timeout, mask, &ret)
               ? ret
               : EPS_NEXT(__ppoll_chk)(fds, n, timeout, mask, size);
}

EPS_EXPORT int select(int n, fd_set *r, fd_set *w, fd_set *x,
                      struct timeval *timeout)
{
    struct eps_selcall call = selcall(n, r, w, x);
    int ret;

    call.timeval = timeout;
    return run_select(&call, &ret)
               ? ret
               : after_native(&call, EPS_NEXT(select)(n, r, w, x, timeout));
}

EPS_EXPORT int __select(int n, fd_set *r, fd_set *w, fd_set *x,
                        struct timeval *timeout)
{
    struct eps_selcall call = selcall(n, r, w, x);
    int ret;

    call.timeval = timeout;
    return run_select(&call, &ret)
               ? ret
               : after_native(&call, EPS_NEXT(__select)(n, r, w, x, timeout));
}

EPS_EXPORT int pselect(int n, fd_set *r, fd_set *w, fd_set *x,
                       const struct timespec *timeout, const sigset_t *mask)
{
    struct eps_selcall call = selcall(n, r, w, x);
    int ret;

    call.precise = true;
    call.timespec = timeout;
    call.mask = mask;
    return run_select(&call, &ret)
               ? ret
               : after_native(&call,
                              EPS_NEXT(pselect)(n, r, w, x, timeout, mask));
}
