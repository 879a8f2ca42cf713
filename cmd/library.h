/* SPDX-License-Identifier: MIT */
/* Where the library is that a program can load. */
#ifndef CMD_LIBRARY_H
#define CMD_LIBRARY_H

#include "elf.h"

struct cmd_library {
    char *file;    /* the one that this program would load */
    char *preload; /* what LD_PRELOAD shall say */
    enum cmd_libc libc;
};

/*
 * Finds the library for a program of that class and machine: the file that
 * is `given`, or NULL for the one that is installed. False if there is none;
 * then *why says what was looked for, and what to do.
 */
bool cmd_library_find(struct cmd_library *library, const char *given,
                      const struct cmd_elf *program, char **why);

/* The path's last component. */
const char *cmd_base_name(const char *path);

#endif
