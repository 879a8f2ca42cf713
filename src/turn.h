/* SPDX-License-Identifier: MIT */
/*
 * What the turns of a poll and of a select call share: how a turn may end,
 * and the work on the set around its look.
 */
#ifndef EPS_TURN_H
#define EPS_TURN_H

#include "deadline.h"
#include "epset.h"
#include "gate.h"
#include "process.h"

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#define EPS_TURN_RETRIES 4 /* of a set whose epoll descriptor gets lost */

/* A turn's end, when it is not a count of what is ready, or -errno. */
enum eps_turn {
    EPS_TURN_AGAIN = INT_MIN, /* take another one */
    EPS_TURN_LOST,            /* the epoll descriptor was; likewise */
    EPS_TURN_NATIVE,          /* the set is of no more use */
    EPS_TURN_ODD,             /* nothing to answer, or a bad mask: native */
    EPS_TURN_BARRED,          /* a sandbox by now: native */
    EPS_TURN_ENDS,            /* below this, none of the above */
};

/*
 * A handler has forked, and this is the child that came back from it into a
 * call begun in its parent: the set is an orphan, and what is not told yet
 * is native's.
 */
static inline bool eps_turn_is_elsewhere(uint32_t epoch)
{
    return epoch !=
           atomic_load_explicit(&eps_thread_epoch, memory_order_relaxed);
}

/*
 * The set made to agree with the caller's, and now and then a look for what
 * no hook can have seen. -errno: the set is of no more use.
 */
int eps_turn_prepare(struct eps_set *set, struct eps_thread *self);

/*
 * Prepares the set, and looks at it: events found, or how the turn ends. With
 * `blind`, nothing is looked at: the kernel is asked first.
 */
int eps_turn_look(struct eps_set *set, struct eps_thread *self, uint32_t epoch,
                  bool slept, bool blind);

/*
 * A call that may wait, after one that had to: it will have to, too, and the
 * wait itself finds out if not. It saves such a call one of two looks.
 */
static inline bool eps_turn_will_sleep(const struct eps_set *set,
                                       const struct eps_deadline *deadline,
                                       bool slept)
{
    return set->sleepy && !slept && eps_deadline_left(deadline) != 0;
}

/* The turn's end is none of ours: how the call leaves for native. */
enum eps_outcome eps_turn_leave(struct eps_thread *self, struct eps_site *site,
                                int end);

/* A wait that was no longer than a look found something at once. */
static inline bool eps_turn_is_rest(int64_t waited)
{
    return waited < 0 || waited > 3000; /* for ever, or us */
}

/* The set sleeps no more; a wait that was none is a system call more. */
static inline void eps_turn_wake(struct eps_set *set, bool rested)
{
    eps_epset_wake(set);
    if (!rested)
        set->work += EPS_COST_LOOK;
}

/*
 * How long a wait took that ended before its slice did. Where the clock is not
 * to be read without a system call, a sandbox may forbid it: then nothing.
 */
static inline int64_t eps_turn_waited(int64_t begun)
{
    return eps_process_is_sandboxed() ? 0 : eps_clock_ns() - begun;
}

/*
 * Tells the events of the last look: to poll()'s array, or to the answer of
 * select() in the set's view. Returns how many entries or bits, with the `told`
 * that are told already; those that can't be told are dealt with before the
 * next look.
 *
 * A number that another thread or a handler replaces (dup2) is missing in the
 * kernel's set from then on, or its event is a ghost's; natively it is never
 * missing. Where that has happened since the set was prepared, and nothing is
 * told already, how the turn ends: it is taken anew some times (`overtaken`
 * counts them), and is native then. It is taken anew, too, where there were as
 * many events as there is room for: with ghosts among them, which are gone then.
 */
int eps_turn_tell(struct eps_set *set, struct eps_thread *self, int found,
                  struct pollfd *array, int told, int *overtaken);

/* The scrub before a sleep. True: something was found, prepare again. */
bool eps_turn_scrub(struct eps_set *set, struct eps_thread *self, int64_t now);

/*
 * A handler has run where native would have been waiting, or it has forked and
 * this is the child: the call is not to wait any more.
 */
static inline bool eps_turn_is_disturbed(const struct eps_thread *self,
                                         uint32_t epoch)
{
    return self->quiet.disturbed || eps_turn_is_elsewhere(epoch);
}

/*
 * Between two slices of a sleep, at `now`, which becomes the begin of the next:
 * true if there is to be none, but another turn. What passes here is a part of
 * the time that the caller allows. `epfd` is what was waited for: the program
 * may have asked for that number meanwhile.
 */
bool eps_turn_pause(struct eps_set *set, struct eps_thread *self, int epfd,
                    struct eps_deadline *deadline, int64_t *now);

#endif
