/* SPDX-License-Identifier: MIT */
/*
 * The registry of one epoll set: for each descriptor number, what is
 * registered with the kernel and what the caller's array asks for. Indexed
 * by number. Written by the set's thread only; a closer in another thread
 * may look at state and mask, so memory is never unmapped.
 */
#ifndef EPS_REGISTRY_H
#define EPS_REGISTRY_H

#include "fdwatch.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum eps_reg_state {
    EPS_REG_ABSENT,     /* the kernel has no item of ours for it */
    EPS_REG_REGISTERED, /* in the epoll set, under `generation` and `mask` */
    EPS_REG_RESIDUAL,   /* looked at by the native call instead */
};

enum eps_reg_flag {
    EPS_REG_DIRTY = 1,    /* on the dirty list: to be settled before a look */
    EPS_REG_WANTED = 2,   /* the caller's array or bitmaps name it */
    EPS_REG_MISFIRED = 4, /* it fired what no entry can report */
    EPS_REG_LISTED = 8,   /* on the residual list */
    EPS_REG_DEAF = 16,    /* residual because of what it fires, or is asked */
    EPS_REG_IDLE = 32,    /* registered still, though wanted no more */
    EPS_REG_YOUNG = 64,   /* residual until it has lasted: see young.h */
    EPS_REG_BACKED = 128, /* young, and the epoll set has an item of `mask` */
    EPS_REG_SHARED = 256, /* poll: several positions may name it */
};

struct eps_reg {
    uint32_t generation;   /* fdwatch's, when state was last decided */
    uint32_t first;        /* poll: first array position + 1, or 0 */
    int32_t next_dirty;    /* next on the dirty list + 1, or 0 */
    int32_t next_residual; /* next on the residual list + 1, or 0 */
    _Atomic uint16_t mask; /* events the kernel was told */
    uint16_t want;         /* events the caller asks for: the union */
    uint16_t flags;        /* enum eps_reg_flag */
    _Atomic uint8_t state; /* enum eps_reg_state */
};

/* Numbers to be settled, whose work takes as long as some native calls do. */
#define EPS_REGISTRY_MANY 64

struct eps_quiet;

/*
 * Numbers beyond the table share one registration: it is always residual,
 * and each entry's own number is what the native call is asked about.
 */
#define EPS_FAR EPS_FD_LIMIT

struct eps_registry {
    struct eps_reg far;
    struct eps_reg *_Atomic regs;
    uint64_t *noted;           /* a bit a number, behind regs */
    _Atomic uint32_t capacity; /* numbers covered */
    int32_t dirty;             /* head of the list + 1, or 0 */
    uint32_t marked;           /* how many are on it */
    int32_t residual;          /* head of the list + 1, or 0 */
    uint32_t registered;       /* items in the epoll set */
    uint32_t idle;             /* ... of which the caller wants no more */

    /*
     * Called with `quiet` once many are marked, since to settle them takes a
     * while: signals are held back. NULL: it is not.
     */
    struct eps_quiet *quiet;
    void (*at_many)(struct eps_quiet *quiet);
};

/* Makes room for numbers up to `fd` (EPS_FAR has it); false: no memory. */
bool eps_registry_cover(struct eps_registry *registry, int fd);

/*
 * The next number, from `from` on, that was ever held for this set; -1: there
 * is none. Far ones are left out. Tables are as long as the highest number, and
 * mostly empty.
 */
int eps_registry_next(const struct eps_registry *registry, int from);

static inline void eps_registry_note(struct eps_registry *registry, int fd)
{
    if (fd != EPS_FAR)
        registry->noted[fd / 64] |= UINT64_C(1) << fd % 64;
}

/* Forgets everything; memory is kept and reads as zero. */
void eps_registry_clear(struct eps_registry *registry);

/* Where a number's registration is: its own, or the one for all far ones. */
static inline int eps_registry_slot(int fd)
{
    return fd < EPS_FAR ? fd : EPS_FAR;
}

/* The registration of a covered number, or of EPS_FAR. */
static inline struct eps_reg *eps_registry_at(struct eps_registry *registry,
                                              int fd)
{
    if (fd == EPS_FAR)
        return &registry->far;
    return atomic_load_explicit(&registry->regs, memory_order_relaxed) + fd;
}

static inline bool eps_registry_covers(const struct eps_registry *registry,
                                       int fd)
{
    return (unsigned)fd <
           atomic_load_explicit(&registry->capacity, memory_order_acquire);
}

/* The registration of a number; NULL if it is beyond the table, or none. */
static inline struct eps_reg *eps_registry_find(struct eps_registry *registry,
                                                int fd)
{
    if (!eps_registry_covers(registry, fd))
        return NULL;
    return atomic_load_explicit(&registry->regs, memory_order_relaxed) + fd;
}

static inline enum eps_reg_state eps_reg_state(const struct eps_reg *reg)
{
    return atomic_load_explicit(&reg->state, memory_order_relaxed);
}

static inline unsigned eps_reg_mask(const struct eps_reg *reg)
{
    return atomic_load_explicit(&reg->mask, memory_order_relaxed);
}

static inline void eps_registry_mark_dirty(struct eps_registry *registry,
                                           int fd)
{
    struct eps_reg *reg = eps_registry_at(registry, fd);

    if (reg->flags & EPS_REG_DIRTY)
        return;
    reg->flags |= EPS_REG_DIRTY;
    reg->next_dirty = registry->dirty;
    registry->dirty = fd + 1;
    if (++registry->marked == EPS_REGISTRY_MANY && registry->quiet)
        registry->at_many(registry->quiet);
}

/* Takes a number off the dirty list; -1 when it is empty. */
static inline int eps_registry_next_dirty(struct eps_registry *registry)
{
    int fd = registry->dirty - 1;

    if (fd >= 0) {
        struct eps_reg *reg = eps_registry_at(registry, fd);
        registry->dirty = reg->next_dirty;
        reg->flags &= ~EPS_REG_DIRTY;
        registry->marked--;
    }
    return fd;
}

/*
 * Walks the residual list, taking off what is residual or wanted no more.
 * `previous` is the number answered last, or -1 to begin; -1 ends the walk.
 */
int eps_registry_next_residual(struct eps_registry *registry, int previous);

#endif
