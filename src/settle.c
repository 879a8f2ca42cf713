/* SPDX-License-Identifier: MIT */
/*
 * Settling: what the caller wants of each dirty number, against what the
 * kernel was told. Owns the state of registrations; the set's thread only,
 * never from a handler.
 *
 * Kernel notes:
 * (a) EPOLL_CTL_ADD answers EEXIST for exactly the (file, number) pair that
 *     is registered; MOD answers ENOENT for any other.
 * (b) An item of a file kept alive elsewhere can't be deleted by number: the
 *     epoll descriptor is made anew (F2).
 * (c) EBADF is answered for a closed target and a closed epoll descriptor
 *     alike; EINVAL when the descriptor is no epoll at all (F6).
 */
#include "settle.h"

#include "epoll.h"
#include "fdwatch.h"
#include "kind.h"
#include "setlife.h"

#include <errno.h>
#include <poll.h>

#define WRITING (POLLOUT | POLLWRNORM | POLLWRBAND)
#define IDLE_SPARE 64 /* idle items kept beside half of the wanted */

/* It comes back to the caller's array, or its item ends. */
static void end_idle(struct eps_set *set, struct eps_reg *reg)
{
    if (reg->flags & EPS_REG_IDLE)
        set->registry.idle--;
    reg->flags &= ~EPS_REG_IDLE;
}

void eps_settle_state(struct eps_set *set, struct eps_reg *reg,
                      enum eps_reg_state state)
{
    enum eps_reg_state old = eps_reg_state(reg);

    if (reg->flags & EPS_REG_YOUNG)
        eps_young_went(&set->young);
    reg->flags &= ~(EPS_REG_YOUNG | EPS_REG_BACKED);
    set->registry.registered += state == EPS_REG_REGISTERED;
    set->registry.registered -= old == EPS_REG_REGISTERED;
    end_idle(set, reg);
    atomic_store_explicit(&reg->state, state, memory_order_relaxed);
}

/* What is asked of it now is what the kernel was told. */
static void note_mask(struct eps_reg *reg)
{
    atomic_store_explicit(&reg->mask, reg->want, memory_order_relaxed);
}

/* The kernel's item, if there is one, tells what is asked, and no more. */
static bool is_to_the_point(const struct eps_reg *reg)
{
    return eps_reg_mask(reg) == reg->want;
}

static int make_residual(struct eps_set *set, int fd, struct eps_reg *reg)
{
    eps_settle_state(set, reg, EPS_REG_RESIDUAL);
    if (!(reg->flags & EPS_REG_LISTED)) {
        reg->flags |= EPS_REG_LISTED;
        reg->next_residual = set->registry.residual;
        set->registry.residual = fd + 1;
    }
    return 0;
}

/* Looked at natively until something else is asked: epoll can't tell this. */
static int make_deaf(struct eps_set *set, int fd, struct eps_reg *reg)
{
    reg->flags |= EPS_REG_DEAF;
    note_mask(reg);
    return make_residual(set, fd, reg);
}

/* Looked at natively until it has lasted; `backed` by an item, or not. */
static int make_young(struct eps_set *set, int fd, struct eps_reg *reg,
                      unsigned backed)
{
    make_residual(set, fd, reg);
    reg->flags |= EPS_REG_YOUNG | backed;
    eps_young_add(&set->young, fd, set->calls);
    return 0;
}

/*
 * What is there when a set is made is there to stay; and a set that is mostly
 * looked at natively is none.
 */
static bool may_be_young(struct eps_set *set)
{
    return set->calls && set->registry.registered > 2 * set->young.count + 2 &&
           eps_young_is_welcome(&set->young);
}

static struct eps_item item_of(int fd, const struct eps_reg *reg)
{
    return (struct eps_item){(uint32_t)fd, reg->generation, reg->want};
}

/* By an ADD or a MOD that answered `ret`. */
static int make_registered(struct eps_set *set, struct eps_reg *reg, int ret)
{
    if (ret == 0) {
        eps_settle_state(set, reg, EPS_REG_REGISTERED);
        note_mask(reg);
    }
    return ret;
}

static int modify(struct eps_set *set, int fd, struct eps_reg *reg,
                  struct eps_thread *self)
{
    int ret = eps_epoll_modify(atomic_load(&set->epfd), item_of(fd, reg));

    eps_count(self, EPS_C_ctl_mod);
    set->work += EPS_COST_MODIFY;
    return make_registered(set, reg, ret);
}

static int add(struct eps_set *set, int fd, struct eps_reg *reg,
               struct eps_thread *self)
{
    int ret = eps_epoll_add(atomic_load(&set->epfd), item_of(fd, reg));

