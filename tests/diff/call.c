/* SPDX-License-Identifier: MIT */
/*
 * A build with _FORTIFY_SOURCE enters __poll_chk and __ppoll_chk as fortified
 * programs do, by calling poll() on an object whose size the compiler knows;
 * it has no other reference to those two names.
 */
#define _GNU_SOURCE
#include "call.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>

#include "../harness/clock.h"
#include "../harness/raw.h"
#include "../harness/wide.h"
#include "signals.h"
#include "world.h"

#if defined(_FORTIFY_SOURCE) && _FORTIFY_SOURCE > 0
#define FORTIFIED _FORTIFY_SOURCE
#else
#define FORTIFIED 0
#endif

typedef int poll_chk_fn(struct pollfd *, nfds_t, int, size_t);
typedef int ppoll_chk_fn(struct pollfd *, nfds_t, const struct timespec *,
                         const sigset_t *, size_t);

/* The headers declare these to fortified programs, or to nobody. */
extern int __poll(struct pollfd *, nfds_t, int);
extern int __select(int, fd_set *, fd_set *, fd_set *, struct timeval *);
#if !FORTIFIED
extern poll_chk_fn __poll_chk;
#endif
#if !FORTIFIED && !defined(WIDE_TIMES)
extern ppoll_chk_fn __ppoll_chk;
#endif

/* A value that no call sets. */
#define UNTOUCHED 4242

static const char *const symbol_names[] = {
#define SYMBOL(id, name) name,
    SYMBOL_TABLE(SYMBOL)
#undef SYMBOL
};

const char *symbol_name(enum symbol symbol)
{
    return symbol_names[symbol];
}

bool symbol_is_select(enum symbol symbol)
{
    return symbol >= SYMBOL_select;
}

bool symbol_is_masked(enum symbol s)
{
    return s == SYMBOL_ppoll || s == SYMBOL_ppoll_chk || s == SYMBOL_pselect;
}

static bool takes_milliseconds(enum symbol s)
{
    return s == SYMBOL_poll || s == SYMBOL_poll_alias || s == SYMBOL_poll_chk;
}

static bool takes_timeval(enum symbol s)
{
    return s == SYMBOL_select || s == SYMBOL_select_alias;
}

bool call_timeout(const struct call *c, struct timespec *ts)
{
    *ts = (struct timespec){0, 0};
    if (c->timeout == TIMEOUT_INFINITE)
        return false;
    if (takes_milliseconds(c->symbol)) {
        int ms = as_milliseconds(c->timeout);
        if (ms >= 0)
            *ts = (struct timespec){ms / 1000, ms % 1000 * 1000000L};
        return ms >= 0;
    }
    *ts = as_timespec(c->timeout);
    if (takes_timeval(c->symbol)) {
        /* libc carries whole seconds over before it asks the kernel. */
        struct timeval tv = as_timeval(c->timeout);
        ts->tv_sec = tv.tv_sec + tv.tv_usec / 1000000;
        ts->tv_nsec = tv.tv_usec % 1000000 * 1000;
    }
    return true;
}

bool call_timeout_invalid(const struct call *c)
{
    struct timespec ts;
    return call_timeout(c, &ts) &&
           (ts.tv_sec < 0 || ts.tv_nsec < 0 || ts.tv_nsec > 999999999);
}

#if FORTIFIED
/* Stands in for the caller's array where the compiler knows the size. */
#if FORTIFIED > 2
#define STAND_IN(n) struct pollfd *known = malloc((n) * sizeof(*known) + 1)
#define STAND_IN_END free(known)
#else
#define STAND_IN(n) static __thread struct pollfd known[4096]
#define STAND_IN_END (void)0
#endif

/* nfds which don't fit would be stopped by the check, as they should. */
static bool fits(const struct call *c)
{
    return c->n && c->n <= 4096;
}

static int fortified_poll(const struct call *c, struct pollfd *fds)
{
    if (!fits(c))
        return (poll)(fds, c->n, as_milliseconds(c->timeout));
    STAND_IN(c->n);
    memcpy(known, fds, c->n * sizeof(*known));
    int ret = poll(known, c->n, as_milliseconds(c->timeout));
    memcpy(fds, known, c->n * sizeof(*known));
    STAND_IN_END;
    return ret;
}

static int fortified_ppoll(const struct call *c, struct pollfd *fds,
                           const struct timespec *ts)
{
    const sigset_t *mask = signals_mask(c->mask);
    if (!fits(c))
        return (ppoll)(fds, c->n, ts, mask);
    STAND_IN(c->n);
    memcpy(known, fds, c->n * sizeof(*known));
    int ret = ppoll(known, c->n, ts, mask);
    memcpy(fds, known, c->n * sizeof(*known));
    STAND_IN_END;
    return ret;
}

/* The two by their names, without a reference to them in this program. */
static int named_poll_chk(const struct call *c, struct pollfd *fds, int ms)
{
    poll_chk_fn *fn;
    *(void **)&fn = dlsym(RTLD_DEFAULT, "__poll_chk");
    return fn(fds, c->n, ms, c->promised);
}

