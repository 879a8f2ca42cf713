/* SPDX-License-Identifier: MIT */
/*
 * Memory straight from the kernel. Owns nothing; any thread and any signal
 * handler may call it.
 */
#include "memory.h"

#include "sys.h"

#include <linux/mman.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

#ifdef SYS_mmap2
#define EPS_SYS_MMAP SYS_mmap2
#else
#define EPS_SYS_MMAP SYS_mmap
#endif

#define EPS_PAGE 4096ul /* the smallest page there is; see below */

void *eps_memory_map(size_t bytes)
{
    long at = EPS_SYS6(EPS_SYS_MMAP, 0, bytes, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return at < 0 && at > -4096 ? NULL : (void *)at;
}

void eps_memory_unmap(void *start, size_t bytes)
{
    if (start)
        EPS_SYS2(SYS_munmap, start, bytes);
}

/* Pages locked by mlockall() are not given back (EINVAL). */
void eps_memory_wipe(void *start, size_t bytes)
{
    if (EPS_SYS3(SYS_madvise, start, bytes, MADV_DONTNEED) < 0)
        memset(start, 0, bytes);
}

_Bool eps_memory_writable(const void *start, size_t bytes)
{
    /* Where pages are larger, an unaligned start is EINVAL: native. */
    uintptr_t from = (uintptr_t)start & ~(EPS_PAGE - 1);
    uintptr_t to = ((uintptr_t)start + bytes + EPS_PAGE - 1) & ~(EPS_PAGE - 1);

    if (to < from)
        return 0;
    return EPS_SYS3(SYS_madvise, from, to - from, MADV_POPULATE_WRITE) == 0;
}
