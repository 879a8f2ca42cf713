/* SPDX-License-Identifier: MIT */
/*
 * The steady way of poll() and select(). Owns nothing; the thread has entered
 * a call between find() and end(), as on the long way.
 */
#include "steady.h"

#include "options.h"
#include "process.h"
#include "scrub.h"
#include "seen.h"
#include "selwait.h"
#include "site.h"
#include "timeval.h"
#include "turn.h"

#include <pthread.h>
#include <string.h>

_Static_assert(EPS_SCRUB_CALLS % EPS_STEADY_CALLS == 0,
               "the scrub is made on the long way");

/* What a steady call works on. */
struct steady {
    struct eps_thread *self;
    struct eps_site *site;
    struct eps_set *set;
    uint32_t epoch;
};

static bool is_settled(const struct eps_set *set)
{
    return eps_epset_is_prepared(set) && !set->registry.residual &&
           set->registry.registered && (set->calls + 1) % EPS_STEADY_CALLS;
}

/*
 * A site whose array may be the one that now stands at an address of no site,
 * in memory that was seen before. The comparison will tell.
 */
static struct eps_site *find_moved(struct eps_thread *self, const void *array,
                                   nfds_t count)
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

/*
 * The site at that address, with a set that has nothing to settle; an array of
 * `count` may have moved there. A call that may wait, and follows one that
 * slept, will sleep too: not here.
 */
static inline bool find(struct steady *steady, enum eps_call call,
                        const void *key, nfds_t count, bool waits)
{
    struct eps_thread *self = eps_thread_mine;

    if (!self || !self->calm)
        return false;
    /* Native acts on a pending cancellation even when something is ready. */
    pthread_testcancel();
    /* The second may find that this is a fork's child, and has no block. */
    if (!eps_process_may_answer() || !eps_process_is_ours() ||
        !eps_thread_mine || self->frame || self->rest || self->private_table ||
        !eps_seen_is_true(self))
        return false;
    steady->self = self;
    steady->epoch =
        atomic_load_explicit(&eps_thread_epoch, memory_order_relaxed);
    steady->site = eps_site_at(self, call, key);
    if (!steady->site && count)
        steady->site = find_moved(self, key, count);
    steady->set = steady->site ? eps_site_set(steady->site) : NULL;
    return steady->set && !(waits && steady->set->sleepy) &&
           is_settled(steady->set) && !eps_options.verify &&
           eps_thread_enter(self);
}

/* Leaves the call; `told` < 0: to begin it anew. */
static inline bool end(const struct steady *steady, uint32_t count, int told)
{
    struct eps_thread *self = steady->self;
    bool done = told >= 0 && !eps_turn_is_elsewhere(steady->epoch);

    if (done) {
        steady->set->calls++;
        steady->site->steady_calls++;
        steady->site->steady_ready += (uint32_t)told;
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

/* Events found; -1 if that can't be known here, or is to be waited for. */
static int look(const struct steady *steady, bool waits)
{
    int found = eps_epset_look(steady->set, steady->self);

    if (eps_turn_is_elsewhere(steady->epoch))
        return -1;
    return found || !waits ? found : -1;
}

/* What they tell; -1 if that is nothing, which must not pass for an answer. */
static int tell(const struct steady *steady, int found, struct pollfd *array)
{
    int told = 0;

    if (found)
        told = eps_turn_tell(steady->set, steady->self, found, array);
    return told || !found ? told : -1;
}

static int answer_poll(const struct steady *steady, struct pollfd *array,
                       uint32_t count, bool waits)
{
    int found;

    eps_pollview_expect(&steady->set->poll);
    if (memcmp(array, steady->set->poll.copy, count * sizeof(*array)) != 0)
        return -1;
    found = look(steady, waits);
    if (found < 0)
        return -1;
    eps_pollview_clear_ready(&steady->set->poll, array);
    return tell(steady, found, array);
}

bool eps_steady_poll(struct pollfd *array, nfds_t count, int timeout_ms,
                     int *ret)
{
    struct steady steady;

    if (!find(&steady, EPS_CALL_POLL, array, count, timeout_ms != 0))
        return false;
    bool moved = steady.site->key != array;
    bool same = steady.set->poll.count == count &&
                (moved || count <= steady.site->verified) &&
                count <= atomic_load_explicit(&eps_process.open_limit,
                                              memory_order_relaxed);
    *ret = same ? answer_poll(&steady, array, (uint32_t)count, timeout_ms != 0)
                : -1;
    if (moved && *ret >= 0)
        eps_site_move(steady.self, steady.site, array, (uint32_t)count);
    return end(&steady, (uint32_t)count, *ret);
}

static int answer_select(const struct steady *steady,
                         const struct eps_bitmaps *caller, bool waits)
{
    struct eps_set *set = steady->set;
    int found, told;

    if (!eps_selview_is_same(&set->select, caller, set->select.nfds))
        return -1;
    found = look(steady, waits);
    if (found < 0)
        return -1;
    eps_selview_begin(&set->select);
    told = tell(steady, found, NULL);
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
        !find(&steady, EPS_CALL_SELECT, eps_bitmaps_key(caller), 0, waits))
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
