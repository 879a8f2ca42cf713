/* SPDX-License-Identifier: MIT */
/*
 * The steady way of poll() and select(). Owns nothing; the thread has entered
 * a call between find() and end(), as on the long way.
 */
#include "steady.h"

#include "options.h"
#include "polldiff.h"
#include "process.h"
#include "scrub.h"
#include "seen.h"
#include "selwait.h"
#include "site.h"
#include "timeval.h"
#include "turn.h"

#include <pthread.h>

_Static_assert(EPS_SCRUB_CALLS % EPS_STEADY_CALLS == 0,
               "the scrub is made on the long way");

/* What a steady call works on. */
struct steady {
    struct eps_thread *self;
    struct eps_site *site;
    struct eps_set *set;
    uint32_t epoch;
};

/*
 * A site whose array may be the one that now stands at an address of no site,
 * in memory that was seen before. The comparison will tell.
 */
static __attribute__((noinline)) struct eps_site *
find_moved(struct eps_thread *self, const void *array, nfds_t count)
{
    if (!eps_seen_before(self, array, count * sizeof(struct pollfd)))
        return NULL;
    for (int i = 0; i < EPS_THREAD_SITES; i++) {
        const struct eps_set *set = eps_site_set(&self->sites[i]);
        if (set && self->sites[i].call == EPS_CALL_POLL &&
            set->poll.count == count)
            return &self->sites[i];
    }
    return NULL;
}

/* The gate where all is as usual; what is not, the long way finds out. */
static inline bool enter(struct eps_thread *self)
{
    if (!self || !self->calm)
        return false;
    /* Native acts on a pending cancellation even when something is ready. */
    pthread_testcancel();
    /* The second may find that this is a fork's child, and has no block. */
    return eps_process_may_answer() && eps_process_is_ours() &&
           eps_thread_mine && !self->rest && eps_seen_is_true(self) &&
           eps_thread_enter_first(self);
}

/*
 * The site at that address, and its set: with nothing to settle since its last
 * call, and nothing ended. An array of `count` may have moved there.
 */
static inline bool find(struct steady *steady, enum eps_call call,
                        const void *key, nfds_t count)
{
    struct eps_thread *self = eps_thread_mine;

    if (!enter(self))
        return false;
    steady->self = self;
    steady->epoch =
        atomic_load_explicit(&eps_thread_epoch, memory_order_relaxed);
    steady->site = eps_site_at(self, call, key);
    if (!steady->site && count)
        steady->site = find_moved(self, key, count);
    steady->set = steady->site ? eps_site_set(steady->site) : NULL;
    if (steady->set && steady->set->steady.left &&
        !eps_epset_is_behind(steady->set))
        return true;
    eps_thread_leave(self);
    return false;
}

/* Leaves the call; `told` < 0: to begin it anew. */
static inline bool end(const struct steady *steady, uint32_t count, int told)
{
    struct eps_thread *self = steady->self;
    bool done = told >= 0 && !eps_turn_is_elsewhere(steady->epoch);

    if (done) {
        steady->set->steady.left--;
        steady->set->steady.told += (uint32_t)told;
        eps_count(self, EPS_C_answered);
        eps_count(self, EPS_C_steady);
        eps_count_more(self, EPS_C_asked, count);
        eps_count_more(self, EPS_C_told, (uint32_t)told);
        eps_beat(self);
        EPS_PROBE_ANSWER(count, told);
    }
    eps_thread_leave(self);
    return done;
}

/*
 * Events found; -1 if that can't be known here, or is to be waited for. What
 * has ended meanwhile may be missing: see eps_turn_tell().
 */
static inline int look(const struct steady *steady, bool waits)
{
    int found = eps_epset_look(steady->set, steady->self);

    if (eps_turn_is_elsewhere(steady->epoch) ||
        eps_epset_is_behind(steady->set))
        return -1;
    return found || !waits ? found : -1;
}

/*
 * What they tell, to poll()'s array or to the answer of select(); -1 if there
 * is one that tells nothing, which is to be dealt with.
 */
static inline int tell(struct eps_set *set, int found, struct pollfd *array)
{
    int told = 0;

    for (int i = 0; i < found; i++) {
        struct eps_event event;
        int here = 0;
        if (eps_epset_event(set, i, &event))
            here = array
                       ? eps_pollview_tell(&set->poll, event.reg, event.events,
                                           array)
                       : eps_selview_tell(&set->select, event.fd, event.events);
        if (!here)
            return -1;
        told += here;
    }
    return told;
}

static inline int answer_poll(const struct steady *steady, struct pollfd *array,
                              uint32_t count, bool waits)
{
    struct eps_pollview *view = &steady->set->poll;
    int found;

    eps_polldiff_expect(view);
    if (!eps_polldiff_is_same(view, array, count))
        return -1;
    found = look(steady, waits);
    if (found < 0)
        return -1;
    eps_pollview_clear_ready(view, array);
    return tell(steady->set, found, array);
}

bool eps_steady_poll(struct pollfd *array, nfds_t count, int timeout_ms,
                     int *ret)
{
    struct steady steady;

    if (!find(&steady, EPS_CALL_POLL, array, count))
        return false;
    bool moved = steady.site->key != array;
    bool same = (moved || count <= steady.site->verified) &&
                count <= atomic_load_explicit(&eps_process.open_limit,
                                              memory_order_relaxed);
    *ret = same ? answer_poll(&steady, array, (uint32_t)count, timeout_ms != 0)
                : -1;
    if (moved && *ret >= 0)
        eps_site_move(steady.self, steady.site, array, (uint32_t)count);
    return end(&steady, (uint32_t)count, *ret);
}

static inline int answer_select(const struct steady *steady,
                                const struct eps_bitmaps *caller, bool waits)
{
    struct eps_set *set = steady->set;
    int found, told;

    if (!eps_selview_is_same(&set->select, caller, set->select.nfds))
        return -1;
    found = look(steady, waits);
    if (found < 0)
        return -1;
    if (!found) {
        eps_selview_write_nothing(&set->select, caller);
        return 0;
    }
    eps_selview_begin(&set->select);
    told = tell(set, found, NULL);
    if (told >= 0)
        eps_selview_write(&set->select, caller);
    return told;
}

static bool is_where_it_was(const struct steady *steady, int nfds,
                            const struct eps_bitmaps *caller)
{
    const struct eps_selview *view = &steady->set->select;

    return view->nfds == nfds && (uint32_t)nfds <= steady->site->verified &&
           view->caller.bits[EPS_READ] == caller->bits[EPS_READ] &&
           view->caller.bits[EPS_WRITE] == caller->bits[EPS_WRITE] &&
           view->caller.bits[EPS_EXCEPT] == caller->bits[EPS_EXCEPT];
}

bool eps_steady_select(int nfds, const struct eps_bitmaps *caller,
                       struct timeval *timeout, int *ret)
{
    bool waits = !timeout || timeout->tv_sec || timeout->tv_usec;
    struct steady steady;

    if (!eps_timeval_is_fit(timeout) ||
        !find(&steady, EPS_CALL_SELECT, eps_bitmaps_key(caller), 0))
        return false;
    *ret = is_where_it_was(&steady, nfds, caller)
               ? answer_select(&steady, caller, waits)
               : -1;
    if (!end(&steady, steady.site->count, *ret))
        return false;
    if (EPS_SELECT_TELLS_TIME && timeout)
        eps_timeval_take_one(timeout);
    return true;
}
