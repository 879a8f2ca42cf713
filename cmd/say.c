/* SPDX-License-Identifier: MIT */
/* Messages on stderr, and memory that is there or ends the command. */
#include "say.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

static bool is_control(char byte)
{
    return (unsigned char)byte < ' ' || byte == 127;
}

void cmd_put(const char *text)
{
    for (; *text; text++)
        putchar(is_control(*text) ? '?' : *text);
}

/* One line, whatever is in the names of files that it tells. */
__attribute__((format(printf, 1, 0))) static void say(const char *format,
                                                      va_list list)
{
    char *text;

    fflush(stdout);
    if (vasprintf(&text, format, list) < 0)
        return;
    for (char *at = text; *at; at++)
        if (is_control(*at))
            *at = '?';
    fprintf(stderr, "epollshim: %s\n", text);
    free(text);
}

void cmd_warn(const char *format, ...)
{
    va_list list;

    va_start(list, format);
    say(format, list);
    va_end(list);
}

void cmd_die(const char *format, ...)
{
    va_list list;

    va_start(list, format);
    say(format, list);
    va_end(list);
    exit(CMD_FAILED);
}

void cmd_die_as(enum cmd_status status, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    say(format, list);
    va_end(list);
    exit((int)status);
}

void *cmd_alloc(void *old, unsigned long size)
{
    void *memory = realloc(old, size ? size : 1);

    if (!memory)
        cmd_die("no memory for %lu bytes: free some and try again", size);
    return memory;
}

char *cmd_format(const char *format, ...)
{
    va_list list;
    char *text;

    va_start(list, format);
    if (vasprintf(&text, format, list) < 0)
        cmd_die("no memory: free some and try again");
    va_end(list);
    return text;
}
