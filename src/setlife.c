/* SPDX-License-Identifier: MIT */
/*
 * How an epoll set begins and ends. Owns nothing of its own. A set is
 * acquired and released by its thread; what is told of a number of ours may
 * be about another thread's set, whose owner finds out at its next look.
 */
#include "setlife.h"

#include "epoll.h"
#include "fdwatch.h"
#include "memory.h"
#include "process.h"
#include "setpool.h"
#include "signals.h"
#include "sys.h"

#include <string.h>

struct eps_set *eps_set_acquire(enum eps_call call)
{
    struct eps_set *set = eps_setpool_take();

    if (!set)
        return NULL;
    /* From now on closers have to look; a close under way looks again. */
    atomic_store(&eps_process.active, true);
    set->call = call;
    set->calls = set->cursor = set->looked = set->work = set->outside = 0;
    set->scrubbed = 0;
    set->steady = (struct eps_steady){.left = 0};
    set->young = (struct eps_young){.count = 0};
    if (eps_epset_open(set) < 0) {
        eps_setpool_give_back(set);
        return NULL;
    }
    return set;
}

static void let_go_of_numbers(struct eps_set *set)
{
    int fd = -1;

    while ((fd = eps_registry_next(&set->registry, fd + 1)) >= 0)
        eps_fdwatch_unhold(fd, set->id);
}

static void free_memory(struct eps_set *set)
{
    void *events = set->events;
    size_t bytes = set->event_capacity * eps_epoll_event_size;

    eps_registry_clear(&set->registry);
    eps_pollview_clear(&set->poll);
    eps_selview_clear(&set->select);
    set->events = NULL;
    set->event_capacity = 0;
    eps_memory_unmap(events, bytes);
    eps_waits_clear(&set->waits);
}

void eps_set_close_epfd(struct eps_set *set)
{
    uint64_t signals = eps_signals_hold();
    int epfd = atomic_exchange(&set->epfd, -1);
    bool own = eps_epoll_is_own(epfd);

    if (own)
        eps_epoll_close(epfd);
    else if (epfd >= 0)
        eps_fdwatch_give_back(epfd);
    eps_signals_let_go(signals);
}

void eps_set_release(struct eps_set *set)
{
    eps_epset_wake(set);
    eps_set_close_epfd(set);
    let_go_of_numbers(set);
    free_memory(set);
    eps_setpool_give_back(set);
}

/*
 * The child's copy of the descriptor is closed if it still is one of ours:
 * nothing between the fork and here can have been seen.
 */
static void close_copy(int fd)
{
    if (fd >= 0 && !atomic_load(&eps_process.guest) && eps_epoll_is_own(fd))
        EPS_SYS1(SYS_close, fd);
}

/*
 * A handler has forked, and its child may come back into the call that was
 * interrupted: that reads on in its thread's sets. They are left as they
 * are, for good.
 */
static bool is_in_use(const struct eps_set *set)
{
    const struct eps_thread *self = eps_thread_mine;
    bool is_ours = false;

    for (int i = 0; self && self->frame && i < EPS_THREAD_SITES; i++)
        is_ours |= self->sites[i].set == set;
    return is_ours;
}

void eps_set_reset_all(void)
{
    struct eps_set *set = NULL;

    while ((set = eps_setpool_next(set)) != NULL) {
        close_copy(atomic_exchange(&set->epfd, -1));
        eps_epset_wake(set);
        if (is_in_use(set))
            continue;
        free_memory(set);
        eps_setpool_give_back(set);
    }
}

static struct eps_set *set_with(int epfd)
{
    struct eps_set *set = NULL;

    do
        set = eps_setpool_next(set);
    while (set && atomic_load(&set->epfd) != epfd);
    return set;
}

/*
 * Where one of our numbers is kept: a set's, or the bell's; NULL if nobody
 * keeps it any more.
 */
static _Atomic int *keeper_of(int fd)
{
    struct eps_set *set = set_with(fd);

    if (set)
        return &set->epfd;
    return atomic_load(&eps_epoll_bell) == fd ? &eps_epoll_bell : NULL;
}

/*
 * What nobody keeps is on its way to its place, or about to be closed; it may
 * not be marked yet, and may be the program's by now.
 */
bool eps_set_still_has(int fd)
{
    return keeper_of(fd) ? eps_epoll_is_own(fd) : eps_epoll_may_be_own(fd);
}

void eps_set_lost(int fd)
{
    _Atomic int *keeper = keeper_of(fd);
    int from = fd;

    if (keeper)
        atomic_compare_exchange_strong(keeper, &from, -1);
    eps_fdwatch_give_back(fd);
}

static void give_way(int fd, _Atomic int *keeper)
{
    int to = eps_epoll_copy(fd);
    int from = fd;

    /* Its owner may have let it go meanwhile; then it is its to close. */
    if (!atomic_compare_exchange_strong(keeper, &from, to < 0 ? -1 : to)) {
        eps_epoll_close(to);
        return;
    }
    eps_epoll_close(fd);
}

void eps_set_give_way(int fd)
{
    _Atomic int *keeper = keeper_of(fd);

    /*
     * Barred: what it would move to might be a number of another table. In a
     * sandbox none of ours is of any more use.
     */
    if (eps_process_is_sandboxed() || !eps_set_still_has(fd) ||
        atomic_load(&eps_process.barred)) {
        eps_set_lost(fd);
        return;
    }
    if (!keeper) /* whoever moves it finds the number ended (epoll.c) */
        return;
    uint64_t signals = eps_signals_hold();
    give_way(fd, keeper);
    eps_signals_let_go(signals);
}
