/* SPDX-License-Identifier: MIT */
/*
 * The pool of epoll sets. Owns the slabs. Any thread, any handler; no lock.
 */
#include "setpool.h"

#include "fdwatch.h"
#include "memory.h"

#include <stddef.h>

#define SLAB_SETS 64
#define SLABS (EPS_HELD_BY_MANY / SLAB_SETS)

static struct eps_set *_Atomic slabs[SLABS];
static _Atomic unsigned taken;

/* Ids start at 1: 0 is fdwatch's nobody. */
static void number_sets(struct eps_set *sets, unsigned slab)
{
    for (unsigned i = 0; i < SLAB_SETS; i++) {
        sets[i].id = slab * SLAB_SETS + i + 1;
        atomic_store(&sets[i].epfd, -1);
    }
}

static struct eps_set *slab_at(unsigned slab)
{
    struct eps_set *sets = atomic_load(&slabs[slab]);
    struct eps_set *none = NULL;

    if (sets)
        return sets;
    sets = eps_memory_map(SLAB_SETS * sizeof(*sets));
    if (!sets)
        return NULL;
    number_sets(sets, slab);
    if (!atomic_compare_exchange_strong(&slabs[slab], &none, sets)) {
        eps_memory_unmap(sets, SLAB_SETS * sizeof(*sets));
        return none;
    }
    return sets;
}

struct eps_set *eps_setpool_take(void)
{
    for (unsigned slab = 0; slab < SLABS; slab++) {
        struct eps_set *sets = slab_at(slab);
        if (!sets)
            return NULL;
        for (unsigned i = 0; i < SLAB_SETS; i++) {
            uint32_t unused = 0;
            if (atomic_load_explicit(&sets[i].used, memory_order_relaxed))
                continue;
            if (atomic_compare_exchange_strong(&sets[i].used, &unused, 1)) {
                atomic_fetch_add(&taken, 1);
                return &sets[i];
            }
        }
    }
    return NULL;
}

void eps_setpool_give_back(struct eps_set *set)
{
    atomic_fetch_sub(&taken, 1);
    atomic_store(&set->used, 0);
}

bool eps_setpool_is_used(void)
{
    return atomic_load_explicit(&taken, memory_order_relaxed) != 0;
}

struct eps_set *eps_setpool_at(unsigned id)
{
    unsigned index = id - 1;
    struct eps_set *sets;

    if (index / SLAB_SETS >= SLABS)
        return NULL;
    sets = atomic_load(&slabs[index / SLAB_SETS]);
    return sets ? &sets[index % SLAB_SETS] : NULL;
}

/* Slabs are made in order: behind the last id there is none. */
struct eps_set *eps_setpool_next(const struct eps_set *set)
{
    unsigned id = set ? set->id : 0;
    struct eps_set *next;

    do
        next = eps_setpool_at(++id);
    while (next && !atomic_load(&next->used));
    return next;
}
