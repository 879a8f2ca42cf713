/* SPDX-License-Identifier: MIT */
/*
 * The turns of a select() or pselect(): look, wait if nothing is ready, look
 * again, tell; until there is an answer. Owns nothing but the call at hand.
 *
 * Kernel notes:
 * (a) EBADF belongs to a call's entry (S4); see selwait.c.
 * (b) The sets are untouched by EINTR and EBADF. Else they are written, and
 *     where one can't be, that is EFAULT.
 */
#include "selturn.h"

#include "process.h"
#include "seen.h"
#include "selwait.h"
#include "turn.h"

#include <errno.h>

/*
 * A handler ran. Numbers that others closed before it are told even so; what
 * it closed itself was open at native's last look.
 */
static int interrupted(struct eps_selcall *call, struct eps_set *set,
                       struct eps_thread *self)
{
    int fd = -1, told = 0;

    if (!call->slept || !eps_epset_is_behind(set) ||
        eps_process_is_sandboxed() || eps_turn_prepare(set, self) < 0)
        return -EINTR;
    eps_selview_begin(&set->select);
    while ((fd = eps_registry_next_residual(&set->registry, fd)) >= 0)
        if (!eps_thread_has_ended(self, call->ends, fd) &&
            eps_selwait_is_open(fd) == 0)
            told += eps_selview_tell(&set->select, fd, POLLNVAL);
    return told ? told : -EINTR;
}

/* After a sleep, closes included: everything that is ready now. */
static int tell_all(struct eps_selcall *call, struct eps_set *set,
                    struct eps_thread *self, int told)
{
    int found;

    if (call->slept && eps_epset_is_behind(set)) {
        int more = eps_turn_prepare(set, self);
        if (more == 0)
            more = eps_selwait_look(call, set, self);
        told += more > 0 ? more : 0;
    }
    found = eps_epset_look(set, self);
    if (found < 0) /* half an answer is none, though a file be asked twice */
        return found == -ESTALE ? EPS_TURN_LOST : EPS_TURN_NATIVE;
    told = eps_turn_tell(set, self, found, NULL, told, &call->overtaken);
    return !told && found && !call->expired ? EPS_TURN_AGAIN : told;
}

/*
 * What a native call on our own bitmaps failed with. EBADF may be about our
 * epoll descriptor, closed unseen: another turn looks, and finds out.
 */
static int failed(struct eps_set *set, int error)
{
    if (error == -EINTR)
        return error;
    set->sleepy = false;
    return error == -EBADF ? EPS_TURN_LOST : EPS_TURN_ODD;
}

/*
 * What a handler has ended since the first wait began is not told, so there is
 * no second one after it.
 */
static void note_ends(struct eps_selcall *call, struct eps_thread *self)
{
    if (!call->slept)
        call->ends = self->ends;
    else if (call->ends != self->ends)
        self->quiet.disturbed = true;
}

/* Nothing is ready in the epoll set: ask and wait natively. */
static int turn_waiting(struct eps_selcall *call, struct eps_set *set,
                        struct eps_thread *self)
{
    int told = 0, ready;

    note_ends(call, self);
    ready = eps_selwait_sleep(call, set, self, &told);
    if (eps_turn_is_elsewhere(call->epoch))
        return ready == -EINTR ? ready : EPS_TURN_ODD;
    if (ready == -EINTR)
        return interrupted(call, set, self);
    if (ready == EPS_TURN_AGAIN || eps_process_is_sandboxed())
        return EPS_TURN_AGAIN;
    return ready < 0 ? failed(set, ready) : tell_all(call, set, self, told);
}

/* Something is ready, or the call does not wait and has no mask. */
static int turn_at_once(struct eps_selcall *call, struct eps_set *set,
                        struct eps_thread *self, int found)
{
    int told = 0;

    if (set->registry.residual)
        told = eps_selwait_look(call, set, self);
    /* Nothing here, and a handler has run: no EINTR if there is more. */
    if (told == -EINTR && found)
        told = 0;
    if (told < 0)
        return failed(set, told);
    told = eps_turn_tell(set, self, found, NULL, told, &call->overtaken);
    /* Events that are nobody's must not pass for an answer. */
    return !told && found ? EPS_TURN_AGAIN : told;
}

static int turn(struct eps_selcall *call, struct eps_set *set,
                struct eps_thread *self)
{
    int found;

    call->blind =
        call->mask || eps_turn_will_sleep(set, &call->deadline, call->slept);
    found = eps_turn_look(set, self, call->epoch, call->slept, call->blind);
    if (found < 0)
        return found;
    eps_selview_begin(&set->select);
    if (!found && (call->mask || eps_deadline_left(&call->deadline) != 0))
        return turn_waiting(call, set, self);
    return turn_at_once(call, set, self, found);
}

/* A set, while the call slept: then none is written (note (b)). */
static bool is_gone(const struct eps_selcall *call, struct eps_thread *self)
{
    size_t bytes = eps_bitmaps_bytes(call->nfds);

    for (int i = 0; i < EPS_SETS; i++)
        if (call->sets.bits[i] &&
            eps_seen_is_gone(self, call->sets.bits[i], bytes))
            return true;
    return false;
}

static enum eps_outcome finish(struct eps_selcall *call, struct eps_set *set,
                               struct eps_thread *self, int told)
{
    if (told >= 0 && call->slept && eps_seen_has_changed(self) &&
        is_gone(call, self))
        told = -EFAULT;
    call->ret = told < 0 ? -1 : told;
    call->error = told < 0 ? -told : 0;
    if (told >= 0)
        eps_selview_write(&set->select, &call->sets);
    eps_selwait_take_one(call);
    return EPS_ANSWERED;
}

/*
 * Before another turn: a number that is closed, before the call has slept, is
 * EBADF (note (a)). 0, -EBADF, or where the kernel does not say, EPS_TURN_ODD.
 */
static int check_open(struct eps_selcall *call, struct eps_set *set)
{
    int fd = -1;

    while (!call->slept &&
           (fd = eps_registry_next_residual(&set->registry, fd)) >= 0) {
        int open = eps_selwait_is_open(fd);
        if (open <= 0)
            return open < 0 ? EPS_TURN_ODD : -EBADF;
    }
    return 0;
}

enum eps_outcome eps_selturn_answer(struct eps_selcall *call,
                                    struct eps_set *set,
                                    struct eps_thread *self)
{
    int retries = 0;

    for (;;) {
        int told = turn(call, set, self);
        if (told == EPS_TURN_AGAIN ||
            (told == EPS_TURN_LOST && retries++ < EPS_TURN_RETRIES)) {
            told = check_open(call, set);
            if (told == 0)
                continue;
        }
        if (told < EPS_TURN_ENDS)
            return eps_turn_leave(self, call->site, told);
        if (told != 0 || call->expired ||
            eps_deadline_left(&call->deadline) == 0)
            return finish(call, set, self, told);
    }
}
