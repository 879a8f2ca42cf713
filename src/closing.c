/* SPDX-License-Identifier: MIT */
/*
 * The close protocol. Owns nothing; works on fdwatch's atomics and on what
 * epoll sets show to other threads.
 *
 * The order before the real close: generation and journal, then a look at
 * who sleeps. A sleeper first says that it sleeps, then reads the journal.
 * So either it sees the entry and does not sleep on the old registration,
 * or we see it asleep. That takes no fence here: the journal's head is moved by
 * a sequentially consistent step, and `asleep` read by such a load.
 *
 * Kernel notes:
 * (a) Native poll holds the file it waits on. shutdown() and close() by
 *     another thread wake it; behind epoll the close would take the item
 *     away before the sleeper has looked. So if the file is ready, its item
 *     is taken out before the close, and the sleeper's bell rung: it looks
 *     for itself. A plain close of a quiet file wakes nobody natively, nor
 *     does what comes to the number later: that has no item (F5, F5b).
 *     A handler of the sleeper's own thread may come when that is not asleep
 *     yet, and what it puts on the number is then waited for.
 * (b) An item left behind by a dup or a forked copy fires as a ghost. Once
 *     that has happened in this process, and where one set holds the number
 *     and does not sleep on it, the item is deleted first. Deleting is a
 *     courtesy, the generation is the truth.
 */
#include "closing.h"

#include "epoll.h"
#include "epset.h"
#include "setlife.h"
#include "setpool.h"
#include "sys.h"
#include "thread.h"

#include <errno.h>
#include <poll.h>

static struct eps_thread *self_if_ours(void)
{
    if (eps_process_is_sandboxed() || !eps_process_is_ours())
        return NULL;
    return eps_thread_self();
}

static bool has_registered(struct eps_set *set, int fd, unsigned *events)
{
    const struct eps_reg *reg = eps_registry_find(&set->registry, fd);

    if (!reg)
        return false;
    *events = eps_reg_mask(reg);
    return eps_reg_state(reg) == EPS_REG_REGISTERED;
}

/*
 * Where it can't be found out, it is: a sleeper woken early is better than
 * one not woken. A signal comes up only where nothing is ready.
 */
static bool is_ready(int fd, unsigned events)
{
    struct pollfd one = {.fd = fd, .events = (short)events};
    struct timespec now = {0, 0};
    long ret = EPS_SYS5(SYS_ppoll, &one, 1, &now, NULL, 8);

    return ret != 0 && ret != -EINTR && !(ret > 0 && (one.revents & POLLNVAL));
}

static void ring(struct eps_set *set, struct eps_thread *self)
{
    if (eps_epoll_ring(atomic_load(&set->epfd)))
        eps_count(self, EPS_C_bells);
    else
        eps_epset_call(set);
}

/* In a handler, and what it has interrupted is a call on that set. */
static bool is_interrupted(const struct eps_set *set,
                           const struct eps_thread *self)
{
    bool is_ours = false;

    for (int i = 0; i < EPS_THREAD_SITES; i++)
        is_ours |= self->sites[i].set == set;
    return is_ours;
}

/* Note (a): it has to look for itself. A handler ends its own call. */
static bool has_to_wake(const struct eps_set *set, int fd, unsigned events,
                        struct eps_thread *self)
{
    if (is_ready(fd, events))
        return true;
    if (!is_interrupted(set, self))
        return false;
    self->quiet.disturbed = true;
    return true;
}

/* Note (b) for one holder; note (a) for each that sleeps. */
static void prepare_holder(struct eps_set *set, int fd, bool alone,
                           struct eps_thread *self)
{
    int epfd = atomic_load(&set->epfd);
    unsigned events;

    if (!has_registered(set, fd, &events) || epfd < 0)
        return;
    if (atomic_load(&set->asleep)) {
        if (has_to_wake(set, fd, events, self) &&
            eps_epoll_delete(epfd, fd) != -ENOENT)
            ring(set, self);
    } else if (alone && atomic_load(&eps_process.haunted)) {
        eps_epoll_delete(epfd, fd);
    }
}

static void prepare_holders(int fd, unsigned holder, struct eps_thread *self)
{
    struct eps_set *set = NULL;

    if (holder != EPS_HELD_BY_MANY) {
        prepare_holder(eps_setpool_at(holder), fd, true, self);
        return;
    }
    while ((set = eps_setpool_next(set)) != NULL)
        prepare_holder(set, fd, false, self);
}

static void ring_sleepers(int fd, struct eps_thread *self)
{
    struct eps_set *set = NULL;
    unsigned events;

    while ((set = eps_setpool_next(set)) != NULL)
        if (atomic_load(&set->asleep) && has_registered(set, fd, &events))
            ring(set, self);
}

/*
 * The program may have put a file of its own there, unseen. In a sandbox that
 * can't be asked.
 */
bool eps_closing_hides_slow(int fd)
{
    if (eps_process_is_sandboxed())
        return true;
    if (!eps_process_is_ours() || !eps_fdwatch_is_internal(fd))
        return false;
    if (eps_set_still_has(fd))
        return true;
    eps_set_lost(fd);
    return false;
}

struct eps_closing eps_closing_begin_slow(int fd)
{
    struct eps_closing closing = {fd, false};
    struct eps_thread *self;
    unsigned holder;

    if (!(self = self_if_ours()))
        return closing;
    closing.on = true;
    holder = eps_fdwatch_end(fd);
    if (holder == EPS_HELD_BY_NONE || holder == EPS_HELD_INTERNAL)
        return closing;
    eps_thread_ends(self, fd);
    self->calm = false; /* its next call has something to settle */
    prepare_holders(fd, holder, self);
    return closing;
}

void eps_closing_end_slow(const struct eps_closing *closing)
{
    struct eps_thread *self = NULL;
    unsigned holder;

    if (!closing->on && !(self = self_if_ours()))
        return;
    holder = eps_fdwatch_ended(closing->fd);
    if (holder == EPS_HELD_BY_NONE || holder == EPS_HELD_INTERNAL)
        return;
    if (!closing->on) /* whoever sleeps has not been looked for */
        ring_sleepers(closing->fd, self);
}

/* What kind it is saves a look, should a set come to ask for it. */
static bool may_matter(int fd, enum eps_kind kind)
{
    return eps_fdwatch_matters(fd) ||
           (kind != EPS_KIND_UNKNOWN && eps_setpool_is_used());
}

void eps_closing_handed_out_slow(int fd, enum eps_kind kind)
{
    struct eps_thread *self;

    if (!eps_fdwatch_covers(fd) || !may_matter(fd, kind) ||
        !(self = self_if_ours()))
        return;
    if (eps_fdwatch_is_internal(fd))
        eps_set_lost(fd);
    if (eps_fdwatch_handed_out(fd, kind))
        eps_count(self, EPS_C_handouts);
}
