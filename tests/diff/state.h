/* SPDX-License-Identifier: MIT */
/* The ops that change what a look at a descriptor would find. */
#ifndef DIFF_STATE_H
#define DIFF_STATE_H

#include <stdint.h>

struct world;

/* Each takes the arguments of the op of that name. */
void do_write(struct world *w, const int32_t *arg);
void do_read(struct world *w, const int32_t *arg);
void do_fill(struct world *w, const int32_t *arg);
void do_drain(struct world *w, const int32_t *arg);
void do_shut(struct world *w, const int32_t *arg);
void do_oob(struct world *w, const int32_t *arg);
void do_oobinline(struct world *w, const int32_t *arg);
void do_rcvlowat(struct world *w, const int32_t *arg);
void do_later(struct world *w, const int32_t *arg);

#endif
