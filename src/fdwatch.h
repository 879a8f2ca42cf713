/* SPDX-License-Identifier: MIT */
/*
 * What is known of each descriptor number, process-wide: its generation
 * (how often it ended), the kind of file behind it, and who holds it. One
 * atomic word a number; memory reserved once and never moved, so any thread
 * and any signal handler may look at any time.
 */
#ifndef EPS_FDWATCH_H
#define EPS_FDWATCH_H

#include <stdbool.h>
#include <stdint.h>

#define EPS_FD_LIMIT (1 << 20) /* numbers from here on are left to native */

enum eps_kind {
    EPS_KIND_UNKNOWN,  /* not looked at yet */
    EPS_KIND_FAITHFUL, /* epoll tells its readiness as poll does */
    EPS_KIND_READABLE, /* ... unless it is asked for room to write */
    EPS_KIND_RESIDUAL, /* only the native call may look at it */
};

/* Holders: 0 nobody, a set's id, or one of these. */
#define EPS_HELD_BY_NONE 0u
#define EPS_HELD_BY_MANY 0xfffeu
#define EPS_HELD_INTERNAL 0xffffu

/* Reserves the memory; false if there is none to be had. */
bool eps_fdwatch_start(void);

/* The child of a fork starts with no holders and nothing known. */
void eps_fdwatch_reset(void);

/* True for numbers that have a word at all. */
static inline bool eps_fdwatch_covers(int fd)
{
    return (unsigned)fd < EPS_FD_LIMIT;
}

/* Every number that anything is known of is below this. */
int eps_fdwatch_end_of_known(void);

/* All of these want a covered number. */
bool eps_fdwatch_is_known(int fd);
uint32_t eps_fdwatch_generation(int fd);
unsigned eps_fdwatch_holder(int fd);

/* The kind, if it was learned in this generation. */
enum eps_kind eps_fdwatch_kind(int fd);

/* Notes the kind, unless the number has ended since `generation`. */
void eps_fdwatch_learn(int fd, uint32_t generation, enum eps_kind kind);

/*
 * False if nobody holds the number and nothing was learned of it: its end need
 * not be noted. Only its first end is, by which it is known to have been used.
 */
bool eps_fdwatch_matters(int fd);

/* A set takes hold of a number, or lets go of it. */
void eps_fdwatch_hold(int fd, unsigned set_id);
void eps_fdwatch_unhold(int fd, unsigned set_id);

/*
 * The library's own descriptors. A number is reserved before anything of
 * ours is put there, and only if nobody holds it: who polls a closed number
 * is answered POLLNVAL, not with our epoll's readiness.
 */
bool eps_fdwatch_reserve(int fd);
void eps_fdwatch_give_back(int fd);
static inline bool eps_fdwatch_is_internal(int fd)
{
    return eps_fdwatch_covers(fd) &&
           eps_fdwatch_holder(fd) == EPS_HELD_INTERNAL;
}

/*
 * The number ends, or has just ended, or turns out to have ended: a new
 * generation, and an entry in the journal if anybody holds it. Returns the
 * holder.
 */
unsigned eps_fdwatch_end(int fd);

/* After the real close: as end, and the number is known not to be open. */
unsigned eps_fdwatch_ended(int fd);

/*
 * True if nobody has begun to put another file there since the number was of
 * that generation. The second step of an earlier close may have come late: it
 * is about the file before.
 */
bool eps_fdwatch_is_left_alone(int fd, uint32_t generation);

/* True between end and ended: the file may go at any moment. */
bool eps_fdwatch_is_ending(int fd);

/*
 * The number was handed out by a call. Returns true if a set still held it
 * as somebody else's: then something was missed, and is now in the journal.
 */
bool eps_fdwatch_handed_out(int fd, enum eps_kind kind);

#endif
