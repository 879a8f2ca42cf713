/* SPDX-License-Identifier: MIT */
/*
 * The exported calls of the poll and select family: a few lines each.
 */
#include "entry.h"

#include "options.h"
#include "pollcall.h"
#include "probes.h"
#include "selcall.h"

#include <errno.h>

/* Before start-up, and where nothing is to be answered, all is native. */
static bool is_off(void)
{
    return !atomic_load_explicit(&eps_process.ready, memory_order_relaxed);
}

/*
 * What most programs do most of the time, and must not pay for: a call on
 * few descriptors is counted and passed on before anything else is made of
 * it; so are most calls on an array that native is quicker for.
 */
static EPS_PROBED bool is_passed_on(const void *array, uint64_t n)
{
    struct eps_thread *self;

    EPS_PROBE_CALL(n);
    if (is_off())
        return true;
    if (n < eps_process.small) {
        eps_gate_refuse((enum eps_counter)eps_process.small_reason);
        return true;
    }
    self = eps_thread_mine;
    if (!self || !self->passes || self->passed != array ||
        self->passed_count != n)
        return false;
    self->passes--;
    eps_count_call(self, EPS_C_native_policy);
    return true;
}

static bool run_poll(struct eps_pollcall *call, int *ret)
{
    int saved = errno;

    if (eps_pollcall_run(call) == EPS_NATIVE)
        return false;
    EPS_PROBE_ANSWER(call->count, call->ret);
    *ret = call->ret;
    errno = call->ret < 0 ? call->error : saved;
    return true;
}

/* What is learned from a native call leaves its errno alone. */
static int poll_was_native(const struct eps_pollcall *call, int ret)
{
    if (call->site)
        eps_pollcall_was_native(call, ret);
    return ret;
}

static int select_was_native(const struct eps_selcall *call, int ret)
{
    if (call->site || call->unseen)
        eps_selcall_was_native(call, ret);
    return ret;
}

static struct eps_selcall selcall(int n, fd_set *r, fd_set *w, fd_set *x)
{
    return (struct eps_selcall){
        .nfds = n,
        .sets = {{(unsigned long *)r, (unsigned long *)w, (unsigned long *)x}},
    };
}

static bool run_select(struct eps_selcall *call, int *ret)
{
    int saved = errno;

    if (eps_selcall_run(call) == EPS_NATIVE)
        return false;
    EPS_PROBE_ANSWER(call->count, call->ret);
    *ret = call->ret;
    errno = call->ret < 0 ? call->error : saved;
    return true;
}

/*
 * Out of line: a call that is passed on shall cost no more than the check.
 * `next` is the function that the program has asked for.
 */
#define CONSIDERED static __attribute__((noinline)) int

CONSIDERED consider_poll(int (*next)(struct pollfd *, nfds_t, int),
                         struct pollfd *fds, nfds_t n, int timeout)
{
    struct eps_pollcall call = {
        .array = fds, .count = n, .timeout_ms = timeout};
    int ret;

    if (run_poll(&call, &ret))
        return ret;
    return poll_was_native(&call, next(fds, n, timeout));
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
    return poll_was_native(&call, EPS_NEXT(__poll_chk)(fds, n, timeout, size));
}

static struct eps_pollcall ppollcall(struct pollfd *fds, nfds_t n,
                                     const struct timespec *timeout,
                                     const sigset_t *mask)
{
    return (struct eps_pollcall){.array = fds,
                                 .count = n,
                                 .precise = true,
                                 .timeout = timeout,
                                 .mask = mask};
}

CONSIDERED consider_ppoll(struct pollfd *fds, nfds_t n,
                          const struct timespec *timeout, const sigset_t *mask)
{
    struct eps_pollcall call = ppollcall(fds, n, timeout, mask);
    int ret;

    if (run_poll(&call, &ret))
        return ret;
    return poll_was_native(&call, EPS_NEXT(ppoll)(fds, n, timeout, mask));
}

