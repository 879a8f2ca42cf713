/* SPDX-License-Identifier: MIT */
/*
 * The program that a command line names: found as execvp would, followed
 * through scripts to the ELF file that the kernel loads in the end, and judged:
 * can a library be preloaded into it?
 */
#ifndef CMD_PROGRAM_H
#define CMD_PROGRAM_H

#include "elf.h"
#include "file.h"
#include "library.h"

enum cmd_obstacle {
    CMD_FREE, /* it can be preloaded */
    CMD_MISSING,
    CMD_UNRUNNABLE,
    CMD_NO_INTERPRETER,
    CMD_STATIC,
    CMD_PRIVILEGED,
    CMD_OTHER_LIBC,
    CMD_NO_LIBRARY,
};

struct cmd_program {
    char *path;       /* the ELF file; of a script, its interpreter's */
    char *script;     /* the script that was named, or NULL */
    const char *root; /* what its own paths are to be put behind: "" mostly */
    struct cmd_file file;
    struct cmd_elf elf;
    struct cmd_library library;

    enum cmd_obstacle obstacle;
    char *why; /* what is in the way, and a way out; NULL if nothing is */
};

/*
 * `library` as for cmd_library_find(). The strings in `program` live as long
 * as the command: it has one program, or few.
 */
void cmd_program_find(struct cmd_program *program, const char *name,
                      const char *library);

/* The same of a running one, whose file is reached through /proc. */
void cmd_program_find_running(struct cmd_program *program, int pid,
                              const char *library);

/* A word for the obstacle, as check's JSON has it. */
const char *cmd_obstacle_name(enum cmd_obstacle obstacle);

#endif
