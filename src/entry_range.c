/* SPDX-License-Identifier: MIT */
/*
 * close_range() and closefrom(): many numbers end at once, and ours among
 * them must not. The range is split around them.
 */
#include "entry.h"

#include "setlife.h"
#include "thread.h"

#include <errno.h>
#include <limits.h>

#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC 4u
#endif
#ifndef CLOSE_RANGE_UNSHARE
#define CLOSE_RANGE_UNSHARE 2u
#endif

/* One past the last number of the range that we know anything of. */
static unsigned end_of(unsigned last)
{
    unsigned known = (unsigned)eps_fdwatch_end_of_known();

    return last < known ? last + 1 : known;
}

static bool concerns_us(void)
{
    return atomic_load(&eps_process.active) && eps_process_is_ours();
}

/* Before a range ends: every number in it that some set holds. */
static void end_range(unsigned first, unsigned last)
{
    for (unsigned fd = first; fd < end_of(last); fd++) {
        unsigned holder = eps_fdwatch_holder((int)fd);
        if (holder == EPS_HELD_BY_NONE || holder == EPS_HELD_INTERNAL)
            continue;
        struct eps_closing closing = eps_closing_begin((int)fd);
        if (!closing.ready)
            continue;
        /* A sleeper has to be told after this very close. */
        EPS_NEXT(close)((int)fd);
        eps_closing_end(&closing, true);
    }
}

/* After it: the kinds learned meanwhile, and whoever registered meanwhile. */
static void range_ended(unsigned first, unsigned last)
{
    for (unsigned fd = first; fd < end_of(last); fd++)
        if (eps_fdwatch_is_known((int)fd) &&
            !eps_fdwatch_is_internal((int)fd))
            eps_fdwatch_ended((int)fd);
}

/* The next of our numbers in the range, or last + 1 (never 0). */
static unsigned next_of_ours(unsigned from, unsigned last)
{
    for (unsigned fd = from; fd < end_of(last); fd++)
        if (eps_fdwatch_is_internal((int)fd))
            return fd;
    return last == UINT_MAX ? UINT_MAX : last + 1;
}

/* The range without ours, piece by piece. */
static int close_pieces(unsigned first, unsigned last, int flags)
{
    while (first <= last) {
        unsigned ours = next_of_ours(first, last);
        bool found = ours <= last && eps_fdwatch_covers((int)ours);
        unsigned end = found ? ours - 1 : last;
        if ((!found || ours > first) &&
            EPS_NEXT(close_range)(first, end, flags) < 0)
            return -1;
        if (!found || ours == UINT_MAX)
            break;
        first = ours + 1;
    }
    return 0;
}

EPS_EXPORT int close_range(unsigned first, unsigned last, int flags)
{
    int ret;

    if (!concerns_us() || first > last ||
        ((unsigned)flags & ~(CLOSE_RANGE_CLOEXEC | CLOSE_RANGE_UNSHARE)))
        return EPS_NEXT(close_range)(first, last, flags);
    if ((unsigned)flags & CLOSE_RANGE_CLOEXEC) /* ends nothing yet; ours are */
        return EPS_NEXT(close_range)(first, last, flags);
    if ((unsigned)flags & CLOSE_RANGE_UNSHARE) {
        /* A table of its own: what it closes there is nobody else's. */
        eps_table_leave();
        ret = EPS_NEXT(close_range)(first, last, flags);
        if (ret == 0)
            eps_table_unshared();
        return ret;
    }
    end_range(first, last);
    ret = close_pieces(first, last, flags);
    range_ended(first, last);
    return ret;
}

/* Where the kernel has no close_range, libc's own loop would find ours. */
static void let_all_of_ours_go(unsigned first)
{
    for (unsigned fd = first; fd < end_of(UINT_MAX); fd++)
        if (eps_fdwatch_is_internal((int)fd))
            eps_set_lost((int)fd);
}

EPS_EXPORT void closefrom(int first)
{
    unsigned from = first < 0 ? 0 : (unsigned)first;
    int saved = errno;

    if (!concerns_us()) {
        EPS_NEXT(closefrom)(first);
        return;
    }
    end_range(from, UINT_MAX);
    if (!eps_next.close_range || close_pieces(from, UINT_MAX, 0) < 0) {
        let_all_of_ours_go(from);
        EPS_NEXT(closefrom)(first);
    }
    errno = saved;
    range_ended(from, UINT_MAX);
}