    eps_count(self, EPS_C_ctl_add);
    set->work += EPS_COST_ADD;
    if (ret == -EEXIST) /* still there from before: note (a) */
        return modify(set, fd, reg, self);
    return make_registered(set, reg, ret);
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

/* True of a kind that tells some of what may be asked, but not all of this. */
static bool is_too_much(int fd, const struct eps_reg *reg)
{
    return (reg->want & WRITING) &&
           kind_of(fd, reg->generation) == EPS_KIND_READABLE;
}

/* The kernel gets an item of it, if its kind allows that. */
static int take_in(struct eps_set *set, int fd, struct eps_reg *reg,
                   struct eps_thread *self)
{
    /*
     * The closer has looked for sleepers already: one that falls asleep now
     * would not be woken, but by the kernel, which holds the file.
     */
    if (eps_fdwatch_is_ending(fd) ||
        kind_of(fd, reg->generation) == EPS_KIND_RESIDUAL)
        return make_residual(set, fd, reg);
    if (is_too_much(fd, reg))
        return make_deaf(set, fd, reg);
    int ret = add(set, fd, reg, self);
    switch (ret) {
    case 0:
        return 0;
    case -EBADF: /* closed meanwhile, O_PATH, or note (c) */
    case -EINVAL:
        if (!eps_epoll_is_own(atomic_load(&set->epfd)))
            return eps_epset_lose(set, self);
        return make_residual(set, fd, reg);
    case -EPERM:
    case -ELOOP:
        return make_residual(set, fd, reg);
    default: /* ENOSPC, ENOMEM, a sandbox: nothing we can explain */
        return ret;
    }
}

/* A wanted number that the kernel has no item of ours for. */
static int enter(struct eps_set *set, int fd, struct eps_reg *reg,
                 struct eps_thread *self)
{
    /* A closed number that we had taken: to the program it is closed. */
    if (eps_fdwatch_is_internal(fd))
        eps_set_give_way(fd);
    /* Held before the generation is read: whoever ends it now, tells. */
    eps_registry_note(&set->registry, fd);
    eps_fdwatch_hold(fd, set->id);
    reg->generation = eps_fdwatch_generation(fd);
    reg->flags &= ~(EPS_REG_MISFIRED | EPS_REG_DEAF);
    note_mask(reg);

    return may_be_young(set) ? make_young(set, fd, reg, 0)
                             : take_in(set, fd, reg, self);
}

/* Takes the item out of the kernel's set. */
static void take_out(struct eps_set *set, int fd, struct eps_thread *self)
{
    int ret = eps_epoll_delete(atomic_load(&set->epfd), fd);

    eps_count(self, EPS_C_ctl_del);
    set->work += EPS_COST_DELETE;
    if (ret < 0) /* what fired was not this number's file: note (b) */
        set->haunted = true;
}

/* There is no item, and nobody wants one. */
static int let_go(struct eps_set *set, int fd, struct eps_reg *reg)
{
    eps_settle_state(set, reg, EPS_REG_ABSENT);
    eps_fdwatch_unhold(fd, set->id);
    return 0;
}

/*
 * The end of a number was missed, and not just told by who has deleted the item
 * before a close. The old file's item may live on, and must not pass for the
 * new one's: another generation tells them apart.
 */
static void miss_end(int fd, struct eps_thread *self)
{
    eps_count(self, EPS_C_rescues);
    EPS_PROBE_RESCUE(fd);
    eps_fdwatch_ended(fd);
}

static int change(struct eps_set *set, int fd, struct eps_reg *reg,
                  struct eps_thread *self)
{
    int ret;

    if (is_too_much(fd, reg)) {
        take_out(set, fd, self);
        return make_deaf(set, fd, reg);
    }
    ret = modify(set, fd, reg, self);
    if (ret == -ENOENT || ret == -EBADF || ret == -EINVAL) {
        if (reg->generation == eps_fdwatch_generation(fd))
            miss_end(fd, self);
        eps_settle_state(set, reg, EPS_REG_ABSENT);
        return enter(set, fd, reg, self);
    }
    return ret;
}

/*
 * Some entry reports whatever it fires: what none could report came while that
 * was left out. Only in select(), who does not read is told of no hang-up.
 */
static bool is_told_all(const struct eps_set *set, const struct eps_reg *reg)
{
    return set->call == EPS_CALL_POLL || (reg->want & POLLIN);
}

/* Fired something that no entry could report, and may do so for ever. */
static int silence(struct eps_set *set, int fd, struct eps_reg *reg,
                   struct eps_thread *self)
{
    reg->flags &= ~EPS_REG_MISFIRED;
    if (!is_to_the_point(reg))
        return change(set, fd, reg, self);
    if (is_told_all(set, reg))
        return 0;
    take_out(set, fd, self);
    return make_deaf(set, fd, reg);
}

/*
 * An item that nobody wants costs nothing until it fires, and may be wanted
 * again: until then it stays.
 */
static int make_idle(struct eps_set *set, int fd, struct eps_reg *reg,
                     struct eps_thread *self)
{
    if (reg->flags & EPS_REG_MISFIRED) {
        reg->flags &= ~EPS_REG_MISFIRED;
        take_out(set, fd, self);
        return let_go(set, fd, reg);
    }
    set->registry.idle += !(reg->flags & EPS_REG_IDLE);
    reg->flags |= EPS_REG_IDLE;
    return 0;
}

static int settle_registered(struct eps_set *set, int fd, struct eps_reg *reg,
                             struct eps_thread *self)
{
    if (!(reg->flags & EPS_REG_WANTED))
        return make_idle(set, fd, reg, self);
    end_idle(set, reg);
    if (reg->flags & EPS_REG_MISFIRED)
        return silence(set, fd, reg, self);
    if (is_to_the_point(reg))
        return 0;
    if ((reg->want & ~eps_reg_mask(reg)) && may_be_young(set))
        return make_young(set, fd, reg, EPS_REG_BACKED);
    return change(set, fd, reg, self);
}

/* Its item tells less than is asked, or there is none. */
static int settle_young(struct eps_set *set, int fd, struct eps_reg *reg,
                        struct eps_thread *self)
{
    bool wanted = reg->flags & EPS_REG_WANTED;

