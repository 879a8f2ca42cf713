/* SPDX-License-Identifier: MIT */
/*
 * The size of the kernel's descriptor table, and places in it. Owns one
 * cached number. Any thread; makes system calls, so not on a small path.
 *
 * Kernel notes:
 * (a) select() clamps nfds to the table: a bit inside it that is not open
 *     is EBADF, a bit beyond is left in the caller's set untouched (S2).
 * (b) The table starts at 64 and grows in powers of two; it never shrinks
 *     but in the child of a fork.
 * (c) There it shrinks to what the highest open number needs: ours would
 *     keep it larger than it is natively, and change answers (S2).
 */
#include "fdtable.h"

#include "fdwatch.h"
#include "memory.h"
#include "process.h"
#include "sys.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#define SMALLEST 64
#define ON_STACK (16384 / 64) /* words: tables beyond that are rare */
#define PLACES_TRIED 64
#define OWN_SIZE_TURNS 32
#define LOOKS 2048 /* a system call each */

static _Atomic int known_size = SMALLEST; /* the table is at least so large */

void eps_fdtable_reset(void)
{
    atomic_store(&known_size, SMALLEST);
}

/* Note (a): a zero-timeout select on one bit, of a number that is closed. */
static bool probe(int number, uint64_t *bits)
{
    struct timespec now = {0, 0};
    long ret;

    bits[number / 64] = UINT64_C(1) << number % 64;
    ret = EPS_SYS6(SYS_pselect6, number + 1, bits, NULL, NULL, &now, NULL);
    return ret == -EBADF || ret > 0 || (ret == 0 && bits[number / 64] == 0);
}

/*
 * An open number is inside, and is not looked at: that would use up the event
 * of a file such as /proc/self/mounts (W1). What fails otherwise (by a signal,
 * for one) says nothing, and a number is taken to be outside.
 */
static bool ask_kernel(int number)
{
    uint64_t few[ON_STACK];
    size_t bytes = ((size_t)number / 64 + 1) * sizeof(*few);

    if (EPS_SYS2(SYS_fcntl, number, F_GETFD) >= 0)
        return true;
    if (bytes <= sizeof(few)) {
        memset(few, 0, bytes);
        return probe(number, few);
    }
    uint64_t *many = eps_memory_map(bytes);
    bool inside = many && probe(number, many);
    eps_memory_unmap(many, bytes);
    return inside;
}

bool eps_fdtable_contains(int number)
{
    int size = atomic_load(&known_size);

    while (number >= size && size < EPS_FD_LIMIT) {
        if (!ask_kernel(size))
            return false;
        size *= 2; /* note (b) */
        atomic_store(&known_size, size);
    }
    return number < size;
}

static int present_size(void)
{
    eps_fdtable_contains(EPS_FD_LIMIT - 1);
    return atomic_load(&known_size);
}

static bool is_free(int number)
{
    return EPS_SYS2(SYS_fcntl, number, F_GETFD) == -EBADF;
}

/* Copies `fd` to exactly `number`, or says false. */
static bool copy_to(int fd, int number)
{
    long got = EPS_SYS3(SYS_fcntl, fd, F_DUPFD_CLOEXEC, number);

    if (got == number)
        return true;
    if (got >= 0)
        EPS_SYS1(SYS_close, got); /* another thread was quicker */
    return false;
}

/*
 * The program's highest open number, from `top` down, or where the search was
 * given up. A poll for nothing would tell many at once, but use up the event of
 * a file such as /proc/self/mounts (W1).
 */
static int highest_open(int top)
{
    int end = top > LOOKS ? top - LOOKS : 0;

    while (--top > end)
        if (!eps_fdwatch_is_internal(top) && !is_free(top))
            break;
    return top;
}

int eps_fdtable_own_size(void)
{
    static _Atomic int known_own, known_for, turns;
    int size = present_size();
    int own = atomic_load(&known_own);

    if (atomic_load(&known_for) == size &&
        atomic_fetch_add(&turns, 1) % OWN_SIZE_TURNS)
        return own;
    int highest = highest_open(size);
    for (own = SMALLEST; own < size && own <= highest;)
        own *= 2;
    atomic_store(&known_own, own);
    atomic_store(&known_for, size);
    return own;
}

/*
 * Twice as large where the program is about to need it: `fd` was just opened,
 * so it stands where the program's next number would.
 */
static int roomy(int own, int size, int fd)
{
    while (own - fd <= own / 8 && own < size)
        own *= 2;
    return own;
}

/* Reserved first; another thread may make it known as lost meanwhile. */
static bool take(int fd, int place)
{
    if (!is_free(place) || !eps_fdwatch_reserve(place))
        return false;
    if (!copy_to(fd, place)) {
        eps_fdwatch_give_back(place);
        return false;
    }
    if (eps_fdwatch_is_internal(place) || eps_fdwatch_reserve(place))
        return true;
    EPS_SYS1(SYS_close, place); /* who polls it polls a closed number */
    return false;
}

/*
 * The highest free number below `top` and above `fd`, with `fd` copied to it;
 * `fresh`: that nothing is known of. A number that the program has used may
 * be polled on after its close, by a call that is too small for a set.
 */
static int copy_high(int fd, int top, bool fresh)
{
    int tries = 0;

    for (int place = top - 1; place > fd && tries < PLACES_TRIED; place--) {
        /* Ours, or one that the program watches though it is closed. */
        if (eps_fdwatch_holder(place) != EPS_HELD_BY_NONE ||
            (fresh && eps_fdwatch_is_known(place)))
            continue;
        if (take(fd, place))
            return place;
        tries++;
    }
    return -EMFILE;
}

int eps_fdtable_place(int fd, int own)
{
    uint64_t limit = atomic_load(&eps_process.open_limit);
    int size = present_size();
    int top = limit < (uint64_t)size ? (int)limit : size;
    int place;

    own = roomy(own, size, fd);
    own = own < top ? own : top;
    place = copy_high(fd, own, true);
    if (place < 0)
        place = copy_high(fd, own, false);
    if (place < 0 && own < top)
        place = copy_high(fd, top, false);
    return place;
}
