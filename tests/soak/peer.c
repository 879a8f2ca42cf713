/* SPDX-License-Identifier: MIT */
#include "peer.h"

#include "rng.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    CHUNK = 8192,
    AHEAD = 65536, /* so much may be under way */
    STALL_US = 1000000
};

struct peer_tally peer_tally;

static unsigned char byte_of(uint64_t number, uint64_t at)
{
    return (unsigned char)(soak_mix(number * 0x10001 + at / 8) >> at % 8 * 8);
}

/* Few are long; one in sixteen sends nothing at all. */
static uint64_t draw_total(uint64_t *random)
{
    switch (soak_draw(random, 16)) {
    case 0:
        return 0;
    case 1:
        return soak_draw(random, 500000);
    case 2:
    case 3:
        return soak_draw(random, 20000);
    default:
        return soak_draw(random, 800);
    }
}

bool peer_open(struct peer *peer, uint64_t number, uint64_t seed,
               const struct sockaddr_in *server)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct sockaddr_in from = {.sin_family = AF_INET};

    if (fd < 0)
        return false;
    *peer = (struct peer){.fd = fd, .number = number};
    peer->random = seed ^ soak_mix(number);
    peer->end = (enum peer_end)soak_draw(&peer->random, 3);
    peer->total = draw_total(&peer->random);
    /* One of many loopback addresses: ports in TIME_WAIT are not in the way. */
    from.sin_addr.s_addr = htonl(0x7f000001 + soak_draw(&peer->random, 60000));
    if (bind(fd, (struct sockaddr *)&from, sizeof(from)) < 0 ||
        (connect(fd, (const struct sockaddr *)server, sizeof(*server)) < 0 &&
         errno != EINPROGRESS)) {
        peer_close(peer);
        return false;
    }
    peer_tally.connections++;
    return true;
}

void peer_close(struct peer *peer)
{
    if (peer->fd >= 0)
        close(peer->fd);
    peer->fd = -1;
}

void peer_hurry(struct peer *peer, int64_t now)
{
    peer->hurries = true;
    peer->total = peer->sent;
    peer->stalled_until = 0;
    if (peer->since)
        peer->since = now;
}

static bool reset(struct peer *peer)
{
    struct linger now = {1, 0};

    setsockopt(peer->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    peer_tally.resets++;
    return false;
}

static bool is_wrong(struct peer *peer, const char *what)
{
    peer_tally.wrong++;
    fprintf(stderr,
            "connection %llu: %s: %llu of %llu bytes sent, %llu received: %m\n",
            (unsigned long long)peer->number, what,
            (unsigned long long)peer->sent, (unsigned long long)peer->total,
            (unsigned long long)peer->received);
    return false;
}

static bool receive(struct peer *peer, int64_t now)
{
    unsigned char bytes[CHUNK];
    ssize_t got;

    while ((got = recv(peer->fd, bytes, sizeof(bytes), 0)) > 0) {
        for (ssize_t i = 0; i < got; i++)
            if (bytes[i] != byte_of(peer->number, peer->received + (uint64_t)i))
                return is_wrong(peer, "a wrong byte");
        peer->received += (uint64_t)got;
        peer_tally.received += (uint64_t)got;
        peer->since = now;
        if (peer->received > peer->sent)
            return is_wrong(peer, "a byte too many");
    }
    if (got < 0)
        return errno == EAGAIN || is_wrong(peer, "receiving");
    if (!peer->shut || peer->received != peer->total)
        return is_wrong(peer, "ended too early");
    peer_tally.half_closes++;
    return false;
}

static bool transmit(struct peer *peer, int64_t now)
{
    unsigned char bytes[CHUNK];
    uint64_t left = peer->total - peer->sent;
    size_t length = 1 + soak_draw(&peer->random, CHUNK - 1);
    ssize_t done;

    if (left == 0 || peer->sent - peer->received > AHEAD)
        return true;
    length = left < length ? left : length;
    for (size_t i = 0; i < length; i++)
        bytes[i] = byte_of(peer->number, peer->sent + i);
    done = send(peer->fd, bytes, length, MSG_NOSIGNAL);
    if (done < 0)
        return errno == EAGAIN || is_wrong(peer, "sending");
    peer->sent += (uint64_t)done;
    peer_tally.sent += (uint64_t)done;
    peer->since = now;
    return true;
}

/* All is sent: what is left is to hear it, and to end. */
static bool finish(struct peer *peer, int64_t now)
{
    if (peer->end == PEER_HALF_CLOSES && !peer->shut) {
        peer->shut = true;
        peer->since = now;
        shutdown(peer->fd, SHUT_WR);
    }
    if (peer->end == PEER_RESETS)
        return reset(peer);
    return peer->end == PEER_HALF_CLOSES || peer->received < peer->total;
}

bool peer_work(struct peer *peer, int64_t now)
{
    int64_t waited = peer_waited(peer, now);

    if (waited > peer_tally.worst_us)
        peer_tally.worst_us = waited;
    if (now < peer->stalled_until)
        return true;
    peer->connected = true;
    if (peer->end == PEER_RESETS && soak_draw(&peer->random, 20) == 0)
        return reset(peer);
    if (!receive(peer, now) || !transmit(peer, now))
        return false;
    if (!peer->hurries && soak_draw(&peer->random, 4) == 0)
        peer->stalled_until = now + soak_draw(&peer->random, STALL_US);
    return peer->sent < peer->total || finish(peer, now);
}

unsigned peer_wants(const struct peer *peer, int64_t now)
{
    if (now < peer->stalled_until)
        return 0;
    if (!peer->connected ||
        (peer->sent < peer->total && peer->sent - peer->received <= AHEAD))
        return POLLIN | POLLOUT;
    return POLLIN;
}

/* What was held up by a stall of ours is not the server's doing. */
int64_t peer_waited(const struct peer *peer, int64_t now)
{
    int64_t since = peer->since;

    if (!since || (peer->sent == peer->received && !peer->shut))
        return 0;
    if (peer->stalled_until > since)
        since = peer->stalled_until;
    return now > since ? now - since : 0;
}
