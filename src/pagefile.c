/* SPDX-License-Identifier: MIT */
/*
 * The file of a live statistics page. Owns nothing.
 *
 * Kernel notes:
 * (a) A file system that is full answers a store to a hole by SIGBUS;
 *     fallocate() has the room before that, or says ENOSPC.
 * (b) Growing a file beyond RLIMIT_FSIZE raises SIGXFSZ: that is asked first.
 * (c) A mapping that is MADV_DONTFORK is not in a child of fork at all.
 */
#include "pagefile.h"

#include "counters.h"
#include "memory.h"
#include "sys.h"

#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

static int create(int dir, const char *name)
{
    return (int)EPS_SYS4(SYS_openat, dir, name,
                         O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                         0600);
}

/* Note (b). */
static bool may_grow(void)
{
    struct rlimit64 limit;

    return EPS_SYS4(SYS_prlimit64, 0, RLIMIT_FSIZE, NULL, &limit) == 0 &&
           limit.rlim_cur >= EPS_PAGE_BYTES;
}

/* Room for the file, at once (note (a)), and the names of the counters in it.
 */
static bool fill(int fd)
{
    struct eps_page page;

    memset(&page, 0, sizeof(page));
    for (int i = 0; i < EPS_COUNTERS; i++)
        strncpy(page.names[i], eps_counter_names[i], EPS_PAGE_NAME - 1);
#if __SIZEOF_LONG__ == 8
    if (EPS_SYS4(SYS_fallocate, fd, 0, 0, EPS_PAGE_BYTES) < 0)
        return false;
#else
    if (EPS_SYS6(SYS_fallocate, fd, 0, 0, 0, EPS_PAGE_BYTES, 0) < 0)
        return false;
#endif
    return EPS_SYS2(SYS_fchmod, fd, 0600) == 0 &&
           EPS_SYS3(SYS_write, fd, &page, sizeof(page)) == sizeof(page);
}

static long map_file(int fd, void *old)
{
#ifdef SYS_mmap2
    const long number = SYS_mmap2;
#else
    const long number = SYS_mmap;
#endif

    return EPS_SYS6(number,
                    old ? (uintptr_t)old : eps_memory_place(EPS_PAGE_BYTES),
                    EPS_PAGE_BYTES, PROT_READ | PROT_WRITE,
                    MAP_SHARED | (old ? MAP_FIXED : 0), fd, 0);
}

/* At the old place, if there was one: a thread may still write there. */
static struct eps_page *map(int fd, void *old)
{
    long at = map_file(fd, old);

    if (at < 0 && at > -4096)
        return NULL;
    if (EPS_SYS3(SYS_madvise, at, EPS_PAGE_BYTES, MADV_DONTFORK) == 0)
        return (struct eps_page *)at;
    if (!old)
        EPS_SYS2(SYS_munmap, at, EPS_PAGE_BYTES);
    return NULL;
}

/* A file of our name is left from before an exec that we did not see. */
static int create_anew(int dir, const char *name)
{
    int fd = create(dir, name);

    if (fd == -EEXIST && EPS_SYS3(SYS_unlinkat, dir, name, 0) == 0)
        fd = create(dir, name);
    return fd;
}

struct eps_page *eps_pagefile_make(int dir, const char *name,
                                   struct eps_page *old)
{
    int fd = may_grow() ? create_anew(dir, name) : -EFBIG;
    struct eps_page *page;

    if (fd < 0)
        return NULL;
    page = fill(fd) ? map(fd, old) : NULL;
    EPS_SYS1(SYS_close, fd);
    if (!page)
        EPS_SYS3(SYS_unlinkat, dir, name, 0);
    return page;
}
