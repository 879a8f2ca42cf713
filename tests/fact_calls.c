/* SPDX-License-Identifier: MIT */
/*
 * The eight calls behind two tables, and the crowd.
 *
 * The fortified names and the double-underscore ones are called as such, which
 * no program's source does, but every program built with _FORTIFY_SOURCE.
 */
#include "fact_common.h"

#include "harness/wide.h"

int __poll(struct pollfd *, nfds_t, int);
int __poll_chk(struct pollfd *, nfds_t, int, size_t);
#ifndef WIDE_TIMES
int __ppoll_chk(struct pollfd *, nfds_t, const struct timespec *,
                const sigset_t *, size_t);
#endif
int __select(int, fd_set *, fd_set *, fd_set *, struct timeval *);

static int crowd[CROWD];

static int milliseconds(const struct timespec *t)
{
    if (!t)
        return -1;
    return (int)(t->tv_sec * 1000 + (t->tv_nsec + 999999) / 1000000);
}

static int by_poll(struct pollfd *fds, nfds_t n, const struct timespec *t,
                   const sigset_t *mask)
{
    (void)mask;
    return poll(fds, n, milliseconds(t));
}

static int by___poll(struct pollfd *fds, nfds_t n, const struct timespec *t,
                     const sigset_t *mask)
{
    (void)mask;
    return __poll(fds, n, milliseconds(t));
}

static int by___poll_chk(struct pollfd *fds, nfds_t n, const struct timespec *t,
                         const sigset_t *mask)
{
    (void)mask;
    return __poll_chk(fds, n, milliseconds(t), SIZE_MAX);
}

static int by___ppoll_chk(struct pollfd *fds, nfds_t n,
                          const struct timespec *t, const sigset_t *mask)
{
    return __ppoll_chk(fds, n, t, mask, SIZE_MAX);
}

const struct poll_call poll_calls[] = {
    {"poll", by_poll, false},
    {"__poll", by___poll, false},
    {"ppoll", ppoll, true},
    {"__poll_chk", by___poll_chk, false},
    {"__ppoll_chk", by___ppoll_chk, true},
    {NULL, NULL, false},
};

static int by_select(int n, fd_set *in, fd_set *out, fd_set *ex,
                     const struct timespec *t, const sigset_t *mask)
{
    (void)mask;
    if (!t)
        return select(n, in, out, ex, NULL);
    struct timeval tv = {t->tv_sec, (t->tv_nsec + 999) / 1000};
    return select(n, in, out, ex, &tv);
}

static int by___select(int n, fd_set *in, fd_set *out, fd_set *ex,
                       const struct timespec *t, const sigset_t *mask)
{
    (void)mask;
    if (!t)
        return __select(n, in, out, ex, NULL);
    struct timeval tv = {t->tv_sec, (t->tv_nsec + 999) / 1000};
    return __select(n, in, out, ex, &tv);
}

const struct select_call select_calls[] = {
    {"select", by_select, false},
    {"__select", by___select, false},
    {"pselect", pselect, true},
    {NULL, NULL, false},
};

void each_poll(void (*fact)(const struct poll_call *))
{
    for (const struct poll_call *c = poll_calls; c->name; c++) {
        fact_call = c->name;
        fact(c);
    }
}

void each_select(void (*fact)(const struct select_call *))
{
    for (const struct select_call *c = select_calls; c->name; c++) {
        fact_call = c->name;
        fact(c);
    }
}

/*
 * Opened before main(), so that a test's own descriptors come and go above
 * the crowd. Sockets, since these are what real sets are made of.
 */
__attribute__((constructor)) static void open_crowd(void)
{
    for (int i = 0; i < CROWD; i += 2)
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, crowd + i))
            abort();
}

nfds_t gather(struct pollfd *set, int own)
{
    for (int i = 0; i < own; i++)
        set[i] = (struct pollfd){.fd = -1};
    for (int i = 0; i < CROWD; i++)
        set[own + i] = (struct pollfd){.fd = crowd[i], .events = POLLIN};
    return (nfds_t)(own + CROWD);
}

void gather_bits(struct sets *b)
{
    memset(b, 0, sizeof(*b));
    for (int i = 0; i < CROWD; i++)
        want(b, crowd[i], "r");
}

void want(struct sets *b, int fd, const char *sets)
{
    if (strchr(sets, 'r'))
        FD_SET(fd, &b->in);
    if (strchr(sets, 'w'))
        FD_SET(fd, &b->out);
    if (strchr(sets, 'x'))
        FD_SET(fd, &b->ex);
    if (fd >= b->n)
        b->n = fd + 1;
}

int told(const struct sets *b, int fd)
{
    return (FD_ISSET(fd, &b->in) ? 4 : 0) | (FD_ISSET(fd, &b->out) ? 2 : 0) |
           (FD_ISSET(fd, &b->ex) ? 1 : 0);
}

int poll_for(const struct poll_call *c, struct pollfd *set, nfds_t n, int ms)
{
    struct timespec t = {ms / 1000, ms % 1000 * 1000000L};
    return c->call(set, n, ms < 0 ? NULL : &t, NULL);
}

int select_for(const struct select_call *c, const struct sets *b,
               struct sets *got, int ms)
{
    struct timespec t = {ms / 1000, ms % 1000 * 1000000L};
    *got = *b;
    return c->call(b->n, &got->in, &got->out, &got->ex, ms < 0 ? NULL : &t,
                   NULL);
}

void settle(const struct poll_call *c, struct pollfd *set, nfds_t n)
{
    for (int i = 0; i < ROUNDS; i++)
        poll_for(c, set, n, 0);
}

void settle_bits(const struct select_call *c, const struct sets *b,
                 struct sets *got)
{
    for (int i = 0; i < ROUNDS; i++)
        select_for(c, b, got, 0);
}

void settle_all(void)
{
    struct pollfd set[CROWD];
    struct sets b, got;
    nfds_t n = gather(set, 0);
    gather_bits(&b);
    for (const struct poll_call *c = poll_calls; c->name; c++)
        settle(c, set, n);
    for (const struct select_call *c = select_calls; c->name; c++)
        settle_bits(c, &b, &got);
}

/* Runs the entry-th of the eight calls over the crowd, with a timeout. */
int any_call(int entry, int ms, const char **name)
{
    static struct pollfd set[CROWD];
    static struct sets b, got;
    const int polls = 5;
    if (entry < polls) {
        nfds_t n = gather(set, 0);
        *name = poll_calls[entry].name;
        settle(&poll_calls[entry], set, n);
        return poll_for(&poll_calls[entry], set, n, ms);
    }
    const struct select_call *c = &select_calls[entry - polls];
    gather_bits(&b);
    *name = c->name;
    settle_bits(c, &b, &got);
    return select_for(c, &b, &got, ms);
}

/* poll() keeps its deadline; the others resume with what remained. */
bool keeps_deadline(int entry)
{
    return entry < 5 && !poll_calls[entry].masked;
}