static int named_ppoll_chk(const struct call *c, struct pollfd *fds,
                           const struct timespec *ts)
{
#ifdef WIDE_TIMES
    ppoll_chk_fn *fn = __ppoll_chk;
#else
    ppoll_chk_fn *fn;
    *(void **)&fn = dlsym(RTLD_DEFAULT, "__ppoll_chk");
#endif
    return fn(fds, c->n, ts, signals_mask(c->mask), c->promised);
}
#else
static int fortified_poll(const struct call *c, struct pollfd *fds)
{
    return poll(fds, c->n, as_milliseconds(c->timeout));
}

static int fortified_ppoll(const struct call *c, struct pollfd *fds,
                           const struct timespec *ts)
{
    return ppoll(fds, c->n, ts, signals_mask(c->mask));
}

static int named_poll_chk(const struct call *c, struct pollfd *fds, int ms)
{
    return __poll_chk(fds, c->n, ms, c->promised);
}

static int named_ppoll_chk(const struct call *c, struct pollfd *fds,
                           const struct timespec *ts)
{
    return __ppoll_chk(fds, c->n, ts, signals_mask(c->mask), c->promised);
}
#endif

/* The sets of a select-like call; several may be one. */
static void find_sets(const struct call *c, void *memory, fd_set *set[3])
{
    unsigned long(*bitmap)[SET_WORDS] = memory;
    for (int i = 0; i < 3; i++)
        set[i] = c->set[i] < 0 ? NULL : (fd_set *)bitmap[c->set[i]];
}

static int invoke(const struct call *c, void *memory, struct timespec *ts,
                  struct timeval *tv)
{
    bool infinite = c->timeout == TIMEOUT_INFINITE;
    int ms = as_milliseconds(c->timeout);
    fd_set *set[3];
    if (infinite)
        ts = NULL, tv = NULL;
    find_sets(c, memory, set);
    switch (c->symbol) {
    case SYMBOL_poll:
        return fortified_poll(c, memory);
    case SYMBOL_poll_alias:
        return __poll(memory, c->n, ms);
    case SYMBOL_ppoll:
        return fortified_ppoll(c, memory, ts);
    case SYMBOL_poll_chk:
        return named_poll_chk(c, memory, ms);
    case SYMBOL_ppoll_chk:
        return named_ppoll_chk(c, memory, ts);
    case SYMBOL_select:
        return select(c->nfds, set[0], set[1], set[2], tv);
    case SYMBOL_select_alias:
        return __select(c->nfds, set[0], set[1], set[2], tv);
    default:
        return pselect(c->nfds, set[0], set[1], set[2], ts,
                       signals_mask(c->mask));
    }
}

/* Notes what the signal that was pending has come to. */
static void settle_signal(const struct call *c, struct answer *a, int count)
{
    a->handled = signals_count() != count;
    a->pending = c->pending && signals_take(c->pending);
}

struct answer call_library(const struct call *c, void *memory)
{
    struct answer a = {0};
    struct timespec ts = as_timespec(c->timeout);
    struct timeval tv = as_timeval(c->timeout);
    int count = signals_count();
    if (c->pending)
        signals_raise(c->pending);
    a.before = ts;
    if (takes_timeval(c->symbol))
        a.before = (struct timespec){tv.tv_sec, tv.tv_usec * 1000};
    errno = UNTOUCHED;
    a.start = clock_ms();
    a.ret = invoke(c, memory, &ts, &tv);
    a.error = errno;
    a.end = clock_ms();
    a.errno_kept = a.error == UNTOUCHED;
    a.after = ts;
    if (takes_timeval(c->symbol))
        a.after = (struct timespec){tv.tv_sec, tv.tv_usec * 1000};
    settle_signal(c, &a, count);
    return a;
}

static long enter_kernel(const struct call *c, void *memory,
                         struct timespec *ts)
{
    bool masked = symbol_is_masked(c->symbol);
    const sigset_t *mask = masked ? signals_mask(c->mask) : NULL;
    /* The kernel's signal set is of 8 bytes, and pselect6 takes a pair. */
    const void *pair[2] = {mask, (const void *)8};
    fd_set *set[3];
    if (!symbol_is_select(c->symbol))
        return raw_syscall6(RAW_PPOLL, (long)memory, (long)c->n, (long)ts,
                            (long)mask, 8, 0);
    find_sets(c, memory, set);
    return raw_syscall6(RAW_PSELECT6, c->nfds, (long)set[0], (long)set[1],
                        (long)set[2], (long)ts, (long)pair);
}

struct answer call_kernel(const struct call *c, void *memory)
{
    struct answer a = {.errno_kept = true};
    struct timespec ts = {0};
    int count = signals_count();
    if (call_timeout_invalid(c))
        call_timeout(c, &ts);
    if (c->pending)
        signals_raise(c->pending);
    long ret = enter_kernel(c, memory, &ts);
    a.ret = ret < 0 ? -1 : (int)ret;
    a.error = ret < 0 ? (int)-ret : 0;
    settle_signal(c, &a, count);
    return a;
}
