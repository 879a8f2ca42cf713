/* SPDX-License-Identifier: MIT */
/*
 * A terminal used as a screen: the other buffer, no echo, one key at a time.
 * It is given back as it was on every way out: exit, a signal that ends the
 * command, and while it is stopped.
 */
#ifndef CMD_SCREEN_H
#define CMD_SCREEN_H

#include <stdbool.h>

struct cmd_size {
    int rows, columns;
};

/* From here on, cmd_screen_key() tells of signals that would end us. */
void cmd_screen_catch(void);

/* False: stdout is no terminal that could be used so. */
bool cmd_screen_open(void);

/* Ends as a caught signal would have ended us; returns if there was none. */
void cmd_screen_finish(void);

struct cmd_size cmd_screen_size(void);

/* From the upper left corner again. */
void cmd_screen_begin(void);
/* One more line, cut to the width; nothing if the screen is full. */
void cmd_screen_line(const char *text, bool inverse);
/* What is below is empty; all is shown. */
void cmd_screen_end(void);

#define CMD_SCREEN_ENDS (-1) /* a signal has come */

/*
 * The next key, if the screen is open; 0 after so many ms, or when all is to
 * be drawn again; or CMD_SCREEN_ENDS.
 */
int cmd_screen_key(int ms);

#endif
