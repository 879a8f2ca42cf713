/* SPDX-License-Identifier: MIT */
/*
 * The kernel's table of descriptors: how large it is now, and where in it
 * the library's own descriptors go.
 */
#ifndef EPS_FDTABLE_H
#define EPS_FDTABLE_H

#include <stdbool.h>

/*
 * True if `number` is inside the table, whether open or not: select() says
 * EBADF for a closed number inside it, and ignores bits beyond.
 */
bool eps_fdtable_contains(int number);

/* The child of a fork may have a smaller table. */
void eps_fdtable_reset(void);

/*
 * Moves one of our descriptors to the highest free number of the present
 * table, so that the lowest free number stays what the program expects and
 * the table does not grow. Returns the new number, marked internal, or
 * -EMFILE; `fd` is closed either way.
 */
int eps_fdtable_place(int fd);

#endif
