/* SPDX-License-Identifier: MIT */
/*
 * The epoll set. Owns the epoll descriptors and what is registered in them.
 * Its thread alone changes a set (never from a handler: nested calls go
 * native before); closers in other threads only delete items and ring.
 *
 * Kernel notes:
 * (a) The last close of a file takes its item out silently; a file kept
 *     alive by a dup or a fork keeps its item, whose events then carry the
 *     old generation (a ghost). It can't be deleted by number: the epoll
 *     descriptor is made anew (F2).
 * (b) EPOLL_CTL_ADD answers EEXIST for exactly the (file, number) pair that
 *     is registered; MOD answers ENOENT for any other.
 * (c) A forked child shares the instance: its EPOLL_CTL_DEL would empty its
 *     parent's set. So no epoll call is made in a copy (F4).
 * (d) EBADF is answered for a closed target and a closed epoll descriptor
 *     alike; EINVAL when the descriptor is no epoll at all (F6).
 */
#include "epset.h"

#include "epoll.h"
#include "fdwatch.h"
#include "journal.h"
#include "kind.h"
#include "memory.h"
#include "setlife.h"

#include <errno.h>

#define SPARE_EVENTS 64 /* room for a bell and some ghosts */
#define IDLE_SPARE 64   /* idle items kept beside half of the wanted */
#define OLDEST_GHOST (1u << 20)

static int epfd_of(const struct eps_set *set)
{
    return atomic_load_explicit(&set->epfd, memory_order_acquire);
}

int eps_epset_open(struct eps_set *set)
{
    int fd = eps_epoll_create();

    atomic_store(&set->epfd, fd < 0 ? -1 : fd);
    set->haunted = false;
    set->mark = eps_journal_head();
    return fd < 0 ? fd : 0;
}

/* The number is not ours any more: somebody closed or replaced it. */
static int lose(struct eps_set *set, struct eps_thread *self)
{
    int fd = atomic_exchange(&set->epfd, -1);

    if (fd >= 0)
        eps_fdwatch_set_internal(fd, false);
    set->haunted = true;
    eps_count(self, EPS_C_lost_epfds);
    return -ESTALE;
}

/* --- registrations ----------------------------------------------------- */

static void set_state(struct eps_set *set, struct eps_reg *reg,
                      enum eps_reg_state state)
{
    enum eps_reg_state old = eps_reg_state(reg);

    set->registry.registered += state == EPS_REG_REGISTERED;
    set->registry.registered -= old == EPS_REG_REGISTERED;
    if (reg->flags & EPS_REG_IDLE) {
        reg->flags &= ~EPS_REG_IDLE;
        set->registry.idle--;
    }
    atomic_store_explicit(&reg->state, state, memory_order_relaxed);
}

static void set_mask(struct eps_reg *reg, unsigned mask)
{
    atomic_store_explicit(&reg->mask, (uint16_t)mask, memory_order_relaxed);
}

static int make_residual(struct eps_set *set, int fd, struct eps_reg *reg)
{
    set_state(set, reg, EPS_REG_RESIDUAL);
    if (!(reg->flags & EPS_REG_LISTED)) {
        reg->flags |= EPS_REG_LISTED;
        reg->next_residual = set->registry.residual;
        set->registry.residual = fd + 1;
    }
    return 0;
}

static struct eps_item item_of(int fd, const struct eps_reg *reg)
{
    return (struct eps_item){(uint32_t)fd, reg->generation, reg->want};
}

static int modify(struct eps_set *set, int fd, struct eps_reg *reg,
                  struct eps_thread *self)
{
    int ret = eps_epoll_modify(epfd_of(set), item_of(fd, reg));

    eps_count(self, EPS_C_ctl_mod);
    set->work += EPS_COST_MODIFY;
    if (ret == 0) {
        set_state(set, reg, EPS_REG_REGISTERED);
        set_mask(reg, reg->want);
    }
    return ret;
}

static int add(struct eps_set *set, int fd, struct eps_reg *reg,
               struct eps_thread *self)
{
    int ret = eps_epoll_add(epfd_of(set), item_of(fd, reg));

