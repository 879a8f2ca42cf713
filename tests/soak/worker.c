/* SPDX-License-Identifier: MIT */
#include "worker.h"

#include "clock.h"
#include "rng.h"
#include "trouble.h"
#include "waiter.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    CONNECTIONS = 4096, /* of one worker at most */
    BUFFER = 4096,
    LIFE_US = 3000000,
    STACK = 256 * 1024
};

struct connection {
    size_t start, end; /* what is to be sent back */
    bool ended;        /* nothing more will come */
    char bytes[BUFFER];
};

struct worker {
    uint64_t random;
    int listener;
    nfds_t count; /* entries in use; the first is the listener */
    struct pollfd fds[CONNECTIONS + 1];
    struct connection *connections[CONNECTIONS + 1];
    struct waiter waiter;
};

_Atomic int worker_connections;
_Atomic uint64_t worker_bytes, worker_threads;

static void die(const char *what)
{
    perror(what);
    _exit(3);
}

static void accept_some(struct worker *worker)
{
    for (int i = 0; i < 8 && worker->count <= CONNECTIONS; i++) {
        int fd =
            accept4(worker->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0 && errno == EINTR)
            continue;
        if (fd < 0)
            return;
        worker->fds[worker->count] = (struct pollfd){fd, POLLIN, 0};
        worker->connections[worker->count] =
            calloc(1, sizeof(struct connection));
        if (!worker->connections[worker->count++])
            die("calloc");
        atomic_fetch_add(&worker_connections, 1);
    }
}

static void drop(struct worker *worker, nfds_t i)
{
    nfds_t last = --worker->count;

    free(worker->connections[i]);
    trouble_close(worker->fds[i].fd, &worker->random);
    worker->fds[i] = worker->fds[last];
    worker->connections[i] = worker->connections[last];
    atomic_fetch_sub(&worker_connections, 1);
}

static bool receive(struct connection *c, int fd)
{
    ssize_t got = recv(fd, c->bytes + c->end, BUFFER - c->end, 0);

    if (got < 0)
        return errno == EAGAIN || errno == EINTR;
    c->ended = got == 0;
    c->end += (size_t)got;
    return true;
}

static bool transmit(struct connection *c, int fd)
{
    ssize_t done =
        send(fd, c->bytes + c->start, c->end - c->start, MSG_NOSIGNAL);

    if (done < 0)
        return errno == EAGAIN || errno == EINTR;
    atomic_fetch_add(&worker_bytes, (uint64_t)done);
    c->start += (size_t)done;
    if (c->start == c->end)
        c->start = c->end = 0;
    return true;
}

/* False when the connection is over. */
static bool serve(struct connection *c, struct pollfd *entry)
{
    if ((entry->revents & POLLNVAL) != 0)
        die("POLLNVAL of an open connection");
    if ((entry->revents & ~POLLOUT) && !c->ended && c->end < BUFFER &&
        !receive(c, entry->fd))
        return false;
    if (c->end > c->start && !transmit(c, entry->fd))
        return false;
    if (c->ended && c->start == c->end)
        return false;
    entry->events = (short)((!c->ended && c->end < BUFFER ? POLLIN : 0) |
                            (c->end > c->start ? POLLOUT : 0));
    return true;
}

static int draw_timeout(struct worker *worker)
{
    unsigned luck = soak_draw(&worker->random, 16);

    if (luck == 0)
        return 0;
    return luck < 3 ? 1000 : (int)soak_draw(&worker->random, 60);
}

static void turn(struct worker *worker)
{
    int ready = waiter_wait(&worker->waiter, worker->fds, worker->count,
                            draw_timeout(worker));

    if (ready < 0 && errno != EINTR)
        die("waiting");
    if (ready <= 0)
        return;
    for (nfds_t i = worker->count; --i > 0;)
        if (worker->fds[i].revents &&
            !serve(worker->connections[i], &worker->fds[i]))
            drop(worker, i);
    if (worker->fds[0].revents)
        accept_some(worker);
}

static void start_thread(struct worker *worker);

static void *live(void *argument)
{
    struct worker *worker = argument;
    int64_t end = soak_now_us() + 100000 + soak_draw(&worker->random, LIFE_US);

    worker->waiter.kind =
        (enum waiter_kind)soak_draw(&worker->random, WAITER_KINDS);
    while (soak_now_us() < end)
        turn(worker);
    start_thread(worker);
    return NULL;
}

/* The present one has no more to do with the array. */
static void start_thread(struct worker *worker)
{
    pthread_attr_t attributes;
    pthread_t thread;
    int error;

    atomic_fetch_add(&worker_threads, 1);
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, STACK);
    while ((error = pthread_create(&thread, &attributes, live, worker)) ==
           EAGAIN)
        usleep(1000);
    pthread_attr_destroy(&attributes);
    if (error) {
        errno = error;
        die("pthread_create");
    }
}

void worker_start_all(int count, int listener, uint64_t seed)
{
    for (int i = 0; i < count; i++) {
        struct worker *worker = calloc(1, sizeof(*worker));
        if (!worker)
            die("calloc");
        worker->random = seed + soak_mix((uint64_t)i + 1);
        worker->listener = listener;
        worker->fds[0] = (struct pollfd){listener, POLLIN, 0};
        worker->count = 1;
        start_thread(worker);
    }
}
