/* SPDX-License-Identifier: MIT */
/* The ops on poll arrays, and the call on one. */
#ifndef DIFF_ARRAY_H
#define DIFF_ARRAY_H

#include <stdint.h>

struct world;

/* The largest array. */
#define ARRAY_MAX 2100

/* How a call may bend its nfds. */
enum quirk {
    QUIRK_NONE,
    QUIRK_HIGH_BIT, /* a bit above the 32 that the kernel reads */
    QUIRK_TOO_MANY, /* more than RLIMIT_NOFILE allows */
    QUIRK_ZERO,
    QUIRK_HALF,
    QUIRK_TAIL, /* the array without its first entry */
    QUIRKS
};

/* Each takes the arguments of the op of that name. */
void do_put(struct world *w, const int32_t *arg);
void do_lit(struct world *w, const int32_t *arg);
void do_twin(struct world *w, const int32_t *arg);
void do_set(struct world *w, const int32_t *arg);
void do_mask(struct world *w, const int32_t *arg);
void do_flip(struct world *w, const int32_t *arg);
void do_rest(struct world *w, const int32_t *arg);
void do_swap(struct world *w, const int32_t *arg);
void do_drop(struct world *w, const int32_t *arg);
void do_compact(struct world *w, const int32_t *arg);
void do_trim(struct world *w, const int32_t *arg);
void do_move(struct world *w, const int32_t *arg);
void do_stain(struct world *w, const int32_t *arg);
void do_weed(struct world *w, const int32_t *arg);
void do_poll(struct world *w, const int32_t *arg);

#endif
