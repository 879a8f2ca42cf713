/* SPDX-License-Identifier: MIT */
/* JSON on stdout. Text that is not UTF-8 is written as if it were Latin-1. */
#include "json.h"

#include "say.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static void put_string(const char *text)
{
    const unsigned char *at = (const unsigned char *)text;

    putchar('"');
    while (*at) {
        int length = *at < 0x80 ? 1 : cmd_utf8_sequence((const char *)at);
        if (*at == '"' || *at == '\\')
            printf("\\%c", *at);
        else if (*at < 0x20 || length == 0)
            printf("\\u%04x", *at);
        else
            fwrite(at, 1, (size_t)length, stdout);
        at += length ? length : 1;
    }
    putchar('"');
}

static void begin(struct cmd_json *json, const char *name)
{
    if (json->more)
        putchar(',');
    if (json->depth)
        printf("\n%*s", 2 * json->depth, "");
    if (name) {
        put_string(name);
        fputs(": ", stdout);
    }
    json->more = true;
}

void cmd_json_open(struct cmd_json *json, const char *name, char bracket)
{
    begin(json, name);
    putchar(bracket);
    json->depth++;
    json->more = false;
}

void cmd_json_close(struct cmd_json *json, char bracket)
{
    json->depth--;
    if (json->more)
        printf("\n%*s", 2 * json->depth, "");
    putchar(bracket);
    json->more = true;
    if (!json->depth)
        putchar('\n');
}

void cmd_json_text(struct cmd_json *json, const char *name, const char *text)
{
    begin(json, name);
    if (text)
        put_string(text);
    else
        fputs("null", stdout);
}

void cmd_json_number(struct cmd_json *json, const char *name, int64_t number)
{
    begin(json, name);
    printf("%lld", (long long)number);
}

void cmd_json_counter(struct cmd_json *json, const char *name, uint64_t counter)
{
    begin(json, name);
    printf("%llu", (unsigned long long)counter);
}

/* JSON knows neither infinity nor NaN. */
void cmd_json_real(struct cmd_json *json, const char *name, double number)
{
    begin(json, name);
    if (isfinite(number))
        printf("%.6g", number);
    else
        fputs("null", stdout);
}

void cmd_json_bool(struct cmd_json *json, const char *name, bool value)
{
    begin(json, name);
    fputs(value ? "true" : "false", stdout);
}
