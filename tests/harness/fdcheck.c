/* SPDX-License-Identifier: MIT */
/*
 * Lists of open descriptors, read with the kernel's own calls so that the
 * reading itself is no event for the library.
 */
#define _GNU_SOURCE
#include "fdcheck.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "raw.h"
#include "stats.h"
#include "suite.h"

enum {
    /* More than any test opens at a time and leaves open at its ends. */
    MAX_LISTED = 4096,
    /* The library's own: a few epoll sets of one thread, and the bell. */
    MAX_INTERNAL = 8,
};

struct fd_entry {
    int fd;
    char link[64];
};

static struct fd_entry before[MAX_LISTED];
static size_t before_count;

struct linux_dirent64 {
    unsigned long long ino;
    long long off;
    unsigned short reclen;
    unsigned char type;
    char name[];
};

static void read_link(struct fd_entry *entry)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/self/fd/%d", entry->fd);
    ssize_t n = readlink(path, entry->link, sizeof(entry->link) - 1);
    entry->link[n > 0 ? n : 0] = '\0';
}

static size_t list_open(struct fd_entry *list)
{
    char buffer[4096] __attribute__((aligned(8)));
    size_t count = 0;
    long n;

    int dir = raw_open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0)
        return 0;
    while ((n = raw_syscall3(SYS_getdents64, dir, buffer, sizeof(buffer))) > 0)
        for (long at = 0; at < n;) {
            struct linux_dirent64 *entry = (void *)(buffer + at);
            at += entry->reclen;
            int fd = atoi(entry->name);
            if (entry->name[0] == '.' || fd == dir || count == MAX_LISTED)
                continue;
            list[count].fd = fd;
            read_link(&list[count++]);
        }
    raw_close(dir);
    return count;
}

static const struct fd_entry *find(const struct fd_entry *list, size_t count,
                                   int fd)
{
    for (size_t i = 0; i < count; i++)
        if (list[i].fd == fd)
            return &list[i];
    return NULL;
}

static bool looks_internal(const struct fd_entry *entry)
{
    if (way_is_other())
        return !strncmp(entry->link, "anon_inode:", strlen("anon_inode:"));
    return !strcmp(entry->link, "anon_inode:[eventpoll]") ||
           !strcmp(entry->link, "anon_inode:[eventfd]");
}

bool fdcheck_is_internal(int fd)
{
    struct fd_entry entry = {.fd = fd};
    int saved = errno;
    bool internal = false;

    read_link(&entry);
    if (way_is_other()) {
        errno = saved;
        return looks_internal(&entry);
    }
    int spare = raw_fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (way_is_preloaded() && spare >= 0 && looks_internal(&entry) &&
        raw_fcntl(fd, F_GETFD, 0) == FD_CLOEXEC) {
        /* Should it be the program's own after all, it is put back. */
        internal = close(fd) == -1 && errno == EBADF;
        if (!internal)
            raw_dup3(spare, fd);
    }
    if (spare >= 0)
        raw_close(spare);
    errno = saved;
    return internal;
}

static size_t count_by_owner(bool internal)
{
    static struct fd_entry now[MAX_LISTED];
    size_t count = list_open(now), found = 0;
    for (size_t i = 0; i < count; i++)
        found += fdcheck_is_internal(now[i].fd) == internal;
    return found;
}

size_t fdcheck_count(void)
{
    return count_by_owner(false);
}

size_t fdcheck_count_internal(void)
{
    return count_by_owner(true);
}

size_t fdcheck_find_internal(int found[], size_t most)
{
    static struct fd_entry now[MAX_LISTED];
    size_t count = list_open(now), internal = 0;
    for (size_t i = 0; i < count && internal < most; i++)
        if (fdcheck_is_internal(now[i].fd))
            found[internal++] = now[i].fd;
    return internal;
}

void fdcheck_begin(void)
{
    before_count = list_open(before);
}

static void check_lost(const struct fd_entry *now, size_t count)
{
    for (size_t i = 0; i < before_count; i++) {
        const struct fd_entry *entry = find(now, count, before[i].fd);
        /* The library may move or give up its own at any time. */
        if (looks_internal(&before[i]) && way_is_preloaded())
            continue;
        if (!entry || strcmp(entry->link, before[i].link))
            fail_msg("descriptor %d (%s) was lost", before[i].fd,
                     before[i].link);
    }
}

void fdcheck_end(void)
{
    static struct fd_entry now[MAX_LISTED];
    size_t count = list_open(now), internal = 0;

    check_lost(now, count);
    for (size_t i = 0; i < count; i++) {
        if (fdcheck_is_internal(now[i].fd))
            internal++;
        else if (!find(before, before_count, now[i].fd))
            fail_msg("descriptor %d (%s) was left open", now[i].fd,
                     now[i].link);
    }
    if (internal > MAX_INTERNAL)
        fail_msg("the library holds %zu descriptors", internal);
}
