/* SPDX-License-Identifier: MIT */
/*
 * The kernel's epoll, as far as we use it: the only file that names
 * epoll_*. Answers are >= 0, or -errno; nothing here is a cancellation
 * point or touches errno.
 */
#ifndef EPS_EPOLL_H
#define EPS_EPOLL_H

#include "sys.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What an item's event says: which number, of which generation, is what. */
struct eps_item {
    uint32_t number;
    uint32_t generation;
    unsigned events; /* poll bits */
};

extern const size_t eps_epoll_event_size; /* bytes of one event */

/* A new epoll descriptor, placed and marked internal. */
int eps_epoll_create(void);

/* The same of a copy of one. */
int eps_epoll_copy(int epfd);

/* Closes a descriptor of ours, if it is still ours. */
void eps_epoll_close(int epfd);

/*
 * In the child of a fork, after its sets: closes the bell, and what came to be
 * open there though nobody keeps it.
 */
void eps_epoll_reset(void);

/* Adds, changes, deletes the item of (file, number). */
int eps_epoll_add(int epfd, struct eps_item item);
int eps_epoll_modify(int epfd, struct eps_item item);
int eps_epoll_delete(int epfd, int fd);

/*
 * What is ready now, at most `most` events into `events`. In line: out of line
 * it was seen to take 6 to 10 ns more, of the 35 that a call has beside it.
 */
static inline int eps_epoll_wait(int epfd, void *events, int most)
{
#ifdef SYS_epoll_wait
    return (int)EPS_SYS4(SYS_epoll_wait, epfd, events, most, 0);
#else
    return (int)EPS_SYS6(SYS_epoll_pwait, epfd, events, most, 0, NULL, 8);
#endif
}

/* The event at `index`. False for a bell: nobody's. */
bool eps_epoll_event(const void *events, int index, struct eps_item *item);

/*
 * True if what is behind a number of ours is ours still: the program may have
 * put a file of its own there, unseen.
 */
bool eps_epoll_is_own(int fd);

/* The same of what was just opened, and may not be marked yet. */
bool eps_epoll_may_be_own(int fd);

/*
 * Makes the epoll descriptor readable once, from any thread: the bell is an
 * always-readable eventfd, one per process, under EPOLLONESHOT. False if
 * there is no descriptor to be had for it.
 */
bool eps_epoll_ring(int epfd);

/* The bell's own number, or -1. */
extern _Atomic int eps_epoll_bell;

#endif
