/* SPDX-License-Identifier: MIT */
/*
 * A trace's report as a page with plots: one file, without scripts, fonts or
 * pictures from elsewhere. The plots are SVG, drawn here.
 */
#include "tracefile.h"

#include "say.h"

#include <config.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define MOST_ROWS 40
#define MOST_BARS 8

enum {
    WIDTH = 460,  /* of a plot */
    HEIGHT = 200, /* of its bars */
    LEFT = 44,    /* where they begin */
    TOP = 16,
    FOOT = 62,  /* for the labels */
    BAR = 26,   /* of the plot of savings, a row's height */
    NAMES = 330 /* ... and where its bars begin */
};

static const char style[] =
    ":root{--ink:#1c2430;--soft:#5d6b7e;--line:#d9dfe7;--paper:#fff;"
    "--back:#f3f5f8;--bar:#3867b5;--good:#2c8a5b;--cost:#c7762b}"
    "@media(prefers-color-scheme:dark){:root{--ink:#e6eaf0;--soft:#9aa7b8;"
    "--line:#364152;--paper:#1b222d;--back:#12171f;--bar:#6f9be6;"
    "--good:#54b984;--cost:#dc9650}}"
    "*{box-sizing:border-box}body{margin:0;background:var(--back);"
    "color:var(--ink);font:15px/1.5 system-ui,sans-serif}"
    "main{max-width:1040px;margin:0 auto;padding:28px 20px}"
    "h1{font-size:24px;margin:0 0 "
    "4px;overflow-wrap:anywhere}h2{font-size:16px;margin:0 0 8px}"
    "p.sub{margin:0 0 20px;color:var(--soft)}"
    "section{background:var(--paper);border:1px solid var(--line);"
    "border-radius:8px;padding:16px 18px;margin:0 0 16px}"
    "p.verdict{font-size:18px;margin:0}"
    "dl{display:flex;flex-wrap:wrap;gap:12px 34px;margin:14px 0 0}"
    "dt{color:var(--soft);font-size:13px}dd{margin:0;font-size:20px;"
    "font-variant-numeric:tabular-nums}"
    ".pair{display:grid;grid-template-columns:1fr 1fr;gap:16px;"
    "margin-bottom:16px}.pair section{margin:0}"
    "@media(max-width:820px){.pair{grid-template-columns:1fr}}"
    "svg{display:block;width:100%;height:auto}.wide{min-width:680px}"
    "svg text{fill:var(--soft);font:11px system-ui,sans-serif}"
    "svg .v{fill:var(--ink)}svg .g{stroke:var(--line)}"
    ".bar{fill:var(--bar)}.good{fill:var(--good)}.cost{fill:var(--cost)}"
    ".scroll{overflow-x:auto}table{border-collapse:collapse;width:100%}"
    "th,td{text-align:right;padding:5px 10px;white-space:nowrap;"
    "border-bottom:1px solid var(--line);font-variant-numeric:tabular-nums}"
    "th{color:var(--soft);font-weight:500;font-size:13px}"
    "th:last-child,td:last-child{text-align:left}"
    "code{font:13px ui-monospace,monospace}"
    ".key i{display:inline-block;width:11px;height:11px;margin:0 5px 0 14px}"
    ".key{color:var(--soft);font-size:13px;margin:0 0 6px -14px}"
    "footer{color:var(--soft);font-size:13px}";

/* What is not ASCII may be no UTF-8 either. */
static int put_sequence(const char *text)
{
    int length = cmd_utf8_sequence(text);

    if (length)
        printf("%.*s", length, text);
    else
        putchar(*text >= ' ' && *text < 127 ? *text : '?');
    return length ? length : 1;
}

/* Text from a program is no markup. */
static void put(const char *text)
{
    for (int length = 1; *text; text += length, length = 1)
        switch (*text) {
        case '<':
            fputs("&lt;", stdout);
            break;
        case '>':
            fputs("&gt;", stdout);
            break;
        case '&':
            fputs("&amp;", stdout);
            break;
        case '"':
            fputs("&quot;", stdout);
            break;
        default:
            length = put_sequence(text);
        }
}

