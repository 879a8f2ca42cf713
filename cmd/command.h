/* SPDX-License-Identifier: MIT */
/*
 * What a subcommand is: its name, the text of its help, and its function. One
 * file defines each; main.c has them in its table.
 */
#ifndef CMD_COMMAND_H
#define CMD_COMMAND_H

#include <stdbool.h>

/* An option, as getopt_long and the help need it. */
struct cmd_option {
    const char *name;     /* without its dashes; NULL ends the list */
    int letter;           /* its short form, or a number from 256 on */
    const char *argument; /* what its argument is called, or NULL */
    const char *help;
};

struct cmd_command {
    const char *name;
    const char *operands; /* as the usage line shows them */
    const char *summary;  /* one line, for the list of commands */
    const char *details;  /* more lines, below the options; or NULL */
    const struct cmd_option *options; /* --help is understood without a row */
    /*
     * What follows the first operand is not ours but the arguments of the
     * program that the operand names.
     */
    bool takes_program;
    int (*run)(const struct cmd_command *self, int argc, char *argv[]);
};

/* In the order of the help. */
extern const struct cmd_command cmd_run;
extern const struct cmd_command cmd_check;
extern const struct cmd_command cmd_stats;
extern const struct cmd_command cmd_verify;
extern const struct cmd_command cmd_scan;
extern const struct cmd_command cmd_trace;
extern const struct cmd_command cmd_top;
extern const struct cmd_command cmd_bench;

/*
 * The next option's letter, its argument in optarg; -1 behind the last: the
 * operands begin at optind. Answers --help, and ends with a message at an
 * option that is unknown or lacks its argument.
 */
int cmd_next_option(const struct cmd_command *self, int argc, char *argv[]);

#endif
