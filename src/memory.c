/* SPDX-License-Identifier: MIT */
/*
 * Memory straight from the kernel. Owns nothing; any thread and any signal
 * handler may call it.
 *
 * Kernel notes:
 * (a) MADV_POPULATE_WRITE (Linux 5.14) tells whether memory can be written,
 *     without a change to it. A kernel that doesn't know it says EINVAL.
 * (b) There FUTEX_WAKE_OP does: it changes a word by any operation, such as
 *     the addition of nothing.
 * (c) qemu-user answers 0 to any advice, and does nothing. Where nonsense is
 *     taken, no advice is believed.
 * (d) A mapping that nobody placed goes into the highest hole that holds it.
 *     Given a place, it goes there if nothing else is there.
 */
#include "memory.h"

#include "sys.h"

#include <linux/futex.h>
#include <linux/mman.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

#ifndef MADV_WIPEONFORK
#define MADV_WIPEONFORK 18
#endif
#define NO_ADVICE 0x7fffffff

/* Set by start-up, before there is another thread. */
static bool is_deaf;

/* The calls that take a time have a number for each width of it. */
#ifdef SYS_futex
#define EPS_SYS_FUTEX SYS_futex
#else
#define EPS_SYS_FUTEX SYS_futex_time64
#endif

#define PROT (PROT_READ | PROT_WRITE)
#define FLAGS (MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE)

static size_t page_size(void)
{
    size_t bytes = getauxval(AT_PAGESZ);

    return bytes ? bytes : 4096;
}

/*
 * Note (d): a hole is the program's, where it may count on EFAULT, or map
 * something itself. So all but the first mapping, of start-up, are placed far
 * below that one, side by side, so that the kernel makes one area of them.
 */
#if UINTPTR_MAX > UINT32_MAX
#define FAR ((uintptr_t)64 << 30)
#else
#define FAR ((uintptr_t)128 << 20)
#endif
#define ROOM (FAR / 64) /* then from its top again, in what is free */
static _Atomic uintptr_t first, given;

uintptr_t eps_memory_place(size_t bytes)
{
    size_t page = page_size();
    uintptr_t from = atomic_load_explicit(&first, memory_order_relaxed);

    if (!from)
        return 0;
    bytes = (bytes + page - 1) & ~(page - 1);
    return from - FAR - (atomic_fetch_add(&given, bytes) + bytes) % ROOM;
}

/* Three ways to say the same: the old one on s390 takes a pointer to it. */
static long map(uintptr_t place, size_t bytes)
{
#ifdef __s390__
    long args[] = {(long)place, (long)bytes, PROT, FLAGS, -1, 0};
    return EPS_SYS1(SYS_mmap, args);
#elif defined(SYS_mmap2)
    return EPS_SYS6(SYS_mmap2, place, bytes, PROT, FLAGS, -1, 0);
#else
    return EPS_SYS6(SYS_mmap, place, bytes, PROT, FLAGS, -1, 0);
#endif
}

void *eps_memory_map(size_t bytes)
{
    long at = map(eps_memory_place(bytes), bytes);

    if (at < 0 && at > -4096)
        return NULL;
    if (!atomic_load_explicit(&first, memory_order_relaxed))
        atomic_store_explicit(&first, (uintptr_t)at, memory_order_relaxed);
    return (void *)at;
}

void eps_memory_unmap(void *start, size_t bytes)
{
    if (start)
        EPS_SYS2(SYS_munmap, start, bytes);
}

/* Note (c). */
static long advise(uintptr_t start, size_t bytes, int advice)
{
    return is_deaf ? -ENOSYS : EPS_SYS3(SYS_madvise, start, bytes, advice);
}

/* Pages locked by mlockall() are not given back (EINVAL). */
void eps_memory_wipe(void *start, size_t bytes)
{
    if (advise((uintptr_t)start, bytes, MADV_DONTNEED) < 0)
        memset(start, 0, bytes);
}

bool eps_memory_wiped_by_fork(void *start, size_t bytes)
{
    is_deaf = advise((uintptr_t)start, bytes, NO_ADVICE) == 0;
    return advise((uintptr_t)start, bytes, MADV_WIPEONFORK) == 0;
}

/*
 * Adds nothing to a word, atomically: EFAULT where it can't be written. The
 * futex woken besides is one of our own, which nobody waits for.
 */
static bool can_add(uintptr_t word)
{
    static const int nothing = FUTEX_OP(FUTEX_OP_ADD, 0, FUTEX_OP_CMP_LT, 0);
    static uint32_t nobody;

    return EPS_SYS6(EPS_SYS_FUTEX, &nobody, FUTEX_WAKE_OP_PRIVATE, 1, 0,
                    word & ~(uintptr_t)3, nothing) >= 0;
}

/* Note (b): one word in every page. */
static bool can_add_to_each(const void *start, size_t bytes, size_t page)
{
    uintptr_t at = (uintptr_t)start, end = at + bytes;

    for (; at < end; at = (at | (page - 1)) + 1)
        if (!can_add(at))
            return false;
    return true;
}

bool eps_memory_writable(const void *start, size_t bytes)
{
    size_t page = page_size();
    uintptr_t from = (uintptr_t)start & ~(page - 1);
    uintptr_t to = ((uintptr_t)start + bytes + page - 1) & ~(page - 1);
    long ret;

    if (to < from)
        return false;
    ret = advise(from, to - from, MADV_POPULATE_WRITE);
    if (ret == -EINVAL || ret == -ENOSYS) /* note (a) */
        return can_add_to_each(start, bytes, page);
    return ret == 0;
}
