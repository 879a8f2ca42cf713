/* SPDX-License-Identifier: MIT */
/*
 * The view of a pollfd array. Owns the copy, the links and the ready list,
 * which share one mapping. Only the set's thread comes here; a handler's
 * nested call goes native before.
 *
 * The caller's array may be written by other threads while we read it, so
 * each entry is read once, and what was read is what is compared and kept.
 */
#include "pollview.h"

#include "memory.h"

#include <stdatomic.h>
#include <string.h>

/*
 * Entries compared at a time: a stretch; where it differs, its blocks; where
 * one differs, its windows. Two stretches, the array's and the copy's, leave
 * room for more in a first-level cache.
 */
#define STRETCH 1024 /* 8 KiB */
#define BLOCK 128
#define WINDOW 32
#define SAMPLES 16

static size_t bytes_for(uint32_t capacity)
{
    return capacity * (sizeof(struct pollfd) + sizeof(struct eps_link) +
                       2 * sizeof(int32_t));
}

/* At no moment is the capacity that of a larger mapping than the pointer's. */
static void carve(struct eps_pollview *view, void *memory, uint32_t capacity)
{
    view->copy = memory;
    view->links = (struct eps_link *)(view->copy + capacity);
    view->back = (int32_t *)(view->links + capacity);
    view->ready = view->back + capacity;
    __atomic_store_n(&view->capacity, capacity, __ATOMIC_RELEASE);
}

bool eps_pollview_reserve(struct eps_pollview *view, uint32_t count)
{
    struct eps_pollview old = *view;
    uint32_t capacity = old.capacity ? old.capacity : 128;

    if (count <= old.capacity)
        return true;
    while (capacity < count)
        capacity *= 2;
    void *memory = eps_memory_map(bytes_for(capacity));
    if (!memory)
        return false;
    carve(view, memory, capacity);
    if (old.capacity) {
        memcpy(view->copy, old.copy, old.count * sizeof(*old.copy));
        memcpy(view->links, old.links, old.count * sizeof(*old.links));
        memcpy(view->back, old.back, old.count * sizeof(*old.back));
        memcpy(view->ready, old.ready, old.ready_count * sizeof(*old.ready));
        eps_memory_unmap(old.copy, bytes_for(old.capacity));
    }
    return true;
}

void eps_pollview_clear(struct eps_pollview *view)
{
    struct eps_pollview old = *view;

    memset(view, 0, sizeof(*view));
    if (old.capacity)
        eps_memory_unmap(old.copy, bytes_for(old.capacity));
}

static void unlink_position(struct eps_pollview *view,
                            struct eps_registry *registry, uint32_t position)
{
    struct eps_link link = view->links[position];

    if (link.slot < 0)
        return;
    if (link.previous)
        view->links[link.previous - 1].next = link.next;
    else
        eps_registry_at(registry, link.slot)->first = link.next;
    if (link.next)
        view->links[link.next - 1].previous = link.previous;
    view->links[position].slot = -1;
    view->back[position] = -1;
    eps_registry_mark_dirty(registry, link.slot);
}

/* Far entries share a slot, which is not their number: always looked at. */
static void may_come_back(struct eps_pollview *view, uint32_t position)
{
    int slot = view->links[position].slot;

    view->back[position] = slot == EPS_FAR ? -1 : slot;
}

static bool link_position(struct eps_pollview *view,
                          struct eps_registry *registry, uint32_t position)
{
    int slot = eps_registry_slot(view->copy[position].fd);

    if (slot < 0)
        return true;
    if (!eps_registry_covers(registry, slot) &&
        !eps_registry_cover(registry, slot))
        return false;
    struct eps_reg *reg = eps_registry_at(registry, slot);
    view->links[position] =
        (struct eps_link){.next = (int32_t)reg->first, .slot = slot};
    reg->flags &= ~EPS_REG_SHARED;
    if (reg->first) {
        view->links[reg->first - 1].previous = (int32_t)position + 1;
        reg->flags |= EPS_REG_SHARED;
    }
    reg->first = position + 1;
    may_come_back(view, position);
    eps_registry_mark_dirty(registry, slot);
    return true;
}

/* Most numbers have one position: no cache line to be had for its links. */
static inline int32_t next_of(const struct eps_pollview *view,
                              const struct eps_reg *reg, int32_t at)
{
    return reg->flags & EPS_REG_SHARED ? view->links[at - 1].next : 0;
}

