/* SPDX-License-Identifier: MIT */
#include "loop.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>

#define EVENTS 256
#define PATIENCE_MS 10000
#define NS_PER_MS UINT64_C(1000000)

bool loop_start(struct loop *loop, uint16_t port)
{
    *loop = (struct loop){.port = port};
    loop->end = &loop->first;
    loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (loop->epoll_fd < 0)
        fprintf(stderr, "load: epoll_create1: %s\n", strerror(errno));
    return loop->epoll_fd >= 0;
}

static bool ask(struct loop *loop, struct conn *conn)
{
    loop->busy++;
    return conn_ask(conn, loop->port, loop->epoll_fd);
}

static void rest(struct loop *loop, struct conn *conn)
{
    conn->due = conn_clock() + loop->pause;
    conn->next = NULL;
    *loop->end = conn;
    loop->end = &conn->next;
}

static bool ask_those_due(struct loop *loop)
{
    while (loop->first != NULL && loop->first->due <= conn_clock()) {
        struct conn *conn = loop->first;

        loop->first = conn->next;
        if (loop->first == NULL)
            loop->end = &loop->first;
        if (!ask(loop, conn))
            return false;
    }
    return true;
}

static int wait_time(const struct loop *loop)
{
    if (loop->first == NULL)
        return PATIENCE_MS;
    uint64_t now = conn_clock();
    uint64_t due = loop->first->due;
    return due <= now ? 0 : (int)((due - now + NS_PER_MS - 1) / NS_PER_MS);
}

static bool handle(struct loop *loop, struct conn *conn, loop_next_fn *next,
                   void *state)
{
    switch (conn_advance(conn)) {
    case STEP_FAILED:
        return false;
    case STEP_WAIT:
        return true;
    case STEP_DONE:
        break;
    }
    loop->busy--;
    conn = next(state, conn);
    if (conn == NULL)
        return true;
    if (loop->pause > 0) {
        rest(loop, conn);
        return true;
    }
    return ask(loop, conn);
}

static bool wait_once(struct loop *loop, loop_next_fn *next, void *state)
{
    struct epoll_event events[EVENTS];
    int n = epoll_wait(loop->epoll_fd, events, EVENTS, wait_time(loop));

    if (n == 0 && loop->first == NULL) {
        fprintf(stderr, "load: no reply on %u connections for %d seconds\n",
                loop->busy, PATIENCE_MS / 1000);
        return false;
    }
    if (n < 0 && errno != EINTR) {
        fprintf(stderr, "load: epoll_wait: %s\n", strerror(errno));
        return false;
    }
    for (int i = 0; i < n; i++) {
        if (!handle(loop, events[i].data.ptr, next, state))
            return false;
    }
    return ask_those_due(loop);
}

bool loop_run(struct loop *loop, struct conn *first, unsigned count,
              loop_next_fn *next, void *state)
{
    for (unsigned i = 0; i < count; i++) {
        if (!ask(loop, &first[i]))
            return false;
    }
    while (loop->busy > 0 || loop->first != NULL) {
        if (!wait_once(loop, next, state))
            return false;
    }
    return true;
}
