/* SPDX-License-Identifier: MIT */
/*
 * What of a pollfd array differs from its copy in the view. Owns nothing.
 *
 * The caller's array may be written by other threads while we read it, so
 * each entry is read once, and what was read is what is compared and kept.
 */
#include "polldiff.h"

#include <stdatomic.h>
#include <string.h>

/*
 * Entries compared at a time: a stretch; where it differs, its blocks; where
 * one differs, its windows. Two stretches, the array's and the copy's, leave
 * room for more in a first-level cache.
 */
#define STRETCH 1024 /* 8 KiB */
#define BLOCK 128
#define WINDOW 32

/* A number alone, and an entry whole; as they lie in an array. */
typedef uint32_t __attribute__((may_alias)) number;
typedef uint64_t __attribute__((may_alias, aligned(4))) whole;

enum difference {
    NONE,
    TOGGLED, /* by nothing but being muted, or back */
    OTHER
};

/* What two entries differ in, but for their numbers. */
static bool is_more_than_number(uint64_t difference)
{
    struct pollfd entry;

    memcpy(&entry, &difference, sizeof(entry));
    return entry.events || entry.revents;
}

/*
 * How the entries of a window differ from their copies. No branch an entry:
 * compilers make vectors of it.
 */
static enum difference compare(const struct pollfd *entries,
                               const struct pollfd *copies, const int32_t *back)
{
    const number *numbers = (const number *)entries;
    const whole *now = (const whole *)entries;
    const whole *then = (const whole *)copies;
    uint64_t any = 0;
    uint32_t other = 0;

    for (int i = 0; i < WINDOW; i++) {
        uint32_t fd = numbers[2 * i];
        uint32_t muted = -(fd >> 31); /* all bits, or none */
        any |= now[i] ^ then[i];
        other |= (fd ^ (uint32_t)back[i]) & ~muted;
    }
    if (!any)
        return NONE;
    return other || is_more_than_number(any) ? OTHER : TOGGLED;
}

static bool update_entries(struct eps_pollview *view,
                           struct eps_registry *registry,
                           const struct pollfd *entries, uint32_t from,
                           uint32_t count)
{
    const struct pollfd *copies = view->copy + from;

    for (uint32_t i = 0; i < count; i++) {
        struct pollfd entry = *(const volatile struct pollfd *)&entries[i];
        if (memcmp(&entry, &copies[i], sizeof(entry)) != 0 &&
            !eps_pollview_take(view, registry, from + i, entry))
            return false;
    }
    return true;
}

static bool is_same(const struct eps_pollview *view, const struct pollfd *array,
                    uint32_t from, uint32_t count)
{
    return memcmp(array + from, view->copy + from, count * sizeof(*array)) == 0;
}

/* Where most windows differ, to find those that don't only takes time. */
static bool update_window(struct eps_pollview *view,
                          struct eps_registry *registry,
                          const struct pollfd *array, uint32_t from)
{
    struct pollfd *copies = view->copy + from;
    struct pollfd now[WINDOW];
    enum difference difference;

    if (!view->scattered && is_same(view, array, from, WINDOW))
        return true;
    memcpy(now, array + from, sizeof(now));
    atomic_signal_fence(memory_order_seq_cst); /* read, and but once */
    difference = compare(now, copies, view->back + from);
    view->differing += difference != NONE;
    if (difference == OTHER)
        return update_entries(view, registry, now, from, WINDOW);
    if (difference == TOGGLED)
        memcpy(copies, now, sizeof(now));
    return true;
}

static bool update_windows(struct eps_pollview *view,
                           struct eps_registry *registry,
                           const struct pollfd *array, uint32_t from,
                           uint32_t to)
{
    for (; to - from >= WINDOW; from += WINDOW)
        if (!update_window(view, registry, array, from))
            return false;
    if (is_same(view, array, from, to - from))
        return true;
    view->differing++;
    return update_entries(view, registry, array + from, from, to - from);
}

static uint32_t end_of(uint32_t from, uint32_t size, uint32_t end)
{
    return end - from < size ? end : from + size;
}

static bool update_blocks(struct eps_pollview *view,
                          struct eps_registry *registry,
                          const struct pollfd *array, uint32_t from,
                          uint32_t end)
{
    for (uint32_t to; from < end; from = to) {
        to = end_of(from, BLOCK, end);
        if ((view->scattered || !is_same(view, array, from, to - from)) &&
            !update_windows(view, registry, array, from, to))
            return false;
    }
    return true;
}

/*
 * The entries are gone through to and fro: where a pass ends is what caches
 * have most of, and a pass that always began at the other end would push it
 * out before it got there. A caller that clears revents itself has just gone
 * through them forwards.
 */
static void turn_round(struct eps_pollview *view)
{
    view->backwards = view->clears || !view->backwards;
}

/* Where the pass begins its stretch of that index. */
static uint32_t stretch_at(const struct eps_pollview *view, uint32_t index)
{
    uint32_t last = (view->count - 1) / STRETCH;

    return (view->backwards ? last - index : index) * STRETCH;
}

bool eps_polldiff_is_same(struct eps_pollview *view, const struct pollfd *array,
                          uint32_t count)
{
    if (count != view->count)
        return false;
    turn_round(view);
    for (uint32_t i = 0; i * STRETCH < count; i++) {
        uint32_t from = stretch_at(view, i);
        if (!is_same(view, array, from, end_of(from, STRETCH, count) - from))
            return false;
    }
    return true;
}

/* The entries that there is a copy of. */
static bool update_copied(struct eps_pollview *view,
                          struct eps_registry *registry,
                          const struct pollfd *array)
{
    view->differing = 0;
    turn_round(view);
    for (uint32_t i = 0; i * STRETCH < view->count; i++) {
        uint32_t from = stretch_at(view, i);
        uint32_t to = end_of(from, STRETCH, view->count);
        if ((view->scattered || !is_same(view, array, from, to - from)) &&
            !update_blocks(view, registry, array, from, to))
            return false;
    }
    view->scattered = view->differing > view->count / WINDOW / 2;
    return true;
}

bool eps_polldiff_update(struct eps_pollview *view,
                         struct eps_registry *registry,
                         const struct pollfd *array, uint32_t count)
{
    bool sized = count == view->count;

    if (!eps_pollview_reserve(view, count))
        return false;
    eps_polldiff_expect(view);
    if (count < view->count)
        eps_pollview_truncate(view, registry, count);
    if (!update_copied(view, registry, array))
        return false;
    view->same = sized && !view->differing;
    while (view->count < count)
        if (!eps_pollview_append(view, registry, array[view->count]))
            return false;
    return true;
}
