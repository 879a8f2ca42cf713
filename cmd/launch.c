/* SPDX-License-Identifier: MIT */
/* Sets the environment of a program that is to run under the library. */
#include "launch.h"

#include "options.h"
#include "say.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void set(const char *name, const char *value)
{
    if (setenv(name, value, 1) != 0)
        cmd_die("no memory: free some and try again");
}

void cmd_launch_set(const char *option, const char *name, const char *value)
{
    char *entry = cmd_format("%s=%s", name, value);
    char *variable = cmd_format("EPOLLSHIM_%s", name);
    const char *wanted = eps_options_judge(entry);

    if (wanted)
        cmd_die("%s=%s: it takes %s", option, value, wanted);
    set(variable, value);
    free(variable);
    free(entry);
}

const char *cmd_launch_set_stats(const char *option, const char *file)
{
    cmd_launch_set(option, "STATS", file);
    set("EPOLLSHIM_STATS", eps_options.stats);
    return eps_options.stats;
}

/* True if the list of LD_PRELOAD has that name already. */
static bool is_listed(const char *list, const char *name)
{
    size_t length = strlen(name);

    for (list += strspn(list, ": "); *list; list += strspn(list, ": ")) {
        size_t word = strcspn(list, ": ");
        if (word == length && strncmp(list, name, length) == 0)
            return true;
        list += word;
    }
    return false;
}

/*
 * Behind what is there: a sanitizer's runtime insists on being the first, and
 * what wraps poll() itself then asks us for the answer.
 */
static void preload(const char *library)
{
    const char *others = getenv("LD_PRELOAD");
    char *list;

    if (!others || !*others) {
        set("LD_PRELOAD", library);
    } else if (!is_listed(others, library)) {
        list = cmd_format("%s:%s", others, library);
        set("LD_PRELOAD", list);
        free(list);
    }
}

void cmd_launch_without_library(void)
{
    const char *list = getenv("LD_PRELOAD");
    char *words = cmd_format("%s", list ? list : ""), *rest, *word;
    char *kept = cmd_format("%s", "");

    for (word = strtok_r(words, ": ", &rest); word;
         word = strtok_r(NULL, ": ", &rest)) {
        char *before = kept;
        if (strncmp(cmd_base_name(word), "libepollshim.so", 15) == 0)
            continue;
        kept = cmd_format("%s%s%s", before, *before ? ":" : "", word);
        free(before);
    }
    if (list)
        set("LD_PRELOAD", kept);
    free(kept);
    free(words);
}

static enum cmd_status status_of(enum cmd_obstacle obstacle)
{
    switch (obstacle) {
    case CMD_MISSING:
        return CMD_NOT_FOUND;
    case CMD_UNRUNNABLE:
    case CMD_NO_INTERPRETER:
        return CMD_NOT_RUNNABLE;
    default:
        return CMD_FAILED;
    }
}

void cmd_launch_prepare(struct cmd_launch *launch, const char *name)
{
    struct cmd_program *program = &launch->program;

    cmd_program_find(program, name, launch->library);
    if (program->obstacle != CMD_FREE)
        cmd_die_as(status_of(program->obstacle), "%s", program->why);
    preload(program->library.preload);
}

void cmd_launch_prepare_any(struct cmd_launch *launch)
{
    char *why;

    if (!cmd_library_find(&launch->program.library, launch->library, NULL,
                          &why))
        cmd_die("%s", why);
    preload(launch->program.library.preload);
}

void cmd_launch_exec(char *argv[])
{
    execvp(argv[0], argv);
    cmd_die_as(errno == ENOENT ? CMD_NOT_FOUND : CMD_NOT_RUNNABLE,
               "%s: %s: look at the file and at what mounts it", argv[0],
               strerror(errno));
}

const char *cmd_launch_restriction(void)
{
    static const char *const names[] = {"EPOLLSHIM_ONLY", "EPOLLSHIM_SKIP",
                                        "EPOLLSHIM_PID"};
    const char *policy = getenv("EPOLLSHIM_POLICY");

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (getenv(names[i]))
            return names[i];
    return policy && strcmp(policy, "never") == 0 ? "EPOLLSHIM_POLICY" : NULL;
}

/* In single quotes if a shell would make something of it. */
static void print_quoted(const char *text)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyz"
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
        "0123456789_-+=.,:/@%";

    if (!text[strspn(text, plain)]) {
        fputs(text, stdout);
        return;
    }
    putchar('\'');
    for (; *text; text++)
        if (*text == '\'')
            fputs("'\\''", stdout);
        else
            putchar(*text);
    putchar('\'');
}

void cmd_launch_print(void)
{
    for (char **entry = environ; *entry; entry++) {
        const char *value = strchr(*entry, '=');
        if (!value || (strncmp(*entry, "LD_PRELOAD=", 11) != 0 &&
                       strncmp(*entry, "EPOLLSHIM_", 10) != 0))
            continue;
        printf("%.*s=", (int)(value - *entry), *entry);
        print_quoted(value + 1);
        putchar('\n');
    }
}