/* One column of a histogram, with its label aslant below it. */
static void put_column(int at, double step, double part, double most,
                       const char *name)
{
    double x = LEFT + at * step, width = step * 0.78;
    double height = most > 0 ? HEIGHT * part / most : 0;
    double middle = x + step / 2;

    printf(
        "<rect class=bar x=%.1f y=%.1f width=%.1f height=%.1f rx=2>"
        "<title>%s: %.1f%%</title></rect>",
        x + (step - width) / 2, TOP + HEIGHT - height, width, height, name,
        100 * part);
    if (part >= 0.005 && step > 22)
        printf("<text class=v x=%.1f y=%.1f text-anchor=middle>%.0f%%</text>",
               middle, TOP + HEIGHT - height - 4, 100 * part);
    printf(
        "<text text-anchor=end transform=\"translate(%.1f %d) "
        "rotate(-40)\">%s</text>",
        middle + 3, TOP + HEIGHT + 14, name);
}

/* Its end: a number whose quarters are plain ones. */
static double axis_of(double most)
{
    static const double ends[] = {0.04, 0.08, 0.2, 0.4, 0.6, 0.8, 1};
    int at = 0;

    while (at < 6 && ends[at] < most)
        at++;
    return ends[at];
}

static void put_axis(double most)
{
    for (int i = 0; i <= 4; i++) {
        double y = TOP + HEIGHT - HEIGHT * i / 4.0;
        printf(
            "<line class=g x1=%d x2=%d y1=%.1f y2=%.1f />"
            "<text x=%d y=%.1f text-anchor=end>%.0f%%</text>",
            LEFT, WIDTH, y, y, LEFT - 6, y + 4, 100 * most * i / 4);
    }
}

static void put_columns(const char *title, const double buckets[],
                        struct cmd_span span, const char *(*label)(int bucket))
{
    int columns = span.last - span.first + 1;
    double step = (double)(WIDTH - LEFT) / (columns < 6 ? 6 : columns);
    double axis = axis_of(span.most / span.sum);

    printf("<svg viewBox=\"0 0 %d %d\" role=img aria-label=\"%s\">", WIDTH,
           TOP + HEIGHT + FOOT, title);
    put_axis(axis);
    for (int i = span.first; i <= span.last; i++)
        put_column(i - span.first, step, buckets[i] / span.sum, axis, label(i));
    puts("</svg>");
}

static void put_histogram(const char *title, const double buckets[], int count,
                          const char *(*label)(int bucket))
{
    struct cmd_span span = cmd_span_of(buckets, count);

    printf("<section><h2>%s</h2>", title);
    if (span.sum > 0)
        put_columns(title, buckets, span, label);
    else
        puts("<p>No call is known well enough.</p>");
    puts("</section>");
}

/* The site's cost, of which so much would remain. */
static void put_cost(const struct cmd_site *site, int at, double most)
{
    double room = 960 - NAMES - 130, cost = site->cpu;
    double left = cost - site->saving;
    double y = at * BAR;

    if (left < 0)
        left = 0;
    printf("<text class=v x=%d y=%.1f text-anchor=end>%s in ", NAMES - 8,
           y + 15, cmd_call_name(site));
    put(cmd_site_name(site));
    printf(
        "</text><rect class=cost x=%d y=%.1f width=%.1f height=8 rx=2 />"
        "<rect class=good x=%d y=%.1f width=%.1f height=8 rx=2 />"
        "<text class=v x=%.1f y=%.1f>%s &#8594; %s</text>",
        NAMES, y + 3, room * cost / most, NAMES, y + 12, room * left / most,
        NAMES + room * (cost > left ? cost : left) / most + 8, y + 15,
        cmd_duration_of(cost).text, cmd_duration_of(left).text);
}

static void put_costs(const struct cmd_trace *trace)
{
    int rows = trace->count < MOST_BARS ? (int)trace->count : MOST_BARS;
    double most = 1e-9;

    for (int i = 0; i < rows; i++) {
        const struct cmd_site *site = &trace->sites[i];
        double left = site->cpu - site->saving;
        most = site->cpu > most ? site->cpu : most;
        most = left > most ? left : most;
    }
    printf(
        "<section><h2>CPU in the calls, and what the library would leave "
        "of it</h2><p class=key><i style=\"background:var(--cost)\"></i>"
        "as it is<i style=\"background:var(--good)\"></i>under the library "
        "(both estimated)</p><div class=scroll><svg class=wide viewBox=\"0 0 "
        "960 %d\" role=img "
        "aria-label=\"CPU by call site\">",
        rows * BAR + 4);
    for (int i = 0; i < rows; i++)
        put_cost(&trace->sites[i], i, most);
    puts("</svg></div></section>");
}

