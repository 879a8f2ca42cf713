/* SPDX-License-Identifier: MIT */
/*
 * The live statistics pages of running processes: found, read and judged.
 * What is in a page was written by another process, and is believed only
 * after every bound was looked at.
 */
#ifndef CMD_PAGES_H
#define CMD_PAGES_H

#include "counters.h"
#include "page_format.h"

#include <stdbool.h>
#include <stddef.h>

struct cmd_page {
    struct eps_page page;
    char command[32]; /* the process's name, fit to be printed */
};

struct cmd_pages {
    struct cmd_page *all;
    size_t count, room;
};

/*
 * Makes the directories where pages go, so that programs which start from
 * now on have one; and removes those that it has made, unless there are pages
 * in them. The second happens at exit() in any case.
 */
void cmd_pages_invite(void);
void cmd_pages_uninvite(void);

/*
 * Reads all pages that this user may see (root: everybody's), and removes
 * those of processes that are gone.
 */
void cmd_pages_read(struct cmd_pages *pages);

/* The page of that process; false if it has none, or none that we may see. */
bool cmd_pages_find(struct eps_page *page, long pid);

/* What the page counts. */
void cmd_pages_counters(struct cmd_counters *counters,
                        const struct eps_page *page);

/* The counter of that name, 0 if the page has none. */
uint64_t cmd_page_value(const struct eps_page *page, const char *name);

/* True if the process has loaded the library. */
bool cmd_pages_is_loaded(long pid);

#endif
