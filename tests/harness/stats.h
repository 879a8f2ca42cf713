/* SPDX-License-Identifier: MIT */
/*
 * The way a test is run, and the library's counters as three-ways collects
 * them: every process writes its own file when it ends.
 */
#ifndef HARNESS_STATS_H
#define HARNESS_STATS_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * Whether a library is preloaded at all; whether ours, with policy "always";
 * and whether it is any library, of which nothing is known but what a program
 * can see of it (see compat/conformance).
 */
bool way_is_preloaded(void);
bool way_is_always(void);
bool way_is_other(void);

/*
 * The counter `name` of a process that has ended; -1 if it left none (no
 * library, or killed); the sum if it left several reports. Works for every
 * process but the one that asks.
 */
long stats_of(pid_t pid, const char *name);

/*
 * Fails the running test if a process that has ended was not answered by
 * epoll at least `least` times. Asks nothing unless way_is_always().
 */
void assert_epoll_answered(pid_t pid, long least);

#endif
