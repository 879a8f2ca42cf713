/* SPDX-License-Identifier: MIT */
/*
 * epollshim verify: runs a program in verify mode, and reports at its end.
 *
 * The library writes its counters to a file for each process, in a directory
 * of our own; they are summed up when the program has ended.
 */
#include "command.h"

#include "child.h"
#include "counters.h"
#include "file.h"
#include "launch.h"
#include "say.h"

#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum letter {
    LETTER_LIBRARY = 256,
    LETTER_AUTO,
    LETTER_ABORT
};

static const struct cmd_option options[] = {
    {"auto", LETTER_AUTO, NULL,
     "use epoll where it pays, not wherever possible"},
    {"abort", LETTER_ABORT, NULL, "end the program at the first difference"},
    {"library", LETTER_LIBRARY, "FILE", "preload this file"},
    {NULL, 0, NULL, NULL},
};

struct sums {
    int processes;
    uint64_t calls, answered, verified, differences;
};

static void add_file(struct sums *sums, const char *path)
{
    struct cmd_counters counters;
    size_t size;
    char *text = cmd_file_read(path, &size);

    if (text && cmd_counters_parse(&counters, text)) {
        sums->processes++;
        sums->calls += cmd_counters_value(&counters, "calls");
        sums->answered += cmd_counters_value(&counters, "answered");
        sums->verified += cmd_counters_value(&counters, "verified");
        sums->differences += cmd_counters_value(&counters, "differences");
    }
    free(text);
}

/* Where the processes report, in a directory of our own. */
struct place {
    char *outer, *inner;
};

/* Reads the reports, and removes them. */
static void collect(struct sums *sums, const struct place *place)
{
    DIR *directory = opendir(place->inner);
    struct dirent *entry;

    while (directory && (entry = readdir(directory)) != NULL) {
        char *file = cmd_format("%s/%s", place->inner, entry->d_name);
        if (entry->d_name[0] != '.') {
            add_file(sums, file);
            unlink(file);
        }
        free(file);
    }
    if (directory)
        closedir(directory);
    rmdir(place->inner);
    rmdir(place->outer);
}

static void report(const struct sums *sums)
{
    const char *restriction = cmd_launch_restriction();

    fprintf(stderr,
            "epollshim: verify: %d process%s, %" PRIu64 " calls, %" PRIu64
            " answered by epoll, %" PRIu64 " compared, %" PRIu64
            " differences\n",
            sums->processes, sums->processes == 1 ? "" : "es", sums->calls,
            sums->answered, sums->verified, sums->differences);
    if (sums->differences)
        cmd_warn(
            "the lines above tell them: please report this, and leave the "
            "library out until it is mended");
    else if (!sums->processes && restriction)
        cmd_warn(
            "no process reported: %s is set, which may leave out all that ran: "
            "unset it",
            restriction);
    else if (!sums->processes)
        cmd_warn(
            "no process reported: one that a signal ends can't, nor one in a "
            "chroot; end it by its own means, try it without");
    else if (!sums->verified)
        cmd_warn(
            "nothing was compared: no call could be answered by epoll, "
            "see epollshim check");
}

static char *make_directory(const char *parent, const char *name, mode_t mode)
{
    char *path = cmd_format("%s/%sXXXXXX", parent, name);

    if (!mkdtemp(path) || chmod(path, mode) != 0)
        cmd_die("%s: %s: set TMPDIR to a directory that may be written", path,
                strerror(errno));
    return path;
}

/*
 * A server that root starts may report as another user. Who does not know the
 * name of the inner directory does not get there: the outer one can't be
 * listed.
 */
static void make_place(struct place *place)
{
    const char *parent = getenv("TMPDIR");
    bool shared = geteuid() == 0;

    place->outer = make_directory(parent && *parent ? parent : "/tmp",
                                  "epollshim-verify.", shared ? 0711 : 0700);
    place->inner = make_directory(place->outer, "", shared ? 01733 : 0700);
}

static int run(const struct cmd_command *self, int argc, char *argv[])
{
    struct cmd_launch launch = {.library = NULL};
    struct sums sums = {.processes = 0};
    const char *policy = "always", *mode = "1";
    struct cmd_rest rest = {.count = 0};
    struct place place;
    char *pattern;
    int letter, status;

    while ((letter = cmd_next_option(self, argc, argv)) >= 0) {
        if (letter == LETTER_AUTO)
            policy = "auto";
        if (letter == LETTER_ABORT)
            mode = "abort";
        if (letter == LETTER_LIBRARY)
            launch.library = optarg;
    }
    if (optind >= argc)
        cmd_die("name the program to run: epollshim verify -- program");
    cmd_launch_prepare(&launch, argv[optind]);
    make_place(&place);
    pattern = cmd_format("%s/%%p", place.inner);
    cmd_launch_set("--auto", "POLICY", policy);
    cmd_launch_set("--abort", "VERIFY", mode);
    rest.mark = cmd_format("EPOLLSHIM_STATS=%s",
                           cmd_launch_set_stats("TMPDIR", pattern));
    status = cmd_child_run(argv + optind, &rest);
    collect(&sums, &place);
    report(&sums);
    return sums.differences && status == 0 ? CMD_FAILED : status;
}

const struct cmd_command cmd_verify = {
    .name = "verify",
    .operands = "[--] program [argument...]",
    .summary = "Run a program, its answers held against the kernel's own",
    .details =
        "Slow, for trying a program out. A report follows at the end, on "
        "stderr. The\nstatus is the program's own, but 125 if it is 0 and "
        "there were differences.",
    .options = options,
    .takes_program = true,
    .run = run,
};
