/* SPDX-License-Identifier: MIT */
/* What a traced program's processes have noted, added up and put in order. */
#ifndef CMD_TRACEFILE_H
#define CMD_TRACEFILE_H

#include "trace_format.h"

#include <stddef.h>

struct cmd_histograms {
    double sizes[EPT_SIZES];
    double ready[EPT_SHARES];
    double changes[EPT_SHARES];
    double times[EPT_TIMES];
};

/* A call site of a program, in all of its processes; or all sites at once. */
struct cmd_site {
    const struct ept_site *is;
    double sums[EPT_SUMS];
    struct cmd_histograms seen;
    /* Estimates: calls that had to wait; seconds of CPU in the calls, ... */
    double slept, cpu;
    double saving; /* ... and less of them under the library */
};

struct cmd_trace {
    char *path; /* of the file */
    struct ept_file *file;

    const char *program; /* as it was named */
    int status;
    double seconds, user, system; /* of the program and all it waited for */

    struct cmd_site *sites; /* what costs most first */
    size_t count;
    struct cmd_site all;
    int processes;
};

/* Makes the file, with all its room; ends the command if it can't. */
void cmd_trace_make(struct cmd_trace *trace);

/* Adds up what is in it, and removes it. */
void cmd_trace_collect(struct cmd_trace *trace);

/* "poll in fdevent_poll+0x1c, lighttpd"; in a buffer that the next one uses. */
const char *cmd_site_name(const struct cmd_site *site);
const char *cmd_call_name(const struct cmd_site *site);

/* "1.20 s", "3.4 ms" or "250 us", in a value of its own. */
struct cmd_duration {
    char text[24];
};
struct cmd_duration cmd_duration_of(double seconds);

/* What the numbers mean, in a sentence or two; the caller frees it. */
char *cmd_trace_verdict(const struct cmd_trace *trace);

/* The calls of a site of which it is known what they asked; never 0. */
double cmd_site_known(const struct cmd_site *site);

/* The buckets from the first that is not empty to the last; sum 0: none is. */
struct cmd_span {
    int first, last;
    double most, sum;
};
struct cmd_span cmd_span_of(const double buckets[], int count);

/* What a bucket holds: "32-63", "1.0-2.0 ms", "5-10 %". The same buffer. */
const char *cmd_size_label(int bucket);
const char *cmd_share_label(int bucket);
const char *cmd_time_label(int bucket);

/* The report, on stdout. */
void cmd_trace_text(const struct cmd_trace *trace);
void cmd_trace_json(const struct cmd_trace *trace);
void cmd_trace_html(const struct cmd_trace *trace);

#endif