    eps_count(self, EPS_C_ctl_add);
    set->work += EPS_COST_ADD;
    if (ret == -EEXIST) /* still there from before: note (b) */
        return modify(set, fd, reg, self);
    if (ret == 0) {
        set_state(set, reg, EPS_REG_REGISTERED);
        set_mask(reg, reg->want);
    }
    return ret;
}

static enum eps_kind kind_of(int fd, uint32_t generation)
{
    enum eps_kind kind = eps_fdwatch_kind(fd);

    if (kind == EPS_KIND_UNKNOWN) {
        kind = eps_kind_look(fd);
        eps_fdwatch_learn(fd, generation, kind);
    }
    return kind;
}

/* A wanted number that the kernel has no item of ours for. */
static int enter(struct eps_set *set, int fd, struct eps_reg *reg,
                 struct eps_thread *self)
{
    /* A closed number that we had taken: to the program it is closed. */
    if (eps_fdwatch_is_internal(fd))
        eps_set_give_way(fd);
    /* Held before the generation is read: whoever ends it now, tells. */
    eps_fdwatch_hold(fd, set->id);
    reg->generation = eps_fdwatch_generation(fd);
    reg->flags &= ~(EPS_REG_UNWANTED | EPS_REG_DEAF);
    set_mask(reg, reg->want);

    if (kind_of(fd, reg->generation) != EPS_KIND_FAITHFUL)
        return make_residual(set, fd, reg);
    int ret = add(set, fd, reg, self);
    switch (ret) {
    case 0:
        return 0;
    case -EBADF: /* closed meanwhile, O_PATH, or note (d) */
    case -EINVAL:
        if (!eps_epoll_is(epfd_of(set)))
            return lose(set, self);
        return make_residual(set, fd, reg);
    case -EPERM:
    case -ELOOP:
        return make_residual(set, fd, reg);
    default: /* ENOSPC, ENOMEM, a sandbox: nothing we can explain */
        return ret;
    }
}

/* Takes the item out of the kernel's set. */
static int leave(struct eps_set *set, int fd, struct eps_reg *reg,
                 struct eps_thread *self)
{
    int ret = eps_epoll_delete(epfd_of(set), fd);

    eps_count(self, EPS_C_ctl_del);
    set->work += EPS_COST_DELETE;
    if (ret < 0) /* what fired was not this number's file: note (a) */
        set->haunted = true;
    set_state(set, reg, EPS_REG_ABSENT);
    return 0;
}

static int change(struct eps_set *set, int fd, struct eps_reg *reg,
                  struct eps_thread *self)
{
    int ret = modify(set, fd, reg, self);

    if (ret == -ENOENT || ret == -EBADF || ret == -EINVAL) {
        set_state(set, reg, EPS_REG_ABSENT);
        return enter(set, fd, reg, self);
    }
    return ret;
}

/* Fired something that no entry can report, and would fire it for ever. */
static int silence(struct eps_set *set, int fd, struct eps_reg *reg,
                   struct eps_thread *self)
{
    reg->flags &= ~EPS_REG_UNWANTED;
    if (atomic_load_explicit(&reg->mask, memory_order_relaxed) != reg->want)
        return change(set, fd, reg, self);
    leave(set, fd, reg, self);
    reg->flags |= EPS_REG_DEAF;
    return make_residual(set, fd, reg);
}

static int settle_registered(struct eps_set *set, int fd, struct eps_reg *reg,
                             struct eps_thread *self)
{
    if (!(reg->flags & EPS_REG_WANTED)) {
        if (reg->flags & EPS_REG_UNWANTED) {
            reg->flags &= ~EPS_REG_UNWANTED;
            leave(set, fd, reg, self);
            eps_fdwatch_unhold(fd, set->id);
        } else if (!(reg->flags & EPS_REG_IDLE)) {
            reg->flags |= EPS_REG_IDLE; /* free until it fires, or returns */
            set->registry.idle++;
        }
        return 0;
    }
    if (reg->flags & EPS_REG_IDLE) {
        reg->flags &= ~EPS_REG_IDLE;
        set->registry.idle--;
    }
    if (reg->flags & EPS_REG_UNWANTED)
        return silence(set, fd, reg, self);
    if (atomic_load_explicit(&reg->mask, memory_order_relaxed) == reg->want)
        return 0;
    return change(set, fd, reg, self);
}

