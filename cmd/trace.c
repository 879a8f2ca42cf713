/* SPDX-License-Identifier: MIT */
/*
 * epollshim trace: runs a program unchanged, and reports what it asks of poll
 * and select.
 */
#include "command.h"

#include "child.h"
#include "clock.h"
#include "launch.h"
#include "place.h"
#include "say.h"
#include "tracefile.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define NAME "libepolltrace.so"

enum letter {
    LETTER_JSON = 256,
    LETTER_HTML
};

static const struct cmd_option options[] = {
    {"output", 'o', "FILE", "write the report there, not on stderr"},
    {"json", LETTER_JSON, NULL, "as JSON"},
    {"html", LETTER_HTML, NULL, "as a page with plots, complete in itself"},
    {NULL, 0, NULL, NULL},
};

/* In a build tree libtool keeps it in .libs, beside the command. */
static char *find_library(void)
{
    char *library = cmd_format("%s/.libs/" NAME, cmd_place_of_self());

    if (access(library, R_OK) == 0)
        return library;
    free(library);
    library = cmd_format("%s/" NAME, cmd_place_of(PKGLIBDIR));
    if (access(library, R_OK) != 0)
        cmd_die("%s: %s: install it beside the command", library,
                strerror(errno));
    return library;
}

static double seconds_of(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

static void run_program(struct cmd_trace *trace, char *argv[])
{
    struct cmd_rest rest = {.mark =
                                cmd_format("%s=%s", EPT_VARIABLE, trace->path)};
    double began = cmd_clock_seconds();
    struct rusage used;

    trace->program = argv[0];
    trace->status = cmd_child_run(argv, &rest);
    trace->seconds = cmd_clock_seconds() - began;
    if (getrusage(RUSAGE_CHILDREN, &used) == 0) {
        trace->user = seconds_of(used.ru_utime);
        trace->system = seconds_of(used.ru_stime);
    }
    for (size_t i = 0; i < rest.count; i++) {
        trace->user += rest.all[i].user;
        trace->system += rest.all[i].system;
    }
    cmd_trace_collect(trace);
}

/*
 * The report is written on stdout: from now on, that is the file, or stderr, or
 * nothing where that is closed.
 */
static void redirect(FILE *output)
{
    fflush(stdout);
    if (dup2(fileno(output ? output : stderr), STDOUT_FILENO) < 0)
        close(STDOUT_FILENO);
}

/* What can't be told on stderr has the program's status all the same. */
static void finish_report(const char *output)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return;
    if (output)
        cmd_die("--output=%s: %s: name a file that has room", output,
                strerror(errno));
    __fpurge(stdout);
    clearerr(stdout);
}

static FILE *open_output(const char *path)
{
    FILE *output = fopen(path, "we");

    if (!output)
        cmd_die("--output=%s: %s: name a file that may be written", path,
                strerror(errno));
    return output;
}

static int run(const struct cmd_command *self, int argc, char *argv[])
{
    void (*report)(const struct cmd_trace *) = NULL;
    struct cmd_trace trace = {.path = NULL};
    struct cmd_launch launch = {.library = NULL};
    const char *path = NULL;
    FILE *output;
    int letter;

    while ((letter = cmd_next_option(self, argc, argv)) >= 0) {
        void (*wanted)(const struct cmd_trace *) =
            letter == LETTER_JSON ? cmd_trace_json : cmd_trace_html;
        if (letter == 'o')
            path = optarg;
        else if (report && report != wanted)
            cmd_die(
                "--json and --html exclude each other: leave one of them out");
        else
            report = wanted;
    }
    if (optind >= argc)
        cmd_die("name the program to run: epollshim trace -- program");
    if (report == cmd_trace_html && !path)
        cmd_die("--html needs a file: add --output=trace.html");
    launch.library = find_library();
    cmd_launch_without_library();
    cmd_launch_prepare(&launch, argv[optind]);
    output = path ? open_output(path) : NULL;
    cmd_trace_make(&trace);
    if (setenv(EPT_VARIABLE, trace.path, 1) != 0)
        cmd_die("no memory: free some and try again");
    run_program(&trace, argv + optind);
    redirect(output);
    (report ? report : cmd_trace_text)(&trace);
    finish_report(path);
    return trace.status;
}

const struct cmd_command cmd_trace = {
    .name = "trace",
    .operands = "[--] program [argument...]",
    .summary = "Run a program unchanged, and estimate what it would gain",
    .details =
        "The report tells how many descriptors the calls ask about, how many "
        "are\nready and how many change, where the calls are made, and what "
        "they cost. The\nstatus is the program's own.",
    .options = options,
    .takes_program = true,
    .run = run,
};
