/* SPDX-License-Identifier: MIT */
/*
 * The turns of a poll() or ppoll(): look, wait if nothing is ready, look
 * again, tell; until there is an answer. Owns nothing but the call at hand.
 *
 * Kernel notes:
 * (a) poll reports at its end whatever is ready then, numbers closed while
 *     it slept included (POLLNVAL); after a signal it looks once more before
 *     the handler runs.
 * (b) A mask that lets a pending signal in makes even a zero timeout EINTR,
 *     and the handler runs, unless something is ready (G2, G3). A mask that
 *     can't be read is EFAULT, whatever is ready.
 * (c) revents is written as 0 on EINTR, and before the handler runs (G4).
 * (d) It is written in any case, and where it can't be, that is EFAULT.
 */
#include "pollturn.h"

#include "pollwait.h"
#include "process.h"
#include "seen.h"
#include "turn.h"

#include <errno.h>

/*
 * Something ended while we slept: what native's last look would find of it
 * (note (a)), but for what this thread has ended since. Entries told already
 * keep their answer.
 */
static int look_again(struct eps_pollcall *call, struct eps_set *set,
                      struct eps_thread *self, unsigned filter, uint32_t since)
{
    if (eps_turn_prepare(set, self) < 0)
        return 0;
    uint32_t count = eps_pollwait_gather(set);
    if (count < 2)
        return 0;
    eps_quiet_end(&self->quiet);
    set->waits.list[0].fd = -1;
    for (uint32_t i = 1; i < count; i++)
        if (eps_thread_has_ended(self, since, set->waits.list[i].fd))
            set->waits.list[i].fd = -1;
    eps_count(self, EPS_C_residual_looks);
    if (eps_waits_ask(&set->waits, count) <= 0)
        return 0;
    return eps_pollwait_tell(call, set, filter);
}

/* A handler ran, and what it closed itself was open at native's last look. */
static int interrupted(struct eps_pollcall *call, struct eps_set *set,
                       struct eps_thread *self, uint32_t ends)
{
    int told = 0;

    if (eps_epset_is_behind(set) && !eps_process_is_sandboxed())
        told = look_again(call, set, self, POLLNVAL, ends);
    return told ? told : -EINTR;
}

/* In the child of a fork made by a handler: our set is gone. */
static int interrupted_elsewhere(struct eps_pollcall *call)
{
    for (nfds_t i = 0; i < call->count; i++)
        call->array[i].revents = 0;
    return -EINTR;
}

/* After a wait: everything that is ready now, residuals and events. */
static int tell_all(struct eps_pollcall *call, struct eps_set *set,
                    struct eps_thread *self, int found)
{
    int told = eps_pollwait_tell(call, set, ~0u);

    if (call->slept && eps_epset_is_behind(set))
        told += look_again(call, set, self, ~0u, self->ends);
    if (!found)
        found = eps_epset_look(set, self);
    if (found < 0) /* half an answer is none, though a file be asked twice */
        return found == -ESTALE ? EPS_TURN_LOST : EPS_TURN_NATIVE;
    told = eps_turn_tell(set, self, found, call->array, told, &call->overtaken);
    return !told && found && !call->expired ? EPS_TURN_AGAIN : told;
}

/* The array, while the call slept: then nothing of it is written. */
static bool is_gone(const struct eps_pollcall *call, struct eps_thread *self)
{
    return eps_seen_is_gone(self, call->array,
                            call->count * sizeof(*call->array));
}

/*
 * The kernel is asked, and may have to be waited for, beside the epoll. A
 * handler may look at the array, or leave the call for good (note (c)).
 */
static int turn_natively(struct eps_pollcall *call, struct eps_set *set,
                         struct eps_thread *self, int found)
{
    uint32_t ends = self->ends;
    int ready;

    eps_pollview_clear_ready(&set->poll, call->array);
    ready = eps_pollwait_sleep(call, set, self, found);
    if (eps_turn_is_elsewhere(call->epoch))
        return ready == -EINTR ? interrupted_elsewhere(call) : EPS_TURN_ODD;
    if (call->slept && eps_seen_has_changed(self) && is_gone(call, self))
        return -EFAULT;
    if (ready == -EINTR)
        return interrupted(call, set, self, ends);
    if (ready == EPS_TURN_AGAIN || eps_process_is_sandboxed())
        return EPS_TURN_AGAIN;
    return ready < 0 ? EPS_TURN_ODD : tell_all(call, set, self, found);
}

static bool asks_natively(const struct eps_pollcall *call,
                          const struct eps_set *set, int found)
{
    return call->mask || set->registry.residual ||
           (!found && eps_deadline_left(&call->deadline) != 0);
}

/* One turn: look, wait if nothing is ready, look again, tell. */
static int turn(struct eps_pollcall *call, struct eps_set *set,
                struct eps_thread *self)
{
    int found, told;

    call->blind =
        call->mask || eps_turn_will_sleep(set, &call->deadline, call->slept);
    found = eps_turn_look(set, self, call->epoch, call->slept, call->blind);
    if (found < 0)
        return found;
    if (asks_natively(call, set, found))
        return turn_natively(call, set, self, found);
    eps_pollview_clear_ready(&set->poll, call->array);
    told = eps_turn_tell(set, self, found, call->array, 0, &call->overtaken);
    /* Events that are nobody's must not pass for an answer (note (b)). */
    return !told && found ? EPS_TURN_AGAIN : told;
}

enum eps_outcome eps_pollturn_answer(struct eps_pollcall *call,
                                     struct eps_set *set,
                                     struct eps_thread *self)
{
    int retries = 0;

    for (;;) {
        int told = turn(call, set, self);
        if (told == EPS_TURN_AGAIN ||
            (told == EPS_TURN_LOST && retries++ < EPS_TURN_RETRIES))
            continue;
        if (told < EPS_TURN_ENDS)
            return eps_turn_leave(self, call->site, told);
        call->ret = told < 0 ? -1 : told;
        call->error = told < 0 ? -told : 0;
        if (told != 0 || call->expired ||
            eps_deadline_left(&call->deadline) == 0)
            return EPS_ANSWERED;
    }
}
