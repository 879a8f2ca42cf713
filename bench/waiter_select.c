/* SPDX-License-Identifier: MIT */
/*
 * A loop around select(). The call overwrites its sets by the answer, so that
 * every program keeps the ones it wants and copies them before each call; it
 * is part of what such a loop costs, whoever answers.
 *
 * The sets have as many bits as the highest number needs. FD_SET is not used:
 * libc's fortified one ends the program beyond 1,023.
 */
#include "fail.h"
#include "waiter.h"

#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define WORD_BITS (sizeof(unsigned long) * CHAR_BIT)

struct sets {
    struct waiter base;
    int limit;
    unsigned writers; /* slots that want POLLOUT */
    unsigned left_out;
    unsigned long *reading; /* wanted */
    unsigned long *writing;
    unsigned long *readable; /* asked and answered */
    unsigned long *writable;
};

static struct sets *sets_of(struct waiter *waiter)
{
    return (struct sets *)waiter;
}

static void set_bit(unsigned long *set, int fd)
{
    set[(unsigned)fd / WORD_BITS] |= 1ul << (unsigned)fd % WORD_BITS;
}

static void clear_bit(unsigned long *set, int fd)
{
    set[(unsigned)fd / WORD_BITS] &= ~(1ul << (unsigned)fd % WORD_BITS);
}

static bool has_bit(const unsigned long *set, int fd)
{
    return set[(unsigned)fd / WORD_BITS] >> (unsigned)fd % WORD_BITS & 1;
}

static void want(struct waiter *waiter, unsigned slot, short events)
{
    struct sets *sets = sets_of(waiter);
    int fd = waiter->fds[slot];

    sets->writers -= has_bit(sets->writing, fd);
    clear_bit(sets->reading, fd);
    clear_bit(sets->writing, fd);
    if (events & POLLIN)
        set_bit(sets->reading, fd);
    if (events & POLLOUT)
        set_bit(sets->writing, fd);
    sets->writers += has_bit(sets->writing, fd);
}

static void replace(struct waiter *waiter, unsigned slot, int fd)
{
    struct sets *sets = sets_of(waiter);

    if (fd >= sets->limit)
        fail("descriptor %d is past the end of the sets", fd);
    clear_bit(sets->reading, waiter->fds[slot]);
    waiter->fds[slot] = fd;
    set_bit(sets->reading, fd);
}

static void leave(struct waiter *waiter, unsigned slot)
{
    clear_bit(sets_of(waiter)->reading, waiter->fds[slot]);
}

static void come_back(struct waiter *waiter, unsigned slot)
{
    set_bit(sets_of(waiter)->reading, waiter->fds[slot]);
}

static void leave_out(struct waiter *waiter, unsigned first)
{
    struct sets *sets = sets_of(waiter);

    for (unsigned i = sets->left_out; i < waiter->count; i += TENTHS)
        set_bit(sets->reading, waiter->fds[i]);
    for (unsigned i = first; i < waiter->count; i += TENTHS)
        clear_bit(sets->reading, waiter->fds[i]);
    sets->left_out = first;
}

static int wait_select(struct waiter *waiter, int timeout)
{
    struct sets *sets = sets_of(waiter);
    struct timeval none = {0};
    fd_set *writing = NULL;

    memcpy(sets->readable, sets->reading, waiter->bytes);
    if (sets->writers > 0) {
        memcpy(sets->writable, sets->writing, waiter->bytes);
        writing = (fd_set *)sets->writable;
    }
    return waiter->calls->select(sets->limit, (fd_set *)sets->readable, writing,
                                 NULL, timeout < 0 ? NULL : &none);
}

static unsigned walk(struct waiter *waiter, int ready)
{
    struct sets *sets = sets_of(waiter);
    unsigned found = 0;

    for (unsigned i = 0; i < waiter->count && found < (unsigned)ready; i++) {
        int fd = waiter->fds[i];
        found += has_bit(sets->readable, fd);
        found += sets->writers > 0 && has_bit(sets->writable, fd);
    }
    return found;
}

static void tell(struct waiter *waiter, int ready, short *answers)
{
    struct sets *sets = sets_of(waiter);

    (void)ready;
    for (unsigned i = 0; i < waiter->count; i++) {
        int fd = waiter->fds[i];
        if (has_bit(sets->readable, fd))
            answers[i] |= POLLIN;
        if (sets->writers > 0 && has_bit(sets->writable, fd))
            answers[i] |= POLLOUT;
    }
}

struct waiter *waiter_select(const struct calls *calls, int *fds,
                             unsigned count)
{
    static const struct waiter_ops ops = {
        .want = want,
        .replace = replace,
        .leave = leave,
        .come_back = come_back,
        .leave_out = leave_out,
        .wait = wait_select,
        .walk = walk,
        .tell = tell,
    };
    struct sets *sets = allocate(1, sizeof(*sets));

    for (unsigned i = 0; i < count; i++) {
        if (fds[i] >= sets->limit)
            sets->limit = fds[i] + 1;
    }
    size_t words = ((size_t)sets->limit + WORD_BITS - 1) / WORD_BITS;
    size_t bytes = words * sizeof(long); /* of each set */
    sets->base = (struct waiter){&ops, calls, count, fds, bytes};
    sets->left_out = UINT32_MAX;
    sets->reading = allocate(words, sizeof(long));
    sets->writing = allocate(words, sizeof(long));
    sets->readable = allocate(words, sizeof(long));
    sets->writable = allocate(words, sizeof(long));
    for (unsigned i = 0; i < count; i++)
        set_bit(sets->reading, fds[i]);
    return &sets->base;
}
