/* SPDX-License-Identifier: MIT */
/*
 * A loop around poll(). Slots start at the position of their number; only
 * one that leaves by changing places with the last one upsets this.
 */
#include "fail.h"
#include "waiter.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* So many addresses pass before one is used again: more than a library can
 * be expected to know, but few enough to stay in a cache. */
#define PLACES 16

struct array {
    struct waiter base;
    struct pollfd *entries; /* of the next call */
    unsigned used;
    unsigned left_out;     /* the first slot of the tenth left out */
    bool compacted;        /* the two below are void, but slots in order */
    unsigned *position_of; /* by slot */
    unsigned *slot_at;     /* by position */
    struct pollfd *fresh;  /* the entries as a caller would fill them in */
    struct pollfd *places; /* PLACES arrays */
    unsigned place;
};

static struct array *array_of(struct waiter *waiter)
{
    return (struct array *)waiter;
}

static void want(struct waiter *waiter, unsigned slot, short events)
{
    struct array *array = array_of(waiter);

    array->entries[array->position_of[slot]].events = events;
}

static void replace(struct waiter *waiter, unsigned slot, int fd)
{
    struct array *array = array_of(waiter);

    waiter->fds[slot] = fd;
    array->entries[array->position_of[slot]].fd = fd;
}

static void leave(struct waiter *waiter, unsigned slot)
{
    struct array *array = array_of(waiter);
    unsigned hole = array->position_of[slot];
    unsigned last = --array->used;
    unsigned moved = array->slot_at[last];

    array->entries[hole] = array->entries[last];
    array->slot_at[hole] = moved;
    array->position_of[moved] = hole;
}

static void come_back(struct waiter *waiter, unsigned slot)
{
    struct array *array = array_of(waiter);
    unsigned position = array->used++;

    array->entries[position] =
        (struct pollfd){.fd = waiter->fds[slot], .events = POLLIN};
    array->slot_at[position] = slot;
    array->position_of[slot] = position;
}

/* A negative number is how poll() is told to skip an entry. */
static void leave_out(struct waiter *waiter, unsigned first)
{
    struct array *array = array_of(waiter);

    for (unsigned i = array->left_out; i < waiter->count; i += TENTHS)
        array->entries[i].fd = waiter->fds[i];
    for (unsigned i = first; i < waiter->count; i += TENTHS)
        array->entries[i].fd = -1;
    array->left_out = first;
}

static void compact(struct waiter *waiter, unsigned first)
{
    struct array *array = array_of(waiter);
    unsigned used = 0;
    unsigned skipped = first;

    for (unsigned i = 0; i < waiter->count; i++) {
        if (i == skipped) {
            skipped += TENTHS;
            continue;
        }
        array->entries[used++] =
            (struct pollfd){.fd = waiter->fds[i], .events = POLLIN};
    }
    array->used = used;
    array->compacted = true;
}

static void clear(struct waiter *waiter)
{
    struct array *array = array_of(waiter);

    for (unsigned i = 0; i < array->used; i++)
        array->entries[i].revents = 0;
}

static void move(struct waiter *waiter)
{
    struct array *array = array_of(waiter);

    if (array->places == NULL) {
        array->places =
            allocate((size_t)PLACES * waiter->count, sizeof(*array->places));
        array->fresh = allocate(waiter->count, sizeof(*array->fresh));
        memcpy(array->fresh, array->entries,
               waiter->count * sizeof(*array->fresh));
    }
    array->place = (array->place + 1) % PLACES;
    array->entries = array->places + (size_t)array->place * waiter->count;
    memcpy(array->entries, array->fresh,
           waiter->count * sizeof(*array->entries));
}

static int wait_poll(struct waiter *waiter, int timeout)
{
    struct array *array = array_of(waiter);

    return waiter->calls->poll(array->entries, array->used, timeout);
}

static unsigned walk(struct waiter *waiter, int ready)
{
    struct array *array = array_of(waiter);
    unsigned found = 0;

    for (unsigned i = 0; i < array->used && found < (unsigned)ready; i++)
        found += array->entries[i].revents != 0;
    return found;
}

static void tell(struct waiter *waiter, int ready, short *answers)
{
    struct array *array = array_of(waiter);
    unsigned slot = 0;

    (void)ready;
    for (unsigned i = 0; i < array->used; i++) {
        const struct pollfd *entry = &array->entries[i];
        if (!array->compacted)
            slot = array->slot_at[i];
        while (array->compacted && waiter->fds[slot] != entry->fd)
            slot++;
        answers[slot] |= entry->revents;
    }
}

struct waiter *waiter_poll(const struct calls *calls, int *fds, unsigned count)
{
    static const struct waiter_ops ops = {
        .want = want,
        .replace = replace,
        .leave = leave,
        .come_back = come_back,
        .leave_out = leave_out,
        .compact = compact,
        .clear = clear,
        .move = move,
        .wait = wait_poll,
        .walk = walk,
        .tell = tell,
    };
    struct array *array = allocate(1, sizeof(*array));

    array->base =
        (struct waiter){&ops, calls, count, fds, count * sizeof(struct pollfd)};
    array->entries = allocate(count, sizeof(*array->entries));
    array->position_of = allocate(count, sizeof(*array->position_of));
    array->slot_at = allocate(count, sizeof(*array->slot_at));
    array->used = count;
    array->left_out = UINT32_MAX;
    for (unsigned i = 0; i < count; i++) {
        array->entries[i] = (struct pollfd){.fd = fds[i], .events = POLLIN};
        array->position_of[i] = i;
        array->slot_at[i] = i;
    }
    return &array->base;
}
