/* SPDX-License-Identifier: MIT */
/*
 * A loop around epoll, as a program would write it by hand that knows what it
 * changes: it has nothing to compare and calls epoll_ctl only where it must.
 */
#include "fail.h"
#include "waiter.h"

#include <stddef.h>
#include <stdint.h>

struct interest {
    struct waiter base;
    int epfd;
    unsigned left_out;
    struct epoll_event *events; /* room for every slot at once */
};

static struct interest *interest_of(struct waiter *waiter)
{
    return (struct interest *)waiter;
}

/* poll's bits and epoll's are the same where both have a name for them. */
static void control(struct waiter *waiter, int operation, unsigned slot,
                    short wanted)
{
    struct epoll_event event = {
        .events = (uint32_t)wanted,
        .data.u32 = slot,
    };

    if (waiter->calls->epoll_ctl(interest_of(waiter)->epfd, operation,
                                 waiter->fds[slot], &event) < 0)
        fail_errno("epoll_ctl %d of slot %u", operation, slot);
}

static void want(struct waiter *waiter, unsigned slot, short events)
{
    control(waiter, EPOLL_CTL_MOD, slot, events);
}

/* The close has removed the old registration. */
static void replace(struct waiter *waiter, unsigned slot, int fd)
{
    waiter->fds[slot] = fd;
    control(waiter, EPOLL_CTL_ADD, slot, POLLIN);
}

static void leave(struct waiter *waiter, unsigned slot)
{
    control(waiter, EPOLL_CTL_DEL, slot, 0);
}

static void come_back(struct waiter *waiter, unsigned slot)
{
    control(waiter, EPOLL_CTL_ADD, slot, POLLIN);
}

/* Muting costs half of what DEL and ADD would. */
static void leave_out(struct waiter *waiter, unsigned first)
{
    struct interest *interest = interest_of(waiter);

    for (unsigned i = interest->left_out; i < waiter->count; i += TENTHS)
        control(waiter, EPOLL_CTL_MOD, i, POLLIN);
    for (unsigned i = first; i < waiter->count; i += TENTHS)
        control(waiter, EPOLL_CTL_MOD, i, 0);
    interest->left_out = first;
}

static void nothing(struct waiter *waiter)
{
    (void)waiter;
}

static int wait_epoll(struct waiter *waiter, int timeout)
{
    struct interest *interest = interest_of(waiter);

    return waiter->calls->epoll_wait(interest->epfd, interest->events,
                                     (int)waiter->count, timeout);
}

static unsigned walk(struct waiter *waiter, int ready)
{
    struct interest *interest = interest_of(waiter);
    unsigned found = 0;

    for (int i = 0; i < ready; i++)
        found += interest->events[i].events != 0;
    return found;
}

static void tell(struct waiter *waiter, int ready, short *answers)
{
    struct interest *interest = interest_of(waiter);

    for (int i = 0; i < ready; i++) {
        const struct epoll_event *event = &interest->events[i];
        answers[event->data.u32] |= (short)event->events;
    }
}

struct waiter *waiter_epoll(const struct calls *calls, int *fds, unsigned count)
{
    static const struct waiter_ops ops = {
        .want = want,
        .replace = replace,
        .leave = leave,
        .come_back = come_back,
        .leave_out = leave_out,
        .compact = leave_out,
        .clear = nothing,
        .move = nothing,
        .wait = wait_epoll,
        .walk = walk,
        .tell = tell,
    };
    struct interest *interest = allocate(1, sizeof(*interest));

    interest->base = (struct waiter){&ops, calls, count, fds, 0};
    interest->left_out = UINT32_MAX;
    interest->events = allocate(count, sizeof(*interest->events));
    interest->epfd = epoll_create1(EPOLL_CLOEXEC);
    if (interest->epfd < 0)
        fail_errno("epoll_create1");
    for (unsigned slot = 0; slot < count; slot++)
        control(&interest->base, EPOLL_CTL_ADD, slot, POLLIN);
    return &interest->base;
}
