/* SPDX-License-Identifier: MIT */
/*
 * What is known of each descriptor number. Owns the table of words; all of
 * it is atomic, written by any thread and any handler, and nothing here
 * takes a lock or makes a system call after start-up.
 *
 * A word: generation in the upper half, then 16 bits of holder, 8 of kind,
 * 8 of flags. One word, so that "which generation" and "held by whom" are
 * always read together.
 *
 * A number's generation moves before the real close and again after it. A
 * kind learned between the two, from a file about to go, dies with the
 * second step. Between the two the number is marked: whoever looks at it
 * then has come too late for the closer to find it asleep.
 */
#include "fdwatch.h"

#include "journal.h"
#include "memory.h"

#include <stdatomic.h>
#include <stddef.h>

#define GENERATION_ONE (UINT64_C(1) << 32)
#define GENERATION(word) ((uint32_t)((word) >> 32))
#define HOLDER_MASK UINT64_C(0xffff0000)
#define HOLDER(word) ((unsigned)(((word) & HOLDER_MASK) >> 16))
#define KIND_MASK UINT64_C(0x0000ff00)
#define KIND(word) ((enum eps_kind)(((word) & KIND_MASK) >> 8))
#define CLOSED UINT64_C(1) /* its close was seen, and no opening since */
#define ENDING UINT64_C(2) /* its close is under way */

static _Atomic uint64_t *words;
static _Atomic int end_of_known;

bool eps_fdwatch_start(void)
{
    words = eps_memory_map(EPS_FD_LIMIT * sizeof(*words));
    return words != NULL;
}

void eps_fdwatch_reset(void)
{
    atomic_store(&end_of_known, 0);
    eps_memory_wipe((void *)words, EPS_FD_LIMIT * sizeof(*words));
}

int eps_fdwatch_end_of_known(void)
{
    return atomic_load(&end_of_known);
}

/* Before anything is written to a word. */
static void extend_known(int fd)
{
    int end = atomic_load_explicit(&end_of_known, memory_order_relaxed);

    while (fd >= end)
        if (atomic_compare_exchange_weak(&end_of_known, &end, fd + 1))
            return;
}

bool eps_fdwatch_is_known(int fd)
{
    return atomic_load_explicit(&words[fd], memory_order_relaxed) != 0;
}

uint32_t eps_fdwatch_generation(int fd)
{
    return GENERATION(atomic_load_explicit(&words[fd], memory_order_acquire));
}

unsigned eps_fdwatch_holder(int fd)
{
    return HOLDER(atomic_load_explicit(&words[fd], memory_order_acquire));
}

bool eps_fdwatch_matters(int fd)
{
    uint64_t word = atomic_load(&words[fd]);

    return !word || (word & (HOLDER_MASK | KIND_MASK | ENDING));
}

enum eps_kind eps_fdwatch_kind(int fd)
{
    return KIND(atomic_load_explicit(&words[fd], memory_order_acquire));
}

void eps_fdwatch_learn(int fd, uint32_t generation, enum eps_kind kind)
{
    uint64_t word = atomic_load(&words[fd]);

    extend_known(fd);
    while (GENERATION(word) == generation) {
        uint64_t next = (word & ~KIND_MASK) | (uint64_t)kind << 8;
        if (atomic_compare_exchange_weak(&words[fd], &word, next))
            return;
    }
}

void eps_fdwatch_hold(int fd, unsigned set_id)
{
    uint64_t word = atomic_load(&words[fd]);
    uint64_t next;
    unsigned to;

    extend_known(fd);
    do {
        if (HOLDER(word) == EPS_HELD_INTERNAL)
            return;
        to = HOLDER(word) == EPS_HELD_BY_NONE || HOLDER(word) == set_id
                 ? set_id
                 : EPS_HELD_BY_MANY; /* for good */
        next = (word & ~(HOLDER_MASK | CLOSED)) | (uint64_t)to << 16;
    } while (!atomic_compare_exchange_weak(&words[fd], &word, next));
}

void eps_fdwatch_unhold(int fd, unsigned set_id)
{
    uint64_t word = atomic_load(&words[fd]);

    while (HOLDER(word) == set_id)
        if (atomic_compare_exchange_weak(&words[fd], &word,
                                         word & ~HOLDER_MASK))
            return;
}

bool eps_fdwatch_reserve(int fd)
{
    uint64_t word = atomic_load(&words[fd]);
    uint64_t next;

    extend_known(fd);
    do {
        if (HOLDER(word) != EPS_HELD_BY_NONE)
            return false;
        next = word | (uint64_t)EPS_HELD_INTERNAL << 16;
    } while (!atomic_compare_exchange_weak(&words[fd], &word, next));
    return true;
}

/*
 * Only what is ours is taken back: by the time somebody finds out that a
 * number of ours is gone, it may be another's, and held by a set.
 */
void eps_fdwatch_give_back(int fd)
{
    eps_fdwatch_unhold(fd, EPS_HELD_INTERNAL);
}

/* A new generation with nothing known but the holder and these flags. */
static unsigned step(int fd, uint64_t flags)
{
    uint64_t word = atomic_load(&words[fd]);
    uint64_t next;

    extend_known(fd);
    do
        next = ((word & ~(uint64_t)UINT32_MAX) + GENERATION_ONE) |
               (word & HOLDER_MASK) | flags;
    while (!atomic_compare_exchange_weak(&words[fd], &word, next));

    if (HOLDER(word) != EPS_HELD_BY_NONE && HOLDER(word) != EPS_HELD_INTERNAL)
        eps_journal_note(fd);
    return HOLDER(word);
}

unsigned eps_fdwatch_end(int fd)
{
    return step(fd, ENDING);
}

unsigned eps_fdwatch_ended(int fd)
{
    return step(fd, CLOSED);
}

bool eps_fdwatch_is_ending(int fd)
{
    return (atomic_load(&words[fd]) & ENDING) != 0;
}

bool eps_fdwatch_is_left_alone(int fd, uint32_t generation)
{
    uint64_t word = atomic_load(&words[fd]);
    uint32_t later = GENERATION(word) - generation;

    return later == 0 || (later == 1 && (word & CLOSED));
}

bool eps_fdwatch_handed_out(int fd, enum eps_kind kind)
{
    uint64_t word = atomic_load(&words[fd]);
    uint64_t next;
    bool missed = HOLDER(word) != EPS_HELD_BY_NONE && !(word & CLOSED);

    if (missed) {
        step(fd, 0);
        word = atomic_load(&words[fd]);
    }
    extend_known(fd);
    do
        next = (word & ~(KIND_MASK | CLOSED)) | (uint64_t)kind << 8;
    while (!atomic_compare_exchange_weak(&words[fd], &word, next));
    return missed;
}
