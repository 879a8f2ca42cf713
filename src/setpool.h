/* SPDX-License-Identifier: MIT */
/*
 * The pool that epoll sets live in. Slabs are never unmapped; a set is
 * taken and given back by one atomic flag, so there is no lock.
 */
#ifndef EPS_SETPOOL_H
#define EPS_SETPOOL_H

#include "epset.h"

/* A set that nobody uses, or NULL. Its id is set, the rest as it was left. */
struct eps_set *eps_setpool_take(void);
void eps_setpool_give_back(struct eps_set *set);

/* The set of that id; NULL if there is none. */
struct eps_set *eps_setpool_at(unsigned id);

/* True while somebody has a set. */
bool eps_setpool_is_used(void);

/* The next set in use: after NULL the first, after the last NULL. */
struct eps_set *eps_setpool_next(const struct eps_set *set);

#endif
