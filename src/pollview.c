/* SPDX-License-Identifier: MIT */
/*
 * The view of a pollfd array. Owns the copy, the links and the ready list,
 * which share one mapping. Only the set's thread comes here; a handler's
 * nested call goes native before.
 */
#include "pollview.h"

#include "memory.h"

#include <string.h>

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

bool eps_pollview_take(struct eps_pollview *view, struct eps_registry *registry,
                       uint32_t position, struct pollfd entry)
{
    struct pollfd *copy = &view->copy[position];
    int slot = view->links[position].slot;

    if (toggle(view, registry, position, entry))
        return true;
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

bool eps_pollview_append(struct eps_pollview *view,
                         struct eps_registry *registry, struct pollfd entry)
{
    uint32_t position = view->count++;

    view->copy[position] =
        (struct pollfd){.fd = entry.fd, .events = entry.events};
    view->links[position].slot = -1;
    view->back[position] = -1;
    distrust_revents(view, position);
    return link_position(view, registry, position);
}

void eps_pollview_truncate(struct eps_pollview *view,
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
