/* SPDX-License-Identifier: MIT */
/*
 * The descriptors of a cell. Most of them are quiet, or ready for good, and
 * so all loops can watch the same ones; a few slots, the actors, belong to
 * each loop alone, because things happen to them.
 */
#ifndef BENCH_STAGE_H
#define BENCH_STAGE_H

#include <stdbool.h>

enum kind {
    KIND_UNIX, /* connected stream sockets */
    KIND_TCP,  /* the same, over loopback */
    KIND_PIPE, /* read ends */
};

#define STAGE_ACTORS 16

struct stage {
    enum kind kind;
    unsigned count;  /* slots */
    unsigned actors; /* how many of them are actors */
    int *fds;        /* one per slot */
};

/* Opens `count` descriptors. With `acting`, some slots are kept for actors.
 * Makes `ready` others ready for reading, evenly spread, or all that there
 * are. Returns how many that is. */
unsigned stage_open(struct stage *stage, enum kind kind, unsigned count,
                    bool acting, unsigned ready);

/* The slot of actor number `actor`. */
unsigned stage_actor(const struct stage *stage, unsigned actor);

/* Opens one connected pair: [0] reads what [1] writes. */
void stage_pair(enum kind kind, int pair[2]);

/* Opens a listening socket, and a client that it can accept. */
int stage_listen(enum kind kind, unsigned backlog);
int stage_connect(int listener);

#endif
