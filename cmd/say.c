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

int cmd_utf8_sequence(const char *text)
{
    const unsigned char *at = (const unsigned char *)text;
    int length = at[0] >= 0xf0 ? 4 : at[0] >= 0xe0 ? 3 : 2;

    if (at[0] < 0xc2 || at[0] > 0xf4 || (at[0] == 0xe0 && at[1] < 0xa0) ||
        (at[0] == 0xed && at[1] > 0x9f) || (at[0] == 0xf0 && at[1] < 0x90) ||
        (at[0] == 0xf4 && at[1] > 0x8f))
        return 0;
    for (int i = 1; i < length; i++)
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    return length;
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
