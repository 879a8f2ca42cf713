/* SPDX-License-Identifier: MIT */
/* epollshim run: sets the environment, and becomes the program. */
#include "command.h"

#include "say.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum letter {
    LETTER_LIBRARY = 256
};

static const struct cmd_option options[] = {
    {"library", LETTER_LIBRARY, "FILE", "preload this file"},
    {NULL, 0, NULL, NULL},
};

static void preload(const char *library)
{
    const char *others = getenv("LD_PRELOAD");
    char *list = others && *others ? cmd_format("%s:%s", library, others)
                                   : cmd_format("%s", library);

    if (setenv("LD_PRELOAD", list, 1) != 0)
        cmd_die("no memory: free some and try again");
}

static int run(const struct cmd_command *self, int argc, char *argv[])
{
    const char *library = LIBDIR "/libepollshim.so";
    int letter;

    while ((letter = cmd_next_option(self, argc, argv)) >= 0)
        if (letter == LETTER_LIBRARY)
            library = optarg;
    if (optind >= argc)
        cmd_die("name the program to run: epollshim run program");
    if (access(library, R_OK) != 0)
        cmd_die("no library at %s: install it, or name it by --library",
                library);
    preload(library);
    execvp(argv[optind], argv + optind);
    cmd_die_as(errno == ENOENT ? CMD_NOT_FOUND : CMD_NOT_RUNNABLE,
               "%s can't be run: %s", argv[optind], strerror(errno));
}

const struct cmd_command cmd_run = {
    .name = "run",
    .operands = "[--] program [argument...]",
    .summary = "Run a program under the library",
    .options = options,
    .takes_program = true,
    .run = run,
};
