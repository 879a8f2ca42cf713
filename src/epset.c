/* SPDX-License-Identifier: MIT */
/*
 * The epoll set: preparing it, looking at it, reading its events. Owns the
 * epoll descriptors and the buffers of events. Its thread alone changes a
 * set (never from a handler: nested calls go native before); closers in
 * other threads only delete items and ring.
 *
 * Kernel notes:
 * (a) The last close of a file takes its item out silently; a file kept
 *     alive by a dup or a fork keeps its item, whose events then carry the
 *     old generation (a ghost). It can't be deleted by number: the epoll
 *     descriptor is made anew (F2).
 */
#include "epset.h"

#include "epoll.h"
#include "fdwatch.h"
#include "memory.h"
#include "process.h"
#include "setlife.h"
#include "settle.h"
#include "signals.h"

#include <errno.h>

#define OLDEST_GHOST (1u << 20)

static int epfd_of(const struct eps_set *set)
{
    return atomic_load_explicit(&set->epfd, memory_order_acquire);
}

int eps_epset_open(struct eps_set *set)
{
    uint64_t signals = eps_signals_hold();
    int fd = eps_epoll_create();

    atomic_store(&set->epfd, fd < 0 ? -1 : fd);
    eps_signals_let_go(signals);
    set->haunted = false;
    set->mark = eps_journal_head();
    return fd < 0 ? fd : 0;
}

int eps_epset_lose(struct eps_set *set, struct eps_thread *self)
{
    int fd = atomic_exchange(&set->epfd, -1);

    if (fd >= 0)
        eps_fdwatch_give_back(fd);
    set->haunted = true;
    eps_count(self, EPS_C_lost_epfds);
    return -ESTALE;
}

static void check_number(struct eps_set *set, int fd)
{
    const struct eps_reg *reg = eps_registry_find(&set->registry, fd);

#ifdef EPS_BREAK_JOURNAL /* a build that verify mode has to catch */
    return;
#endif
    if (reg && eps_reg_state(reg) != EPS_REG_ABSENT &&
        reg->generation != eps_fdwatch_generation(fd))
        eps_registry_mark_dirty(&set->registry, fd);
}

static void check_all_numbers(struct eps_set *set, struct eps_thread *self)
{
    int fd = -1;

    eps_count(self, EPS_C_journal_overruns);
    while ((fd = eps_registry_next(&set->registry, fd + 1)) >= 0)
        check_number(set, fd);
}

static void read_journal(struct eps_set *set, struct eps_thread *self)
{
    uint32_t head = eps_journal_head();
    uint32_t mark = set->mark;

    set->mark = head;
    if (head - mark > EPS_JOURNAL_SIZE) {
        check_all_numbers(set, self);
        return;
    }
    for (; mark != head; mark++) {
        int fd = eps_journal_read(mark);
        if (fd < 0) {
            check_all_numbers(set, self);
            return;
        }
        check_number(set, fd);
    }
}

/* Note (a): everything is registered anew, under a new epoll descriptor. */
static int rebuild(struct eps_set *set, struct eps_thread *self)
{
    struct eps_registry *registry = &set->registry;
    int ret, fd = -1;

    eps_set_close_epfd(set);
    ret = eps_epset_open(set);
    if (ret < 0)
        return ret;
    eps_count(self, EPS_C_sets_rebuilt);
    while ((fd = eps_registry_next(registry, fd + 1)) >= 0) {
        struct eps_reg *reg = eps_registry_at(registry, fd);
        reg->flags &= ~EPS_REG_BACKED;
        if (eps_reg_state(reg) != EPS_REG_REGISTERED) {
            check_number(set, fd); /* the journal of it is over */
            continue;
        }
        eps_settle_state(set, reg, EPS_REG_ABSENT);
        eps_registry_mark_dirty(registry, fd);
    }
    return 0;
}

static bool make_room_for_events(struct eps_set *set)
{
    uint32_t need = eps_epset_room_needed(set);
    uint32_t capacity = set->event_capacity ? set->event_capacity : 128;

    if (need <= set->event_capacity)
        return true;
    while (capacity < need)
        capacity *= 2;
    void *events = eps_memory_map(capacity * eps_epoll_event_size);
    void *old = set->events;
    size_t old_bytes = set->event_capacity * eps_epoll_event_size;
    if (!events)
        return false;
    set->events = events;
    __atomic_store_n(&set->event_capacity, capacity, __ATOMIC_RELEASE);
    eps_memory_unmap(old, old_bytes);
    return true;
}

