/* SPDX-License-Identifier: MIT */
#include "loop.h"
#include "fail.h"

#include <stddef.h>
#include <string.h>

static struct waiter *open_waiter(struct loop *loop, waiter_open *way,
                                  const struct stage *stage)
{
    int *fds = allocate(stage->count, sizeof(*fds));

    memcpy(fds, stage->fds, stage->count * sizeof(*fds));
    if (loop->shape->open != NULL)
        loop->shape->open(loop, fds);
    return way(loop->calls, fds, stage->count);
}

void loop_open(struct loop *loop, const struct shape *shape, waiter_open *way,
               const struct calls *calls, const struct stage *stages)
{
    *loop = (struct loop){.shape = shape, .calls = calls, .stage = stages};
    for (int i = 0; i < (shape->two ? 2 : 1); i++)
        loop->waiters[i] = open_waiter(loop, way, &stages[i]);
    loop->waiter = loop->waiters[0];
    if (!shape_suits(shape, loop->waiter))
        fail("shape %s is for --call=poll alone", shape->name);
}

void loop_provide(struct loop *loop, unsigned turns)
{
    if (loop->shape->provide != NULL)
        loop->shape->provide(loop, turns);
}

static int wait_once(struct loop *loop)
{
    if (loop->shape->before != NULL)
        loop->shape->before(loop);

    struct waiter *waiter = loop->waiter;
    int ready = waiter->ops->wait(waiter, loop->shape->sleeps ? -1 : 0);
    if (ready < 0)
        fail_errno("turn %ju failed", (uintmax_t)loop->turn);
    return ready;
}

static void end_turn(struct loop *loop)
{
    if (loop->shape->after != NULL)
        loop->shape->after(loop);
    loop->turn++;
}

void loop_run(struct loop *loop, unsigned turns)
{
    for (; turns > 0; turns--) {
        int ready = wait_once(loop);
        if (loop->walks && ready > 0)
            loop->waiter->ops->walk(loop->waiter, ready);
        end_turn(loop);
    }
}

int loop_answer(struct loop *loop, short *answers)
{
    int ready = wait_once(loop);

    memset(answers, 0, loop->waiter->count * sizeof(*answers));
    loop->waiter->ops->tell(loop->waiter, ready, answers);
    end_turn(loop);
    return ready;
}
