/* SPDX-License-Identifier: MIT */
/*
 * The way of a poll() or ppoll(): what only the kernel can judge, the site
 * and its set, the caller's memory; then the turns. Owns nothing but the
 * call at hand.
 */
#include "pollcall.h"

#include "options.h"
#include "polldiff.h"
#include "pollturn.h"
#include "process.h"
#include "seen.h"
#include "site.h"
#include "sys.h"
#include "turn.h"
#include "verify.h"

#include <errno.h>

static bool resembles(const struct eps_set *set, const void *context)
{
    const struct eps_pollcall *call = context;

    return eps_pollview_resembles(&set->poll, call->array,
                                  (uint32_t)call->count);
}

static bool is_writable(const struct eps_pollcall *call,
                        struct eps_thread *self)
{
    return eps_seen_writable(self, call->array,
                             call->count * sizeof(*call->array));
}

/* An array at an address not seen before; NULL if it can't be written. */
static struct eps_site *find_new(struct eps_pollcall *call,
                                 struct eps_thread *self)
{
    bool compares = eps_site_any_set(self, EPS_CALL_POLL);
    uint32_t count = (uint32_t)call->count;
    struct eps_site *site;

    if (compares && !is_writable(call, self))
        return NULL;
    site = eps_site_like(self, EPS_CALL_POLL, count, resembles, call);
    if (!site)
        site = eps_site_new(self, EPS_CALL_POLL);
    eps_site_move(self, site, call->array, compares ? count : 0);
    return site;
}

/* The site's set, if it is to have one and the array can be written. */
static struct eps_set *find_set(struct eps_pollcall *call,
                                struct eps_thread *self)
{
    struct eps_site *site = eps_site_at(self, EPS_CALL_POLL, call->array);
    uint32_t count = (uint32_t)call->count;

    if (!site)
        site = find_new(call, self);
    if (!site) {
        eps_count_native(self, EPS_C_native_memory);
        return NULL;
    }
    call->site = site;
    site->count = count;
    if (eps_site_goes_native(self, site, count, &call->begun))
        return NULL;
    if (count > site->verified && !is_writable(call, self)) {
        eps_count_native(self, EPS_C_native_memory);
        return NULL;
    }
    site->verified = count > site->verified ? count : site->verified;
    return eps_site_open(self, site);
}

void eps_pollcall_was_native(const struct eps_pollcall *call, int ret)
{
    struct eps_policy_call done = {
        .count = (uint32_t)call->count,
        .ready = ret > 0 ? (uint32_t)ret : 0,
        .native_ns = call->begun ? eps_clock_ns() - call->begun : 0,
    };

    if (call->site && ret >= 0)
        eps_policy_after_native(&call->site->policy, &done);
}

/* For verify mode: the same question once more, without waiting. */
static void answer_again(const struct eps_pollcall *call, struct eps_set *set,
                         struct eps_thread *self, struct pollfd *array)
{
    struct eps_pollcall now = {.array = array,
                               .count = call->count,
                               .site = call->site,
                               .epoch = call->epoch,
                               .deadline = eps_deadline_of_ms(0)};

    if (eps_polldiff_update(&set->poll, &set->registry, array,
                            (uint32_t)call->count))
        eps_pollturn_answer(&now, set, self);
}

static enum eps_outcome answer(struct eps_pollcall *call,
                               struct eps_thread *self)
{
    enum eps_outcome outcome;
    struct eps_set *set;
    bool updated;

    call->epoch = atomic_load(&eps_thread_epoch);
    eps_seen_refresh(self);
    set = find_set(call, self);
    if (set)
        eps_site_begin(set);
    updated = set && eps_polldiff_update(&set->poll, &set->registry,
                                         call->array, (uint32_t)call->count);
    if (!set)
        return EPS_NATIVE;
    self->calm = set->poll.same;
    if (!updated) {
        eps_site_failed(self, call->site);
        return EPS_NATIVE;
    }
    outcome = eps_pollturn_answer(call, set, self);
    eps_quiet_end(&self->quiet);
    if (outcome == EPS_ANSWERED && eps_options.verify && call->ret >= 0 &&
        !eps_turn_is_elsewhere(call->epoch))
        eps_verify_poll(call, set, self, answer_again);
    if (outcome == EPS_NATIVE || eps_turn_is_elsewhere(call->epoch))
        call->site = NULL; /* not the model's doing */
    if (call->site)
        eps_site_account(self, call->site, set, (uint32_t)call->count,
                         call->ret, call->rested);
    return outcome;
}

/* What only the kernel can judge: EINVAL, or a plain sleep. */
static bool is_fit(const struct eps_pollcall *call)
{
    const struct timespec *timeout = call->timeout;

    if (call->count == 0 ||
        call->count >
            atomic_load_explicit(&eps_process.open_limit, memory_order_relaxed))
        return false;
    return !call->precise || !timeout ||
           (timeout->tv_sec >= 0 && timeout->tv_nsec >= 0 &&
            timeout->tv_nsec < 1000000000);
}

/*
 * A handler has run where native would have been waiting: EINTR, unless
 * something is ready.
 */
static enum eps_outcome look_natively(struct eps_pollcall *call)
{
    struct timespec now = {0, 0};
    int ret = (int)EPS_SYS5(SYS_ppoll, call->array, call->count, &now,
                            call->mask, sizeof(uint64_t));

    call->ret = ret > 0 ? ret : -1;
    call->error = ret ? -ret : EINTR;
    return EPS_ANSWERED;
}

/* By the clock, unless a sandbox may forbid that: see eps_turn_waited(). */
static int64_t rest_of(const struct eps_deadline *deadline)
{
    return eps_process_is_sandboxed() ? eps_deadline_rest(deadline)
                                      : eps_deadline_left(deadline);
}

/* A call that has slept, and goes on natively, waits for the rest alone. */
static enum eps_outcome leave(struct eps_pollcall *call,
                              enum eps_outcome outcome)
{
    int64_t rest;

    if (outcome == EPS_DISTURBED)
        outcome = look_natively(call);
    if (outcome != EPS_NATIVE || !call->slept)
        return outcome;
    rest = rest_of(&call->deadline);
    if (rest < 0)
        return outcome;
    call->timeout_ms = eps_ms_of(rest);
    call->rest = eps_timespec_of(rest);
    call->timeout = &call->rest;
    return outcome;
}

enum eps_outcome eps_pollcall_run(struct eps_pollcall *call)
{
    struct eps_thread *self;

    if (!is_fit(call))
        return eps_gate_refuse(EPS_C_native_unfit);
    self = eps_gate_open();
    if (!self)
        return EPS_NATIVE;
    self->quiet.mask = call->mask;
    call->deadline = call->precise ? eps_deadline_of_timespec(call->timeout)
                                   : eps_deadline_of_ms(call->timeout_ms);
    call->slept = call->rested = call->expired = false;
    return leave(call, eps_gate_close(self, answer(call, self)));
}
