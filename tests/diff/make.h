/* SPDX-License-Identifier: MIT */
/*
 * One function for each kind, which opens its ends. All goes through libc, so
 * that a library sees every number handed out; all is non-blocking and stays
 * on loopback.
 */
#ifndef DIFF_MAKE_H
#define DIFF_MAKE_H

#include "kind.h"

#define KIND(id, name, weight) void make_##id(int variant, struct end end[2]);
KIND_TABLE(KIND)
#undef KIND

void set_nonblocking(int fd);

/* A file without a name: memfd_create() came with Linux 3.17. -1: failed. */
int open_unnamed(void);

#endif
