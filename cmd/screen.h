/* SPDX-License-Identifier: MIT */
/*
 * A terminal used as a screen: the other buffer, no echo, one key at a time.
 * It is given back as it was on every way out: return, exit, a signal that
 * ends the command, and while it is stopped.
 */
#ifndef CMD_SCREEN_H
#define CMD_SCREEN_H

#include <stdbool.h>

struct cmd_size {
    int rows, columns;
};

/* False: stdout is no terminal that could be used so. */
bool cmd_screen_open(void);
void cmd_screen_close(void);

struct cmd_size cmd_screen_size(void);

/* From the upper left corner again. */
void cmd_screen_begin(void);
/* What is below is empty; all is shown. */
void cmd_screen_end(void);

/*
 * The next key; 0 after so many ms, or when all is to be drawn again. A
 * signal to end is obeyed in here.
 */
int cmd_screen_key(int ms);

#endif
