/* SPDX-License-Identifier: MIT */
/*
 * The view of select()'s three fd_sets: a copy of what was asked last, and
 * room to put an answer together. Pure but for the memory that it maps:
 * everything comes by argument, nothing touches errno. Written by its set's
 * thread only.
 */
#ifndef EPS_SELVIEW_H
#define EPS_SELVIEW_H

#include "bitmaps.h"
#include "registry.h"

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

struct eps_selview {
    struct eps_bitmaps caller; /* where the caller's bitmaps were */
    int nfds;                  /* bits in use */
    int capacity;              /* words the memory below has room for */
    uint32_t count;            /* numbers asked about */
    uint32_t muted;            /* ... and those kept, but not asked about */
    struct eps_bitmaps asked;  /* start of the one mapping they share */
    struct eps_bitmaps kept;   /* what registrations stand for */
    struct eps_bitmaps answer;
    struct eps_bitmaps scratch; /* for the native wait on residuals */
    bool scratched[EPS_SETS];   /* ... and which of them have any bit */
};

/* Makes room for `nfds` bits; false if there is no memory. */
bool eps_selview_reserve(struct eps_selview *view, int nfds);

/* Empties the view. The registry must be cleared along with it. */
void eps_selview_clear(struct eps_selview *view);

/*
 * Takes over the caller's bitmaps. Numbers whose bits changed are marked dirty;
 * but one whose registration is `kept` for the bits it had, only if it asks for
 * others: that it is left out for some calls, and comes back as it was, costs
 * nothing. False if there is no memory; then the view has to be cleared.
 */
bool eps_selview_update(struct eps_selview *view, struct eps_registry *registry,
                        const struct eps_bitmaps *caller, int nfds);

/* What the three bitmaps ask of a number, in poll's terms. */
void eps_selview_settle(const struct eps_selview *view, int fd,
                        struct eps_reg *reg);

/*
 * After that: the number's registration stands for just what is asked of it
 * now (`kept`), or for nothing that could be left as it is.
 */
void eps_selview_keep(struct eps_selview *view, int fd, bool kept);

/* Begins an answer: no bit is set. */
void eps_selview_begin(struct eps_selview *view);

/* The number is ready for `events`: sets its bits; returns how many. */
int eps_selview_tell(struct eps_selview *view, int fd, unsigned events);

/* True if the answer names the number already. */
bool eps_selview_is_told(const struct eps_selview *view, int fd);

/* Merges the scratch bitmaps, a native answer; returns how many bits. */
int eps_selview_merge(struct eps_selview *view);

/*
 * Begins the native wait: asks of `fd` what the caller asks of it, or whether
 * it is ready for what the set says.
 */
void eps_selview_scratch_begin(struct eps_selview *view);
void eps_selview_scratch_ask(struct eps_selview *view, int fd);
void eps_selview_scratch_add(struct eps_selview *view, int set, int fd);

/* The set for the native call; NULL if it would be empty. */
static inline unsigned long *
eps_selview_scratch_set(const struct eps_selview *view, int set)
{
    return view->scratched[set] ? view->scratch.bits[set] : NULL;
}

/* Writes the answer to the caller's bitmaps, in the kernel's order (S7). */
void eps_selview_write(const struct eps_selview *view,
                       const struct eps_bitmaps *caller);

/* The same of an answer that nothing is ready. */
void eps_selview_write_nothing(const struct eps_selview *view,
                               const struct eps_bitmaps *caller);

/* True if most of the numbers asked about last time are asked about now. */
bool eps_selview_resembles(const struct eps_selview *view,
                           const struct eps_bitmaps *caller, int nfds);

/* True if exactly the same is asked as last time. */
bool eps_selview_is_same(const struct eps_selview *view,
                         const struct eps_bitmaps *caller, int nfds);

/* How many numbers are asked about, by what differs from last time. */
uint32_t eps_selview_count(const struct eps_selview *view,
                           const struct eps_bitmaps *caller, int nfds);

#endif