static bool is_muted(const struct eps_pollview *view, int32_t at)
{
    return view->copy[at - 1].fd < 0;
}

/* A position is on the ready list exactly while its copied revents is not 0. */
static void list_revents(struct eps_pollview *view, uint32_t position,
                         short revents)
{
    if (!view->copy[position].revents)
        view->ready[view->ready_count++] = (int32_t)position;
    view->copy[position].revents = revents;
}

/*
 * The caller has written other revents than we left there. Where it has cleared
 * them, the copy keeps the old ones: the entry is on the ready list already,
 * and the next answer clears both.
 */
static void follow_revents(struct eps_pollview *view, uint32_t position,
                           short revents)
{
    short copied = view->copy[position].revents;

    if (!copied != !revents)
        view->clears = !revents;
    if (revents)
        list_revents(view, position, revents);
}

/*
 * An entry the caller has filled in anew: its revents may never have been
 * set, so it is not looked at, and the next answer writes it in any case.
 */
static void distrust_revents(struct eps_pollview *view, uint32_t position)
{
    list_revents(view, position, -1);
}

static unsigned askable(short events)
{
    return (unsigned short)events & EPS_POLL_KNOWN &
           ~(unsigned)(POLLERR | POLLHUP | POLLNVAL);
}

/*
 * An entry that names the number it is linked under, or names it again: it may
 * have been settled as one that nobody wants.
 */
static void update_linked(struct eps_pollview *view,
                          struct eps_registry *registry, uint32_t position,
                          struct pollfd entry)
{
    struct pollfd *copy = &view->copy[position];
    int slot = view->links[position].slot;
    const struct eps_reg *reg = eps_registry_at(registry, slot);

    if (copy->fd < 0 || copy->events != entry.events ||
        (askable(entry.events) & ~(unsigned)reg->want))
        eps_registry_mark_dirty(registry, slot);
    copy->fd = entry.fd;
    copy->events = entry.events;
}

/*
 * Muted by a negative number, or back. Its registration is left as it is, and
 * has to be settled only if that was done while the entry was muted. True if
 * that is all there is to the entry.
 */
static bool toggle(struct eps_pollview *view, struct eps_registry *registry,
                   uint32_t position, struct pollfd entry)
{
    struct pollfd *copy = &view->copy[position];
    int slot = view->links[position].slot;

    if (slot < 0 || copy->events != entry.events ||
        (entry.fd >= 0 && (copy->fd >= 0 || entry.fd != slot)))
        return false;
    follow_revents(view, position, entry.revents);
    copy->fd = entry.fd;
    if (entry.fd >= 0 && view->back[position] < 0)
        eps_registry_mark_dirty(registry, slot);
    return true;
}

static bool update_entry(struct eps_pollview *view,
                         struct eps_registry *registry, uint32_t position,
                         struct pollfd entry)
{
    struct pollfd *copy = &view->copy[position];
    int slot = view->links[position].slot;

    if (copy->fd != entry.fd || copy->events != entry.events)
        distrust_revents(view, position);
    else
        follow_revents(view, position, entry.revents);
    if (slot >= 0 && eps_registry_slot(entry.fd) == slot) {
        update_linked(view, registry, position, entry);
        return true;
    }
    unlink_position(view, registry, position);
    copy->fd = entry.fd;
    copy->events = entry.events;
    return link_position(view, registry, position);
}

/* A number alone, and an entry whole; as they lie in an array. */
typedef uint32_t __attribute__((may_alias)) number;
typedef uint64_t __attribute__((may_alias, aligned(4))) whole;

enum difference {
    NONE,
    TOGGLED, /* by nothing but being muted, or back */
    OTHER
};

/* What two entries differ in, but for their numbers. */
static bool is_more_than_number(uint64_t difference)
{
    struct pollfd entry;

    memcpy(&entry, &difference, sizeof(entry));
    return entry.events || entry.revents;
}

/*
 * How the entries of a window differ from their copies. No branch an entry:
 * compilers make vectors of it.
 */
