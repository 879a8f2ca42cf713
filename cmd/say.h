/* SPDX-License-Identifier: MIT */
/*
 * What the command says of itself, on stderr: one line each, that begins with
 * "epollshim: " and names the next step.
 */
#ifndef CMD_SAY_H
#define CMD_SAY_H

/* The command's own failure; the others are env(1)'s. */
enum cmd_status {
    CMD_FAILED = 125,
    CMD_NOT_RUNNABLE = 126,
    CMD_NOT_FOUND = 127,
};

void cmd_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Says it and exits, with CMD_FAILED or the status that is given. */
_Noreturn void cmd_die(const char *format, ...)
    __attribute__((format(printf, 1, 2)));
_Noreturn void cmd_die_as(enum cmd_status status, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * A text that others have written, such as a file's name, on stdout: control
 * characters, which a terminal would obey, as '?'.
 */
void cmd_put(const char *text);

/* Length of the valid UTF-8 sequence of more than one byte, or 0. */
int cmd_utf8_sequence(const char *text);

/* Memory, or the end: a command has nothing to do without. */
void *cmd_alloc(void *old, unsigned long size);
char *cmd_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
