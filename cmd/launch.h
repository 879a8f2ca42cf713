/* SPDX-License-Identifier: MIT */
/*
 * How a program is started under the library. A launch is prepared first,
 * which ends the command with a reason if it can not work; from then on the
 * environment is the program's.
 */
#ifndef CMD_LAUNCH_H
#define CMD_LAUNCH_H

#include "program.h"

#include <stdbool.h>

struct cmd_launch {
    const char *library; /* --library, or NULL */
    struct cmd_program program;
};

/*
 * One variable of the library's, a NAME without EPOLLSHIM_ and its value. Ends
 * the command if the value is none of those that it takes; `option` is what
 * the user wrote.
 */
void cmd_launch_set(const char *option, const char *name, const char *value);

/* Takes the library out of LD_PRELOAD: the program's calls remain native. */
void cmd_launch_without_library(void);

/*
 * That of the report. Answers the file's name from here, as it was set: what
 * the program starts may do so elsewhere.
 */
const char *cmd_launch_set_stats(const char *option, const char *file);

/* Finds and judges the program, and puts the library into LD_PRELOAD. */
void cmd_launch_prepare(struct cmd_launch *launch, const char *name);

/* Without a program: for whatever is of this command's own class. */
void cmd_launch_prepare_any(struct cmd_launch *launch);

/* Becomes the program, or ends with env(1)'s status. */
_Noreturn void cmd_launch_exec(char *argv[]);

/*
 * A variable, set before, by which the library may do nothing in a program that
 * is started; NULL if there is none.
 */
const char *cmd_launch_restriction(void);

/* The variables that were set, for a shell to read. */
void cmd_launch_print(void);

#endif
