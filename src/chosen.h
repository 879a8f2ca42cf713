/* SPDX-License-Identifier: MIT */
/*
 * Is this one of the programs that the library shall work in? It is inherited
 * by all that a program starts; EPOLLSHIM_ONLY, _SKIP and _PID leave some out,
 * and in those every call passes through as if there were no library.
 */
#ifndef EPS_CHOSEN_H
#define EPS_CHOSEN_H

#include <stdbool.h>

/* True if `name` is one of the words in `list`, which commas divide. */
bool eps_chosen_lists(const char *list, const char *name);

/* Reads the options. Makes no system call where none of the three is set. */
bool eps_chosen(void);

#endif