static int prepare_once(struct eps_set *set, struct eps_thread *self)
{
    int ret = 0;

    if (epfd_of(set) < 0 || set->haunted)
        ret = rebuild(set, self);
    if (eps_epset_is_behind(set))
        read_journal(set, self);
    if (ret == 0 && (set->registry.dirty || set->young.count))
        ret = eps_settle_all(set, self);
    return ret;
}

int eps_epset_prepare(struct eps_set *set, struct eps_thread *self)
{
    int ret = prepare_once(set, self);

    if (ret == -ESTALE || (ret == 0 && set->haunted))
        ret = prepare_once(set, self);
    if (ret < 0)
        return ret;
    return make_room_for_events(set) ? 0 : -ENOMEM;
}

bool eps_epset_hears(struct eps_set *set, struct eps_thread *self)
{
    read_journal(set, self);
    return set->registry.dirty != 0;
}

int eps_epset_looked_oddly(struct eps_set *set, struct eps_thread *self,
                           int found)
{
    if (found == -EBADF || found == -EINVAL)
        return eps_epset_lose(set, self);
    if (found == (int)set->event_capacity)
        set->haunted = true; /* more events than items: ghosts hide some */
    return found;
}

/*
 * A generation that this number never had, or had a million closes ago: is our
 * epoll descriptor's number somebody else's epoll by now?
 */
static bool is_foreign(const struct eps_set *set, struct eps_item item)
{
    int fd = (int)item.number;

    return (!eps_fdwatch_covers(fd) ||
            eps_fdwatch_generation(fd) - item.generation > OLDEST_GHOST) &&
           !eps_epoll_is_own(epfd_of(set));
}

/* True if that is what the kernel has of the number, and of this file. */
static bool is_its(const struct eps_reg *reg, struct eps_item item)
{
    return (eps_reg_state(reg) == EPS_REG_REGISTERED ||
            (reg->flags & EPS_REG_BACKED)) &&
           reg->generation == item.generation;
}

bool eps_epset_event(struct eps_set *set, int index, struct eps_event *event)
{
    struct eps_item item;

    if (!eps_epoll_event(set->events, index, &item))
        return false;
    *event = (struct eps_event){
        .reg = eps_registry_find(&set->registry, (int)item.number),
        .fd = (int)item.number,
        .events = item.events,
    };
    return event->reg && is_its(event->reg, item);
}

void eps_epset_astray(struct eps_set *set, int index, struct eps_thread *self)
{
    struct eps_item item;

    if (!eps_epoll_event(set->events, index, &item))
        return; /* a bell */
    if (is_foreign(set, item)) {
        eps_epset_lose(set, self);
    } else {
        eps_count(self, EPS_C_ghosts);
        set->haunted = true;
        atomic_store_explicit(&eps_process.haunted, true, memory_order_relaxed);
    }
}

void eps_epset_unwanted(struct eps_set *set, struct eps_event event,
                        struct eps_thread *self)
{
    event.reg->flags |= EPS_REG_MISFIRED;
    eps_registry_mark_dirty(&set->registry, event.fd);
    eps_count(self, EPS_C_unwanted);
}

bool eps_epset_fall_asleep(struct eps_set *set)
{
    atomic_store(&set->asleep, EPS_ASLEEP);
    /*
     * A closer writes the journal, then reads asleep, all in the one order of
     * sequentially consistent steps: one of us sees.
     */
    if (set->mark == atomic_load(&eps_journal.head))
        return true;
    eps_epset_wake(set);
    return false;
}

void eps_epset_wake(struct eps_set *set)
{
    atomic_store_explicit(&set->asleep, EPS_AWAKE, memory_order_release);
}

void eps_epset_call(struct eps_set *set)
{
    uint32_t asleep = EPS_ASLEEP;

    atomic_compare_exchange_strong(&set->asleep, &asleep, EPS_CALLED);
}

bool eps_epset_is_called(const struct eps_set *set)
{
    return atomic_load(&set->asleep) == EPS_CALLED;
}
