/* SPDX-License-Identifier: MIT */
#include "shape.h"
#include "fail.h"
#include "loop.h"
#include "visitors.h"
#include "waker.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Turns visit slots far from each other, all of them in the end: the stride
 * is a prime that divides no number of slots measured here. */
static unsigned stroll(const struct loop *loop, uint64_t visit)
{
    return (unsigned)(visit * 7919 % loop->waiter->count);
}

/* pollout: replies are waiting for two slots. They can be written at once. */

static void want_pollout(struct loop *loop)
{
    struct waiter *waiter = loop->waiter;
    unsigned one = stroll(loop, loop->turn / 2);
    unsigned other = (one + waiter->count / 2) % waiter->count;
    short events = loop->turn % 2 == 0 ? POLLIN | POLLOUT : POLLIN;

    waiter->ops->want(waiter, one, events);
    waiter->ops->want(waiter, other, events);
}

/* swap: one slot leaves, and is back for the call after. */

static void swap_with_last(struct loop *loop)
{
    struct waiter *waiter = loop->waiter;

    if (loop->turn % 2 == 0) {
        loop->away = stroll(loop, loop->turn / 2);
        waiter->ops->leave(waiter, loop->away);
    } else {
        waiter->ops->come_back(waiter, loop->away);
    }
}

static void leave_tenth_out(struct loop *loop)
{
    loop->waiter->ops->leave_out(loop->waiter, loop->turn % TENTHS);
}

static void compact_without_tenth(struct loop *loop)
{
    loop->waiter->ops->compact(loop->waiter, loop->turn % TENTHS);
}

static void clear_answers(struct loop *loop)
{
    loop->waiter->ops->clear(loop->waiter);
}

static void move_array(struct loop *loop)
{
    loop->waiter->ops->move(loop->waiter);
}

static void take_turns(struct loop *loop)
{
    loop->waiter = loop->waiters[loop->turn % 2];
}

static void look_at_one(struct loop *loop)
{
    struct pollfd one = {.fd = loop->waiter->fds[0], .events = POLLIN};

    loop->calls->poll(&one, 1, 0);
}

/* reopen: a connection ends, and the number's next owner comes. */

static void open_visitors(struct loop *loop, int *fds)
{
    const struct stage *stage = loop->stage;

    loop->visitors = visitors_open(stage->kind, stage->actors);
    visitors_invite(loop->visitors, stage->actors);
    for (unsigned i = 0; i < stage->actors; i++) {
        int fd = loop->calls->accept4(visitors_listener(loop->visitors), NULL,
                                      NULL, SOCK_CLOEXEC);
        if (fd < 0)
            fail_errno("accept4");
        fds[stage_actor(stage, i)] = fd;
    }
}

static void invite(struct loop *loop, unsigned turns)
{
    visitors_invite(loop->visitors, turns);
}

static void close_and_accept(struct loop *loop)
{
    struct waiter *waiter = loop->waiter;
    const struct stage *stage = loop->stage;
    unsigned slot = stage_actor(stage, loop->turn % stage->actors);

    loop->calls->close(waiter->fds[slot]);
    int fd = loop->calls->accept4(visitors_listener(loop->visitors), NULL, NULL,
                                  SOCK_CLOEXEC);
    if (fd < 0)
        fail_errno("accept4");
    waiter->ops->replace(waiter, slot, fd);
}

/* wake: the other thread writes to one actor after another. */

static void open_sleepers(struct loop *loop, int *fds)
{
    waker_start();
    for (unsigned i = 0; i < loop->stage->actors; i++) {
        int pair[2];
        stage_pair(loop->stage->kind, pair);
        fds[stage_actor(loop->stage, i)] = pair[0];
        loop->writers[i] = pair[1];
    }
}

static void ask_for_byte(struct loop *loop)
{
    waker_ask(loop->writers[loop->turn % loop->stage->actors]);
}

static void take_byte(struct loop *loop)
{
    const struct stage *stage = loop->stage;
    unsigned slot = stage_actor(stage, loop->turn % stage->actors);
    char byte;

    if (read(loop->waiter->fds[slot], &byte, 1) != 1)
        fail_errno("read");
}

static const struct shape shapes[] = {
    {.name = "same", .story = "the same array every call"},
    {.name = "pollout",
     .story = "POLLOUT set on two entries for one call, withdrawn for the next",
     .before = want_pollout},
    {.name = "reopen",
     .story = "a descriptor closed and replaced before every call",
     .acting = true,
     .at_most = VISITORS_AT_MOST,
     .open = open_visitors,
     .provide = invite,
     .before = close_and_accept},
    {.name = "swap",
     .story = "an entry leaves by swap-with-last, returns for the next call",
     .before = swap_with_last},
    {.name = "clear",
     .story = "the caller clears all revents itself",
     .before = clear_answers},
    {.name = "tenth",
     .story = "a rotating tenth is left out, by fd -1",
     .before = leave_tenth_out},
    {.name = "compact",
     .story = "a rotating tenth is left out of an array built anew",
     .before = compact_without_tenth},
    {.name = "single",
     .story = "a poll of one descriptor after every big call",
     .single = true,
     .after = look_at_one},
    {.name = "two",
     .story = "two big loops in one thread, in turn",
     .two = true,
     .before = take_turns},
    {.name = "fresh",
     .story = "an array at a new address every call",
     .before = move_array},
    {.name = "wake",
     .story = "the call sleeps until another thread writes",
     .acting = true,
     .sleeps = true,
     .open = open_sleepers,
     .before = ask_for_byte,
     .after = take_byte},
};
#define SHAPES (sizeof(shapes) / sizeof(*shapes))

const struct shape *shape_find(const char *name)
{
    for (unsigned i = 0; i < SHAPES; i++) {
        if (strcmp(shapes[i].name, name) == 0)
            return &shapes[i];
    }
    return NULL;
}

void shape_list(void)
{
    for (unsigned i = 0; i < SHAPES; i++)
        printf("%-8s %s\n", shapes[i].name, shapes[i].story);
}

bool shape_suits(const struct shape *shape, const struct waiter *waiter)
{
    const struct waiter_ops *ops = waiter->ops;

    return (shape->before != compact_without_tenth || ops->compact != NULL) &&
           (shape->before != clear_answers || ops->clear != NULL) &&
           (shape->before != move_array || ops->move != NULL);
}
