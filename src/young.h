/* SPDX-License-Identifier: MIT */
/*
 * The young of one set: numbers that came, or began to ask for more, a few
 * calls ago. They are looked at natively, beside the epoll descriptor, until
 * they have lasted: an item in the kernel's set costs as much as several
 * looks, and a POLLOUT that is withdrawn at once, or a connection that is
 * closed after an answer, would never earn it.
 */
#ifndef EPS_YOUNG_H
#define EPS_YOUNG_H

#include "registry.h"

#include <stdbool.h>
#include <stdint.h>

#define EPS_YOUNG_MOST 16

struct eps_young {
    uint32_t count;
    int32_t luck;         /* > 0: of late most went before they had lasted */
    uint32_t turned_away; /* for want of luck */
    struct {
        int32_t fd;
        uint32_t since; /* the set's count of calls */
    } list[EPS_YOUNG_MOST];
};

/* Is there room, and is it likely to pay? */
bool eps_young_is_welcome(struct eps_young *young);

void eps_young_add(struct eps_young *young, int fd, uint32_t now);

/* A young number went, or asks no more than before. */
void eps_young_went(struct eps_young *young);

/*
 * The next number that has lasted, or -1. It is young no more, and those
 * that went are forgotten.
 */
int eps_young_next_lasting(struct eps_young *young,
                           struct eps_registry *registry, uint32_t now);

#endif
