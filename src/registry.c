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
    regs = eps_memory_map(capacity * sizeof(*regs));
    if (!regs)
        return false;
    /*
     * The old table stays mapped, for a closer that looks at it just now;
     * all tables ever outgrown are together smaller than the present one.
     */
    if (old) {
        memcpy(regs, registry->regs, old * sizeof(*regs));
        eps_memory_wipe(registry->regs, old * sizeof(*regs));
    }
    atomic_store_explicit(&registry->regs, regs, memory_order_release);
    atomic_store_explicit(&registry->capacity, capacity,
                          memory_order_release);
    return true;
}

void eps_registry_clear(struct eps_registry *registry)
{
    if (registry->capacity)
        eps_memory_wipe(registry->regs,
                        registry->capacity * sizeof(struct eps_reg));
    memset(&registry->far, 0, sizeof(registry->far));
    registry->dirty = 0;
    registry->residual = 0;
    registry->registered = 0;
    registry->idle = 0;
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
