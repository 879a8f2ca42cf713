/* SPDX-License-Identifier: MIT */
/*
 * An environment as the input has it: what is taken and what is complained
 * of, against a table of what each variable takes.
 */
#include "fuzz.h"

#include "options.h"

#include <string.h>

enum {
    ENTRIES = 16,
    LONGEST = 4096 /* PATH_MAX: texts from here on are refused */
};

/* In place of log.c's: complaints are counted, not shown. */
static int complaints;

void eps_complain_texts(const char *const texts[])
{
    for (int i = 0; texts[i]; i++)
        AGREE(strlen(texts[i]) < 1 << 20);
    complaints++;
}

static const char *const names[] = {"POLICY", "VERIFY",  "LIVE",
                                    "LOG",    "STATS",   "ONLY",
                                    "SKIP",   "MIN_FDS", "PID"};
#define NAMES ((int)(sizeof(names) / sizeof(*names)))
enum {
    POLICY,
    VERIFY,
    LIVE,
    LOG,
    STATS,
    ONLY,
    SKIP,
    MIN_FDS,
    PID
};

static const char *const words[][6] = {
    {"auto", "always", "never"},
    {"0", "1", "abort"},
    {"0", "1"},
    {"off", "error", "warn", "info", "debug"}};

/* Which word it is; -1: none of them. */
static long word_index(int name, const char *value)
{
    for (int i = 0; i < 6 && words[name][i]; i++)
        if (strcmp(words[name][i], value) == 0)
            return i;
    return -1;
}

static long number_of(const char *value)
{
    size_t length = strlen(value);

    if (!length || length > 8 || strspn(value, "0123456789") != length)
        return -1;
    return strtol(value, NULL, 10);
}

/* No name in the list is empty, has a slash, or a blank at an end. */
static int are_names(const char *value)
{
    for (const char *at = value;; at++) {
        int begins = at == value || at[-1] == ',';
        int ends = !at[0] || at[0] == ',';
        if ((begins && ends) || *at == '/')
            return 0;
        if (*at && strchr(" \t\n", *at) && (begins || !at[1] || at[1] == ','))
            return 0;
        if (!*at)
            return 1;
    }
}

/* What the value is taken for; -1: refused. */
static long meaning_of(int name, const char *value)
{
    if (name <= LOG)
        return word_index(name, value);
    if (name <= SKIP && (!*value || strlen(value) >= LONGEST))
        return -1;
    if (name == STATS)
        return 0;
    if (name <= SKIP)
        return are_names(value) ? 0 : -1;
    long number = number_of(value);
    return name == PID && number == 0 ? -1 : number;
}

struct expected {
    long number[NAMES];
    const char *text[NAMES];
    int complaints;
};

static void expect_entry(struct expected *expected, const char *entry)
{
    for (int name = 0; name < NAMES; name++) {
        size_t length = strlen(names[name]);
        if (strncmp(entry, names[name], length) || entry[length] != '=')
            continue;
        const char *value = entry + length + 1;
        long meaning = meaning_of(name, value);
        if (meaning < 0)
            break;
        expected->number[name] = meaning;
        expected->text[name] = value;
        return;
    }
    expected->complaints++;
}

static void check_text(const char *is, const char *due)
{
    AGREE(!is == !due);
    AGREE(!is || strcmp(is, due) == 0);
}

/* It is to be found from anywhere, and else is what it was. */
static void check_file(const char *is, const char *due)
{
    size_t before = is && due ? strlen(is) - strlen(due) : 0;

    AGREE(!before || (is[0] == '/' && is[before - 1] == '/'));
    AGREE(!before || (due[0] != '/' && strcmp(due, "-") != 0));
    check_text(is ? is + before : is, due);
}

static void check(const struct expected *due)
{
    AGREE(eps_options.policy == (enum eps_policy)due->number[POLICY]);
    AGREE(eps_options.verify == (enum eps_verify)due->number[VERIFY]);
    AGREE(eps_options.log == (enum eps_log_level)due->number[LOG]);
    AGREE(eps_options.min_fds == due->number[MIN_FDS]);
    AGREE(eps_options.pid == due->number[PID]);
    check_file(eps_options.stats, due->text[STATS]);
    check_text(eps_options.only, due->text[ONLY]);
    check_text(eps_options.skip, due->text[SKIP]);
    if (due->text[LIVE])
        AGREE(eps_options.live ==
              (due->number[LIVE] ? EPS_LIVE_ON : EPS_LIVE_OFF));
    AGREE(complaints == due->complaints);
}

/* Strings, as an environment has them; those that are ours are expected. */
static void split(char *bytes, size_t size, char *environment[ENTRIES + 1],
                  struct expected *expected)
{
    static const char prefix[] = "EPOLLSHIM_";
    int count = 0;

    for (size_t at = 0; at < size && count < ENTRIES;
         at += strlen(bytes + at) + 1) {
        environment[count++] = bytes + at;
        if (strncmp(bytes + at, prefix, strlen(prefix)) == 0)
            expect_entry(expected, bytes + at + strlen(prefix));
    }
    environment[count] = NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct expected expected = {.number[MIN_FDS] = EPS_DEFAULT_MIN_FDS};
    char *environment[ENTRIES + 1];
    char *bytes = calloc(1, size + 1);

    if (!bytes)
        abort();
    if (size)
        memcpy(bytes, data, size);
    eps_options = (struct eps_options){.min_fds = EPS_DEFAULT_MIN_FDS};
    complaints = 0;
    split(bytes, size, environment, &expected);
    eps_options_read(environment, size % 7 == 6);
    if (size % 7 == 6) /* secure: nothing is heard */
        expected = (struct expected){.number[MIN_FDS] = EPS_DEFAULT_MIN_FDS};
    check(&expected);
    free(bytes);
    return 0;
}
