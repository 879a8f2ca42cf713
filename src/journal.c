/* SPDX-License-Identifier: MIT */
/*
 * The close journal. Owns the ring; lock-free, for any thread and handler.
 *
 * An entry carries the mark it was written under plus one (so that the zero
 * of fresh memory matches no mark). The generation in fdwatch moves before
 * the entry is begun, which is why a reader that finds a half-written one
 * may fall back on comparing generations.
 */
#include "journal.h"

struct eps_journal eps_journal;

void eps_journal_note(int fd)
{
    uint32_t mark = atomic_fetch_add(&eps_journal.head, 1);

    atomic_store_explicit(&eps_journal.ring[mark % EPS_JOURNAL_SIZE],
                          (uint64_t)(mark + 1) << 32 | (uint32_t)fd,
                          memory_order_release);
}

int eps_journal_read(uint32_t mark)
{
    uint64_t entry = atomic_load_explicit(
        &eps_journal.ring[mark % EPS_JOURNAL_SIZE], memory_order_acquire);

    return (uint32_t)(entry >> 32) == mark + 1 ? (int)(uint32_t)entry : -1;
}