static enum difference compare(const struct pollfd *entries,
                               const struct pollfd *copies, const int32_t *back)
{
    const number *numbers = (const number *)entries;
    const whole *now = (const whole *)entries;
    const whole *then = (const whole *)copies;
    uint64_t any = 0;
    uint32_t other = 0;

    for (int i = 0; i < WINDOW; i++) {
        uint32_t fd = numbers[2 * i];
        uint32_t muted = -(fd >> 31); /* all bits, or none */
        any |= now[i] ^ then[i];
        other |= (fd ^ (uint32_t)back[i]) & ~muted;
    }
    if (!any)
        return NONE;
    return other || is_more_than_number(any) ? OTHER : TOGGLED;
}

static bool update_entries(struct eps_pollview *view,
                           struct eps_registry *registry,
                           const struct pollfd *entries, uint32_t from,
                           uint32_t count)
{
    const struct pollfd *copies = view->copy + from;

    for (uint32_t i = 0; i < count; i++) {
        struct pollfd entry = *(const volatile struct pollfd *)&entries[i];
        if (memcmp(&entry, &copies[i], sizeof(entry)) != 0 &&
            !toggle(view, registry, from + i, entry) &&
            !update_entry(view, registry, from + i, entry))
            return false;
    }
    return true;
}

static bool is_same(const struct eps_pollview *view, const struct pollfd *array,
                    uint32_t from, uint32_t count)
{
    return memcmp(array + from, view->copy + from, count * sizeof(*array)) == 0;
}

/* Where most windows differ, to find those that don't only takes time. */
static bool update_window(struct eps_pollview *view,
                          struct eps_registry *registry,
                          const struct pollfd *array, uint32_t from)
{
    struct pollfd *copies = view->copy + from;
    struct pollfd now[WINDOW];
    enum difference difference;

    if (!view->scattered && is_same(view, array, from, WINDOW))
        return true;
    memcpy(now, array + from, sizeof(now));
    atomic_signal_fence(memory_order_seq_cst); /* read, and but once */
    difference = compare(now, copies, view->back + from);
    view->differing += difference != NONE;
    if (difference == OTHER)
        return update_entries(view, registry, now, from, WINDOW);
    if (difference == TOGGLED)
        memcpy(copies, now, sizeof(now));
    return true;
}

static bool update_windows(struct eps_pollview *view,
                           struct eps_registry *registry,
                           const struct pollfd *array, uint32_t from,
                           uint32_t to)
{
    for (; to - from >= WINDOW; from += WINDOW)
        if (!update_window(view, registry, array, from))
            return false;
    if (is_same(view, array, from, to - from))
        return true;
    view->differing++;
    return update_entries(view, registry, array + from, from, to - from);
}

static uint32_t end_of(uint32_t from, uint32_t size, uint32_t end)
{
    return end - from < size ? end : from + size;
}

static bool update_blocks(struct eps_pollview *view,
                          struct eps_registry *registry,
                          const struct pollfd *array, uint32_t from,
                          uint32_t end)
{
    for (uint32_t to; from < end; from = to) {
        to = end_of(from, BLOCK, end);
        if ((view->scattered || !is_same(view, array, from, to - from)) &&
            !update_windows(view, registry, array, from, to))
            return false;
    }
    return true;
}

/*
 * The entries are gone through to and fro: where a pass ends is what caches
 * have most of, and a pass that always began at the other end would push it
 * out before it got there. A caller that clears revents itself has just gone
 * through them forwards.
 */
static void turn_round(struct eps_pollview *view)
{
    view->backwards = view->clears || !view->backwards;
}

/* Where the pass begins its stretch of that index. */
static uint32_t stretch_at(const struct eps_pollview *view, uint32_t index)
{
    uint32_t last = (view->count - 1) / STRETCH;

    return (view->backwards ? last - index : index) * STRETCH;
}

bool eps_pollview_is_same(struct eps_pollview *view, const struct pollfd *array,
                          uint32_t count)
{
    if (count != view->count)
        return false;
    turn_round(view);
    for (uint32_t i = 0; i * STRETCH < count; i++) {
        uint32_t from = stretch_at(view, i);
        if (!is_same(view, array, from, end_of(from, STRETCH, count) - from))
            return false;
    }
    return true;
}

static bool append_entry(struct eps_pollview *view,
                         struct eps_registry *registry, uint32_t position,
                         struct pollfd entry)
{
    view->copy[position] =
        (struct pollfd){.fd = entry.fd, .events = entry.events};
    view->links[position].slot = -1;
    view->back[position] = -1;
    distrust_revents(view, position);
    return link_position(view, registry, position);
}

