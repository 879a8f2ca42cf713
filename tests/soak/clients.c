/* SPDX-License-Identifier: MIT */
/*
 * usage: clients PORT SECONDS CONNECTIONS SEED
 *
 * Keeps so many connections to the server, each ended and replaced, until the
 * time is over; then lets them all come to their end. Prints what was sent
 * and received. Status 1: something was lost, wrong, or much too late.
 */
#include "clock.h"
#include "peer.h"
#include "rng.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

enum {
    EVENTS = 256,
    OPENED_AT_ONCE = 32,
    WRONG_MAX = 10,    /* then it is given up */
    LOST_US = 30000000 /* an echo that comes so late does not come */
};

static struct peer *peers;
static unsigned peer_count;
static uint64_t next_number;
static int epfd;

static void watch(struct peer *peer, int op, int64_t now)
{
    unsigned wants = peer_wants(peer, now);
    struct epoll_event event = {.events = wants, .data.ptr = peer};

    if (op == EPOLL_CTL_MOD && wants == peer->events)
        return;
    peer->events = wants;
    epoll_ctl(epfd, op, peer->fd, &event);
}

static void work(struct peer *peer, int64_t now)
{
    if (peer_work(peer, now))
        watch(peer, EPOLL_CTL_MOD, now);
    else
        peer_close(peer);
}

static void open_some(uint64_t seed, const struct sockaddr_in *server)
{
    static unsigned at;
    unsigned opened = 0;

    for (unsigned i = 0; i < peer_count && opened < OPENED_AT_ONCE; i++) {
        struct peer *peer = &peers[at++ % peer_count];
        if (peer->fd >= 0)
            continue;
        if (!peer_open(peer, next_number++, seed, server))
            return;
        watch(peer, EPOLL_CTL_ADD, soak_now_us());
        opened++;
    }
}

/* Those whose stall is over, and those that wait too long. The ones left. */
static unsigned look_after(int64_t now)
{
    unsigned left = 0;

    for (unsigned i = 0; i < peer_count; i++) {
        struct peer *peer = &peers[i];
        if (peer->fd < 0)
            continue;
        left++;
        if (peer->stalled_until && now >= peer->stalled_until) {
            peer->stalled_until = 0;
            if (peer->since)
                peer->since = now;
            watch(peer, EPOLL_CTL_MOD, now);
        }
        if (peer_waited(peer, now) > LOST_US) {
            fprintf(stderr, "connection %llu: no echo for %d s\n",
                    (unsigned long long)peer->number, LOST_US / 1000000);
            peer_tally.wrong++;
            peer_close(peer);
        }
    }
    return left;
}

static void serve_events(void)
{
    struct epoll_event events[EVENTS];
    int count = epoll_wait(epfd, events, EVENTS, 5);

    for (int i = 0; i < count; i++) {
        struct peer *peer = events[i].data.ptr;
        if (peer->fd >= 0)
            work(peer, soak_now_us());
    }
}

static void hurry_all(int64_t now)
{
    for (unsigned i = 0; i < peer_count; i++)
        if (peers[i].fd >= 0) {
            peer_hurry(&peers[i], now);
            work(&peers[i], now);
        }
}

static void run(int64_t end, uint64_t seed, const struct sockaddr_in *server)
{
    int64_t looked = 0, now;
    unsigned left = 1;
    bool hurried = false;

    while (peer_tally.wrong < WRONG_MAX &&
           ((now = soak_now_us()) < end || left)) {
        if (now < end)
            open_some(seed, server);
        else if (!hurried)
            hurry_all(now);
        hurried = now >= end;
        serve_events();
        if (now - looked > 20000) {
            left = look_after(now);
            looked = now;
        }
    }
}

static int print(void)
{
    const struct peer_tally *t = &peer_tally;

    printf(
        "connections %llu\nresets %llu\nhalf_closes %llu\nsent %llu\n"
        "received %llu\nworst_echo_us %lld\nwrong %llu\n",
        (unsigned long long)t->connections, (unsigned long long)t->resets,
        (unsigned long long)t->half_closes, (unsigned long long)t->sent,
        (unsigned long long)t->received, (long long)t->worst_us,
        (unsigned long long)t->wrong);
    return t->wrong ? 1 : 0;
}

int main(int argc, char **argv)
{
    struct sockaddr_in server = {.sin_family = AF_INET};
    uint64_t seed;

    if (argc != 5) {
        fprintf(stderr, "usage: clients PORT SECONDS CONNECTIONS SEED\n");
        return 2;
    }
    server.sin_port = htons((uint16_t)atoi(argv[1]));
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    peer_count = (unsigned)atoi(argv[3]);
    seed = strtoull(argv[4], NULL, 10);
    peers = calloc(peer_count, sizeof(*peers));
    epfd = epoll_create1(EPOLL_CLOEXEC);
    if (!peers || epfd < 0)
        return 2;
    for (unsigned i = 0; i < peer_count; i++)
        peers[i].fd = -1;
    run(soak_now_us() + atoi(argv[2]) * INT64_C(1000000), seed, &server);
    return print();
}
