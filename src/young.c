/* SPDX-License-Identifier: MIT */
/*
 * The young of a set. Owns the list and the luck; which numbers are young is
 * told by their registrations. The set's thread only; no system call.
 *
 * A look costs a call some 200 ns and 25 for each young number, an item 1,000
 * when it comes and 700 when it goes. So one that goes pays for two that last.
 */
#include "young.h"

#define LASTING 8 /* calls */
#define WENT 2
#define LASTED 1
#define MOST_LUCK 8
#define TRIED 64 /* one in so many, when there is no luck */

bool eps_young_is_welcome(struct eps_young *young)
{
    if (young->count == EPS_YOUNG_MOST)
        return false;
    return young->luck >= 0 || ++young->turned_away % TRIED == 0;
}

void eps_young_add(struct eps_young *young, int fd, uint32_t now)
{
    uint32_t i = 0;

    while (i < young->count && young->list[i].fd != fd)
        i++;
    young->list[i].fd = fd;
    young->list[i].since = now;
    young->count += i == young->count;
}

void eps_young_went(struct eps_young *young)
{
    if (young->luck < 0)
        young->luck = 0; /* what was tried without luck had it: once more */
    else if (young->luck < MOST_LUCK)
        young->luck += WENT;
}

static void lasted(struct eps_young *young, struct eps_reg *reg)
{
    reg->flags &= ~EPS_REG_YOUNG;
    young->luck -= young->luck > -MOST_LUCK ? LASTED : 0;
}

static void take_off(struct eps_young *young, uint32_t index)
{
    young->list[index] = young->list[--young->count];
}

int eps_young_next_lasting(struct eps_young *young,
                           struct eps_registry *registry, uint32_t now)
{
    for (uint32_t i = 0; i < young->count;) {
        int fd = young->list[i].fd;
        struct eps_reg *reg = eps_registry_at(registry, fd);
        if (!(reg->flags & EPS_REG_YOUNG)) {
            take_off(young, i);
        } else if (now - young->list[i].since >= LASTING) {
            take_off(young, i);
            lasted(young, reg);
            return fd;
        } else {
            i++;
        }
    }
    return -1;
}
