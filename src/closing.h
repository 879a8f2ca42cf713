/* SPDX-License-Identifier: MIT */
/*
 * The close protocol: what every hook that ends or hands out a number calls
 * before and after the real call. Any thread, any handler; no lock.
 */
#ifndef EPS_CLOSING_H
#define EPS_CLOSING_H

#include "fdwatch.h"
#include "process.h"

#include <stdbool.h>

/* Between before and after; nothing of interest is left when `on` is false. */
struct eps_closing {
    int fd;
    bool on;    /* the number may be watched, and this process may care */
    bool ready; /* a sleeper on it would have been woken by native */
};

/*
 * Before the real call that will end `fd`. A no-op while no set was made,
 * for numbers out of reach, and in a child that shares our memory.
 */
struct eps_closing eps_closing_begin_slow(int fd);

static inline struct eps_closing eps_closing_begin(int fd)
{
    struct eps_closing nothing = {fd, false, false};

    if (!atomic_load_explicit(&eps_process.active, memory_order_acquire))
        return nothing;
    return eps_closing_begin_slow(fd);
}

void eps_closing_end_slow(const struct eps_closing *closing, bool done);

/*
 * After it; `done` if the real call succeeded. Preserves errno. The first set
 * may have been made while the call was under way.
 */
static inline void eps_closing_end(const struct eps_closing *closing, bool done)
{
    if (closing->on || atomic_load(&eps_process.active))
        eps_closing_end_slow(closing, done);
}

/* The number ended without a begin: we only hear of it now. */
void eps_closing_heard(int fd);

/* A call handed out `fd`; < 0 is ignored. Preserves errno. */
void eps_closing_handed_out_slow(int fd, enum eps_kind kind);

static inline void eps_closing_handed_out(int fd, enum eps_kind kind)
{
    if (fd >= 0 &&
        atomic_load_explicit(&eps_process.active, memory_order_acquire))
        eps_closing_handed_out_slow(fd, kind);
}

bool eps_closing_hides_slow(int fd);

/* True if `fd` is one of ours: to the program it is not open. */
static inline bool eps_closing_hides(int fd)
{
    return atomic_load_explicit(&eps_process.active, memory_order_acquire) &&
           eps_fdwatch_is_internal(fd) && eps_closing_hides_slow(fd);
}

#endif
