/* SPDX-License-Identifier: MIT */
/*
 * From a seed to ops. Every choice is drawn from the generator alone; nothing
 * here knows what the ops did when they were executed.
 */
#include "plan.h"

#include <string.h>

#include "array.h"
#include "bag.h"
#include "call.h"
#include "draw.h"
#include "world.h"

static const char *const mode_names[MODES] = {"calm", "blocking", "raw",
                                              "threads", "fork"};

const char *mode_name(enum mode mode)
{
    return mode_names[mode];
}

bool mode_parse(const char *word, enum mode *mode)
{
    for (int i = 0; i < MODES; i++) {
        if (!strcmp(word, mode_names[i])) {
            *mode = (enum mode)i;
            return true;
        }
    }
    return false;
}

#define ADD(d, name, ...)                                                      \
    op_append((d)->ops, (struct op){OP_##name, {__VA_ARGS__}})

static void add_make(struct draft *d, int slot)
{
    ADD(d, make, slot, any_kind(d), draw_below(d, 4));
}

static void add_put(struct draft *d, int slot)
{
    ADD(d, put, any_array(d), slot, draw_below(d, 2), any_events(d));
}

static void add_on(struct draft *d, int slot)
{
    static const int which[] = {1, 1, 4, 5, 2, 3, 7, 1};
    ADD(d, on, any_bag(d), which[draw_below(d, d->sleepy ? 4 : 8)], slot,
        draw_below(d, 2));
}

/* A new connection, or whatever, comes into the program's care. */
static void add_newcomer(struct draft *d)
{
    int slot = any_slot(d);
    if (draw_chance(d, 15))
        ADD(d, accept, any_slot(d), slot);
    else
        add_make(d, slot);
    if (draw_chance(d, 70))
        add_put(d, slot);
    if (draw_chance(d, 70))
        add_on(d, slot);
}

/* A descriptor changes, moves or goes, by one of many ways. */
static void add_descriptor_change(struct draft *d)
{
    int slot = any_slot(d), end = draw_below(d, 2);
    if (d->plain) {
        ADD(d, remake, slot, end, any_slot(d), any_kind(d), any_how(d));
        return;
    }
    bool range = d->plan->mode != MODE_THREADS;
    switch (draw_below(d, 14)) {
    case 0:
    case 1:
    case 2:
        ADD(d, close, slot, end, any_how(d));
        break;
    case 3:
        ADD(d, remake, slot, end, any_slot(d), any_kind(d), any_how(d));
        break;
    case 4:
        ADD(d, dup, slot, end, any_slot(d), draw_below(d, 2));
        break;
    case 5:
        ADD(d, dup2, slot, end, any_slot(d), draw_below(d, 2), any_how(d));
        break;
    case 6:
        ADD(d, raise, slot, end,
            draw_below(d, draw_chance(d, 20) ? 3000 : 300));
        break;
    case 7:
        if (range && draw_chance(d, 30))
            ADD(d, range, slot, end, draw_below(d, 4));
        break;
    case 8:
        if (range && draw_chance(d, 20))
            ADD(d, usurp, slot, end, draw_below(d, 4));
        break;
    case 9:
        ADD(d, connect, slot);
        break;
    default:
        add_newcomer(d);
    }
}

/* Something happens at a descriptor. */
static void add_state_change(struct draft *d)
{
    int slot = any_slot(d), end = draw_below(d, 2);
    if (d->sleepy && draw_chance(d, 70)) {
        ADD(d, drain, slot, end);
        return;
    }
    switch (draw_below(d, 20)) {
    case 0:
        ADD(d, fill, slot, end);
        break;
    case 1:
    case 2:
    case 3:
    case 4:
    case 5:
        ADD(d, drain, slot, end);
        break;
    case 6:
        ADD(d, read, slot, end, 1 + draw_below(d, 100));
        break;
    case 7:
        ADD(d, shut, slot, end, draw_below(d, 3));
        break;
    case 8:
        ADD(d, oob, slot, end);
        break;
    case 9:
        ADD(d, oobinline, slot, end, draw_below(d, 2));
        break;
    case 10:
        ADD(d, rcvlowat, slot, end, 1 + draw_below(d, 20));
        break;
    default:
        ADD(d, write, slot, end,
            1 + draw_below(d, draw_chance(d, 10) ? 60000 : 20));
    }
}

static void add_array_change(struct draft *d)
{
    int array = any_array(d), entry = draw_below(d, 2 * d->slots);
    switch (draw_below(d, 16)) {
    case 0:
        if (!d->plain)
            ADD(d, lit, array, any_number(d), any_events(d));
        break;
    case 1:
        ADD(d, twin, array, entry, any_events(d));
        break;
    case 2:
        ADD(d, set, array, entry, any_slot(d), draw_below(d, 2), any_events(d));
        break;
    case 3:
        ADD(d, flip, array, entry);
        break;
    case 4:
    case 5:
        ADD(d, swap, array, entry, draw_below(d, 2 * d->slots));
        break;
    case 6:
    case 7:
        ADD(d, drop, array, entry);
        break;
    case 8:
        ADD(d, compact, array);
        break;
    case 9:
        if (draw_chance(d, 20))
            ADD(d, trim, array, draw_below(d, 2 * d->slots));
        break;
    case 10:
        ADD(d, move, array);
        break;
    case 11:
        ADD(d, stain, array, (int16_t)draw_below(d, 0x10000));
        break;
    default:
        ADD(d, mask, array, entry, any_events(d));
    }
}

static void add_bag_change(struct draft *d)
{
    if (draw_chance(d, 60))
        add_on(d, any_slot(d));
    else if (draw_chance(d, 90))
        ADD(d, off, any_bag(d), 1 + draw_below(d, 7), any_slot(d),
            draw_below(d, 2));
    else
        ADD(d, bit, any_bag(d), 1 + draw_below(d, 7),
            draw_chance(d, 90) ? draw_below(d, 2 * d->slots + 8)
                               : draw_below(d, 4000));
}

static void add_process_change(struct draft *d)
{
    switch (draw_below(d, d->plan->mode == MODE_FORK ? 4 : 3)) {
    case 0:
        ADD(d, hold, 0);
        break;
    case 1:
        ADD(d, release, 0);
        break;
    case 2:
        if (d->plan->mode == MODE_THREADS || !draw_chance(d, 6))
            break;
        ADD(d, rlimit, 5 + draw_below(d, 2 * d->slots));
        break;
    default:
        ADD(d, fork, draw_below(d, 3), 1 + draw_below(d, 60));
    }
}

static void add_change(struct draft *d)
{
    int at = draw_below(d, 200);
    if (at < 90)
        add_state_change(d);
    else if (at < 125)
        add_descriptor_change(d);
    else if (at < 170)
        add_array_change(d);
    else if (at < 198)
        add_bag_change(d);
    else
        add_process_change(d);
}

static void add_poll(struct draft *d)
{
    int array = any_array(d);
    int quirk = draw_chance(d, 92) ? QUIRK_NONE : draw_below(d, QUIRKS);
    if (any_idleness(d)) {
        add_put(d, any_slot(d));
        add_put(d, any_slot(d));
        ADD(d, weed, array);
    }
    ADD(d, poll, array, draw_below(d, SYMBOL_select), any_timeout(d),
        any_mask(d), quirk);
}

static void add_select(struct draft *d)
{
    static const int odd[] = {
        1,          7,  40,        64,  3000, NFDS_NEGATIVE,
        NFDS_LEAST, -3, NFDS_MOST, -11, -14,  -80};
    int bag = any_bag(d);
    int symbol = SYMBOL_select + draw_below(d, SYMBOL_COUNT - SYMBOL_select);
    int flags = draw_chance(d, 90) ? SELECT_CLEAN : 0;
    int layout = draw_chance(d, 75)   ? LAYOUT_OWN
                 : draw_chance(d, 50) ? draw_below(d, LAYOUT_ALL + 1)
                                      : LAYOUT_NULL + draw_below(d, 8);
    int nfds = draw_chance(d, 80) ? 0 : odd[draw_below(d, 12)];
    if (draw_chance(d, 10))
        flags |= SELECT_KEEP;
    if (draw_chance(d, 10))
        flags |= SELECT_MOVE;
    if (any_idleness(d)) {
        add_on(d, any_slot(d));
        add_on(d, any_slot(d));
        ADD(d, thin, bag);
    }
    ADD(d, select, bag, symbol, any_timeout(d), any_mask(d), flags, layout,
        nfds);
}

static void add_call(struct draft *d)
{
    if (d->plan->mode == MODE_BLOCKING && draw_chance(d, 40))
        ADD(d, later, 1 + 2 * draw_chance(d, 40), any_slot(d), draw_below(d, 2),
            draw_below(d, 40));
    if (draw_chance(d, 60))
        add_poll(d);
    else
        add_select(d);
}

/*
 * The same call again and again, while things happen, perhaps of a program
 * that clears all revents before, or leaves out a part, which wanders;
 * returns how often.
 */
static int repeat_call(struct draft *d)
{
    int times = 2 + draw_below(d, 10);
    bool clears = draw_chance(d, 30);
    int step = draw_chance(d, 30) ? 1 + draw_below(d, 12) : 0;
    for (int i = 0; i < times; i++) {
        struct op call = d->ops->op[d->ops->n - 1];
        if (clears && call.code == OP_poll)
            ADD(d, stain, call.arg[0], 0);
        if (step && call.code == OP_poll)
            ADD(d, rest, call.arg[0], step, i % step);
        if (draw_chance(d, 50))
            add_state_change(d);
        if (draw_chance(d, 8))
            add_descriptor_change(d);
        op_append(d->ops, call);
    }
    return times;
}

static void add_beginning(struct draft *d)
{
    for (int slot = 0; slot < d->slots; slot++)
        add_make(d, slot);
    for (int slot = 0; slot < d->slots; slot++) {
        for (int end = 0; end < 2; end++) {
            if (draw_chance(d, 75))
                ADD(d, put, any_array(d), slot, end, any_events(d));
            if (draw_chance(d, 50))
                add_on(d, slot);
        }
    }
}

int plan_episode(const struct plan *plan, int thread, int episode,
                 struct op_list *ops)
{
    struct draft d = {
        .plan = plan, .ops = ops, .rng = rng_for(plan->seed, thread, episode)};
    d.sleepy = plan->mode == MODE_BLOCKING && rng_chance(&d.rng, 80);
    d.plain = !d.sleepy && draw_chance(&d, 40);
    d.slots = any_size(&d) / 2 + 1;
    if (d.slots > SLOTS)
        d.slots = SLOTS;
    d.calls = d.slots > 150 ? 150 : 400;
    add_beginning(&d);
    int calls = 0;
    while (calls++ < d.calls) {
        /* In half of the calls nothing has changed: the steady state. */
        int changes = draw_chance(&d, 50)
                          ? 0
                          : 1 + draw_below(&d, draw_chance(&d, 10) ? 60 : 5);
        while (changes--)
            add_change(&d);
        add_call(&d);
        if (draw_chance(&d, d.plain ? 50 : 10))
            calls += repeat_call(&d);
    }
    return calls - 1;
}
