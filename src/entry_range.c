/* SPDX-License-Identifier: MIT */
/*
 * close_range() and closefrom(): many numbers end at once, and ours among
 * them must not. The range is split around them.
 */
#include "entry.h"

#include "setlife.h"
#include "sys.h"
#include "thread.h"

#include <errno.h>
#include <limits.h>

#ifndef CLOSE_RANGE_UNSHARE
#define CLOSE_RANGE_UNSHARE 2u
#endif

#ifndef SYS_close_range
#define SYS_close_range 436 /* on all processors */
#endif

/* A libc without the function may run programs that call it by number. */
static int real_close_range(unsigned first, unsigned last, int flags)
{
    if (EPS_NEXT(close_range))
        return eps_next.close_range(first, last, flags);
    return (int)eps_as_libc(EPS_SYS3(SYS_close_range, first, last, flags));
}

/* One past the last number of the range that we know anything of. */
static unsigned end_of(unsigned last)
{
    unsigned known = (unsigned)eps_fdwatch_end_of_known();

    return last < known ? last + 1 : known;
}

/* In a sandbox, where who it is can't be asked, ours are left out as well. */
static bool concerns_us(void)
{
    return atomic_load(&eps_process.active) &&
           (eps_process_is_sandboxed() || eps_process_is_ours());
}

/*
 * After it: what was learned of the numbers meanwhile is forgotten, and sets
 * that took hold of one are told. Where no close was begun, nobody has looked
 * for sleepers yet.
 */
static void range_ended(unsigned first, unsigned last)
{
    for (unsigned fd = first; fd < end_of(last); fd++) {
        struct eps_closing closing = {(int)fd, eps_fdwatch_is_ending((int)fd)};
        if (eps_fdwatch_is_known((int)fd) && !eps_fdwatch_is_internal((int)fd))
            eps_closing_end(&closing, true);
    }
}

/*
 * Begins the close of every number from `first` on that some set holds, up to
 * one of ours, which the range must not cover; -1: there is none.
 */
static int next_ours(unsigned first, unsigned last)
{
    for (unsigned fd = first; fd < end_of(last); fd++) {
        unsigned holder = eps_fdwatch_holder((int)fd);
        if (holder == EPS_HELD_INTERNAL)
            return (int)fd;
        if (holder != EPS_HELD_BY_NONE)
            eps_closing_begin((int)fd);
    }
    return -1;
}

/*
 * The range piece by piece, each number once: the lowest just closed may be
 * another thread's new file already.
 */
static int close_pieces(unsigned first, unsigned last, int flags)
{
    while (first <= last) {
        int ours = next_ours(first, last);
        unsigned end = ours < 0 ? last : (unsigned)ours - 1;
        if ((ours < 0 || (unsigned)ours > first) &&
            real_close_range(first, end, flags) < 0)
            return -1;
        if (ours < 0)
            break;
        first = (unsigned)ours + 1;
    }
    return 0;
}

/* A table of its own: what it closes there is nobody else's. */
static int unshare_range(unsigned first, unsigned last, int flags)
{
    int ret;

    eps_table_leave();
    ret = real_close_range(first, last, flags);
    if (ret == 0)
        eps_table_unshared();
    return ret;
}

/* CLOSE_RANGE_CLOEXEC alone ends nothing yet, and ours have that flag. */
EPS_EXPORT int close_range(unsigned first, unsigned last, int flags)
{
    int ret;

    if ((unsigned)flags & CLOSE_RANGE_UNSHARE)
        return unshare_range(first, last, flags);
    if (!concerns_us() || first > last || flags)
        return real_close_range(first, last, flags);
    ret = close_pieces(first, last, flags);
    range_ended(first, last);
    return ret;
}

/* Where the kernel has no close_range: libc's own loop ends ours, too. */
static void prepare_all(unsigned first)
{
    int ours;

    while ((ours = next_ours(first, UINT_MAX)) >= 0) {
        eps_set_lost(ours);
        first = (unsigned)ours + 1;
    }
}

EPS_EXPORT void closefrom(int first)
{
    unsigned from = first < 0 ? 0 : (unsigned)first;
    int saved = errno;

    if (!concerns_us()) {
        EPS_NEXT(closefrom)(first);
        return;
    }
    if (close_pieces(from, UINT_MAX, 0) < 0) {
        prepare_all(from);
        EPS_NEXT(closefrom)(first);
    }
    errno = saved;
    range_ended(from, UINT_MAX);
}
