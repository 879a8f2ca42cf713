/* SPDX-License-Identifier: MIT */
/*
 * epollshim bench: the quick grid. Each of its cells is a run of the
 * benchmark's own program, in which native calls, the library and epoll by
 * hand take turns, so that a noisy machine is noisy to all three.
 */
#include "command.h"

#include "curve.h"
#include "launch.h"
#include "place.h"
#include "say.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum letter {
    LETTER_CALL = 256,
    LETTER_READY,
    LETTER_SECONDS,
    LETTER_LIBRARY
};

static const struct cmd_option options[] = {
    {"call", LETTER_CALL, "NAME", "measure poll or select; poll"},
    {"ready", LETTER_READY, "N", "how many descriptors are ready; 1"},
    {"seconds", LETTER_SECONDS, "S", "measure each number so long; 0.25"},
    {"library", LETTER_LIBRARY, "FILE", "measure this library"},
    {NULL, 0, NULL, NULL},
};

enum {
    NATIVE,
    LIBRARY,
    EPOLL
};

struct bench {
    char *program; /* bench/cell */
    const char *call, *ready, *seconds;
    struct cmd_curve curve;
};

static const int numbers[] = {1, 4, 16, 64, 256, 490, 1000, 4000, 9000};

/* The other ends are another process's; some are left for what else is open.
 * With select(), programs have FD_SETSIZE. */
static long most_descriptors(const char *call)
{
    struct rlimit limit;
    long most = 9000;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_max < 9200)
        most = (long)limit.rlim_max - 200;
    if (strcmp(call, "select") == 0 && most > 490)
        most = 490;
    return most;
}

/* The build tree has it in bench/, beside the command. */
static char *find_cell(void)
{
    char *beside = cmd_format("%s/bench/cell", cmd_place_of_self());

    if (access(beside, X_OK) == 0)
        return beside;
    free(beside);
    return cmd_format("%s/cell", cmd_place_of(HELPERDIR));
}

/* --- one cell ----------------------------------------------------------- */

static _Noreturn void become_cell(const struct bench *bench, int n, int out)
{
    char *call = cmd_format("--call=%s", bench->call);
    char *number = cmd_format("--n=%d", n);
    char *ready = cmd_format("--ready=%s", bench->ready);
    char *seconds = cmd_format("--seconds=%s", bench->seconds);

    prctl(PR_SET_PDEATHSIG, SIGTERM); /* it has nobody to report to then */
    dup2(out, STDOUT_FILENO);
    cmd_launch_exec(
        (char *[]){bench->program, call, number, ready, seconds, NULL});
}

static double value_in(const char *text, const char *name)
{
    char *wanted = cmd_format("\n%s ", name);
    char *all = cmd_format("\n%s", text);
    char *found = strstr(all, wanted);
    double value = found ? atof(found + strlen(wanted)) : 0;

    free(all);
    free(wanted);
    return value;
}

static void take(struct cmd_curve *curve, int n, const char *text)
{
    static const char *const names[] = {
        [NATIVE] = "native_ns", [LIBRARY] = "library_ns", [EPOLL] = "epoll_ns"};
    int at = curve->points++;

    curve->x[at] = n;
    for (int i = 0; i < CMD_CURVES; i++)
        curve->y[i][at] = value_in(text, names[i]);
    printf("%9d %11.0f %11.0f %11.0f %9.2fx\n", n, curve->y[NATIVE][at],
           curve->y[LIBRARY][at], curve->y[EPOLL][at],
           value_in(text, "speedup"));
    fflush(stdout);
}

static void measure(struct bench *bench, int n)
{
    char text[4096];
    size_t size = 0;
    ssize_t got;
    int ends[2], status;
    pid_t child;

    if (pipe(ends) != 0 || (child = fork()) < 0)
        cmd_die("no process to be had: %s: end some and try again",
                strerror(errno));
    if (child == 0)
        become_cell(bench, n, ends[1]);
    close(ends[1]);
    while (size < sizeof(text) - 1 &&
           (got = read(ends[0], text + size, sizeof(text) - 1 - size)) > 0)
        size += (size_t)got;
    text[size] = '\0';
    close(ends[0]);
    if (waitpid(child, &status, 0) != child || status != 0)
        cmd_die(
            "bench: %d descriptors could not be measured: the line above "
            "tells why",
            n);
    take(&bench->curve, n, text);
}

/* --- the command -------------------------------------------------------- */

static bool is_number(const char *text, double most)
{
    char *end;
    double number = strtod(text, &end);

    return *text && !*end && number >= 0 && number <= most;
}

static void read_options(struct bench *bench, struct cmd_launch *launch,
                         const struct cmd_command *self, int argc, char *argv[])
{
    int letter;

    while ((letter = cmd_next_option(self, argc, argv)) >= 0) {
        if (letter == LETTER_CALL)
            bench->call = optarg;
        if (letter == LETTER_READY)
            bench->ready = optarg;
        if (letter == LETTER_SECONDS)
            bench->seconds = optarg;
        if (letter == LETTER_LIBRARY)
            launch->library = optarg;
    }
    if (optind < argc)
        cmd_die("bench takes no '%s': see epollshim bench --help",
                argv[optind]);
    if (strcmp(bench->call, "poll") != 0 && strcmp(bench->call, "select") != 0)
        cmd_die("--call=%s: it takes poll or select", bench->call);
    if (!is_number(bench->seconds, 3600) || atof(bench->seconds) <= 0)
        cmd_die("--seconds=%s: it takes a number of seconds, of 3600 at most",
                bench->seconds);
    if (!is_number(bench->ready, 9000) || strpbrk(bench->ready, ".eExX"))
        cmd_die("--ready=%s: it takes a number from 0 to 9000", bench->ready);
}

static int run(const struct cmd_command *self, int argc, char *argv[])
{
    struct cmd_launch launch = {.library = NULL};
    const char *restriction = cmd_launch_restriction();
    struct bench bench = {
        .call = "poll",
        .ready = "1",
        .seconds = "0.25",
        .curve = {.x_name = "descriptors",
                  .y_name = "ns a call",
                  .names = {"native", "library", "epoll by hand"}},
    };
    long most;

    read_options(&bench, &launch, self, argc, argv);
    signal(SIGCHLD, SIG_DFL); /* ignored, no end can be waited for */
    bench.program = find_cell();
    cmd_launch_prepare(&launch, bench.program);
    if (restriction)
        cmd_warn(
            "bench: %s is set, which may leave the library out here, too: "
            "unset it",
            restriction);
    most = most_descriptors(bench.call);
    printf("%s(), %s ready, ns of processor time a call\n\n", bench.call,
           bench.ready);
    printf("%9s %11s %11s %11s %10s\n", "n", "native", "library", "epoll",
           "to native");
    for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
        if (numbers[i] <= most && numbers[i] >= atoi(bench.ready))
            measure(&bench, numbers[i]);
    putchar('\n');
    if (bench.curve.points)
        cmd_curve_print(&bench.curve);
    else
        cmd_die(
            "bench: nothing is left to measure: ask for less with --ready, "
            "or raise ulimit -n");
    return 0;
}

const struct cmd_command cmd_bench = {
    .name = "bench",
    .operands = "",
    .summary = "Measure the library on this machine, and draw the curve",
    .options = options,
    .run = run,
};
