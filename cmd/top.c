/* SPDX-License-Identifier: MIT */
/* epollshim top: what becomes of the calls of running programs, live. */
#include "command.h"

#include "activity.h"
#include "clock.h"
#include "process.h"
#include "procstat.h"
#include "say.h"
#include "screen.h"

#include <dirent.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct cmd_option options[] = {
    {"delay", 'd', "SECONDS", "between two views; 1"},
    {"count", 'n', "N", "end after so many views"},
    {"sort", 's', "COLUMN", "calls (the default), saved, watched or pid"},
    {"plain", 'b', NULL, "plain text, even on a terminal"},
    {NULL, 0, NULL, NULL},
};

struct top {
    struct cmd_pages now, before;
    struct cmd_activity *rows;
    size_t count;
    const char *sort;
    double delay;
    long views;  /* < 0: for ever */
    bool screen; /* else plain text */
    long *pids;
    int pid_count;
    char others[128]; /* processes without a page */
    int64_t taken;    /* when `now` was */
};

static bool is_chosen(const struct top *top, long pid)
{
    for (int i = 0; i < top->pid_count; i++)
        if (top->pids[i] == pid)
            return true;
    return top->pid_count == 0;
}

static const char *sort_by;

static double key_of(const struct cmd_activity *row)
{
    if (strcmp(sort_by, "saved") == 0)
        return row->saved;
    if (strcmp(sort_by, "watched") == 0)
        return (double)row->page->page.head.watched;
    if (strcmp(sort_by, "pid") == 0)
        return -(double)row->page->page.head.pid;
    return row->calls / row->seconds;
}

static int compare(const void *a, const void *b)
{
    const struct cmd_activity *one = a, *other = b;
    double first = key_of(one), second = key_of(other);

    if (first != second)
        return first < second ? 1 : -1;
    return one->page->page.head.pid < other->page->page.head.pid ? -1 : 1;
}

/* Those that have loaded the library, and no page. */
static void find_others(struct top *top)
{
    DIR *directory = opendir("/proc");
    struct dirent *entry;
    long count = 0, one = 0;

    while (directory && (entry = readdir(directory)) != NULL) {
        long pid = strtol(entry->d_name, NULL, 10);
        bool known = pid <= 0 || pid == getpid();
        for (size_t i = 0; i < top->now.count && !known; i++)
            known = top->now.all[i].page.head.pid == pid;
        if (!known && is_chosen(top, pid) && cmd_pages_is_loaded(pid)) {
            count++;
            one = pid;
        }
    }
    if (directory)
        closedir(directory);
    top->others[0] = '\0';
    if (count)
        snprintf(top->others, sizeof(top->others),
                 "Without a live page: %ld more, such as %ld "
                 "(set EPOLLSHIM_LIVE=1).",
                 count, one);
}

static void take(struct top *top)
{
    struct cmd_pages spare = top->before;

    top->before = top->now;
    top->now = spare;
    cmd_pages_invite(); /* the last program may have removed it */
    cmd_pages_read(&top->now);
    int64_t now = cmd_clock_ns();
    if (top->taken)
        top->delay = (double)(now - top->taken) / 1e9;
    top->taken = now;
    top->rows = cmd_alloc(top->rows, top->now.count * sizeof(*top->rows));
    top->count = 0;
    for (size_t i = 0; i < top->now.count; i++)
        if (is_chosen(top, (long)top->now.all[i].page.head.pid))
            top->rows[top->count++] = cmd_activity_of(
                &top->now.all[i], &top->before, top->taken, top->delay);
    sort_by = top->sort;
    qsort(top->rows, top->count, sizeof(*top->rows), compare);
}

static void line(const struct top *top, const char *text)
{
    if (top->screen)
        cmd_screen_line(text, false);
    else
        puts(text);
}

static const char titles[] =
    "    PID COMMAND          CALLS/s EPOLL WATCHED  READY/C  CTL/C RESCUES  "
    "SAVED WHY NATIVE  ";

static void show_head(const struct top *top)
{
    double calls = 0, answered = 0, saved = 0;
    char text[256];

    for (size_t i = 0; i < top->count; i++) {
        calls += top->rows[i].calls / top->rows[i].seconds;
        answered += top->rows[i].answered / top->rows[i].seconds;
        saved += top->rows[i].saved;
    }
    snprintf(text, sizeof(text),
             "epollshim: %zu %s, %.0f calls/s, %.0f%% answered by epoll, "
             "about %.1f%% of a CPU saved",
             top->count, top->count == 1 ? "process" : "processes", calls,
             calls > 0 ? 100 * answered / calls : 0, 100 * saved);
    line(top, text);
    line(top, "");
    if (top->screen)
        cmd_screen_line(titles, true);
    else
        puts(titles);
}

static void show_row(const struct top *top, const struct cmd_activity *row)
{
    const struct eps_page_head *head = &row->page->page.head;
    double answered = row->answered > 0 ? row->answered : 1;
    char text[256], why[64] = "-";

    if (row->reason)
        snprintf(why, sizeof(why), "%s %.0f%%", row->reason,
                 100 * row->reason_calls / (row->calls > 0 ? row->calls : 1));
    snprintf(text, sizeof(text),
             "%7lld %-15.15s %8.0f %4.0f%% %7llu %8.2f %6.2f %7.0f %5.1f%% %s",
             (long long)head->pid, row->page->command,
             row->calls / row->seconds,
             row->calls > 0 ? 100 * row->answered / row->calls : 0,
             (unsigned long long)head->watched, row->told / answered,
             row->controls / answered, row->rescues, 100 * row->saved, why);
    line(top, text);
}