    if (reg->flags & EPS_REG_MISFIRED) {
        reg->flags &= ~(EPS_REG_MISFIRED | EPS_REG_BACKED);
        take_out(set, fd, self);
    }
    if ((reg->flags & EPS_REG_BACKED) && (!wanted || is_to_the_point(reg))) {
        eps_settle_state(set, reg, EPS_REG_REGISTERED); /* as before */
        return settle_registered(set, fd, reg, self);
    }
    return wanted ? 0 : let_go(set, fd, reg);
}

/* It has lasted, and gets an item, or its item more to tell. */
static int grow_up(struct eps_set *set, int fd, struct eps_reg *reg,
                   struct eps_thread *self)
{
    if (!(reg->flags & EPS_REG_BACKED))
        return take_in(set, fd, reg, self);
    eps_settle_state(set, reg, EPS_REG_REGISTERED);
    return change(set, fd, reg, self);
}

static int settle_as_wanted(struct eps_set *set, int fd, struct eps_reg *reg,
                            struct eps_thread *self)
{
    if (fd == EPS_FAR)
        return make_residual(set, fd, reg);

    if (eps_reg_state(reg) != EPS_REG_ABSENT &&
        reg->generation != eps_fdwatch_generation(fd)) {
        /* Another file by now; its closer has paid for the item's end. */
        eps_settle_state(set, reg, EPS_REG_ABSENT);
        set->outside += EPS_COST_ENDED;
    }
    if (eps_reg_state(reg) == EPS_REG_REGISTERED)
        return settle_registered(set, fd, reg, self);
    if (reg->flags & EPS_REG_YOUNG)
        return settle_young(set, fd, reg, self);
    if (!(reg->flags & EPS_REG_WANTED))
        return let_go(set, fd, reg);
    if (eps_reg_state(reg) == EPS_REG_RESIDUAL &&
        (!(reg->flags & EPS_REG_DEAF) || is_to_the_point(reg)))
        return 0;
    return enter(set, fd, reg, self);
}

static int settle(struct eps_set *set, int fd, struct eps_thread *self)
{
    struct eps_reg *reg = eps_registry_at(&set->registry, fd);
    int ret;

    if (set->call == EPS_CALL_POLL) {
        eps_pollview_settle(&set->poll, reg);
        return settle_as_wanted(set, fd, reg, self);
    }
    eps_selview_settle(&set->select, fd, reg);
    ret = settle_as_wanted(set, fd, reg, self);
    eps_selview_keep(&set->select, fd,
                     eps_reg_state(reg) == EPS_REG_REGISTERED &&
                         is_to_the_point(reg));
    return ret;
}

/* Idle items cost kernel memory, and a wake-up each when they fire. */
static void purge_idle(struct eps_set *set, struct eps_thread *self)
{
    struct eps_registry *registry = &set->registry;
    int fd = -1;

    while (registry->idle && (fd = eps_registry_next(registry, fd + 1)) >= 0) {
        struct eps_reg *reg = eps_registry_at(registry, fd);
        if (!(reg->flags & EPS_REG_IDLE))
            continue;
        take_out(set, fd, self);
        let_go(set, fd, reg);
    }
}

static bool has_many_idle(const struct eps_registry *registry)
{
    uint32_t wanted = registry->registered - registry->idle;

    return registry->idle > wanted / 2 + IDLE_SPARE;
}

int eps_settle_all(struct eps_set *set, struct eps_thread *self)
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
    while ((fd = eps_young_next_lasting(&set->young, &set->registry,
                                        set->calls)) >= 0) {
        int ret = grow_up(set, fd, eps_registry_at(&set->registry, fd), self);
        if (ret < 0)
            return ret;
    }
    if (has_many_idle(&set->registry))
        purge_idle(set, self);
    return 0;
}
