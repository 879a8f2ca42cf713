/* SPDX-License-Identifier: MIT */
/* Where what was installed with the command is to be found. */
#ifndef CMD_PLACE_H
#define CMD_PLACE_H

/*
 * `directory`, as it was configured; or, if the command itself is elsewhere
 * (DESTDIR, a prefix named at installation, a tree that was moved), the one
 * that is there beside it. Never freed.
 */
const char *cmd_place_of(const char *directory);

/* The directory that the command itself is in. Never freed. */
const char *cmd_place_of_self(void);

#endif
