/* SPDX-License-Identifier: MIT */
/* A process's live statistics page, read from outside. */
#ifndef CMD_LIVEPAGE_H
#define CMD_LIVEPAGE_H

#include "counters.h"
#include "page_format.h"

#include <stdbool.h>
#include <sys/types.h>

/*
 * The directory of pages of that user, for openat; -1 behind the last. `place`
 * counts them from 0 on: there may be several, and any may hold pages.
 */
int cmd_livepage_directory(int place, uid_t uid);

/* True if `name` in that directory is a page, whole and of our version. */
bool cmd_livepage_read(struct eps_page *page, int directory, const char *name);

/* The page of that process; false if it has none. */
bool cmd_livepage_find(struct eps_page *page, int pid);

/* What the page counts. */
void cmd_livepage_counters(struct cmd_counters *counters,
                           const struct eps_page *page);

#endif
