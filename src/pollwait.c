/* SPDX-License-Identifier: MIT */
/*
 * poll()'s native side: looks at residual entries, and waits on them and the
 * epoll descriptor. Owns nothing; waits on the set's waits in libc's own poll
 * or ppoll, which are cancellation points and end with EINTR when a handler
 * has run.
 */
#include "prototypes.h"

#include "pollwait.h"

#include "next.h"
#include "process.h"
#include "scrub.h"
#include "turn.h"

#include <errno.h>

/* `slice` of the time that is left, or all of it: the caller's own words. */
static int native_wait(struct eps_pollcall *call, struct pollfd *waits,
                       nfds_t count, int64_t slice)
{
    bool whole = slice == call->deadline.left && !call->slept;
    struct timespec part = eps_timespec_of(slice);
    int ret;

    if (!call->precise)
        ret = EPS_NEXT(poll)(waits, count,
                             whole ? call->timeout_ms : eps_ms_of(slice));
    else
        ret = EPS_NEXT(ppoll)(waits, count,
                              whole       ? call->timeout
                              : slice < 0 ? NULL
                                          : &part,
                              call->mask);
    return ret < 0 ? -errno : ret;
}

/*
 * Something else is ready. That nothing was found here and a handler has run
 * is EINTR to the kernel, but not of a call that finds something.
 */
static int ask_beside(const struct eps_waits *waits, uint32_t count)
{
    int ready = eps_waits_ask(waits, count);

    return ready == -EINTR ? 0 : ready;
}

uint32_t eps_pollwait_gather(struct eps_set *set)
{
    struct eps_pollview *view = &set->poll;
    uint32_t count = 0;
    int fd = -1;

    if (!eps_waits_push(
            &set->waits, &count,
            (struct pollfd){.fd = atomic_load(&set->epfd), .events = POLLIN}))
        return 0;
    while ((fd = eps_registry_next_residual(&set->registry, fd)) >= 0) {
        int32_t at = (int32_t)eps_registry_at(&set->registry, fd)->first;
        for (; at; at = view->links[at - 1].next)
            if (!eps_waits_push(&set->waits, &count, view->copy[at - 1]))
                return 0;
    }
    return count;
}

int eps_pollwait_tell(struct eps_pollcall *call, struct eps_set *set,
                      unsigned filter)
{
    struct eps_pollview *view = &set->poll;
    uint32_t index = 1;
    int fd = -1, told = 0;

    while ((fd = eps_registry_next_residual(&set->registry, fd)) >= 0) {
        int32_t at = (int32_t)eps_registry_at(&set->registry, fd)->first;
        for (; at; at = view->links[at - 1].next, index++)
            if (!view->copy[at - 1].revents)
                told += eps_pollview_tell_at(
                    view, (uint32_t)at - 1,
                    (unsigned short)set->waits.list[index].revents & filter,
                    call->array);
    }
    return told;
}

/*
 * One slice of the sleep; 0 with `expired` at its very end. A registered number
 * that ends meanwhile waits for that, or for an event, as it does natively.
 */
static int sleep_slice(struct eps_pollcall *call, struct eps_set *set,
                       uint32_t count, int64_t now)
{
    int64_t left = eps_deadline_left(&call->deadline);
    int64_t slice = eps_scrub_slice(set, left);
    int ready = native_wait(call, set->waits.list, count, slice);
    int64_t waited = slice;

    eps_deadline_start(&call->deadline, now);
    if (ready && (call->blind || !call->deadline.absolute))
        waited = eps_turn_waited(now);
    if (!ready || !call->deadline.absolute)
        eps_deadline_spend(&call->deadline, waited);
    call->slept = true;
    call->rested |= eps_turn_is_rest(waited);
    call->expired = ready == 0 && slice == left;
    return ready;
}

/*
 * A handler has run where native would have been asleep: EINTR, unless
 * something is ready. In the child of a fork that it made, that is looked for
 * when the call leaves.
 */
static int look_disturbed(struct eps_pollcall *call, struct eps_set *set,
                          struct eps_thread *self, uint32_t count)
{
    int ready;

    if (eps_turn_is_elsewhere(call->epoch)) {
        self->quiet.disturbed = true;
        return EPS_TURN_AGAIN;
    }
    ready = native_wait(call, set->waits.list, count, 0);
    return ready ? ready : -EINTR;
}

/* Sleeps; descriptors ready, -errno, or EPS_TURN_AGAIN: do not sleep. */
static int sleep_turn(struct eps_pollcall *call, struct eps_set *set,
                      struct eps_thread *self, uint32_t count)
{
    int64_t now = eps_clock_ns();
    int ready = EPS_TURN_AGAIN;

    if (eps_turn_scrub(set, self, now) || !eps_epset_fall_asleep(set))
        return EPS_TURN_AGAIN;
    for (;;) {
        self->waiting = true;
        eps_quiet_end(&self->quiet);
        ready = eps_turn_is_disturbed(self, call->epoch)
                    ? look_disturbed(call, set, self, count)
                    : sleep_slice(call, set, count, now);
        self->waiting = false;
        if (ready || call->expired)
            break;
        ready = EPS_TURN_AGAIN;
        if (eps_turn_pause(set, self, set->waits.list[0].fd, &call->deadline,
                           &now))
            break;
    }
    eps_turn_wake(set, call->rested);
    return ready;
}

int eps_pollwait_sleep(struct eps_pollcall *call, struct eps_set *set,
                       struct eps_thread *self, int found)
{
    uint32_t count = eps_pollwait_gather(set);

    if (!count)
        return EPS_TURN_NATIVE;
    if (set->waits.list[0].fd < 0) /* lost, or our parent's */
        return EPS_TURN_AGAIN;
    if (count > 1) {
        eps_count(self, EPS_C_residual_looks);
        set->work += EPS_COST_LOOK;
    }
    if (!found && eps_deadline_left(&call->deadline) != 0)
        return sleep_turn(call, set, self, count);
    eps_quiet_end(&self->quiet);
    if (found) {
        set->waits.list[0].fd = -1;
        return ask_beside(&set->waits, count);
    }
    return call->mask ? native_wait(call, set->waits.list, count, 0)
                      : eps_waits_ask(&set->waits, count);
}