static int settle(struct eps_set *set, int fd, struct eps_thread *self)
{
    struct eps_reg *reg = eps_registry_at(&set->registry, fd);

    if (set->call == EPS_CALL_POLL)
        eps_pollview_settle(&set->poll, reg);
    else
        eps_selview_settle(&set->select, fd, reg);
    if (fd == EPS_FAR)
        return make_residual(set, fd, reg);

    if (eps_reg_state(reg) != EPS_REG_ABSENT &&
        reg->generation != eps_fdwatch_generation(fd)) {
        /* Another file by now; its closer has paid for the item's end. */
        set_state(set, reg, EPS_REG_ABSENT);
        set->work += EPS_COST_DELETE;
    }
    if (eps_reg_state(reg) == EPS_REG_REGISTERED)
        return settle_registered(set, fd, reg, self);
    if (!(reg->flags & EPS_REG_WANTED)) {
        set_state(set, reg, EPS_REG_ABSENT);
        eps_fdwatch_unhold(fd, set->id);
        return 0;
    }
    if (eps_reg_state(reg) == EPS_REG_RESIDUAL &&
        (!(reg->flags & EPS_REG_DEAF) ||
         atomic_load_explicit(&reg->mask, memory_order_relaxed) == reg->want))
        return 0;
    return enter(set, fd, reg, self);
}

/* Idle items cost kernel memory, and a wake-up each when they fire. */
static void purge_idle(struct eps_set *set, struct eps_thread *self)
{
    struct eps_registry *registry = &set->registry;

    for (uint32_t fd = 0; registry->idle && fd < registry->capacity; fd++) {
        struct eps_reg *reg = eps_registry_at(registry, (int)fd);
        if (!(reg->flags & EPS_REG_IDLE))
            continue;
        leave(set, (int)fd, reg, self);
        eps_fdwatch_unhold((int)fd, set->id);
    }
}

static bool has_many_idle(const struct eps_registry *registry)
{
    uint32_t wanted = registry->registered - registry->idle;

    return registry->idle > wanted / 2 + IDLE_SPARE;
}

static int settle_all(struct eps_set *set, struct eps_thread *self)
{
    int fd;

    while ((fd = eps_registry_next_dirty(&set->registry)) >= 0) {
        set->work += EPS_COST_CHANGE;
        int ret = settle(set, fd, self);
        if (ret < 0) {
            eps_registry_mark_dirty(&set->registry, fd);
            return ret;
        }
    }
    if (has_many_idle(&set->registry))
        purge_idle(set, self);
    return 0;
}

/* --- the journal ------------------------------------------------------- */

bool eps_epset_is_behind(const struct eps_set *set)
{
    return set->mark != eps_journal_head();
}

static void check_number(struct eps_set *set, int fd)
{
    struct eps_reg *reg;

#ifdef EPS_BREAK_JOURNAL /* a build that verify mode has to catch */
    return;
#endif
    if (!eps_registry_covers(&set->registry, fd))
        return;
    reg = eps_registry_at(&set->registry, fd);
    if (eps_reg_state(reg) != EPS_REG_ABSENT &&
        reg->generation != eps_fdwatch_generation(fd))
        eps_registry_mark_dirty(&set->registry, fd);
}

