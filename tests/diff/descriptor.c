/* SPDX-License-Identifier: MIT */
/*
 * Numbers change hands here in every way a program has: closed and handed out
 * again, replaced by dup2(), moved up, and, in raw mode, all of that where no
 * library can see it.
 */
#define _GNU_SOURCE
#include "descriptor.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "../harness/raw.h"
#include "world.h"

/* A raw close counts as a plain one where raw steps are not allowed. */
static enum close_how allowed(const struct world *w, int how)
{
    return how == CLOSE_RAW && !w->raw_mode ? CLOSE_PLAIN : (enum close_how)how;
}

static void place_pair(struct world *w, int slot, struct end end[2])
{
    for (int e = 0; e < 2; e++)
        world_place(w, slot, e, end[e]);
    world_adopt(w, end[0].pid);
}

/* make SLOT KIND VARIANT */
void do_make(struct world *w, const int32_t *arg)
{
    struct end end[2];
    for (int e = 0; e < 2; e++)
        world_close(w, arg[0], e, CLOSE_PLAIN);
    kind_make((enum kind)arg[1], arg[2], end);
    place_pair(w, arg[0], end);
}

/* close SLOT END HOW */
void do_close(struct world *w, const int32_t *arg)
{
    world_close(w, arg[0], arg[1], allowed(w, arg[2]));
}

/* Moves the end to a number that was just closed; false if it is taken. */
static void move_end(struct world *w, int slot, int end, int number)
{
    struct end *e = &w->slot[slot][end];
    int fd = fcntl(e->fd, F_DUPFD, number);
    if (fd < 0)
        return;
    struct end moved = {fd, e->kind, e->pid};
    world_close(w, slot, end, CLOSE_PLAIN);
    world_place(w, slot, end, moved);
}

/*
 * remake SLOT END SLOT2 KIND HOW: closes the end, then opens another kind in
 * SLOT2, whose end 0 takes over the number.
 */
void do_remake(struct world *w, const int32_t *arg)
{
    int number = w->slot[arg[0]][arg[1]].fd;
    if (number < 0)
        return;
    world_close(w, arg[0], arg[1], allowed(w, arg[4]));
    do_make(w, (const int32_t[]){arg[2], arg[3], arg[4]});
    if (w->slot[arg[2]][0].fd > number)
        move_end(w, arg[2], 0, number);
}

/* dup SLOT END SLOT2 END2: the copy takes the second place. */
void do_dup(struct world *w, const int32_t *arg)
{
    struct end copy = w->slot[arg[0]][arg[1]];
    world_close(w, arg[2], arg[3], CLOSE_PLAIN);
    if (copy.fd < 0 || w->slot[arg[0]][arg[1]].fd < 0)
        return;
    copy.fd = dup(copy.fd);
    world_place(w, arg[2], arg[3], copy);
}

/* dup2 SLOT END SLOT2 END2 HOW: the first's file takes the second's number. */
void do_dup2(struct world *w, const int32_t *arg)
{
    struct end from = w->slot[arg[0]][arg[1]];
    struct end *to = &w->slot[arg[2]][arg[3]];
    if (from.fd < 0 || to->fd < 0)
        return;
    if (arg[4] == CLOSE_RAW && w->raw_mode) {
        w->raw = true;
        if (from.fd != to->fd && raw_dup3(from.fd, to->fd) < 0)
            return;
    } else if (arg[4] & 1 ? dup3(from.fd, to->fd, O_CLOEXEC) < 0
                          : dup2(from.fd, to->fd) < 0) {
        return;
    }
    from.fd = to->fd;
    world_place(w, arg[2], arg[3], from);
}

/* raise SLOT END NUMBER: moves the end to that number or the next free. */
void do_raise(struct world *w, const int32_t *arg)
{
    if (w->slot[arg[0]][arg[1]].fd >= 0)
        move_end(w, arg[0], arg[1], arg[2]);
}

/* Forgets the ends with numbers in the range, which is closed. */
static void forget_range(struct world *w, int first, int last)
{
    for (int s = 0; s < SLOTS; s++) {
        for (int e = 0; e < 2; e++) {
            struct end *end = &w->slot[s][e];
            if (end->fd < first || end->fd > last)
                continue;
            owned_clear(end->fd);
            end->fd = -1;
        }
    }
}

/* range SLOT END N: close_range() from the end's number over the next N. */
void do_range(struct world *w, const int32_t *arg)
{
    int first = w->slot[arg[0]][arg[1]].fd;
    if (first < 0)
        return;
    forget_range(w, first, first + arg[2]);
    if (close_range((unsigned int)first, (unsigned int)(first + arg[2]), 0))
        for (int fd = first; fd <= first + arg[2]; fd++) /* before Linux 5.9 */
            close(fd);
}

/*
 * usurp SLOT END HOW: puts a copy of the end on the number of a library's own
 * descriptor, or closes that: a program may use any number. Natively there is
 * none, and nothing happens.
 */
void do_usurp(struct world *w, const int32_t *arg)
{
    struct end copy = w->slot[arg[0]][arg[1]];
    int number = foreign_fd(2);
    bool raw = arg[2] & 1 && w->raw_mode;
    if (number < 0 || copy.fd < 0)
        return;
    w->raw |= raw;
    if (arg[2] & 2) {
        if (raw)
            raw_close(number);
        else
            close(number);
        return;
    }
    if (raw ? raw_dup3(copy.fd, number) < 0 : dup2(copy.fd, number) < 0)
        return;
    world_close(w, arg[0], arg[1], CLOSE_PLAIN);
    copy.fd = number;
    world_place(w, arg[0], arg[1], copy);
}

/* accept SLOT SLOT2: a pending connection's end becomes SLOT2's end 0. */
void do_accept(struct world *w, const int32_t *arg)
{
    struct end *listener = &w->slot[arg[0]][0];
    if (listener->fd < 0)
        return;
    int fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK);
    if (fd < 0)
        return;
    world_close(w, arg[1], 0, CLOSE_PLAIN);
    world_place(w, arg[1], 0, (struct end){.fd = fd, .kind = listener->kind});
}

/* connect SLOT: one more to the listener at end 0, from end 1. */
void do_connect(struct world *w, const int32_t *arg)
{
    struct sockaddr_storage at;
    socklen_t size = sizeof(at);
    struct end *listener = &w->slot[arg[0]][0];
    if (listener->fd < 0 ||
        getsockname(listener->fd, (struct sockaddr *)&at, &size))
        return;
    world_close(w, arg[0], 1, CLOSE_PLAIN);
    int fd = socket(at.ss_family, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return;
    (void)!connect(fd, (struct sockaddr *)&at, size);
    world_place(w, arg[0], 1, (struct end){.fd = fd, .kind = listener->kind});
}
