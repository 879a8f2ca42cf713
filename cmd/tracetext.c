/* SPDX-License-Identifier: MIT */
/* A trace's report for a terminal, and in JSON. */
#include "tracefile.h"

#include "json.h"
#include "say.h"

#include <stdio.h>
#include <stdlib.h>

#define BAR 40
#define MOST_ROWS 20

static void show_histogram(const char *title, const double buckets[], int count,
                           const char *(*label)(int bucket))
{
    struct cmd_span span = cmd_span_of(buckets, count);

    if (!span.sum)
        return;
    printf("\n%s\n", title);
    for (int i = span.first; i <= span.last; i++) {
        int length = (int)(buckets[i] / span.most * BAR + 0.5);
        printf("  %14s |%-*.*s| %5.1f%% %12.0f\n", label(i), BAR,
               length || !buckets[i] ? length : 1,
               "########################################",
               100 * buckets[i] / span.sum, buckets[i]);
    }
}

static void show_site(const struct cmd_site *site)
{
    const double *sums = site->sums;
    double calls = sums[EPT_CALLS_MADE];
    double known = cmd_site_known(site);

    printf("%10.0f %8.1f %8.2f %8.2f %5.0f%% %9.3f %9.3f  %s in %s\n", calls,
           sums[EPT_ASKED] / known, sums[EPT_TOLD] / known,
           sums[EPT_CHANGED] / known, 100 * site->slept / known, site->cpu,
           site->saving, cmd_call_name(site), cmd_site_name(site));
}

void cmd_trace_text(const struct cmd_trace *trace)
{
    const double *sums = trace->all.sums;
    char *verdict = cmd_trace_verdict(trace);

    fputs("epollshim trace: ", stdout);
    cmd_put(trace->program);
    printf(": %.2f s, %.2f s of CPU (%.2f user, %.2f system), ", trace->seconds,
           trace->user + trace->system, trace->user, trace->system);
    printf("%d %s made calls\n", trace->processes,
           trace->processes == 1 ? "process" : "processes");
    if (trace->count)
        printf("\n%10s %8s %8s %8s %6s %9s %9s  %s\n", "CALLS", "DESCR/C",
               "READY/C", "CHANGE/C", "SLEPT", "CPU s", "SAVED s", "CALL");
    for (size_t i = 0; i < trace->count && i < MOST_ROWS; i++)
        show_site(&trace->sites[i]);
    if (trace->count > MOST_ROWS)
        printf("... and %zu more: see --json\n", trace->count - MOST_ROWS);
    show_histogram("Descriptors in a call", trace->all.seen.sizes, EPT_SIZES,
                   cmd_size_label);
    show_histogram("Share of them that was ready", trace->all.seen.ready,
                   EPT_SHARES, cmd_share_label);
    show_histogram("Share that had changed since the call before",
                   trace->all.seen.changes, EPT_SHARES, cmd_share_label);
    show_histogram("Time of a call, waiting included, from",
                   trace->all.seen.times, EPT_TIMES, cmd_time_label);
    printf("\n%s\n", verdict);
    if (sums[EPT_CALLS_MADE])
        puts(
            "(CPU and what sleeps are estimated from one call in some; "
            "savings, by the library's cost model.)");
    if (atomic_load(&trace->file->lost))
        printf(
            "(%llu calls were not noted: too many call sites, or made by "
            "handlers.)\n",
            (unsigned long long)atomic_load(&trace->file->lost));
    free(verdict);
}

static void tell_buckets(struct cmd_json *json, const char *name,
                         const double buckets[], int count,
                         const char *(*label)(int bucket))
{
    cmd_json_open(json, name, '{');
    for (int i = 0; i < count; i++)
        if (buckets[i])
            cmd_json_number(json, label(i), (int64_t)buckets[i]);
    cmd_json_close(json, '}');
}

static void tell_numbers(struct cmd_json *json, const struct cmd_site *site)
{
    static const struct {
        const char *name;
        enum ept_sum sum;
    } rows[] = {
        {"calls", EPT_CALLS_MADE},
        {"errors", EPT_ERRORS},
        {"zero_timeouts", EPT_LOOKS},
        {"nothing_ready", EPT_TIMEOUTS},
        {"unseen", EPT_UNSEEN},
        {"descriptors", EPT_ASKED},
        {"ready", EPT_TOLD},
        {"changed", EPT_CHANGED},
        {"would_be_answered", EPT_ANSWERED},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        cmd_json_number(json, rows[i].name, (int64_t)site->sums[rows[i].sum]);
    cmd_json_number(json, "slept", (int64_t)(site->slept + 0.5));
    cmd_json_real(json, "wall_seconds", site->sums[EPT_WALL_NS] / 1e9);
    cmd_json_real(json, "cpu_seconds_estimate", site->cpu);
    cmd_json_real(json, "saved_seconds_estimate", site->saving);
    tell_buckets(json, "sizes", site->seen.sizes, EPT_SIZES, cmd_size_label);
    tell_buckets(json, "ready_shares", site->seen.ready, EPT_SHARES,
                 cmd_share_label);
    tell_buckets(json, "changed_shares", site->seen.changes, EPT_SHARES,
                 cmd_share_label);
    tell_buckets(json, "times_from", site->seen.times, EPT_TIMES,
                 cmd_time_label);
}

void cmd_trace_json(const struct cmd_trace *trace)
{
    struct cmd_json json = {.depth = 0};
    char *verdict = cmd_trace_verdict(trace);

    cmd_json_open(&json, NULL, '{');
    cmd_json_text(&json, "program", trace->program);
    cmd_json_number(&json, "status", trace->status);
    cmd_json_real(&json, "seconds", trace->seconds);
    cmd_json_real(&json, "user_seconds", trace->user);
    cmd_json_real(&json, "system_seconds", trace->system);
    cmd_json_number(&json, "processes", trace->processes);
    cmd_json_text(&json, "verdict", verdict);
    tell_numbers(&json, &trace->all);
    cmd_json_number(&json, "lost", (int64_t)atomic_load(&trace->file->lost));
    cmd_json_open(&json, "sites", '[');
    for (size_t i = 0; i < trace->count; i++) {
        cmd_json_open(&json, NULL, '{');
        cmd_json_text(&json, "call", cmd_call_name(&trace->sites[i]));
        cmd_json_text(&json, "at", cmd_site_name(&trace->sites[i]));
        cmd_json_text(&json, "program", trace->sites[i].is->program);
        cmd_json_text(&json, "module", trace->sites[i].is->module);
        cmd_json_number(&json, "offset", (int64_t)trace->sites[i].is->offset);
        tell_numbers(&json, &trace->sites[i]);
        cmd_json_close(&json, '}');
    }
    cmd_json_close(&json, ']');
    cmd_json_close(&json, '}');
    free(verdict);
}
