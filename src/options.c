/* SPDX-License-Identifier: MIT */
/*
 * The configuration. Owns eps_options; runs in start-up only, and keeps no
 * pointer into the environment.
 */
#include "options.h"

#include "sys.h"

#include <limits.h>
#include <stddef.h>
#include <string.h>

#define PREFIX "EPOLLSHIM_"
#define NAMES_WANTED                                                           \
    "names of programs, with commas between them: no directories, no blanks"
#define RUNTIME_DIR "XDG_RUNTIME_DIR="

struct eps_options eps_options = {
    .policy = EPS_POLICY_AUTO,
    .min_fds = EPS_DEFAULT_MIN_FDS,
    .log = EPS_LOG_OFF,
};

/* Position of `value` in a list of words ended by NULL, or -1. */
static int index_of(const char *value, const char *const words[])
{
    for (int i = 0; words[i]; i++)
        if (strcmp(value, words[i]) == 0)
            return i;
    return -1;
}

static bool read_policy(const char *value)
{
    static const char *const words[] = {"auto", "always", "never", NULL};
    int found = index_of(value, words);

    if (found >= 0)
        eps_options.policy = (enum eps_policy)found;
    return found >= 0;
}

static bool read_number(const char *value, uint32_t *result)
{
    uint32_t number = 0;
    int digits = 0;

    for (; *value >= '0' && *value <= '9' && digits < 8; value++, digits++)
        number = number * 10 + (uint32_t)(*value - '0');
    if (*value || !digits)
        return false;
    *result = number;
    return true;
}

static bool read_min_fds(const char *value)
{
    return read_number(value, &eps_options.min_fds);
}

static bool read_pid(const char *value)
{
    uint32_t number;

    if (!read_number(value, &number) || number == 0)
        return false;
    eps_options.pid = (int32_t)number;
    return true;
}

/* A copy: programs that show a title write over their environment. */
static bool read_text(const char *value, char copy[PATH_MAX],
                      const char **result)
{
    if (!*value || strlen(value) >= PATH_MAX)
        return false;
    strcpy(copy, value);
    *result = copy;
    return true;
}

/*
 * Puts the working directory and a slash there, the length of which it answers;
 * 0 if it has no name, or none that leaves room for `more`. The kernel counts
 * the NUL, in place of which the slash comes.
 */
static size_t put_directory(char path[PATH_MAX], size_t more)
{
    long length = EPS_SYS2(SYS_getcwd, path, PATH_MAX);

    if (length <= 0 || path[0] != '/' || (size_t)length + more >= PATH_MAX)
        return 0;
    path[length - 1] = '/';
    return (size_t)length;
}

/* A name is one from here: the program may go elsewhere before its end. */
static bool read_stats(const char *value)
{
    static char path[PATH_MAX];
    size_t length = strlen(value), before = 0;

    if (!length || length >= PATH_MAX)
        return false;
    if (*value != '/' && strcmp(value, "-") != 0)
        before = put_directory(path, length);
    memcpy(path + before, value, length + 1);
    eps_options.stats = path;
    return true;
}

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\n';
}

/* What no program can be called would choose none, silently. */
static bool is_name(const char *word, size_t length)
{
    return length && !memchr(word, '/', length) && !is_blank(word[0]) &&
           !is_blank(word[length - 1]);
}

static bool read_names(const char *value, char copy[PATH_MAX],
                       const char **result)
{
    const char *word = value;

    for (;;) {
        size_t length = strcspn(word, ",");
        if (!is_name(word, length))
            return false;
        if (!word[length])
            return read_text(value, copy, result);
        word += length + 1;
    }
}

static bool read_only(const char *value)
{
    static char copy[PATH_MAX];

    return read_names(value, copy, &eps_options.only);
}

static bool read_skip(const char *value)
{
    static char copy[PATH_MAX];

    return read_names(value, copy, &eps_options.skip);
}

static bool read_log(const char *value)
{
    static const char *const words[] = {"off",  "error", "warn",
                                        "info", "debug", NULL};
    int found = index_of(value, words);

    if (found >= 0)
        eps_options.log = (enum eps_log_level)found;
    return found >= 0;
}

static bool read_verify(const char *value)
{
    static const char *const words[] = {"0", "1", "abort", NULL};
    int found = index_of(value, words);

    if (found >= 0)
        eps_options.verify = (enum eps_verify)found;
    return found >= 0;
}

static bool read_live(const char *value)
{
    static const char *const words[] = {"0", "1", NULL};
    int found = index_of(value, words);

    if (found >= 0)
        eps_options.live = found ? EPS_LIVE_ON : EPS_LIVE_OFF;
    return found >= 0;
}

static const struct {
    const char *name;
    bool (*read)(const char *value);
    const char *wanted;
} variables[] = {
    {"POLICY", read_policy, "auto, always or never"},
    {"MIN_FDS", read_min_fds, "a number of at most 8 digits"},
    {"STATS", read_stats, "- or a file name"},
    {"VERIFY", read_verify, "0, 1 or abort"},
    {"LIVE", read_live, "0 or 1"},
    {"LOG", read_log, "off, error, warn, info or debug"},
    {"ONLY", read_only, NAMES_WANTED},
    {"SKIP", read_skip, NAMES_WANTED},
    {"PID", read_pid, "the number of a process"},
};
#define VARIABLES ((int)(sizeof(variables) / sizeof(*variables)))

/* The variable that `entry` sets, or -1; *value is what comes behind. */
static int find_variable(const char *entry, const char **value)
{
    for (int i = 0; i < VARIABLES; i++) {
        size_t length = strlen(variables[i].name);
        if (strncmp(entry, variables[i].name, length) == 0 &&
            entry[length] == '=') {
            *value = entry + length + 1;
            return i;
        }
    }
    return -1;
}

static void read_entry(const char *entry)
{
    const char *value;
    int found = find_variable(entry, &value);

    if (found < 0)
        eps_complain("ignored " PREFIX, entry,
                     ": known are POLICY, MIN_FDS, STATS, VERIFY, LIVE, LOG, "
                     "ONLY, SKIP and PID");
    else if (!variables[found].read(value))
        eps_complain("ignored " PREFIX, entry, ": it takes ",
                     variables[found].wanted);
}

const char *eps_options_judge(const char *entry)
{
    const char *value;
    int found = find_variable(entry, &value);

    if (found < 0)
        return "";
    return variables[found].read(value) ? NULL : variables[found].wanted;
}

/* Where live pages go is not ours to name. */
static void read_runtime_dir(const char *value)
{
    static char path[PATH_MAX];

    if (strlen(value) >= sizeof(path))
        return;
    strcpy(path, value);
    eps_options.runtime_dir = path;
}

void eps_options_read(char *const environment[], bool secure)
{
    size_t length = strlen(PREFIX), other = strlen(RUNTIME_DIR);

    if (secure)
        eps_options.live = EPS_LIVE_OFF;
    if (secure || !environment)
        return;
    for (int i = 0; environment[i]; i++)
        if (strncmp(environment[i], PREFIX, length) == 0)
            read_entry(environment[i] + length);
        else if (strncmp(environment[i], RUNTIME_DIR, other) == 0)
            read_runtime_dir(environment[i] + other);
}
