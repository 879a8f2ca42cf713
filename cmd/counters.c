/* SPDX-License-Identifier: MIT */
/* Reads reports of counters. Pure. */
#include "counters.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name, *sentence;
} known[] = {
#define EPS_COUNTER(name, sentence) {#name, sentence},
#include "counters.def"
#undef EPS_COUNTER
};

static bool parse_line(struct cmd_counter *counter, const char *line,
                       size_t length)
{
    size_t name = strspn(line, "abcdefghijklmnopqrstuvwxyz_");
    size_t digits;

    if (name == 0 || name >= sizeof(counter->name) || line[name] != ' ')
        return false;
    digits = strspn(line + name + 1, "0123456789");
    if (digits == 0 || digits > 20 || name + 1 + digits != length)
        return false;
    memcpy(counter->name, line, name);
    counter->name[name] = '\0';
    counter->value = strtoull(line + name + 1, NULL, 10);
    return true;
}

/* A report that is there twice counts as it was written last. */
static void keep(struct cmd_counters *counters,
                 const struct cmd_counter *counter)
{
    int at = 0;

    while (at < counters->count &&
           strcmp(counters->list[at].name, counter->name) != 0)
        at++;
    if (at == CMD_MOST_COUNTERS)
        return;
    counters->list[at] = *counter;
    counters->count += at == counters->count;
}

bool cmd_counters_parse(struct cmd_counters *counters, const char *text)
{
    bool has_calls = false, has_answered = false;

    counters->count = 0;
    while (*text) {
        size_t length = strcspn(text, "\n");
        struct cmd_counter counter;
        if (parse_line(&counter, text, length)) {
            keep(counters, &counter);
            has_calls = has_calls || strcmp(counter.name, "calls") == 0;
            has_answered |= strcmp(counter.name, "answered") == 0;
        }
        text += length + (text[length] == '\n');
    }
    return has_calls && has_answered;
}

uint64_t cmd_counters_value(const struct cmd_counters *counters,
                            const char *name)
{
    for (int i = 0; i < counters->count; i++)
        if (strcmp(counters->list[i].name, name) == 0)
            return counters->list[i].value;
    return 0;
}

const char *cmd_counter_sentence(const char *name)
{
    for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
        if (strcmp(known[i].name, name) == 0)
            return known[i].sentence;
    return "";
}
