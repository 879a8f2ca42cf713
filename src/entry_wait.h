/* SPDX-License-Identifier: MIT */
/*
 * What the entries of the poll and select family share, whatever the width of
 * their times. A call goes from one of these to the next:
 *
 *   is_passed_on   small, or known to be quicker natively: the native call
 *   is_refused     before start-up, or small after all: the native call
 *   try_...        it is answered (pollcall.c, selcall.c), or not
 *   ..._was_native the cost model learns from the native call
 */
#ifndef EPS_ENTRY_WAIT_H
#define EPS_ENTRY_WAIT_H

#include "entry.h"

#include "pollcall.h"
#include "probes.h"
#include "selcall.h"
#include "selwait.h"

#include <errno.h>

/* Before start-up, and where nothing is to be answered, all is native. */
static inline bool is_off(void)
{
    return !atomic_load_explicit(&eps_process.ready, memory_order_relaxed);
}

/*
 * What most programs do most of the time, and must not pay for: a call on
 * few descriptors is counted and passed on before anything else is made of
 * it; so are most calls on an array that native is quicker for. No function
 * is called here, or each entry would have to save its arguments first: what
 * needs one is not passed on. A thread that has a block is past start-up, and
 * the functions next in line are known. The array is not const: glibc says that
 * poll() only writes to it, and gcc -O0 warns where it seems to be read.
 */
static EPS_PROBED bool is_passed_on(void *array, uint64_t n)
{
    struct eps_thread *self = eps_thread_mine;
    enum eps_counter reason = (enum eps_counter)eps_process.small_reason;
    struct eps_pass *pass = NULL;

    if (!self)
        return false;
    if (n >= eps_process.small) {
        pass = eps_passes_find(&self->passes, array);
        if (!pass->left || pass->array != array || n > pass->most)
            return false;
        reason = pass->reason;
    }
    if (eps_beat_is_due(self) || eps_process_is_copy())
        return false;
    EPS_PROBE_CALL(n);
    if (pass)
        pass->left--;
    eps_count_native(self, reason);
    self->beat--;
    return true;
}

/* The length of a select(): as many bits. */
static inline uint64_t bits_of(int n)
{
    return n < 0 ? 0 : (uint64_t)n;
}

/* A select() is known by the first set that is there. */
static EPS_PROBED bool is_select_passed_on(fd_set *r, fd_set *w, fd_set *x,
                                           int n)
{
    return is_passed_on(r ? r : w ? w : x, bits_of(n));
}

/* Native all the same: before start-up; or small, and not passed on. */
static EPS_PROBED bool is_refused(uint64_t n)
{
    EPS_PROBE_CALL(n);
    if (is_off())
        return true;
    if (n >= eps_process.small)
        return false;
    eps_gate_refuse((enum eps_counter)eps_process.small_reason);
    return true;
}

/* --- poll ------------------------------------------------------------- */

static inline struct eps_pollcall ppollcall(struct pollfd *fds, nfds_t n,
                                            const struct timespec *timeout,
                                            const sigset_t *mask)
{
    return (struct eps_pollcall){.array = fds,
                                 .count = n,
                                 .precise = true,
                                 .timeout = timeout,
                                 .mask = mask};
}

/* True if it is answered: `*ret` and errno are the call's. */
static inline bool try_poll(struct eps_pollcall *call, int *ret)
{
    int saved = errno;

    if (eps_pollcall_run(call) == EPS_NATIVE)
        return false;
    EPS_PROBE_ANSWER(call->count, call->ret);
    *ret = call->ret;
    errno = call->ret < 0 ? call->error : saved;
    return true;
}

/* All of what is not passed on, where there is no steady way. */
static inline bool run_poll(struct eps_pollcall *call, int *ret)
{
    return !is_refused(call->count) && try_poll(call, ret);
}

/* What is learned from a native call leaves its errno alone. */
static inline int poll_was_native(const struct eps_pollcall *call, int ret)
{
    if (call->site)
        eps_pollcall_was_native(call, ret);
    return ret;
}

/* --- select ----------------------------------------------------------- */

static inline struct eps_bitmaps bitmaps(fd_set *r, fd_set *w, fd_set *x)
{
    return (struct eps_bitmaps){
        {(unsigned long *)r, (unsigned long *)w, (unsigned long *)x}};
}

static inline struct eps_selcall selcall(int n, fd_set *r, fd_set *w, fd_set *x)
{
    return (struct eps_selcall){.nfds = n, .sets = bitmaps(r, w, x)};
}

static inline struct eps_selcall pselcall(int n, fd_set *r, fd_set *w,
                                          fd_set *x,
                                          const struct timespec *timeout,
                                          const sigset_t *mask)
{
    struct eps_selcall call = selcall(n, r, w, x);

    call.precise = true;
    call.timespec = timeout;
    call.mask = mask;
    return call;
}

static inline bool try_select(struct eps_selcall *call, int *ret)
{
    int saved = errno;

    if (eps_selcall_run(call) == EPS_NATIVE)
        return false;
    EPS_PROBE_ANSWER(call->count, call->ret);
    *ret = call->ret;
    errno = call->ret < 0 ? call->error : saved;
    return true;
}

static inline bool run_select(struct eps_selcall *call, int *ret)
{
    return !is_refused(bits_of(call->nfds)) && try_select(call, ret);
}

static inline int select_was_native(const struct eps_selcall *call, int ret)
{
    if (call->site || call->unseen)
        eps_selcall_was_native(call, ret);
    return ret;
}

/* What select() may still wait, where its own timeval does not tell. */
static inline struct timeval *select_rest(const struct eps_selcall *call,
                                          struct timeval *own,
                                          struct timeval *room)
{
    if (EPS_SELECT_TELLS_TIME || !own || !call->slept)
        return own;
    *room = (struct timeval){call->rest.tv_sec, call->rest.tv_nsec / 1000};
    return room;
}

/*
 * Out of line: a call that is passed on shall cost no more than the check.
 * Each begins with is_refused(), most of them in run_poll() or run_select().
 */
#define CONSIDERED static __attribute__((noinline)) int

#endif
