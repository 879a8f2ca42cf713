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

/* What begin leaves for end. */
struct eps_closing {
    int fd;
    bool on; /* begin has noted that the number ends */
};

/*
 * True if the end of the number is to be noted. Whoever takes hold of it after
 * this was asked, and before the real call, is found by asking again after it.
 */
static inline bool eps_closing_matters(int fd)
{
    return atomic_load_explicit(&eps_process.active, memory_order_acquire) &&
           eps_fdwatch_covers(fd) && eps_fdwatch_matters(fd);
}

/*
 * Before the real call that will end `fd`. A no-op while no set was made,
 * for numbers out of reach or that do not matter, and in a child that shares
 * our memory.
 */
struct eps_closing eps_closing_begin_slow(int fd);

static inline struct eps_closing eps_closing_begin(int fd)
{
    struct eps_closing nothing = {fd, false};

    return eps_closing_matters(fd) ? eps_closing_begin_slow(fd) : nothing;
}

void eps_closing_end_slow(const struct eps_closing *closing);

/*
 * After it; `done` if the real call succeeded. Preserves errno. Somebody may
 * have taken hold of the number while the call was under way.
 */
static inline void eps_closing_end(const struct eps_closing *closing, bool done)
{
    if (closing->on || (done && eps_closing_matters(closing->fd)))
        eps_closing_end_slow(closing);
}

/* The number ended without a begin: we only hear of it now. */
static inline void eps_closing_heard(int fd)
{
    struct eps_closing nothing = {fd, false};

    eps_closing_end(&nothing, true);
}

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
