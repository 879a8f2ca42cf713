/* SPDX-License-Identifier: MIT */
/*
 * A pollfd array that changes between calls as the input says: what is asked
 * of each number, and what is answered, against a look at every entry.
 */
#include "fuzz.h"

#include "polldiff.h"

#include <string.h>

enum {
    MOST = 200, /* entries: more than one block of the comparison */
    NUMBERS = 40,
    CALLS = 64
};

static struct pollfd array[MOST];
static uint32_t count;
static unsigned ready[NUMBERS]; /* what each number has to tell */

/* Mostly small numbers; some negative, and one beyond every table. */
static int draw_fd(struct input *in)
{
    unsigned byte = byte_of(in);

    if (byte < 200)
        return (int)(byte % NUMBERS);
    return byte < 250 ? -(int)byte : EPS_FAR + (int)byte;
}

static void change_entry(struct input *in)
{
    struct pollfd *entry = &array[byte_of(in) % MOST];

    switch (byte_of(in) % 4) {
    case 0:
        entry->fd = draw_fd(in);
        break;
    case 1:
        entry->fd = -1 - entry->fd;
        break;
    case 2:
        entry->events = (short)word_of(in);
        break;
    default:
        entry->revents = (short)word_of(in);
    }
}

static void change(struct input *in)
{
    for (unsigned n = byte_of(in) % 8; n > 0; n--)
        change_entry(in);
    if (byte_of(in) % 4 == 0)
        count = byte_of(in) % (MOST + 1);
    ready[byte_of(in) % NUMBERS] = word_of(in) & EPS_POLL_KNOWN;
}

static unsigned asked_by(const struct pollfd *entry)
{
    return (unsigned short)entry->events & EPS_POLL_KNOWN;
}

static short answer_to(const struct pollfd *entry)
{
    if (entry->fd < 0 || entry->fd >= NUMBERS)
        return 0;
    return (short)(ready[entry->fd] & (asked_by(entry) | EPS_POLL_ALWAYS));
}

/* Nothing that an entry asks may be missing from its number's interest. */
static void check_interest(struct eps_registry *registry)
{
    for (uint32_t i = 0; i < count; i++) {
        if (array[i].fd < 0)
            continue;
        const struct eps_reg *reg =
            eps_registry_at(registry, eps_registry_slot(array[i].fd));
        unsigned asked =
            asked_by(&array[i]) & ~(unsigned)(EPS_POLL_ALWAYS | POLLNVAL);
        AGREE(reg->flags & EPS_REG_WANTED);
        AGREE((asked & ~(unsigned)reg->want) == 0);
    }
}

static int tell(struct eps_pollview *view, struct eps_registry *registry)
{
    int told = 0;

    eps_pollview_clear_ready(view, array);
    for (int fd = 0; fd < NUMBERS; fd++)
        if (eps_registry_covers(registry, fd))
            told += eps_pollview_tell(view, eps_registry_at(registry, fd),
                                      ready[fd], array);
    return told;
}

static void check_answer(const struct pollfd *before, int told)
{
    int expected = 0;

    for (uint32_t i = 0; i < MOST; i++) {
        AGREE(array[i].fd == before[i].fd);
        AGREE(array[i].events == before[i].events);
        if (i >= count) {
            AGREE(array[i].revents == before[i].revents);
            continue;
        }
        expected += answer_to(&array[i]) != 0;
        AGREE(array[i].revents == answer_to(&array[i]));
    }
    AGREE(told == expected);
}

static void call(struct eps_pollview *view, struct eps_registry *registry)
{
    static struct pollfd before[MOST];
    int fd;

    memcpy(before, array, sizeof(array));
    AGREE(eps_polldiff_update(view, registry, array, count));
    while ((fd = eps_registry_next_dirty(registry)) >= 0)
        eps_pollview_settle(view, eps_registry_at(registry, fd));
    check_interest(registry);
    check_answer(before, tell(view, registry));
    AGREE(!count || eps_pollview_resembles(view, array, count));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, data + size};
    struct eps_pollview view = {.count = 0};
    static struct eps_registry registry;

    memset(array, 0, sizeof(array));
    memset(ready, 0, sizeof(ready));
    count = byte_of(&in) % (MOST + 1);
    for (int i = 0; i < CALLS && in.at < in.end; i++) {
        change(&in);
        call(&view, &registry);
    }
    eps_pollview_clear(&view);
    eps_registry_clear(&registry);
    return 0;
}
