/* SPDX-License-Identifier: MIT */
/* The ops that open, close and replace descriptors. */
#ifndef DIFF_DESCRIPTOR_H
#define DIFF_DESCRIPTOR_H

#include <stdint.h>

struct world;

/* Each takes the arguments of the op of that name. */
void do_make(struct world *w, const int32_t *arg);
void do_close(struct world *w, const int32_t *arg);
void do_remake(struct world *w, const int32_t *arg);
void do_dup(struct world *w, const int32_t *arg);
void do_dup2(struct world *w, const int32_t *arg);
void do_raise(struct world *w, const int32_t *arg);
void do_range(struct world *w, const int32_t *arg);
void do_usurp(struct world *w, const int32_t *arg);
void do_accept(struct world *w, const int32_t *arg);
void do_connect(struct world *w, const int32_t *arg);

#endif