static void put_row(const struct cmd_site *site)
{
    const double *sums = site->sums;
    double calls = sums[EPT_CALLS_MADE];
    double known = cmd_site_known(site);

    printf(
        "<tr><td>%.0f<td>%.1f<td>%.2f<td>%.2f<td>%.0f%%<td>%.0f%%<td>%.3f"
        "<td>%.3f<td><code>%s</code> in <code>",
        calls, sums[EPT_ASKED] / known, sums[EPT_TOLD] / known,
        sums[EPT_CHANGED] / known, 100 * site->slept / known,
        100 * sums[EPT_ANSWERED] / (calls > 0 ? calls : 1), site->cpu,
        site->saving, cmd_call_name(site));
    put(cmd_site_name(site));
    puts("</code></tr>");
}

static void put_table(const struct cmd_trace *trace)
{
    puts(
        "<section><h2>Call sites</h2><div class=scroll><table><thead><tr>"
        "<th>calls<th>descriptors<br>a call<th>ready<br>a call<th>changed<br>"
        "a call<th>waited<th>by epoll,<br>estimated<th>CPU s,<br>estimated"
        "<th>saved s,<br>estimated<th>call</tr></thead><tbody>");
    for (size_t i = 0; i < trace->count && i < MOST_ROWS; i++)
        put_row(&trace->sites[i]);
    puts("</tbody></table></div></section>");
}

static void put_count(const char *what, double number)
{
    printf("<div><dt>%s</dt><dd>%.0f</dd></div>\n", what, number);
}

static void put_seconds(const char *what, double seconds)
{
    printf("<div><dt>%s</dt><dd>%s</dd></div>\n", what,
           cmd_duration_of(seconds).text);
}

static void put_head(const struct cmd_trace *trace)
{
    const double *sums = trace->all.sums;
    char *verdict = cmd_trace_verdict(trace);
    char when[64];
    time_t now = time(NULL);

    strftime(when, sizeof(when), "%Y-%m-%d %H:%M", localtime(&now));
    printf(
        "<!DOCTYPE html>\n<html lang=en><head><meta charset=utf-8>"
        "<meta name=viewport content=\"width=device-width\">"
        "<title>epollshim trace: ");
    put(trace->program);
    printf("</title><style>%s</style></head><body><main><h1>", style);
    put(trace->program);
    printf(
        "</h1><p class=sub>What it asks of select() and poll(); traced "
        "%s</p><section><p class=verdict>%s</p><dl>",
        when, verdict);
    put_count("calls", sums[EPT_CALLS_MADE]);
    put_seconds("run time", trace->seconds);
    put_seconds("CPU used", trace->user + trace->system);
    put_seconds("CPU in the calls, estimated", trace->all.cpu);
    put_seconds("would be saved, estimated", trace->all.saving);
    put_count("processes with calls", trace->processes);
    puts("</dl></section>");
    free(verdict);
}

void cmd_trace_html(const struct cmd_trace *trace)
{
    const struct cmd_histograms *seen = &trace->all.seen;

    put_head(trace);
    if (trace->count) {
        put_costs(trace);
        puts("<div class=pair>");
        put_histogram("Descriptors in a call", seen->sizes, EPT_SIZES,
                      cmd_size_label);
        put_histogram("Share of them that was ready", seen->ready, EPT_SHARES,
                      cmd_share_label);
        put_histogram("Share that had changed since the call before",
                      seen->changes, EPT_SHARES, cmd_share_label);
        put_histogram("Time of a call, waiting included, from", seen->times,
                      EPT_TIMES, cmd_time_label);
        puts("</div>");
        put_table(trace);
    }
    puts(
        "<footer>CPU and savings are estimates by the library's cost model, "
        "whose figures were measured on another machine. "
        "epollshim " PACKAGE_VERSION "</footer></main></body></html>");
}
