/* SPDX-License-Identifier: MIT */
/* A program that is run by the command, which stays and reports at its end. */
#ifndef CMD_CHILD_H
#define CMD_CHILD_H

#include "rest.h"

/*
 * Runs it and waits, for what it leaves in the background too. Signals that
 * would end the command are the program's. Returns its status, as a shell
 * would tell it.
 */
int cmd_child_run(char *argv[], struct cmd_rest *rest);

#endif
