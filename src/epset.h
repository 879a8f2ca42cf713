/* SPDX-License-Identifier: MIT */
/*
 * The epoll set: one epoll descriptor and the registry of what is in it,
 * for one array of one thread. What closers in other threads may do with it
 * is in closing.c; how it begins and ends, in setlife.h.
 *
 * Sets live in pooled memory that is never unmapped: a closer in another
 * thread may look at a set whose thread has gone. `epfd`, `asleep` and the
 * registry's state and mask are what others may look at; the rest belongs
 * to the set's thread. Answers are >= 0, or -errno.
 */
#ifndef EPS_EPSET_H
#define EPS_EPSET_H

#include "epoll.h"
#include "journal.h"
#include "pollview.h"
#include "registry.h"
#include "selview.h"
#include "thread.h"
#include "waits.h"
#include "young.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define EPS_SPARE_EVENTS 64

enum eps_call {
    EPS_CALL_POLL,
    EPS_CALL_SELECT
};

struct eps_event {
    struct eps_reg *reg; /* the number's registration */
    int fd;
    unsigned events; /* poll bits */
};

enum eps_asleep {
    EPS_AWAKE,
    EPS_ASLEEP, /* its thread is about to wait, or waiting */
    EPS_CALLED, /* the same, and somebody could not ring */
};

/*
 * How many calls may go the steady way (steady.h) before one goes the long
 * way, and what went it: the cost model has not heard of that yet.
 */
#define EPS_STEADY_CALLS 32
struct eps_steady {
    uint32_t left;  /* calls that may yet; 0 if there is anything to settle */
    uint32_t given; /* ... of so many */
    uint32_t calls; /* that went it before these */
    uint32_t told;  /* what all of them told */
};

struct eps_set {
    _Atomic uint32_t used;   /* taken by a thread */
    _Atomic uint32_t asleep; /* enum eps_asleep */
    _Atomic int epfd;        /* -1: none */
    unsigned id;             /* what fdwatch calls the holder; immutable */

    enum eps_call call;
    bool sleepy;  /* its last call slept */
    bool haunted; /* a ghost was met: the epoll descriptor is to be rebuilt */
    bool fresh;   /* this call builds it, which its price has paid */
    struct eps_steady steady;
    uint32_t mark;    /* the journal is read up to here */
    uint32_t calls;   /* answered from this set */
    uint32_t work;    /* policy.h's costs of changes since last asked */
    uint32_t outside; /* ... of those that closers have paid */
    int64_t begun;    /* when the call began; 0: it is not timed */
    uint32_t cursor;  /* the scrub's next number */
    struct eps_young young;
    uint32_t looked;  /* the scrub's looks since this call fell asleep */
    int64_t scrubbed; /* when it looked last before a sleep; 0: never */
    int32_t look_ns;  /* what a look has taken, on average */
    struct eps_registry registry;
    void *events; /* struct epoll_event[event_capacity] */
    uint32_t event_capacity;

    /* Which of the two is in use is told by `call`. */
    struct eps_pollview poll;
    struct eps_selview select;
    struct eps_waits waits; /* for the native look at residuals */
};

/* Opens an epoll descriptor for a set that has none. */
int eps_epset_open(struct eps_set *set);

/*
 * The epoll descriptor was closed or replaced by somebody else. It is made anew
 * when the set is prepared next. Answers -ESTALE.
 */
int eps_epset_lose(struct eps_set *set, struct eps_thread *self);

/* Anything noted in the journal since this set read it? */
static inline bool eps_epset_is_behind(const struct eps_set *set)
{
    return set->mark != eps_journal_head();
}

/* Events to have room for: of each registration, of a bell, some ghosts. */
static inline uint32_t eps_epset_room_needed(const struct eps_set *set)
{
    return set->registry.registered + EPS_SPARE_EVENTS;
}

/* Nothing to be done before a look, as in most calls. */
static inline bool eps_epset_is_prepared(const struct eps_set *set)
{
    return !set->registry.dirty && !set->young.count && !set->haunted &&
           !eps_epset_is_behind(set) &&
           atomic_load_explicit(&set->epfd, memory_order_relaxed) >= 0 &&
           eps_epset_room_needed(set) <= set->event_capacity;
}

/*
 * Makes the kernel's set agree with the caller's: reads the journal, heals
 * a haunted set, settles every dirty number. -errno: the set is of no more
 * use, the call has to go native.
 */
int eps_epset_prepare(struct eps_set *set, struct eps_thread *self);

/* Reads the journal: true if a number of the set's has ended meanwhile. */
bool eps_epset_hears(struct eps_set *set, struct eps_thread *self);

/*
 * Of a look that failed, or found as many events as there is room for, the
 * cause is noted: the set is made anew. Answers `found`, or -ESTALE where the
 * epoll descriptor is lost.
 */
int eps_epset_looked_oddly(struct eps_set *set, struct eps_thread *self,
                           int found);

/*
 * What is ready now: how many events eps_epset_event() has, or -errno. In line,
 * as eps_epoll_wait() is.
 */
static inline int eps_epset_look(struct eps_set *set, struct eps_thread *self)
{
    int found =
        eps_epoll_wait(atomic_load_explicit(&set->epfd, memory_order_acquire),
                       set->events, (int)set->event_capacity);

    if (found < 0 || found == (int)set->event_capacity)
        return eps_epset_looked_oddly(set, self, found);
    return found;
}

/* The event at `index` of the last look; false if it is astray. */
bool eps_epset_event(struct eps_set *set, int index, struct eps_event *event);

/* That event is of no registration: of a bell, or a ghost, or not ours. */
void eps_epset_astray(struct eps_set *set, int index, struct eps_thread *self);

/* The event could not be reported: to be dealt with at once. */
void eps_epset_unwanted(struct eps_set *set, struct eps_event event,
                        struct eps_thread *self);

/*
 * Marks the set asleep, so that closers ring its bell. False if something
 * ended meanwhile: then it is not asleep, and has to be prepared again.
 */
bool eps_epset_fall_asleep(struct eps_set *set);
void eps_epset_wake(struct eps_set *set);

/*
 * Where no bell can be had, the sleeper is left a word, which it finds when
 * its slice of the sleep is over.
 */
void eps_epset_call(struct eps_set *set);
bool eps_epset_is_called(const struct eps_set *set);

#endif
