/* SPDX-License-Identifier: MIT */
/*
 * What /proc tells of a process. Owns nothing.
 *
 * Kernel notes:
 * (a) The name in /proc/PID/stat stands in parentheses and may itself hold
 *     any byte but 0; behind its last ')' come fields without surprises, the
 *     state as the third of all and the time of start as the 22nd.
 * (b) With hidepid, a process of another user is there and tells nothing:
 *     kill() knows better whether a number is in use.
 */
#include "procstat.h"

#include "log.h"
#include "sys.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#define STATE 3
#define START 22

/* The file's beginning as a string; false if it can't be read. */
static bool read_text(const char *path, char *text, size_t size)
{
    long fd = EPS_SYS4(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
    long length;

    if (fd < 0)
        return false;
    length = EPS_SYS3(SYS_read, fd, text, size - 1);
    EPS_SYS1(SYS_close, fd);
    if (length <= 0)
        return false;
    text[length] = '\0';
    return true;
}

/* The text of a field of /proc/PID/stat from the third on, or NULL. */
static const char *field(const char *text, int number)
{
    const char *at = strrchr(text, ')');

    for (int i = STATE - 1; at && i < number; i++) {
        at = strchr(at, ' ');
        at = at ? at + 1 : NULL;
    }
    return at;
}

static uint64_t number_at(const char *at)
{
    uint64_t number = 0;

    while (at && *at >= '0' && *at <= '9')
        number = number * 10 + (uint64_t)(*at++ - '0');
    return number;
}

static bool read_stat(int64_t pid, char *text, size_t size)
{
    struct eps_line path = {.length = 0};

    eps_line_text(&path, "/proc/");
    eps_line_number(&path, pid);
    eps_line_text(&path, "/stat");
    path.text[path.length] = '\0';
    return read_text(path.text, text, size);
}

uint64_t eps_procstat_start(int64_t pid)
{
    char text[512];

    return read_stat(pid, text, sizeof(text)) ? number_at(field(text, START))
                                              : 0;
}

bool eps_procstat_lives(int64_t pid, uint64_t start)
{
    char text[512];
    const char *state;

    if (EPS_SYS2(SYS_kill, pid, 0) == -ESRCH)
        return false;
    if (!read_stat(pid, text, sizeof(text)))
        return true; /* note (b) */
    state = field(text, STATE);
    return state && *state != 'Z' && *state != 'X' &&
           number_at(field(text, START)) == start;
}

/* "pid:[4026531836]" */
uint64_t eps_procstat_namespace(void)
{
    char name[64];
    long length = EPS_SYS4(SYS_readlinkat, AT_FDCWD, "/proc/self/ns/pid", name,
                           sizeof(name) - 1);

    if (length <= 0)
        return 0;
    name[length] = '\0';
    const char *bracket = strchr(name, '[');
    return bracket ? number_at(bracket + 1) : 0;
}

/* What the kernel calls a process's descriptor: its length, or -errno. */
static long read_name(int64_t pid, int fd, char *name, size_t size)
{
    struct eps_line path = {.length = 0};

    eps_line_text(&path, "/proc/");
    eps_line_number(&path, pid);
    eps_line_text(&path, "/fd/");
    eps_line_number(&path, fd);
    path.text[path.length] = '\0';
    return EPS_SYS4(SYS_readlinkat, AT_FDCWD, path.text, name, size);
}

/* "pipe:[184706566]" */
bool eps_procstat_have_pipe(int64_t pid, int64_t other, int fd)
{
    char name[2][64];
    long length = read_name(pid, fd, name[0], sizeof(name[0]));

    return length > 0 &&
           read_name(other, fd, name[1], sizeof(name[1])) == length &&
           memcmp(name[0], name[1], (size_t)length) == 0;
}

bool eps_procstat_is_filtered(void)
{
    static const char key[] = "\nSeccomp:\t";
    char text[4096];
    const char *at;

    if (!read_text("/proc/self/status", text, sizeof(text)))
        return true; /* in doubt, ask for nothing */
    at = strstr(text, key);
    return at && at[sizeof(key) - 1] != '0';
}
