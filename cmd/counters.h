/* SPDX-License-Identifier: MIT */
/*
 * The library's counters as they were written: by name, so that a report of
 * another version can be read too.
 */
#ifndef CMD_COUNTERS_H
#define CMD_COUNTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    CMD_MOST_COUNTERS = 64
};

struct cmd_counter {
    char name[24];
    uint64_t value;
};

struct cmd_counters {
    struct cmd_counter list[CMD_MOST_COUNTERS];
    int count;
};

/*
 * Reads `name value` lines, those of an EPOLLSHIM_STATS file; other lines are
 * passed over, since stderr may hold both. False if there is no `calls` line.
 */
bool cmd_counters_parse(struct cmd_counters *counters, const char *text);

/* 0 for one that is not there. */
uint64_t cmd_counters_value(const struct cmd_counters *counters,
                            const char *name);

/* What it counts, or "" if it is unknown here. */
const char *cmd_counter_sentence(const char *name);

#endif
