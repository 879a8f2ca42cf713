/* SPDX-License-Identifier: MIT */
/*
 * The exported functions that take memory away, or the right to write it: what
 * was seen of it before (seen.h) holds no more.
 *
 * malloc() of many a program calls these before anything else has run, and
 * with locks held. To look for the next in line may call malloc() again, so
 * that until start-up has done it the kernel is asked instead.
 */
#include "entry.h"

#include "seen.h"
#include "sys.h"

EPS_EXPORT int munmap(void *start, size_t bytes)
{
    int ret = eps_next.munmap
                  ? eps_next.munmap(start, bytes)
                  : (int)eps_as_libc(EPS_SYS2(SYS_munmap, start, bytes));

    eps_seen_taken(start, bytes);
    return ret;
}

EPS_EXPORT int mprotect(void *start, size_t bytes, int rights)
{
    int ret =
        eps_next.mprotect
            ? eps_next.mprotect(start, bytes, rights)
            : (int)eps_as_libc(EPS_SYS3(SYS_mprotect, start, bytes, rights));

    eps_seen_taken(start, bytes);
    return ret;
}

void eps_memory_moved(const void *from, size_t bytes, size_t wanted, int flags,
                      const void *to)
{
    eps_seen_taken(from, bytes);
    if (flags & MREMAP_FIXED)
        eps_seen_taken(to, wanted);
}

EPS_EXPORT void *mremap(void *start, size_t bytes, size_t wanted, int flags,
                        ...)
{
    void *place = (void *)EPS_ARGUMENT(flags), *ret;

    if (eps_next.mremap)
        ret = eps_next.mremap(start, bytes, wanted, flags, place);
    else
        ret = (void *)eps_as_libc(
            EPS_SYS5(SYS_mremap, start, bytes, wanted, flags, place));
    eps_memory_moved(start, bytes, wanted, flags, place);
    return ret;
}

/* Of these malloc() has no use. */
EPS_EXPORT int pkey_mprotect(void *start, size_t bytes, int rights, int key)
{
    int ret = EPS_NEXT(pkey_mprotect)(start, bytes, rights, key);

    eps_seen_taken(start, bytes);
    return ret;
}

/* How much it was is not said. */
EPS_EXPORT int shmdt(const void *start)
{
    int ret = EPS_NEXT(shmdt)(start);

    eps_seen_taken(start, 0);
    return ret;
}
