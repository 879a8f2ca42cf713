/* SPDX-License-Identifier: MIT */
/*
 * What a thread has seen of the program's memory. It stands in its block, and
 * is written within a call, where no handler's call comes between; bitmaps are
 * noted outside, by pointers that only a call with the same will find.
 */
#include "seen.h"

#include <string.h>

/* No processor has smaller pages: what holds for a byte holds for so many. */
#define PAGE ((uintptr_t)4096)

void eps_seen_refresh(struct eps_thread *self)
{
    uint32_t changes = atomic_load(&eps_memory_changes);

    if (self->memory_changes == changes)
        return;
    memset(self->seen, 0, sizeof(self->seen));
    memset(self->ranges, 0, sizeof(self->ranges));
    for (int i = 0; i < EPS_THREAD_SITES; i++)
        self->sites[i].verified = 0;
    self->memory_changes = changes;
}

bool eps_seen_bitmaps(const struct eps_thread *self,
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

void eps_seen_note_bitmaps(struct eps_thread *self,
                           const struct eps_bitmaps *sets, int nfds)
{
    struct eps_seen *seen;

    if (nfds <= 0 || eps_seen_bitmaps(self, sets, nfds))
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

bool eps_seen_writable(struct eps_thread *self, const void *start, size_t bytes)
{
    uintptr_t from = (uintptr_t)start & ~(PAGE - 1);
    uintptr_t to = ((uintptr_t)start + bytes + PAGE - 1) & ~(PAGE - 1);

    for (int i = 0; i < EPS_THREAD_RANGES; i++)
        if (self->ranges[i].from <= from && from < to &&
            to <= self->ranges[i].to)
            return true;
    if (!eps_memory_writable(start, bytes))
        return false;
    note_range(self, from, to);
    return true;
}
