/* SPDX-License-Identifier: MIT */
/*
 * The waits of a set. The look is libc's own poll(), which is a cancellation
 * point, as the program's call is.
 */
#include "prototypes.h"

#include "waits.h"

#include "memory.h"
#include "next.h"

#include <errno.h>
#include <string.h>

bool eps_waits_push(struct eps_waits *waits, uint32_t *count,
                    struct pollfd wait)
{
    if (*count == waits->capacity) {
        uint32_t capacity = *count ? *count * 2 : 64;
        struct pollfd *list = eps_memory_map(capacity * sizeof(*list));
        if (!list)
            return false;
        if (*count)
            memcpy(list, waits->list, *count * sizeof(*list));
        eps_waits_clear(waits);
        waits->list = list;
        __atomic_store_n(&waits->capacity, capacity, __ATOMIC_RELEASE);
    }
    waits->list[(*count)++] = wait;
    return true;
}

int eps_waits_ask(const struct eps_waits *waits, uint32_t count)
{
    int ret = EPS_NEXT(poll)(waits->list, count, 0);

    return ret < 0 ? -errno : ret;
}

void eps_waits_clear(struct eps_waits *waits)
{
    struct eps_waits old = *waits;

    *waits = (struct eps_waits){NULL, 0};
    eps_memory_unmap(old.list, old.capacity * sizeof(*old.list));
}
