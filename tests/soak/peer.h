/* SPDX-License-Identifier: MIT */
/*
 * One connection of the clients: what it sends is made from its number and
 * the place in the stream, so that every byte that comes back can be told to
 * be the right one in its place.
 */
#ifndef SOAK_PEER_H
#define SOAK_PEER_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

enum peer_end {
    PEER_HALF_CLOSES, /* shuts down, and hears all of it and the end */
    PEER_CLOSES,      /* hears all of it, and closes */
    PEER_RESETS       /* at any moment */
};

struct peer {
    int fd; /* -1: none */
    uint64_t number;
    uint64_t random;
    enum peer_end end;
    uint64_t total, sent, received;
    bool connected, shut, hurries;
    unsigned events;       /* what epoll was told */
    int64_t stalled_until; /* neither sends nor receives before */
    int64_t since;         /* its last progress, if it waits for an echo */
};

/* What all peers together have seen. */
struct peer_tally {
    uint64_t connections, resets, half_closes;
    uint64_t sent, received;
    int64_t worst_us; /* the longest that an echo was waited for */
    uint64_t wrong;   /* bytes lost, doubled, or out of order */
};

extern struct peer_tally peer_tally;

/* Begins a connection of that number; false if none can be had now. */
bool peer_open(struct peer *peer, uint64_t number, uint64_t seed,
               const struct sockaddr_in *server);

/* Does what can be done now. False when the connection has ended. */
bool peer_work(struct peer *peer, int64_t now);

/* Poll bits that it waits for. */
unsigned peer_wants(const struct peer *peer, int64_t now);

/* How long it has waited for an echo, in us. */
int64_t peer_waited(const struct peer *peer, int64_t now);

/* Sends no more than it has, and stalls no more. */
void peer_hurry(struct peer *peer, int64_t now);

void peer_close(struct peer *peer);

#endif
