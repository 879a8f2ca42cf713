/* SPDX-License-Identifier: MIT */
/*
 * A site: one array (or one triple of bitmaps) that a thread keeps polling,
 * known by its address; what the cost model has learned of it, and its epoll
 * set if it has one. A thread has a few. Touched only by its thread, between
 * entering and leaving a call.
 */
#ifndef EPS_SITE_H
#define EPS_SITE_H

#include "epset.h"
#include "thread.h"

#include <stdbool.h>
#include <stdint.h>

/* The site of that address, or NULL. */
struct eps_site *eps_site_at(struct eps_thread *self, enum eps_call call,
                             const void *key);

/*
 * The site that an array of about so many descriptors may have moved from, when
 * it is new at its address; or NULL. Where a site has no set, size is all there
 * is to go by; where it has one, `resembles` has to agree.
 */
struct eps_site *
eps_site_like(struct eps_thread *self, enum eps_call call, uint32_t count,
              bool (*resembles)(const struct eps_set *set, const void *context),
              const void *context);

/* A fresh site, in a free place or the one unused for longest. */
struct eps_site *eps_site_new(struct eps_thread *self, enum eps_call call);

/* Its array of so many entries, seen to be writable, stands there now. */
void eps_site_move(struct eps_thread *self, struct eps_site *site,
                   const void *key, uint32_t verified);

/* True if any site of that kind has a set. */
bool eps_site_any_set(const struct eps_thread *self, enum eps_call call);

/*
 * The site's set, or NULL: read once, since in the child of a handler that
 * forks between two reads there is none.
 */
static inline struct eps_set *eps_site_set(const struct eps_site *site)
{
    return *(struct eps_set *const volatile *)&site->set;
}

/*
 * True if the model has the call go native. It is counted then, the next ones
 * on that many entries or bits are passed on, and `*begun` is when it began, if
 * it is to be timed, or 0.
 */
bool eps_site_goes_native(struct eps_thread *self, struct eps_site *site,
                          uint64_t length, int64_t *begun);

/* The site's set, made if it has none; NULL if there is none to be had. */
struct eps_set *eps_site_open(struct eps_thread *self, struct eps_site *site);

/* A call of the site begins on its set: some are timed. */
void eps_site_begin(struct eps_set *set);

/*
 * A call on `count` descriptors was answered from the set by `ret`, as poll or
 * select return it. The cost model hears of it, and of the calls that went the
 * steady way before it; a set that does not pay any more is given up. It is the
 * call's own: in the child of a handler's fork the site may have none by now.
 */
void eps_site_account(struct eps_thread *self, struct eps_site *site,
                      struct eps_set *set, uint32_t count, int ret, bool slept);

/* A set could not be made or kept: native for a while. */
void eps_site_failed(struct eps_thread *self, struct eps_site *site);

/* All of the thread's sets are given up. */
void eps_site_close_all(struct eps_thread *self);

#endif
