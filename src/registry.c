/* SPDX-License-Identifier: MIT */
/*
 * The registry of one epoll set. Owns its table. All but the two fields that
 * closers look at belongs to the set's thread; no handler may come in here
 * (a nested call goes native before it gets so far).
 */
#include "registry.h"

#include "memory.h"

#include <string.h>

#define FIRST_CAPACITY 1024u

static size_t bytes_for(uint32_t capacity)
{
    return capacity * sizeof(struct eps_reg) + capacity / 8;
}

bool eps_registry_cover(struct eps_registry *registry, int fd)
{
    uint32_t old = registry->capacity;
    uint32_t capacity = old ? old : FIRST_CAPACITY;
    struct eps_reg *regs;

    if ((uint32_t)fd < old || fd == EPS_FAR)
        return true;
    if (!eps_fdwatch_covers(fd))
        return false;
    while (capacity <= (uint32_t)fd)
        capacity *= 2;
    regs = eps_memory_map(bytes_for(capacity));
    if (!regs)
        return false;
    uint64_t *noted = (uint64_t *)(regs + capacity);
    /*
     * The old table stays mapped, for a closer that looks at it just now;
     * all tables ever outgrown are together smaller than the present one.
     */
    if (old) {
        memcpy(regs, registry->regs, old * sizeof(*regs));
        memcpy(noted, registry->noted, old / 8);
        eps_memory_wipe(registry->regs, bytes_for(old));
    }
    registry->noted = noted;
    atomic_store_explicit(&registry->regs, regs, memory_order_release);
    atomic_store_explicit(&registry->capacity, capacity, memory_order_release);
    return true;
}

void eps_registry_clear(struct eps_registry *registry)
{
    if (registry->capacity)
        eps_memory_wipe(registry->regs, bytes_for(registry->capacity));
    memset(&registry->far, 0, sizeof(registry->far));
    registry->dirty = 0;
    registry->marked = 0;
    registry->quiet = NULL;
    registry->residual = 0;
    registry->registered = 0;
    registry->idle = 0;
}

int eps_registry_next(const struct eps_registry *registry, int from)
{
    uint32_t words = registry->capacity / 64;
    uint64_t rest = UINT64_MAX << from % 64;

    for (uint32_t i = (uint32_t)from / 64; i < words; i++) {
        uint64_t word = registry->noted[i] & rest;
        if (word)
            return (int)(i * 64) + __builtin_ctzll(word);
        rest = UINT64_MAX;
    }
    return -1;
}

static bool is_residual(const struct eps_reg *reg)
{
    return eps_reg_state(reg) == EPS_REG_RESIDUAL &&
           (reg->flags & EPS_REG_WANTED);
}

int eps_registry_next_residual(struct eps_registry *registry, int previous)
{
    int32_t *link = previous < 0
                        ? &registry->residual
                        : &eps_registry_at(registry, previous)->next_residual;

    while (*link) {
        struct eps_reg *reg = eps_registry_at(registry, *link - 1);
        if (is_residual(reg))
            return *link - 1;
        *link = reg->next_residual;
        reg->flags &= ~EPS_REG_LISTED;
    }
    return -1;
}