/* Positions beyond the new end leave; those still listed as ready too. */
static void truncate_to(struct eps_pollview *view,
                        struct eps_registry *registry, uint32_t count)
{
    uint32_t kept = 0;

    for (uint32_t i = count; i < view->count; i++)
        unlink_position(view, registry, i);
    for (uint32_t i = 0; i < view->ready_count; i++)
        if ((uint32_t)view->ready[i] < count)
            view->ready[kept++] = view->ready[i];
    view->ready_count = kept;
    view->count = count;
}

bool eps_pollview_update(struct eps_pollview *view,
                         struct eps_registry *registry,
                         const struct pollfd *array, uint32_t count)
{
    if (!eps_pollview_reserve(view, count))
        return false;
    view->same = count == view->count;
    view->differing = 0;
    eps_pollview_expect(view);
    if (count < view->count)
        truncate_to(view, registry, count);
    turn_round(view);
    for (uint32_t i = 0; i * STRETCH < view->count; i++) {
        uint32_t from = stretch_at(view, i);
        uint32_t to = end_of(from, STRETCH, view->count);
        if ((view->scattered || !is_same(view, array, from, to - from)) &&
            !update_blocks(view, registry, array, from, to))
            return false;
    }
    view->same = view->same && !view->differing;
    view->scattered = view->differing > view->count / WINDOW / 2;
    while (view->count < count) {
        uint32_t position = view->count++;
        if (!append_entry(view, registry, position, array[position]))
            return false;
    }
    return true;
}

void eps_pollview_settle(struct eps_pollview *view, struct eps_reg *reg)
{
    unsigned want = 0;

    reg->flags &= ~EPS_REG_WANTED;
    for (int32_t at = (int32_t)reg->first; at; at = next_of(view, reg, at)) {
        if (is_muted(view, at)) {
            view->back[at - 1] = -1;
            continue;
        }
        may_come_back(view, (uint32_t)at - 1);
        want |= askable(view->copy[at - 1].events);
        reg->flags |= EPS_REG_WANTED;
    }
    reg->want = (uint16_t)want;
}

void eps_pollview_clear_ready(struct eps_pollview *view, struct pollfd *array)
{
    for (uint32_t i = 0; i < view->ready_count; i++) {
        int32_t position = view->ready[i];
        view->copy[position].revents = 0;
        array[position].revents = 0;
    }
    view->ready_count = 0;
}

int eps_pollview_tell_at(struct eps_pollview *view, uint32_t position,
                         unsigned revents, struct pollfd *array)
{
    short told = view->copy[position].revents;

    if (!revents)
        return 0;
    view->copy[position].revents = (short)revents;
    array[position].revents = (short)revents;
    if (told) /* replaced while we slept: told of both files, counted once */
        return 0;
    view->ready[view->ready_count++] = (int32_t)position;
    return 1;
}

int eps_pollview_tell(struct eps_pollview *view, const struct eps_reg *reg,
                      unsigned events, struct pollfd *array)
{
    int told = 0;

    for (int32_t at = (int32_t)reg->first; at; at = next_of(view, reg, at)) {
        unsigned asked = (unsigned short)view->copy[at - 1].events;
        unsigned revents =
            events & ((asked & EPS_POLL_KNOWN) | EPS_POLL_ALWAYS);
        if (is_muted(view, at))
            continue;
        told += eps_pollview_tell_at(view, (uint32_t)at - 1, revents, array);
    }
    return told;
}

bool eps_pollview_is_told(const struct eps_pollview *view,
                          const struct eps_reg *reg)
{
    int32_t at = (int32_t)reg->first;

    while (at && !view->copy[at - 1].revents)
        at = next_of(view, reg, at);
    return at != 0;
}

bool eps_pollview_resembles(const struct eps_pollview *view,
                            const struct pollfd *array, uint32_t count)
{
    uint32_t most = count > view->count ? count : view->count;
    uint32_t least = count + view->count - most;
    int same = 0;

    if (most - least > most / 8)
        return false;
    for (int i = 0; i < SAMPLES; i++) {
        uint32_t at = (uint32_t)((uint64_t)least * i / SAMPLES);
        same += view->copy[at].fd == array[at].fd;
    }
    return same >= SAMPLES * 3 / 4;
}
