/* SPDX-License-Identifier: MIT */
/*
 * three-ways sets HARNESS_WAY (native, auto, always) and, as
 * EPOLLSHIM_STATS, a file per pid in the directory HARNESS_STATS_DIR.
 * compat/conformance sets HARNESS_WAY alone (native, other).
 */
#include "stats.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suite.h"

static bool way_is(const char *name)
{
    const char *way = getenv("HARNESS_WAY");
    return way && !strcmp(way, name);
}

bool way_is_preloaded(void)
{
    return way_is("auto") || way_is("always") || way_is("other");
}

bool way_is_always(void)
{
    return way_is("always");
}

bool way_is_other(void)
{
    return way_is("other");
}

long stats_of(pid_t pid, const char *name)
{
    const char *dir = getenv("HARNESS_STATS_DIR");
    char path[4096], key[64];
    long value, found = -1;

    if (!dir)
        return -1;
    snprintf(path, sizeof(path), "%s/%d", dir, (int)pid);
    FILE *file = fopen(path, "re");
    if (!file)
        return -1;
    while (fscanf(file, "%63s %ld", key, &value) == 2)
        if (!strcmp(key, name))
            found = (found < 0 ? 0 : found) + value;
    fclose(file);
    return found;
}

void assert_epoll_answered(pid_t pid, long least)
{
    if (!way_is_always())
        return;
    long answered = stats_of(pid, "answered");
    if (answered < least)
        fail_msg("process %d: %ld calls answered by epoll, wanted %ld",
                 (int)pid, answered, least);
}
