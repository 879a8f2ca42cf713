/* SPDX-License-Identifier: MIT */
/*
 * src/memory.c for ThreadSanitizer, which has to be told that an address is
 * mapped anew: it hears of libc's mmap, but not of a bare system call, and
 * would take two owners of one address, one after the other, for a race.
 */
#include "memory.h"

#include <stdint.h>
#include <sys/mman.h>

uintptr_t eps_memory_place(size_t bytes)
{
    (void)bytes;
    return 0;
}

void *eps_memory_map(size_t bytes)
{
    void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    return at == MAP_FAILED ? NULL : at;
}

void eps_memory_unmap(void *start, size_t bytes)
{
    if (start)
        munmap(start, bytes);
}

void eps_memory_wipe(void *start, size_t bytes)
{
    madvise(start, bytes, MADV_DONTNEED);
}

_Bool eps_memory_wiped_by_fork(void *start, size_t bytes)
{
    return madvise(start, bytes, MADV_WIPEONFORK) == 0;
}

_Bool eps_memory_writable(const void *start, size_t bytes)
{
    uintptr_t from = (uintptr_t)start & ~(uintptr_t)4095;
    uintptr_t to = ((uintptr_t)start + bytes + 4095) & ~(uintptr_t)4095;

    return to > from &&
           madvise((void *)from, to - from, MADV_POPULATE_WRITE) == 0;
}