static void check_all_numbers(struct eps_set *set, struct eps_thread *self)
{
    eps_count(self, EPS_C_journal_overruns);
    for (uint32_t fd = 0; fd < set->registry.capacity; fd++)
        check_number(set, (int)fd);
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

/* --- preparing and looking --------------------------------------------- */

/* Note (a): everything is registered anew, under a new epoll descriptor. */
static int rebuild(struct eps_set *set, struct eps_thread *self)
{
    struct eps_registry *registry = &set->registry;
    int ret;

    eps_epoll_close(atomic_exchange(&set->epfd, -1));
    ret = eps_epset_open(set);
    if (ret < 0)
        return ret;
    eps_count(self, EPS_C_sets_rebuilt);
    for (uint32_t fd = 0; fd < registry->capacity; fd++) {
        struct eps_reg *reg = eps_registry_at(registry, (int)fd);
        if (eps_reg_state(reg) != EPS_REG_REGISTERED)
            continue;
        set_state(set, reg, EPS_REG_ABSENT);
        eps_registry_mark_dirty(registry, (int)fd);
    }
    return 0;
}

static bool make_room_for_events(struct eps_set *set)
{
    uint32_t need = set->registry.registered + SPARE_EVENTS;
    uint32_t capacity = set->event_capacity ? set->event_capacity : 128;

    if (need <= set->event_capacity)
        return true;
    while (capacity < need)
        capacity *= 2;
    void *events = eps_memory_map(capacity * eps_epoll_event_size);
    if (!events)
        return false;
    eps_memory_unmap(set->events, set->event_capacity * eps_epoll_event_size);
    set->events = events;
    set->event_capacity = capacity;
    return true;
}

static int prepare_once(struct eps_set *set, struct eps_thread *self)
{
    int ret = 0;

    if (epfd_of(set) < 0 || set->haunted)
        ret = rebuild(set, self);
    if (eps_epset_is_behind(set))
        read_journal(set, self);
    if (ret == 0 && set->registry.dirty)
        ret = settle_all(set, self);
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

int eps_epset_look(struct eps_set *set, struct eps_thread *self)
{
    int found =
        eps_epoll_wait(epfd_of(set), set->events, (int)set->event_capacity);

    if (found == -EBADF || found == -EINVAL)
        return lose(set, self);
    if (found == (int)set->event_capacity)
        set->haunted = true; /* more events than items: ghosts hide some */
    return found;
}

/*
 * A generation that this number never had, or had a million closes ago: our
 * epoll descriptor's number is somebody else's epoll by now.
 */
static bool is_foreign(struct eps_item item)
{
    int fd = (int)item.number;

    return !eps_fdwatch_covers(fd) ||
           eps_fdwatch_generation(fd) - item.generation > OLDEST_GHOST;
}

struct eps_event eps_epset_event(struct eps_set *set, int index,
                                 struct eps_thread *self)
{
    static const struct eps_event nothing = {-1, 0};
    struct eps_item item;
    int fd;

    if (!eps_epoll_event(set->events, index, &item))
        return nothing; /* a bell */
    fd = (int)item.number;
    if (eps_registry_covers(&set->registry, fd)) {
        struct eps_reg *reg = eps_registry_at(&set->registry, fd);
        if (eps_reg_state(reg) == EPS_REG_REGISTERED &&
            reg->generation == item.generation)
            return (struct eps_event){fd, item.events};
    }
    if (is_foreign(item)) {
        lose(set, self);
    } else {
        eps_count(self, EPS_C_ghosts);
        set->haunted = true;
    }
    return nothing;
}

void eps_epset_unwanted(struct eps_set *set, int fd, struct eps_thread *self)
{
    eps_registry_at(&set->registry, fd)->flags |= EPS_REG_UNWANTED;
    eps_registry_mark_dirty(&set->registry, fd);
    eps_count(self, EPS_C_unwanted);
}

bool eps_epset_fall_asleep(struct eps_set *set)
{
    atomic_store(&set->asleep, 1);
    /* A closer writes the journal, then reads asleep: one of us sees. */
    atomic_thread_fence(memory_order_seq_cst);
    if (!eps_epset_is_behind(set))
        return true;
    eps_epset_wake(set);
    return false;
}

void eps_epset_wake(struct eps_set *set)
{
    atomic_store_explicit(&set->asleep, 0, memory_order_release);
}
