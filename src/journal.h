/* SPDX-License-Identifier: MIT */
/*
 * The close journal: a ring of the numbers that ended while some set held
 * them. Writers are closers in any thread and any handler; each set reads
 * on from where it stopped. A reader that was overrun, or meets an entry
 * not written yet, is told so and compares all generations instead.
 */
#ifndef EPS_JOURNAL_H
#define EPS_JOURNAL_H

#include <stdatomic.h>
#include <stdint.h>

#define EPS_JOURNAL_SIZE 4096u

struct eps_journal {
    _Atomic uint32_t head; /* entries ever begun */
    _Alignas(64) _Atomic uint64_t ring[EPS_JOURNAL_SIZE]; /* mark, number */
};

extern struct eps_journal eps_journal;

/* Where the next entry goes. Equal to a set's mark: nothing is new. */
static inline uint32_t eps_journal_head(void)
{
    return atomic_load_explicit(&eps_journal.head, memory_order_acquire);
}

void eps_journal_note(int fd);

/* The number at `mark`, or -1 if the entry is lost or not written yet. */
int eps_journal_read(uint32_t mark);

#endif
