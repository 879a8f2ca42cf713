/* SPDX-License-Identifier: MIT */
/*
 * State changes. Nothing here waits, and but for a terminal's line discipline
 * and the odd delayed segment, a change is complete when its op returns.
 */
#define _GNU_SOURCE
#include "state.h"

#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "../harness/clock.h"
#include "../harness/raw.h"
#include "child.h"
#include "signals.h"
#include "world.h"

#define CHUNK 65536

/* Lines, so that a terminal in canonical mode has something to give. */
static const char *lines(void)
{
    static char buffer[CHUNK];
    if (!buffer[0])
        for (size_t i = 0; i < sizeof(buffer); i++)
            buffer[i] = i % 2 ? '\n' : 'x';
    return buffer;
}

/* An odd n lets the timer expire, an even one arms it for much later. */
static void set_timer(int fd, int n)
{
    struct itimerspec spec = {.it_value.tv_nsec = 1};
    struct pollfd ready = {fd, POLLIN, 0};
    struct timespec soon = {0, 100 * 1000 * 1000};
    if (n % 2 == 0)
        spec.it_value = (struct timespec){3600, 0};
    timerfd_settime(fd, 0, &spec, NULL);
    if (n % 2)
        raw_ppoll(&ready, 1, &soon);
}

static void write_counter(int fd, uint64_t n)
{
    (void)!write(fd, &n, sizeof(n));
}

/* write SLOT END N: N bytes, or what makes an event for that kind. */
void do_write(struct world *w, const int32_t *arg)
{
    struct end *e = &w->slot[arg[0]][arg[1]];
    size_t n = (size_t)arg[2] < CHUNK ? (size_t)arg[2] : CHUNK;
    if (e->fd < 0)
        return;
    switch (e->kind) {
    case KIND_eventfd:
        write_counter(e->fd, (uint64_t)arg[2]);
        break;
    case KIND_epoll:
        write_counter(w->slot[arg[0]][1].fd, 1);
        break;
    case KIND_timerfd:
        set_timer(e->fd, arg[2]);
        break;
    case KIND_signalfd:
        signals_raise(signals_for_signalfd());
        break;
    case KIND_pidfd:
        child_end(e->pid, false);
        break;
    default:
        (void)!write(e->fd, lines(), n);
    }
}

/* read SLOT END N; a child behind a pidfd is reaped. */
void do_read(struct world *w, const int32_t *arg)
{
    static __thread char buffer[CHUNK];
    struct end *e = &w->slot[arg[0]][arg[1]];
    size_t n = (size_t)arg[2] < CHUNK ? (size_t)arg[2] : CHUNK;
    if (e->fd < 0)
        return;
    if (e->kind == KIND_pidfd)
        world_reap(w, e->pid);
    else
        (void)!read(e->fd, buffer, n);
}

/* Whether there is a bound to what can be written or read at once. */
static bool has_buffer(enum kind kind)
{
    return kind != KIND_regular && kind != KIND_memory && kind != KIND_null &&
           kind != KIND_eventfd && kind != KIND_inotify && kind != KIND_mounts;
}

/* fill SLOT END: writes until no more fits; an eventfd's counter to its end. */
void do_fill(struct world *w, const int32_t *arg)
{
    struct end *e = &w->slot[arg[0]][arg[1]];
    if (e->fd >= 0 && e->kind == KIND_eventfd)
        write_counter(e->fd, ~1ull);
    if (e->fd < 0 || !has_buffer(e->kind))
        return;
    for (int i = 0; i < 64; i++)
        if (write(e->fd, lines(), CHUNK) < 0)
            return;
}

/* drain SLOT END: reads until there is no more. */
void do_drain(struct world *w, const int32_t *arg)
{
    static __thread char buffer[CHUNK];
    struct end *e = &w->slot[arg[0]][arg[1]];
    if (e->kind == KIND_epoll)
        e = &w->slot[arg[0]][1];
    if (e->fd < 0 || e->kind == KIND_pidfd)
        return;
    for (int i = 0; i < 64; i++)
        if (read(e->fd, buffer, CHUNK) <= 0)
            return;
}

/* shut SLOT END HOW: shutdown() for reading, writing, both. */
void do_shut(struct world *w, const int32_t *arg)
{
    int fd = w->slot[arg[0]][arg[1]].fd;
    if (fd >= 0)
        shutdown(fd, arg[2] % 3);
}

/* oob SLOT END: sends one urgent byte. */
void do_oob(struct world *w, const int32_t *arg)
{
    int fd = w->slot[arg[0]][arg[1]].fd;
    if (fd >= 0)
        (void)!send(fd, "!", 1, MSG_OOB | MSG_NOSIGNAL);
}

/*
 * Sets a socket option of this end. It may make the socket readable without a
 * wake-up; that a child did so on a socket it shares is beyond what its
 * parent's library can see (FACTS.md, Limitations).
 */
static void set_option(struct world *w, const int32_t *arg, int option)
{
    int fd = w->slot[arg[0]][arg[1]].fd;
    if (fd >= 0 && !w->forked)
        setsockopt(fd, SOL_SOCKET, option, &arg[2], sizeof(arg[2]));
}

/* oobinline SLOT END ON: urgent bytes come with the others. */
void do_oobinline(struct world *w, const int32_t *arg)
{
    set_option(w, arg, SO_OOBINLINE);
}

/* rcvlowat SLOT END N */
void do_rcvlowat(struct world *w, const int32_t *arg)
{
    set_option(w, arg, SO_RCVLOWAT);
}

/* later HOW SLOT END MS: what a timer can't do, a write or a signal does. */
void do_later(struct world *w, const int32_t *arg)
{
    const struct end *e = &w->slot[arg[1]][arg[2]];
    w->later.how = LATER_NOTHING;
    w->later.ms = arg[3];
    w->later.fd = e->fd;
    if (arg[0] == LATER_SIGNAL)
        w->later.how = LATER_SIGNAL;
    else if (e->fd >= 0 && e->kind == KIND_timerfd)
        w->later.how = LATER_TIMER;
    else if (e->fd >= 0)
        w->later.how = LATER_WRITE;
}
