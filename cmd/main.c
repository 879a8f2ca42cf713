/* SPDX-License-Identifier: MIT */
/*
 * The command: finds the subcommand, and leaves the rest to it. Without one,
 * a program is run.
 */
#include "command.h"

#include "say.h"

#include <config.h>
#include <stdio.h>
#include <string.h>

/* clang-format off */
static const struct cmd_command *const commands[] = {
    &cmd_run,
    &cmd_check,
    &cmd_scan,
    &cmd_trace,
    &cmd_top,
    &cmd_stats,
    &cmd_verify,
    &cmd_bench,
    NULL,
};
/* clang-format on */

static void show_help(void)
{
    puts(
        "usage: epollshim [run] [option...] [--] program [argument...]\n"
        "       epollshim command [option...] [operand...]\n"
        "Answers a program's select() and poll() from a persistent epoll "
        "set.\n");
    for (size_t i = 0; commands[i]; i++)
        printf("  %-8s %s\n", commands[i]->name, commands[i]->summary);
    puts(
        "\n  --help, --version\n\n"
        "epollshim COMMAND --help tells more; so does epollshim(1).");
}

static const struct cmd_command *find(const char *name)
{
    for (size_t i = 0; commands[i]; i++)
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    return NULL;
}

static int finish(int status)
{
    if (fflush(stdout) != 0 || ferror(stdout))
        cmd_die("the output could not be written: give it a stdout with room");
    return status;
}

int main(int argc, char *argv[])
{
    const struct cmd_command *command;

    if (argc < 2)
        cmd_die("say what to run: epollshim program, or see epollshim --help");
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        show_help();
        return finish(0);
    }
    if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
        puts("epollshim " PACKAGE_VERSION);
        return finish(0);
    }
    command = find(argv[1]);
    if (!command)
        return finish(cmd_run.run(&cmd_run, argc, argv));
    return finish(command->run(command, argc - 1, argv + 1));
}
