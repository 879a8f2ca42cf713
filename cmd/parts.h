/* SPDX-License-Identifier: MIT */
/*
 * The files that a program is made of: itself and the libraries that ld.so
 * would load with it, or those that a process has mapped; and what each of
 * them imports. Nothing is run to find out.
 */
#ifndef CMD_PARTS_H
#define CMD_PARTS_H

#include "imports.h"
#include "program.h"
#include "rawcalls.h"

struct cmd_part {
    char *path;
    bool is_libc; /* libc, ld.so or ours: how these wait says nothing */
    struct cmd_imports imports;
    struct cmd_rawcalls raw;
};

struct cmd_parts {
    struct cmd_part *list; /* the program comes first */
    size_t count;
    char **missing; /* libraries that were not found, by name */
    size_t missing_count;
};

void cmd_parts_of_program(struct cmd_parts *parts,
                          const struct cmd_program *program);

/* Of what is mapped in a process, which is root's or our own. */
void cmd_parts_of_process(struct cmd_parts *parts,
                          const struct cmd_program *program, int pid);

#endif
