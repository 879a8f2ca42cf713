/* SPDX-License-Identifier: MIT */
/*
 * How an epoll set begins and ends: taken from the pool, given back, left
 * behind by a fork, and making room when the program asks for its number.
 */
#ifndef EPS_SETLIFE_H
#define EPS_SETLIFE_H

#include "epset.h"

/* A fresh, empty set, or NULL: no memory, no descriptor to be had. */
struct eps_set *eps_set_acquire(enum eps_call call);

/* Lets go of all numbers, closes the epoll descriptor, frees the set. */
void eps_set_release(struct eps_set *set);

/* The child of a fork: every set goes, the parent's items stay as they are. */
void eps_set_reset_all(void);

/* Closes the set's epoll descriptor, if it is still ours. */
void eps_set_close_epfd(struct eps_set *set);

/*
 * Of a number that fdwatch knows as ours, a set's or the bell's, by any thread.
 * False if the program has put a file of its own there, unseen.
 */
bool eps_set_still_has(int fd);

/* ... so that it is the program's now. */
void eps_set_lost(int fd);

/* The program asks for the number: what we have there moves elsewhere. */
void eps_set_give_way(int fd);

#endif
