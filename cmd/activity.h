/* SPDX-License-Identifier: MIT */
/* What a process did between two readings of its live page. */
#ifndef CMD_ACTIVITY_H
#define CMD_ACTIVITY_H

#include "pages.h"

/* What happened to one process, in one interval. */
struct cmd_activity {
    const struct cmd_page *page;
    double seconds;
    double calls, answered, told, controls, rescues;
    double saved; /* seconds of CPU a second */
    const char *reason;
    double reason_calls;
};

/*
 * `earlier` are the pages of the last reading, `seconds` ago; a page that was
 * not among them has all its calls counted from its beginning to `taken`, on
 * the monotonic clock.
 */
struct cmd_activity cmd_activity_of(const struct cmd_page *page,
                                    const struct cmd_pages *earlier,
                                    int64_t taken, double seconds);

#endif
