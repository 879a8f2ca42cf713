/* SPDX-License-Identifier: MIT */
/*
 * The view of a pollfd array: a copy of it as it was when we last returned
 * it, revents included, and for each descriptor number the positions that
 * name it. Pure but for the memory that it maps: everything comes by argument,
 * nothing touches errno. Written by its set's thread only.
 */
#ifndef EPS_POLLVIEW_H
#define EPS_POLLVIEW_H

#include "registry.h"

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * Positions that name one number form a list through these; + 1, 0 ends. An
 * entry that the caller switches off by a negative number stays in its list,
 * muted: most come back as they were, and then nothing has to be done.
 */
struct eps_link {
    int32_t previous, next;
    int32_t slot; /* whose list; -1: in none */
};

struct eps_pollview {
    uint32_t count;      /* entries in use */
    uint32_t capacity;   /* entries the memory below has room for */
    struct pollfd *copy; /* start of the one mapping they share */
    struct eps_link *links;
    int32_t *back;        /* the slot, if a muted entry comes back as it was */
    bool same;            /* the last update found nothing changed */
    bool scattered;       /* ... or changes in most windows */
    uint32_t differing;   /* ... in so many */
    bool backwards;       /* the last pass went from the end to the start */
    bool clears;          /* the caller clears revents itself */
    int32_t *ready;       /* positions whose copied revents may be set */
    uint32_t ready_count; /* never more than capacity */
};

/* poll's bits that the kernel knows; others are neither heard nor told. */
#define EPS_POLL_KNOWN 0x27ff
#define EPS_POLL_ALWAYS (POLLERR | POLLHUP)

/* Makes room for `count` entries; false if there is no memory. */
bool eps_pollview_reserve(struct eps_pollview *view, uint32_t count);

/* Empties the view. The registry must be cleared along with it. */
void eps_pollview_clear(struct eps_pollview *view);

/*
 * One of the caller's entries that is not what its copy is: that is relinked
 * and its number marked dirty, as far as it has to be. False: no memory.
 */
bool eps_pollview_take(struct eps_pollview *view, struct eps_registry *registry,
                       uint32_t position, struct pollfd entry);

/* An entry behind the last one, for which there is room; likewise. */
bool eps_pollview_append(struct eps_pollview *view,
                         struct eps_registry *registry, struct pollfd entry);

/* Positions from `count` on leave; those still listed as ready too. */
void eps_pollview_truncate(struct eps_pollview *view,
                           struct eps_registry *registry, uint32_t count);

/* The union of what all entries ask of a number, for its registration. */
void eps_pollview_settle(struct eps_pollview *view, struct eps_reg *reg);

/* Begins an answer: every revents of last time becomes 0. */
void eps_pollview_clear_ready(struct eps_pollview *view, struct pollfd *array);

/*
 * The number is ready for `events`: writes revents of each entry that names
 * it and may report some of them. Returns how many entries did.
 */
int eps_pollview_tell(struct eps_pollview *view, const struct eps_reg *reg,
                      unsigned events, struct pollfd *array);

/* True if some entry that names the number has its answer already. */
bool eps_pollview_is_told(const struct eps_pollview *view,
                          const struct eps_reg *reg);

/* Writes one entry's revents. Entry by entry is how residuals are told. */
int eps_pollview_tell_at(struct eps_pollview *view, uint32_t position,
                         unsigned revents, struct pollfd *array);

/*
 * True if the array looks like the one copied, sample by sample: then a
 * view may be taken over by an array that is new at its address.
 */
bool eps_pollview_resembles(const struct eps_pollview *view,
                            const struct pollfd *array, uint32_t count);

#endif
