/* SPDX-License-Identifier: MIT */
/*
 * The sites of a thread. They stand in its block and never move, so that a
 * nested call can at worst spoil what was learned of one.
 */
#include "site.h"

#include "options.h"
#include "setlife.h"
#include "signals.h"
#include "turn.h"

#include <string.h>

#ifndef EPS_RESTLESS
#define REST_CALLS 1000 /* native calls after a failure */
#else
#define REST_CALLS 16 /* the random test lowers limits for eight calls */
#endif
#define TIMED_CALLS 17 /* one in so many; odd, for loops that alternate */

static struct eps_site *use(struct eps_thread *self, struct eps_site *site)
{
    site->stamp = ++self->stamps;
    return site;
}

struct eps_site *eps_site_at(struct eps_thread *self, enum eps_call call,
                             const void *key)
{
    for (int i = 0; i < EPS_THREAD_SITES; i++) {
        struct eps_site *site = &self->sites[i];
        if (site->key == key && site->call == (uint8_t)call && site->stamp)
            return use(self, site);
    }
    return NULL;
}

static bool is_about(uint32_t a, uint32_t b)
{
    uint32_t most = a > b ? a : b;

    return most - (a + b - most) <= most / 8;
}

struct eps_site *eps_site_like(struct eps_thread *self, enum eps_call call,
                               uint32_t count,
                               bool (*resembles)(const struct eps_set *set,
                                                 const void *context),
                               const void *context)
{
    for (int i = 0; i < EPS_THREAD_SITES; i++) {
        struct eps_site *site = &self->sites[i];
        const struct eps_set *set = eps_site_set(site);
        if (site->stamp && site->call == (uint8_t)call &&
            is_about(site->count, count) && (!set || resembles(set, context)))
            return use(self, site);
    }
    return NULL;
}

/* What was learned of the site stays. */
static void give_up(struct eps_thread *self, struct eps_site *site)
{
    struct eps_set *set;
    uint64_t signals;

    if (!site->set || eps_process_is_sandboxed())
        return;
    signals = eps_signals_hold();
    set = site->set; /* none in the child of a handler's fork */
    if (set)
        eps_set_release(set);
    site->set = NULL;
    eps_signals_let_go(signals);
    eps_count(self, EPS_C_sets_dropped);
}

struct eps_site *eps_site_new(struct eps_thread *self, enum eps_call call)
{
    struct eps_site *oldest = &self->sites[0];

    for (int i = 1; i < EPS_THREAD_SITES; i++)
        if (self->sites[i].stamp < oldest->stamp)
            oldest = &self->sites[i];
    give_up(self, oldest);
    memset(oldest, 0, sizeof(*oldest));
    oldest->call = (uint8_t)call;
    return use(self, oldest);
}

void eps_site_move(struct eps_thread *self, struct eps_site *site,
                   const void *key, uint32_t verified)
{
    site->key = key;
    site->verified = verified;
    use(self, site);
}

bool eps_site_any_set(const struct eps_thread *self, enum eps_call call)
{
    for (int i = 0; i < EPS_THREAD_SITES; i++)
        if (self->sites[i].set && self->sites[i].call == (uint8_t)call)
            return true;
    return false;
}

bool eps_site_goes_native(struct eps_thread *self, struct eps_site *site,
                          uint64_t length, int64_t *begun)
{
    if (eps_options.policy != EPS_POLICY_AUTO ||
        eps_policy_wants_epoll(&site->policy, site->count))
        return false;
    *begun = eps_policy_wants_time(&site->policy) ? eps_clock_ns() : 0;
    eps_passes_give(&self->passes, site->key, length,
                    eps_policy_native_passes(&site->policy, site->count),
                    EPS_C_native_policy);
    eps_count_native(self, EPS_C_native_policy);
    return true;
}

struct eps_set *eps_site_open(struct eps_thread *self, struct eps_site *site)
{
    struct eps_set *set = eps_site_set(site);
    uint64_t signals;

    if (set)
        return set;
    signals = eps_signals_hold();
    set = site->set = eps_set_acquire((enum eps_call)site->call);
    eps_signals_let_go(signals);
    if (!set) {
        eps_site_failed(self, site);
        return NULL;
    }
    set->registry.quiet = &self->quiet;
    set->registry.at_many = eps_quiet_begin;
    eps_count(self, EPS_C_sets_built);
    return set;
}

/* Those that went the steady way are calls of the set like others. */
static void end_steady(struct eps_set *set)
{
    uint32_t calls = set->steady.given - set->steady.left;

    set->calls += calls;
    set->steady.calls += calls;
    set->steady.given = set->steady.left = 0;
}

/* The next calls may have nothing to do but to compare. */
static void begin_steady(struct eps_set *set, const struct eps_thread *self)
{
    uint32_t calls = EPS_STEADY_CALLS - 1 - set->calls % EPS_STEADY_CALLS;
    bool may = self->calm && !set->sleepy && !eps_options.verify &&
               set->registry.registered && !set->registry.residual &&
               eps_epset_is_prepared(set);

    set->steady = (struct eps_steady){.left = may ? calls : 0,
                                      .given = may ? calls : 0};
}

/* The calls of the steady way are not timed, nor is the first after them. */
void eps_site_begin(struct eps_set *set)
{
    end_steady(set);
    bool timed = eps_options.policy == EPS_POLICY_AUTO && !set->steady.calls &&
                 set->calls % TIMED_CALLS == TIMED_CALLS - 1;

    set->begun = timed ? eps_clock_ns() : 0;
    set->fresh = !set->calls;
    set->looked = 0;
}

void eps_site_account(struct eps_thread *self, struct eps_site *site,
                      struct eps_set *set, uint32_t count, int ret, bool slept)
{
    struct eps_policy_call done = {
        .count = count,
        .ready = ret > 0 ? (uint32_t)ret : 0,
        .slept = slept,
        .work = set->fresh ? 0 : set->work,
        .outside = set->fresh ? 0 : set->outside,
        .more = set->steady.calls,
    };

    if (set->begun && !slept)
        done.epoll_ns = eps_turn_waited(set->begun);
    set->work = set->outside = 0;
    set->sleepy = slept;
    if (slept)
        eps_count(self, EPS_C_slept);
    eps_count_more(self, EPS_C_asked, done.count);
    eps_count_more(self, EPS_C_told, done.ready);
    done.ready += set->steady.told;
    begin_steady(set, self);
    if (eps_options.policy == EPS_POLICY_AUTO &&
        !eps_policy_after_epoll(&site->policy, &done))
        give_up(self, site);
}

void eps_site_failed(struct eps_thread *self, struct eps_site *site)
{
    give_up(self, site);
    if (eps_options.policy == EPS_POLICY_AUTO)
        self->rest = REST_CALLS;
    eps_count_native(self, EPS_C_native_failed);
}

void eps_site_close_all(struct eps_thread *self)
{
    for (int i = 0; i < EPS_THREAD_SITES; i++)
        give_up(self, &self->sites[i]);
}