CONSIDERED consider_ppoll_chk(struct pollfd *fds, nfds_t n,
                              const struct timespec *timeout,
                              const sigset_t *mask, size_t size)
{
    struct eps_pollcall call = ppollcall(fds, n, timeout, mask);
    int ret;

    if (size / sizeof(*fds) >= n && run_poll(&call, &ret))
        return ret;
    return poll_was_native(&call,
                           EPS_NEXT(__ppoll_chk)(fds, n, timeout, mask, size));
}

CONSIDERED consider_select(int (*next)(int, fd_set *, fd_set *, fd_set *,
                                       struct timeval *),
                           int n, fd_set *r, fd_set *w, fd_set *x,
                           struct timeval *timeout)
{
    struct eps_selcall call = selcall(n, r, w, x);
    int ret;

    call.timeval = timeout;
    if (run_select(&call, &ret))
        return ret;
    return select_was_native(&call, next(n, r, w, x, timeout));
}

CONSIDERED consider_pselect(int n, fd_set *r, fd_set *w, fd_set *x,
                            const struct timespec *timeout,
                            const sigset_t *mask)
{
    struct eps_selcall call = selcall(n, r, w, x);
    int ret;

    call.precise = true;
    call.timespec = timeout;
    call.mask = mask;
    if (run_select(&call, &ret))
        return ret;
    return select_was_native(&call,
                             EPS_NEXT(pselect)(n, r, w, x, timeout, mask));
}

EPS_EXPORT int poll(struct pollfd *fds, nfds_t n, int timeout)
{
    if (is_passed_on(fds, n))
        return EPS_NEXT(poll)(fds, n, timeout);
    return consider_poll(EPS_NEXT(poll), fds, n, timeout);
}

EPS_EXPORT int __poll(struct pollfd *fds, nfds_t n, int timeout)
{
    if (is_passed_on(fds, n))
        return EPS_NEXT(__poll)(fds, n, timeout);
    return consider_poll(EPS_NEXT(__poll), fds, n, timeout);
}

EPS_EXPORT int __poll_chk(struct pollfd *fds, nfds_t n, int timeout,
                          size_t size)
{
    if (is_passed_on(fds, n))
        return EPS_NEXT(__poll_chk)(fds, n, timeout, size);
    return consider_poll_chk(fds, n, timeout, size);
}

EPS_EXPORT int ppoll(struct pollfd *fds, nfds_t n,
                     const struct timespec *timeout, const sigset_t *mask)
{
    if (is_passed_on(fds, n))
        return EPS_NEXT(ppoll)(fds, n, timeout, mask);
    return consider_ppoll(fds, n, timeout, mask);
}

EPS_EXPORT int __ppoll_chk(struct pollfd *fds, nfds_t n,
                           const struct timespec *timeout, const sigset_t *mask,
                           size_t size)
{
    if (is_passed_on(fds, n))
        return EPS_NEXT(__ppoll_chk)(fds, n, timeout, mask, size);
    return consider_ppoll_chk(fds, n, timeout, mask, size);
}

/* Fewer numbers than this are in no set that is worth a look. */
static uint64_t bits_of(int n)
{
    return n < 0 ? 0 : (uint64_t)n;
}

EPS_EXPORT int select(int n, fd_set *r, fd_set *w, fd_set *x,
                      struct timeval *timeout)
{
    if (is_passed_on(NULL, bits_of(n)))
        return EPS_NEXT(select)(n, r, w, x, timeout);
    return consider_select(EPS_NEXT(select), n, r, w, x, timeout);
}

EPS_EXPORT int __select(int n, fd_set *r, fd_set *w, fd_set *x,
                        struct timeval *timeout)
{
    if (is_passed_on(NULL, bits_of(n)))
        return EPS_NEXT(__select)(n, r, w, x, timeout);
    return consider_select(EPS_NEXT(__select), n, r, w, x, timeout);
}

EPS_EXPORT int pselect(int n, fd_set *r, fd_set *w, fd_set *x,
                       const struct timespec *timeout, const sigset_t *mask)
{
    if (is_passed_on(NULL, bits_of(n)))
        return EPS_NEXT(pselect)(n, r, w, x, timeout, mask);
    return consider_pselect(n, r, w, x, timeout, mask);
}
