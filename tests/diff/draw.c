/* SPDX-License-Identifier: MIT */
#include "draw.h"

#include "array.h"
#include "bag.h"
#include "call.h"
#include "world.h"

int draw_below(struct draft *d, int n)
{
    return rng_below(&d->rng, n);
}

int draw_chance(struct draft *d, int percent)
{
    return rng_chance(&d->rng, percent);
}

int any_slot(struct draft *d)
{
    return draw_below(d, d->slots);
}

/* Whether nothing is ready at first, with this one among those watched. */
static bool starts_idle(enum kind kind)
{
    switch (kind) {
    case KIND_unix_lone:
    case KIND_tcp_refused:
    case KIND_tcp_lone:
    case KIND_udp_refused:
    case KIND_regular:
    case KIND_directory:
    case KIND_memory:
    case KIND_null:
    case KIND_path:
        return false;
    default:
        return true;
    }
}

int any_kind(struct draft *d)
{
    static const int plain[] = {KIND_unix_stream, KIND_unix_dgram, KIND_tcp,
                                KIND_udp, KIND_pipe};
    int sum = 0, kind = 0;
    if (d->plain)
        return plain[draw_below(d, (int)(sizeof(plain) / sizeof(*plain)))];
    for (int k = 0; k < KIND_COUNT; k++)
        sum += kind_weight((enum kind)k);
    int at = draw_below(d, sum);
    while (at >= kind_weight((enum kind)kind))
        at -= kind_weight((enum kind)kind++);
    if (d->sleepy && !starts_idle((enum kind)kind))
        return KIND_unix_stream;
    return kind;
}

/* Mostly what programs ask for; now and then any sixteen bits. */
int any_events(struct draft *d)
{
    static const int usual[] = {0x001, 0x001,  0x001, 0x004, 0x005, 0x003,
                                0x000, 0x2001, 0x0c3, 0x007, 0x041, 0x2005};
    static const int idle[] = {0x001, 0x001, 0x001,  0x002,
                               0x003, 0x000, 0x2001, 0x0c3};
    if (d->sleepy)
        return idle[draw_below(d, (int)(sizeof(idle) / sizeof(*idle)))];
    if (draw_chance(d, 10))
        return (int16_t)draw_below(d, 0x10000);
    return usual[draw_below(d, (int)(sizeof(usual) / sizeof(*usual)))];
}

/* The first array and bag are used most, as a program's main loop is. */
int any_array(struct draft *d)
{
    return draw_chance(d, 60) ? 0 : draw_below(d, ARRAYS);
}

int any_bag(struct draft *d)
{
    return draw_chance(d, 60) ? 0 : draw_below(d, BAGS);
}

/* A number nobody opened, or that nobody could open. */
int any_number(struct draft *d)
{
    static const int numbers[] = {-1,        -2,      -7,  INT32_MIN,
                                  INT32_MAX, 1000000, 5000};
    if (draw_chance(d, 40))
        return draw_below(d, 2 * d->slots + 8);
    return numbers[draw_below(d, (int)(sizeof(numbers) / sizeof(*numbers)))];
}

int any_how(struct draft *d)
{
    if (draw_chance(d, 40))
        return d->plan->mode == MODE_RAW ? CLOSE_RAW : CLOSE_PLAIN;
    return draw_below(d, d->plan->mode == MODE_RAW ? CLOSE_HOWS : CLOSE_RAW);
}

int any_timeout(struct draft *d)
{
    if (d->plan->mode == MODE_BLOCKING && draw_chance(d, 50))
        return draw_chance(d, 10) ? TIMEOUT_SHORT : draw_below(d, 51);
    if (draw_chance(d, 70))
        return 0;
    if (draw_chance(d, 5))
        return draw_below(d, 3);
    return TIMEOUT_INFINITE - draw_below(d, 6);
}

/* A mask, and perhaps a signal that waits for one. */
int any_mask(struct draft *d)
{
    int mask = draw_chance(d, 60) ? 0 : draw_below(d, 4);
    if (draw_chance(d, 8))
        mask |= draw_chance(d, 70) ? 8 : 16;
    return mask;
}

/* Whether this call is to find nothing ready, if nothing happens. */
bool any_idleness(struct draft *d)
{
    return draw_chance(d, d->sleepy ? 60 : 10);
}

/* Mostly small, sometimes as large as allowed. */
int any_size(struct draft *d)
{
    static const int limits[] = {12, 12, 12,  12,  12,  50,  50, 50,
                                 50, 50, 150, 150, 150, 150, 500};
    int fds = d->plan->fds;
    int limit = draw_chance(d, 4) ? fds : limits[draw_below(d, 15)];
    if (limit > fds)
        limit = fds;
    return rng_range(&d->rng, limit / 2 + 1, limit);
}
