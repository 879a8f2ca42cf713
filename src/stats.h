/* SPDX-License-Identifier: MIT */
/*
 * The report of all counters, where EPOLLSHIM_STATS says: one `name value`
 * line each, in the order of counters.def.
 */
#ifndef EPS_STATS_H
#define EPS_STATS_H

#include <stdbool.h>

/*
 * Writes the report. `final` is false before an exec, which may fail: then
 * a process that made no call writes nothing.
 */
void eps_stats_write(bool final);

/*
 * This program image ends, or is about to: what there is to say, is said.
 * Does nothing before start-up, in a sandbox, or in a vfork child.
 */
void eps_leave(bool final);

#endif
