/* SPDX-License-Identifier: MIT */
/*
 * The directories of live statistics pages. Owns nothing.
 *
 * Kernel notes:
 * (a) /dev/shm is everybody's and sticky: somebody else may have made a
 *     directory or a link of our name there first. O_NOFOLLOW, the owner and
 *     the mode tell, asked of the descriptor that is then used.
 * (b) XDG_RUNTIME_DIR may be another user's (su keeps it): then it is not
 *     used, nor anything in it.
 */
#include "pagedir.h"

#include "log.h"
#include "procstat.h"
#include "sys.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define SWEEP_BYTES 4096 /* of directory entries, at a time */

bool eps_pagedir_path(int place, const char *runtime_dir, unsigned uid,
                      char path[PATH_MAX])
{
    struct eps_line line = {.length = 0};

    if (place == 0) {
        if (!runtime_dir || runtime_dir[0] != '/' || strlen(runtime_dir) > 400)
            return false;
        eps_line_text(&line, runtime_dir);
        eps_line_text(&line, "/epollshim");
    } else {
        eps_line_text(&line, "/dev/shm/epollshim-");
        eps_line_number(&line, uid);
    }
    memcpy(path, line.text, line.length);
    path[line.length] = '\0';
    return true;
}

/* Notes (a) and (b): a directory that `uid` alone may write to. */
static bool is_private(int fd, unsigned uid)
{
    int saved = errno;
    struct stat info;
    bool is = fstat(fd, &info) == 0 && S_ISDIR(info.st_mode) &&
              info.st_uid == uid && !(info.st_mode & 077);

    errno = saved;
    return is;
}

int eps_pagedir_open(const char *path, unsigned uid, bool make)
{
    long fd;

    if (make)
        EPS_SYS3(SYS_mkdirat, AT_FDCWD, path, 0700);
    fd = EPS_SYS4(SYS_openat, AT_FDCWD, path,
                  O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
    if (fd < 0 || is_private((int)fd, uid))
        return (int)fd;
    EPS_SYS1(SYS_close, fd);
    return -EPERM;
}

/* A number of decimal digits that ends at `end`; false if it is none. */
static bool read_number(const char **at, char end, unsigned long long *number)
{
    const char *from = *at;

    for (*number = 0; **at >= '0' && **at <= '9' && *at - from < 19; (*at)++)
        *number = *number * 10 + (unsigned long long)(**at - '0');
    return *at > from && *(*at)++ == end;
}

bool eps_pagedir_parse(const char *name, long long *pid,
                       unsigned long long *start)
{
    unsigned long long number, namespace;

    if (!read_number(&name, '.', &number) || number == 0 || number > INT_MAX ||
        !read_number(&name, '.', start) ||
        !read_number(&name, '\0', &namespace))
        return false;
    *pid = (long long)number;
    return namespace == eps_procstat_namespace();
}

static void sweep_one(int dir, const char *name)
{
    unsigned long long start;
    long long pid;

    if (eps_pagedir_parse(name, &pid, &start) &&
        !eps_procstat_lives(pid, start))
        EPS_SYS3(SYS_unlinkat, dir, name, 0);
}

void eps_pagedir_sweep(int dir)
{
    char entries[SWEEP_BYTES] __attribute__((aligned(8)));
    long bytes = EPS_SYS3(SYS_getdents64, dir, entries, sizeof(entries));

    for (long at = 0; at < bytes;) {
        const struct dirent64 *entry = (const void *)(entries + at);
        sweep_one(dir, entry->d_name);
        at += entry->d_reclen;
    }
}
