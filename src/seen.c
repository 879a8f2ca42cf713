/* SPDX-License-Identifier: MIT */
/*
 * What a thread has seen of the program's memory. It stands in its block, and
 * is written within a call, where no handler's call comes between; bitmaps are
 * noted outside, by pointers that only a call with the same will find.
 *
 * Owns the count of changes, and a bit for each region of which anything was
 * ever seen by any thread: a server that maps a file for each request takes
 * away memory all the time, but none that its arrays lie in.
 */
#include "seen.h"

#include "memory.h"
#include "process.h"

#include <string.h>

/* No processor has smaller pages: what holds for a byte holds for so many. */
#define PAGE ((uintptr_t)4096)

#define REGION_SHIFT 21  /* 2 MiB */
#define REGION_BITS 4096 /* regions share them, far apart */
#define REGIONS_CHECKED 64

_Atomic uint32_t eps_seen_changes;

static _Atomic uint32_t regions[REGION_BITS / 32];

static uint32_t bit_of(uintptr_t region)
{
    return (uint32_t)region * UINT32_C(0x9e3779b1) >> 20;
}
_Static_assert(REGION_BITS == 1 << 12, "twelve bits of the product");

/* Before memory is asked about: so no change after that goes unheard. */
static void listen_to(uintptr_t from, size_t bytes)
{
    uintptr_t last = (from + bytes - 1) >> REGION_SHIFT;

    for (uintptr_t at = from >> REGION_SHIFT; bytes && at <= last; at++) {
        uint32_t bit = bit_of(at);
        uint32_t mask = UINT32_C(1) << bit % 32;
        if (!(atomic_load(&regions[bit / 32]) & mask))
            atomic_fetch_or(&regions[bit / 32], mask);
    }
}

static bool was_seen(uintptr_t from, size_t bytes)
{
    uintptr_t at = from >> REGION_SHIFT;
    uintptr_t last = (from + bytes - 1) >> REGION_SHIFT;

    if (!bytes || last < at || last - at >= REGIONS_CHECKED)
        return true;
    for (; at <= last; at++)
        if (atomic_load(&regions[bit_of(at) / 32]) >> bit_of(at) % 32 & 1)
            return true;
    return false;
}

void eps_seen_taken(const void *start, size_t bytes)
{
    if (was_seen((uintptr_t)start, bytes))
        atomic_fetch_add(&eps_seen_changes, 1);
}

void eps_seen_forget(struct eps_thread *self)
{
    memset(self->seen, 0, sizeof(self->seen));
    memset(self->ranges, 0, sizeof(self->ranges));
    for (int i = 0; i < EPS_THREAD_SITES; i++)
        self->sites[i].verified = 0;
}

void eps_seen_refresh(struct eps_thread *self)
{
    uint32_t changes = atomic_load(&eps_seen_changes);

    if (self->seen_changes == changes)
        return;
    eps_seen_forget(self);
    self->seen_changes = changes;
}

static bool are_known(const struct eps_thread *self,
                      const struct eps_bitmaps *sets, int nfds)
{
    for (int i = 0; i < EPS_THREAD_SEEN; i++) {
        const struct eps_seen *seen = &self->seen[i];
        if (nfds <= seen->nfds &&
            seen->bits[EPS_READ] == sets->bits[EPS_READ] &&
            seen->bits[EPS_WRITE] == sets->bits[EPS_WRITE] &&
            seen->bits[EPS_EXCEPT] == sets->bits[EPS_EXCEPT])
            return true;
    }
    return false;
}

bool eps_seen_bitmaps(const struct eps_thread *self,
                      const struct eps_bitmaps *sets, int nfds)
{
    size_t bytes = eps_bitmaps_bytes(nfds);

    if (are_known(self, sets, nfds))
        return true;
    for (int i = 0; i < EPS_SETS; i++)
        if (sets->bits[i])
            listen_to((uintptr_t)sets->bits[i], bytes);
    return false;
}

void eps_seen_note_bitmaps(struct eps_thread *self,
                           const struct eps_bitmaps *sets, int nfds)
{
    struct eps_seen *seen;

    if (are_known(self, sets, nfds))
        return;
    seen = &self->seen[self->next_seen++ % EPS_THREAD_SEEN];
    seen->nfds = nfds;
    for (int i = 0; i < EPS_SETS; i++)
        seen->bits[i] = sets->bits[i];
}

/* One that lies beside it, or overlaps; else the one to be forgotten. */
static struct eps_range *range_near(struct eps_thread *self, uintptr_t from,
                                    uintptr_t to)
{
    for (int i = 0; i < EPS_THREAD_RANGES; i++)
        if (self->ranges[i].from <= to && from <= self->ranges[i].to)
            return &self->ranges[i];
    return &self->ranges[self->next_range++ % EPS_THREAD_RANGES];
}

static void note_range(struct eps_thread *self, uintptr_t from, uintptr_t to)
{
    struct eps_range *range = range_near(self, from, to);
    bool apart = to < range->from || range->to < from;

    range->from = apart || from < range->from ? from : range->from;
    range->to = apart || to > range->to ? to : range->to;
}

bool eps_seen_before(const struct eps_thread *self, const void *start,
                     size_t bytes)
{
    uintptr_t from = (uintptr_t)start, to = from + bytes;

    for (int i = 0; i < EPS_THREAD_RANGES; i++)
        if (self->ranges[i].from <= from && from < to &&
            to <= self->ranges[i].to)
            return true;
    return false;
}

bool eps_seen_writable(struct eps_thread *self, const void *start, size_t bytes)
{
    uintptr_t from = (uintptr_t)start, to = from + bytes;

    if (eps_seen_before(self, start, bytes))
        return true;
    listen_to((uintptr_t)start, bytes);
    if (!eps_memory_writable(start, bytes))
        return false;
    note_range(self, from & ~(PAGE - 1), (to + PAGE - 1) & ~(PAGE - 1));
    return true;
}

bool eps_seen_has_changed(struct eps_thread *self)
{
    bool changed = !eps_seen_is_true(self) && !eps_process_is_sandboxed();

    if (changed)
        eps_seen_refresh(self);
    return changed;
}

/* Where nothing can be asked, not even of our own, nothing is known. */
bool eps_seen_is_gone(struct eps_thread *self, const void *start, size_t bytes)
{
    return !eps_seen_writable(self, start, bytes) &&
           eps_memory_writable(self, sizeof(*self));
}