static void show(const struct top *top)
{
    size_t room = top->count;

    if (top->screen) {
        int rows = cmd_screen_size().rows - (top->others[0] ? 5 : 4);
        cmd_screen_begin();
        room = rows > 0 ? (size_t)rows : 0;
    }
    show_head(top);
    for (size_t i = 0; i < top->count && i < room; i++)
        show_row(top, &top->rows[i]);
    if (!top->count)
        line(top,
             "No process has a live page. Programs that are started "
             "under the library from now on have one.");
    if (top->others[0])
        line(top, top->others);
    if (top->screen)
        line(top, "q quits; sorted by c calls, s saved, w watched, p pid");
    if (top->screen)
        cmd_screen_end();
    else
        fflush(stdout);
}

static const struct {
    int key;
    const char *sort;
} sorts[] = {{'c', "calls"}, {'s', "saved"}, {'w', "watched"}, {'p', "pid"}};
#define SORTS (sizeof(sorts) / sizeof(*sorts))

/* Waits for the next view; false: the user has enough. */
static bool wait_for_view(struct top *top, double seconds)
{
    int64_t end = cmd_clock_ns() + (int64_t)(seconds * 1e9), left;

    while ((left = end - cmd_clock_ns()) > 0) {
        int key = cmd_screen_key((int)(left / 1000000) + 1);
        if (key == CMD_SCREEN_ENDS || key == 'q' || key == 'Q')
            return false;
        if (!top->screen)
            continue;
        for (size_t i = 0; i < SORTS; i++)
            if (sorts[i].key == key)
                top->sort = sort_by = sorts[i].sort;
        qsort(top->rows, top->count, sizeof(*top->rows), compare);
        show(top);
    }
    return true;
}

/* Views that begin at once on a screen, and after an interval in text. */
static void view(struct top *top)
{
    double seconds = top->delay;

    take(top);
    find_others(top);
    if (top->screen)
        show(top);
    for (long i = 0; i != top->views; i++) {
        if (!wait_for_view(top, seconds))
            return;
        take(top);
        if (i % 10 == 9)
            find_others(top);
        show(top);
        if (ferror(stdout)) /* nobody is there to see more */
            return;
    }
}

/* One of the processes that were named, which has no page: why? */
static void explain(const struct top *top, long pid)
{
    for (size_t i = 0; i < top->count; i++)
        if (top->rows[i].page->page.head.pid == pid)
            return;
    if (!eps_procstat_lives(pid, eps_procstat_start(pid)))
        cmd_die("process %ld is not running: look for it by ps", pid);
    cmd_process_must_be_ours((int)pid);
    if (cmd_pages_is_loaded(pid))
        cmd_die(
            "process %ld uses the library, but has no live page: start "
            "it with EPOLLSHIM_LIVE=1",
            pid);
    cmd_die("process %ld does not use the library: start it by epollshim run",
            pid);
}

static double number(const char *option, const char *text, double least,
                     double most)
{
    char *end;
    double value = strtod(text, &end);

    if (*end || end == text || !(value >= least && value <= most))
        cmd_die("%s=%s: it takes a number from %g to %.0f", option, text, least,
                most);
    return value;
}

static const char *sort_named(const char *name)
{
    for (size_t i = 0; i < SORTS; i++)
        if (strcmp(sorts[i].sort, name) == 0)
            return sorts[i].sort;
    cmd_die("--sort=%s: it takes calls, saved, watched or pid", name);
}

static void read_options(struct top *top, const struct cmd_command *self,
                         int argc, char *argv[])
{
    int letter;

    while ((letter = cmd_next_option(self, argc, argv)) >= 0) {
        if (letter == 'd')
            top->delay = number("--delay", optarg, 0.1, 86400);
        else if (letter == 'n')
            top->views = (long)number("--count", optarg, 1, 1e9);
        else if (letter == 's')
            top->sort = sort_named(optarg);
        else
            top->screen = false;
    }
    top->pid_count = argc - optind;
    top->pids = cmd_alloc(NULL, (size_t)argc * sizeof(*top->pids));
    for (int i = 0; i < top->pid_count; i++) {
        char *end;
        top->pids[i] = strtol(argv[optind + i], &end, 10);
        if (*end || top->pids[i] <= 0)
            cmd_die("%s is no process number: see ps", argv[optind + i]);
    }
}

static int run(const struct cmd_command *self, int argc, char *argv[])
{
    struct top top = {.sort = "calls", .delay = 1, .views = 0, .screen = true};

    read_options(&top, self, argc, argv);
    cmd_screen_catch();
    take(&top);
    for (int i = 0; i < top.pid_count; i++)
        explain(&top, top.pids[i]);
    top.taken = 0;
    top.now.count = 0;
    top.screen = top.screen && cmd_screen_open();
    if (!top.views)
        top.views = top.screen ? -1 : 1;
    view(&top);
    cmd_pages_uninvite();
    cmd_screen_finish();
    return 0;
}

const struct cmd_command cmd_top = {
    .name = "top",
    .operands = "[pid...]",
    .summary = "Show live what becomes of programs' calls",
    .details =
        "One row for each process that has a live statistics page: one that "
        "was started\nby run --live, or while top runs.\n"
        "READY/C and CTL/C: descriptors ready, and epoll_ctl calls, for each "
        "call that\nwas answered. SAVED is an estimate by the cost model, in "
        "% of a CPU.",
    .options = options,
    .run = run,
};
