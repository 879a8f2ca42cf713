/* SPDX-License-Identifier: MIT */
/* epollshim stats: the counters of a process, or of a report. */
#include "command.h"

#include "file.h"
#include "json.h"
#include "pages.h"
#include "process.h"
#include "say.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum letter {
    LETTER_JSON = 256,
    LETTER_PROMETHEUS
};

static const struct cmd_option options[] = {
    {"json", LETTER_JSON, NULL, "print them as JSON"},
    {"prometheus", LETTER_PROMETHEUS, NULL,
     "print them in Prometheus's text format"},
    {NULL, 0, NULL, NULL},
};

struct source {
    int pid; /* 0: a file */
    struct eps_page page;
    struct cmd_counters counters;
};

static void read_process(struct source *source, int pid)
{
    cmd_process_must_be_ours(pid);
    if (!cmd_pages_find(&source->page, pid))
        cmd_die(
            "process %d keeps no live statistics: start it by epollshim "
            "run --live",
            pid);
    source->pid = pid;
    cmd_pages_counters(&source->counters, &source->page);
}

static void read_file(struct source *source, const char *path)
{
    size_t size;
    char *text = cmd_file_read(path, &size);

    if (!text)
        cmd_die(
            "%s: %s: name a process number, or a file that run --stats "
            "wrote",
            path, strerror(errno));
    if (!cmd_counters_parse(&source->counters, text))
        cmd_die(
            "%s holds no counters: name a file that run --stats wrote, "
            "whose program has ended",
            path);
    free(text);
}

/* --- as text ------------------------------------------------------------ */

static double share(uint64_t part, uint64_t whole)
{
    return whole ? 100.0 * (double)part / (double)whole : 0;
}

static void show_head(const struct source *source)
{
    uint64_t calls = cmd_counters_value(&source->counters, "calls");
    uint64_t answered = cmd_counters_value(&source->counters, "answered");

    printf("%" PRIu64 " calls, %" PRIu64 " (%.1f%%) answered by epoll\n", calls,
           answered, share(answered, calls));
    if (source->pid)
        printf("%" PRIu64 " descriptors watched in %" PRIu64 " epoll sets\n",
               source->page.head.watched, source->page.head.sets);
}

/* Zeros say nothing, but for the first two. */
static void show(const struct source *source)
{
    show_head(source);
    putchar('\n');
    for (int i = 0; i < source->counters.count; i++) {
        const struct cmd_counter *counter = &source->counters.list[i];
        if (counter->value || i < 2)
            printf("%14" PRIu64 "  %-16s %s\n", counter->value, counter->name,
                   cmd_counter_sentence(counter->name));
    }
}

/* --- for programs ------------------------------------------------------- */

static void show_json(const struct source *source)
{
    struct cmd_json json = {0, false};

    cmd_json_open(&json, NULL, '{');
    if (source->pid) {
        cmd_json_number(&json, "pid", source->pid);
        cmd_json_number(&json, "sets", (int64_t)source->page.head.sets);
        cmd_json_number(&json, "watched", (int64_t)source->page.head.watched);
    }
    cmd_json_open(&json, "counters", '{');
    for (int i = 0; i < source->counters.count; i++)
        cmd_json_counter(&json, source->counters.list[i].name,
                         source->counters.list[i].value);
    cmd_json_close(&json, '}');
    cmd_json_close(&json, '}');
}

static void show_metric(const struct source *source, const char *name,
                        const char *kind, const char *sentence, uint64_t value)
{
    printf("# HELP epollshim_%s %s\n# TYPE epollshim_%s %s\nepollshim_%s", name,
           *sentence ? sentence : name, name, kind, name);
    if (source->pid)
        printf("{pid=\"%d\"}", source->pid);
    printf(" %" PRIu64 "\n", value);
}

static void show_prometheus(const struct source *source)
{
    for (int i = 0; i < source->counters.count; i++) {
        const struct cmd_counter *counter = &source->counters.list[i];
        char name[40];
        snprintf(name, sizeof(name), "%s_total", counter->name);
        show_metric(source, name, "counter",
                    cmd_counter_sentence(counter->name), counter->value);
    }
    if (!source->pid)
        return;
    show_metric(source, "sets", "gauge", "epoll sets there are",
                source->page.head.sets);
    show_metric(source, "watched_descriptors", "gauge",
                "descriptors registered in epoll sets",
                source->page.head.watched);
}

/* --- the command -------------------------------------------------------- */

/* A number is a process; a file of that name is given as ./NUMBER. */
static int run(const struct cmd_command *self, int argc, char *argv[])
{
    static struct source source;
    void (*print)(const struct source *) = show;
    int letter, pid;

    while ((letter = cmd_next_option(self, argc, argv)) >= 0) {
        void (*wanted)(const struct source *) =
            letter == LETTER_JSON ? show_json : show_prometheus;
        if (print != show && print != wanted)
            cmd_die(
                "--json and --prometheus exclude each other: leave one of "
                "them out");
        print = wanted;
    }
    if (argc - optind != 1)
        cmd_die("name one process or file: epollshim stats PID");
    pid = cmd_process_number(argv[optind]);
    if (pid)
        read_process(&source, pid);
    else
        read_file(&source, argv[optind]);
    print(&source);
    return 0;
}

const struct cmd_command cmd_stats = {
    .name = "stats",
    .operands = "pid|file",
    .summary = "Show what became of a program's calls",
    .details =
        "A process must have been started by run --live, or while "
        "epollshim top had\nbeen in use; a file is one that run --stats "
        "wrote.",
    .options = options,
    .run = run,
};
