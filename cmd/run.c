/* SPDX-License-Identifier: MIT */
/* epollshim run: sets the environment, and becomes the program. */
#include "command.h"

#include "launch.h"
#include "say.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum letter {
    LETTER_LIBRARY = 256,
    LETTER_LIVE,
    LETTER_NO_CHILDREN,
    LETTER_ONLY,
    LETTER_PRINT,
    LETTER_SKIP,
    LETTER_VERIFY,
    LETTER_VERIFY_ABORT,
};

static const struct cmd_option options[] = {
    {"policy", 'p', "WHEN", "auto (use epoll where it pays), always, never"},
    {"min-fds", 'm', "N", "calls on fewer descriptors stay native; 32"},
    {"stats", 's', "FILE", "write counters there at exit; -: stderr; %p: pid"},
    {"live", LETTER_LIVE, NULL, "keep live statistics, for top and stats"},
    {"log", 'l', "LEVEL", "tell on stderr: off, error, warn, info, debug"},
    {"verify", LETTER_VERIFY, NULL, "hold each answer against the kernel's"},
    {"verify-abort", LETTER_VERIFY_ABORT, NULL,
     "the same; end at the first difference"},
    {"only", LETTER_ONLY, "NAME,...",
     "of what is started, only these programs"},
    {"skip", LETTER_SKIP, "NAME,...", "... all but these programs"},
    {"no-children", LETTER_NO_CHILDREN, NULL,
     "... only the first process (and its forks)"},
    {"library", LETTER_LIBRARY, "FILE", "preload this file"},
    {"print", LETTER_PRINT, NULL, "print the environment, run nothing"},
    {NULL, 0, NULL, NULL},
};

/* The options that are a variable each, whatever it takes. */
static const struct {
    int letter;
    const char *option;
    const char *variable;
    const char *value; /* NULL: the option's argument */
} variables[] = {
    {'p', "--policy", "POLICY", NULL},
    {'m', "--min-fds", "MIN_FDS", NULL},
    {'l', "--log", "LOG", NULL},
    {LETTER_VERIFY, "--verify", "VERIFY", "1"},
    {LETTER_VERIFY_ABORT, "--verify", "VERIFY", "abort"},
    {LETTER_LIVE, "--live", "LIVE", "1"},
    {LETTER_ONLY, "--only", "ONLY", NULL},
    {LETTER_SKIP, "--skip", "SKIP", NULL},
};

static void set_variable(int letter)
{
    for (size_t i = 0; i < sizeof(variables) / sizeof(*variables); i++)
        if (variables[i].letter == letter)
            cmd_launch_set(variables[i].option, variables[i].variable,
                           variables[i].value ? variables[i].value : optarg);
}

/*
 * The report of another run is not to be taken for this one's: a program that
 * makes no call writes none over it.
 */
static void remove_old_report(const char *file)
{
    struct stat info;

    if (strcmp(file, "-") == 0 || lstat(file, &info) != 0)
        return;
    if (!S_ISREG(info.st_mode))
        cmd_die("--stats=%s: it is no regular file: name one that is, or none",
                file);
    if (unlink(file) != 0)
        cmd_die("--stats=%s: the old one can't be removed: %s: name another",
                file, strerror(errno));
}

/* exec keeps the number; what the program starts has another. */
static void choose_this_process(void)
{
    char *pid = cmd_format("%d", (int)getpid());

    cmd_launch_set("--no-children", "PID", pid);
    free(pid);
}

static int run(const struct cmd_command *self, int argc, char *argv[])
{
    struct cmd_launch launch = {.library = NULL};
    const char *stats = "-";
    bool print = false, alone = false;
    int letter;

    while ((letter = cmd_next_option(self, argc, argv)) >= 0) {
        set_variable(letter);
        if (letter == 's')
            stats = cmd_launch_set_stats("--stats", optarg);
        if (letter == LETTER_LIBRARY)
            launch.library = optarg;
        alone = alone || letter == LETTER_NO_CHILDREN;
        print = print || letter == LETTER_PRINT;
    }
    if (optind >= argc && !print)
        cmd_die("name the program to run: epollshim run program");
    if (alone && print)
        cmd_die(
            "--no-children names a process, which --print has not: leave "
            "one of them out");
    if (alone)
        choose_this_process();
    if (optind < argc)
        cmd_launch_prepare(&launch, argv[optind]);
    else
        cmd_launch_prepare_any(&launch);
    if (print) {
        cmd_launch_print();
        return 0;
    }
    remove_old_report(stats);
    cmd_launch_exec(argv + optind);
}

const struct cmd_command cmd_run = {
    .name = "run",
    .operands = "[--] program [argument...]",
    .summary = "Run a program under the library",
    .details =
        "The status is the program's own; 125: epollshim failed or refuses; "
        "126: the\nprogram can't be run; 127: it was not found.",
    .options = options,
    .takes_program = true,
    .run = run,
};
