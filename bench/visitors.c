/* SPDX-License-Identifier: MIT */
#include "visitors.h"
#include "calls.h"
#include "fail.h"

#include <stdint.h>

#define RING 1024

struct visitors {
    int listener;
    unsigned stay;
    uint64_t came; /* and were accepted, in the same order */
    uint64_t gone;
    int clients[RING];
};

struct visitors *visitors_open(enum kind kind, unsigned stay)
{
    struct visitors *visitors = allocate(1, sizeof(*visitors));

    if (kind == KIND_PIPE)
        fail("pipes can't be accepted: take --kind=unix or tcp");
    visitors->listener = stage_listen(kind, VISITORS_AT_MOST);
    visitors->stay = stay;
    return visitors;
}

int visitors_listener(const struct visitors *visitors)
{
    return visitors->listener;
}

void visitors_invite(struct visitors *visitors, unsigned count)
{
    while (visitors->came - visitors->gone > visitors->stay)
        calls_native.close(visitors->clients[visitors->gone++ % RING]);
    for (unsigned i = 0; i < count; i++) {
        visitors->clients[visitors->came++ % RING] =
            stage_connect(visitors->listener);
    }
}
