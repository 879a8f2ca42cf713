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
 * How large the table would be with the program's own numbers alone: a place is
 * chosen in that (fdtable.c, note (c)). To be asked for before a descriptor is
 * opened, since it may take many system calls: the kernel is asked about each
 * number from the top down, until one is open. It gives up after 2,048, and
 * takes what is below for open. The answer is used for some sets: so ours may
 * lie too high, or too low, for a while.
 */
int eps_fdtable_own_size(void);

/*
 * Copies one of our descriptors to the highest free number of the present
 * table, so that the lowest free number stays what the program expects and
 * the table does not grow. Returns the new number, marked internal, or
 * -EMFILE; `fd` is the caller's to close.
 */
int eps_fdtable_place(int fd, int own);

#endif
