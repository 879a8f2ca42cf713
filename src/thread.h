/* SPDX-License-Identifier: MIT */
/*
 * The thread block: what one thread knows of its own calls. Written by its
 * thread only (and by the handlers that interrupt it); its counters are
 * read by whoever writes a report.
 */
#ifndef EPS_THREAD_H
#define EPS_THREAD_H

#include "counters.h"
#include "passes.h"
#include "policy.h"
#include "probes.h"
#include "quiet.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/select.h>

#define EPS_THREAD_SITES 4 /* arrays a thread may alternate between */
#define EPS_THREAD_ENDED 8 /* descriptors it ended that it remembers */

struct eps_set;

/* See site.h. */
struct eps_site {
    const void *key;     /* the array's address, or the first bitmap's */
    struct eps_set *set; /* its epoll set, or NULL */
    uint32_t stamp;      /* when it was used last; 0: not in use */
    uint32_t count;      /* descriptors in the last call */
    uint32_t verified;   /* entries, or bits, seen to be writable: seen.h */
    uint8_t call;        /* enum eps_call */
    struct eps_policy_state policy;
};

/* See seen.h: bitmaps, and ranges of whole pages. */
struct eps_seen {
    const unsigned long *bits[3];
    int nfds;
};
struct eps_range {
    uintptr_t from, to;
};
#define EPS_THREAD_SEEN 4
#define EPS_THREAD_RANGES 4

/* What a thread has at the moment, for the live page. */
enum eps_gauge {
    EPS_G_sets,    /* epoll sets */
    EPS_G_watched, /* descriptors registered in them */
    EPS_G_entries, /* descriptors that their arrays ask about */
    EPS_G_look_ns, /* what a native look at those would cost */
    EPS_GAUGES
};

/* What each call touches comes first: a few cache lines. */
struct eps_thread {
    _Alignas(64) _Atomic uint32_t used; /* a thread owns this block */

    bool waiting; /* the call in progress waits: nothing is half done */
    bool calm;    /* the last call asked what the one before it had asked */

    /* The frame of the call in progress, or NULL. */
    void *frame;

    uint32_t rest; /* native calls to go after a failure */
    struct eps_quiet quiet;
    uint32_t ends;               /* descriptors this thread has ended */
    int ended[EPS_THREAD_ENDED]; /* ... the last of them */

    /* All that a small call touches. */
    _Alignas(64) uint32_t beat; /* calls to go until eps_page_beat() */
    _Atomic uint64_t counters[EPS_COUNTERS];

    _Alignas(64) struct eps_passes passes;

    struct eps_site sites[EPS_THREAD_SITES];
    uint32_t stamps;       /* counts uses of sites */
    uint32_t seen_changes; /* when what follows was seen: seen.h */
    struct eps_seen seen[EPS_THREAD_SEEN];
    struct eps_range ranges[EPS_THREAD_RANGES];
    uint32_t next_seen;
    uint32_t next_range;

    uint32_t beats; /* how many calls there were to the last beat */
    int64_t beaten; /* when that was, on the monotonic clock */
    _Atomic uint64_t gauges[EPS_GAUGES];
};

/* A fork resets what its child inherits; a call under way notices by this. */
extern _Atomic uint32_t eps_thread_epoch;

/* Called once, from start-up. */
void eps_thread_start(void);

/* This thread's block, once it has one. */
extern _Thread_local struct eps_thread *eps_thread_mine;

struct eps_thread *eps_thread_take(void);

/* Gives it back now: the thread's end will not be told (SYS_exit). */
void eps_thread_end(void);

/*
 * This thread's block; NULL if none is to be had. Makes no system call in
 * the first threads of a process: a sandbox may forbid all but the native.
 */
static inline struct eps_thread *eps_thread_self(void)
{
    return eps_thread_mine ? eps_thread_mine : eps_thread_take();
}

/* The child of a fork: no block but a fresh one for its only thread. */
void eps_thread_reset_all(void);

/*
 * Begins a call: false if another call of this thread is under way (we are
 * in a handler). A call left behind by siglongjmp is told by its frame and
 * cleared away.
 */
bool eps_thread_enter(struct eps_thread *self);

/* The same, but false wherever any call seems to be under way. */
static inline bool eps_thread_enter_first(struct eps_thread *self)
{
    if (self->frame)
        return false;
    self->waiting = false;
    self->frame = __builtin_frame_address(0);
    atomic_signal_fence(memory_order_seq_cst);
    return true;
}

static inline void eps_thread_leave(struct eps_thread *self)
{
    atomic_signal_fence(memory_order_seq_cst);
    self->frame = NULL;
}

static inline void eps_thread_ends(struct eps_thread *self, int fd)
{
    self->ended[self->ends++ % EPS_THREAD_ENDED] = fd;
}

/* True if this thread, with `since` ends before that, may have ended it. */
static inline bool eps_thread_has_ended(const struct eps_thread *self,
                                        uint32_t since, int fd)
{
    bool has = self->ends - since > EPS_THREAD_ENDED; /* who knows? */

    for (; !has && since != self->ends; since++)
        has = self->ended[since % EPS_THREAD_ENDED] == fd;
    return has;
}

/* Without a block. */
void eps_count_shared(enum eps_counter counter, uint64_t more);

static inline void eps_count_more(struct eps_thread *self,
                                  enum eps_counter counter, uint64_t more)
{
    if (!self) {
        eps_count_shared(counter, more);
        return;
    }
    /* One writer: no read-modify-write is needed. */
    uint64_t now =
        atomic_load_explicit(&self->counters[counter], memory_order_relaxed);
    atomic_store_explicit(&self->counters[counter], now + more,
                          memory_order_relaxed);
}

static inline void eps_count(struct eps_thread *self, enum eps_counter counter)
{
    eps_count_more(self, counter, 1);
}

/*
 * The thread has made as many calls as its last beat said: is the page to be
 * written (page.c)? Where none is wanted, 2^32 calls go before the first beat.
 * Keeps errno.
 */
void eps_page_beat(struct eps_thread *self);

/* The next call's end is a beat, which is a function's work. */
static inline bool eps_beat_is_due(const struct eps_thread *self)
{
    return self->beat == 1;
}

/* At the end of each call. */
static inline void eps_beat(struct eps_thread *self)
{
    if (self && --self->beat == 0)
        eps_page_beat(self);
}

/* A call goes native: it is counted by its reason once. */
static EPS_PROBED void eps_count_native(struct eps_thread *self,
                                        enum eps_counter reason)
{
    EPS_PROBE_NATIVE(reason);
    eps_count(self, reason);
}

/* ... and at once, so that this is its end. */
static EPS_PROBED void eps_count_call(struct eps_thread *self,
                                      enum eps_counter reason)
{
    eps_count_native(self, reason);
    eps_beat(self);
}

/* The sum over all threads, those that ended included. */
void eps_count_totals(uint64_t totals[EPS_COUNTERS]);
void eps_gauge_totals(uint64_t totals[EPS_GAUGES]);

#endif
