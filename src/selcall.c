/* SPDX-License-Identifier: MIT */
/*
 * The way of a select() or pselect(): what only the kernel can judge, the
 * caller's memory, the site and its set; then the turns. Owns nothing but
 * the call at hand.
 *
 * Kernel notes:
 * (a) nfds is clamped to the descriptor table: bits beyond it are neither
 *     EBADF nor cleared (S2). A call with such bits goes native.
 */
#include "selcall.h"

#include "fdtable.h"
#include "memory.h"
#include "options.h"
#include "process.h"
#include "seen.h"
#include "selturn.h"
#include "selwait.h"
#include "site.h"
#include "sys.h"
#include "timeval.h"
#include "turn.h"
#include "verify.h"

#include <errno.h>
#include <string.h>
#include <sys/select.h>

static bool is_writable(const struct eps_selcall *call)
{
    size_t bytes = eps_bitmaps_bytes(call->nfds);

    for (int i = 0; i < EPS_SETS; i++)
        if (call->sets.bits[i] &&
            !eps_memory_writable(call->sets.bits[i], bytes))
            return false;
    return true;
}

/* Only the always policy asks the kernel, before a native call has. */
static bool may_be_read(struct eps_thread *self, struct eps_selcall *call)
{
    eps_seen_refresh(self);
    if (eps_seen_bitmaps(self, &call->sets, call->nfds))
        return true;
    call->unseen = true;
    if (eps_options.policy != EPS_POLICY_ALWAYS || !is_writable(call))
        return false;
    eps_seen_note_bitmaps(self, &call->sets, call->nfds);
    return true;
}

static bool resembles(const struct eps_set *set, const void *context)
{
    const struct eps_selcall *call = context;

    return eps_selview_resembles(&set->select, &call->sets, call->nfds);
}

/* Note (a). */
static bool has_fit_bits(const struct eps_selcall *call)
{
    int highest = eps_bitmaps_highest(&call->sets, call->nfds, 64);

    return highest < 0 || eps_fdtable_contains(highest);
}

/* The same question as last time needs no counting; most need but little. */
static void compare(struct eps_selcall *call, const struct eps_site *site)
{
    const struct eps_set *set = site ? eps_site_set(site) : NULL;

    call->same =
        set && eps_selview_is_same(&set->select, &call->sets, call->nfds);
    if (call->same)
        call->count = set->select.count;
    else
        call->count =
            set ? eps_selview_count(&set->select, &call->sets, call->nfds)
                : eps_bitmaps_count(&call->sets, call->nfds);
}

/*
 * The bitmaps' site, known by the first of them that is there; NULL if they
 * have bits beyond the descriptor table.
 */
static struct eps_site *find_site(struct eps_selcall *call,
                                  struct eps_thread *self)
{
    const void *key = eps_bitmaps_key(&call->sets);
    struct eps_site *site;

    site = eps_site_at(self, EPS_CALL_SELECT, key);
    compare(call, site);
    if (call->same)
        return site;
    if (!has_fit_bits(call))
        return NULL;
    if (!site)
        site =
            eps_site_like(self, EPS_CALL_SELECT, call->count, resembles, call);
    if (!site)
        site = eps_site_new(self, EPS_CALL_SELECT);
    site->key = key;
    site->count = call->count;
    return site;
}

/* The site's set, if it is to have one. */
static struct eps_set *find_set(struct eps_selcall *call,
                                struct eps_thread *self)
{
    struct eps_site *site = find_site(call, self);

    if (!site) {
        eps_count_native(self, EPS_C_native_unfit);
        return NULL;
    }
    call->site = site;
    if (eps_site_goes_native(self, site, (uint64_t)call->nfds, &call->begun))
        return NULL;
    site->verified = (uint32_t)call->nfds; /* or it would not be here */
    return eps_site_open(self, site);
}

void eps_selcall_was_native(const struct eps_selcall *call, int ret)
{
    struct eps_policy_call done = {
        .count = call->count,
        .ready = ret > 0 ? (uint32_t)ret : 0,
        .native_ns = call->begun ? eps_clock_ns() - call->begun : 0,
    };
    struct eps_thread *self = eps_thread_self();

    if (ret < 0)
        return;
    if (call->unseen && self)
        eps_seen_note_bitmaps(self, &call->sets, call->nfds);
    if (call->site)
        eps_policy_after_native(&call->site->policy, &done);
}

/* For verify mode: the same question once more, without waiting. */
static bool answer_again(const struct eps_selcall *call, struct eps_set *set,
                         struct eps_thread *self,
                         const struct eps_bitmaps *sets)
{
    struct eps_selcall now = {.nfds = call->nfds,
                              .sets = *sets,
                              .precise = true,
                              .site = call->site,
                              .epoch = call->epoch,
                              .deadline = eps_deadline_of_ms(0)};

    return eps_selview_update(&set->select, &set->registry, sets, call->nfds) &&
           eps_selturn_answer(&now, set, self) == EPS_ANSWERED && now.ret >= 0;
}

static enum eps_outcome answer(struct eps_selcall *call,
                               struct eps_thread *self)
{
    enum eps_outcome outcome;
    struct eps_set *set;
    bool updated;

    call->epoch = atomic_load(&eps_thread_epoch);
    set = find_set(call, self);
    if (set)
        eps_site_begin(set);
    updated =
        set && (call->same || eps_selview_update(&set->select, &set->registry,
                                                 &call->sets, call->nfds));
    if (updated)
        set->select.caller = call->sets; /* the same bits, elsewhere */
    if (!set)
        return EPS_NATIVE;
    self->calm = call->same;
    if (!updated) {
        eps_site_failed(self, call->site);
        return EPS_NATIVE;
    }
    outcome = eps_selturn_answer(call, set, self);
    eps_quiet_end(&self->quiet);
    if (outcome == EPS_ANSWERED && eps_options.verify && call->ret >= 0 &&
        !eps_turn_is_elsewhere(call->epoch))
        eps_verify_select(call, set, self, answer_again);
    if (outcome == EPS_NATIVE || eps_turn_is_elsewhere(call->epoch))
        call->site = NULL; /* not the model's doing */
    if (call->site)
        eps_site_account(self, call->site, set, call->count, call->ret,
                         call->rested);
    return outcome;
}

static bool is_fit_timespec(const struct timespec *timeout)
{
    return !timeout || (timeout->tv_sec >= 0 && timeout->tv_nsec >= 0 &&
                        timeout->tv_nsec < 1000000000);
}

static bool has_fit_timeout(struct eps_selcall *call)
{
    const struct timeval *timeval = call->timeval;
    struct timespec timeout;

    if (call->precise && is_fit_timespec(call->timespec)) {
        call->deadline = eps_deadline_of_timespec(call->timespec);
        return true;
    }
    if (call->precise || !eps_timeval_is_fit(timeval))
        return false;
    if (timeval)
        timeout = (struct timespec){timeval->tv_sec, timeval->tv_usec * 1000};
    call->deadline = eps_deadline_of_timespec(timeval ? &timeout : NULL);
    return true;
}

/* Note (a). Beyond an fd_set's own size, not even the words are read. */
static bool has_fit_size(const struct eps_selcall *call)
{
    return call->nfds > 0 &&
           (call->nfds <= FD_SETSIZE || eps_fdtable_contains(call->nfds - 1));
}

static enum eps_outcome refuse(struct eps_thread *self, enum eps_counter reason)
{
    eps_count_call(self, reason);
    return EPS_NATIVE;
}

/*
 * What the kernel says now of copies of the caller's sets, which stay as they
 * are unless something is ready.
 */
static int look_at(const struct eps_selcall *call, char *copies)
{
    size_t bytes = eps_bitmaps_bytes(call->nfds);
    struct timespec now = {0, 0};
    struct {
        const sigset_t *mask;
        size_t size;
    } mask = {call->mask, sizeof(uint64_t)};
    unsigned long *sets[EPS_SETS];
    int ret;

    for (int i = 0; i < EPS_SETS; i++) {
        unsigned long *own = call->sets.bits[i];
        sets[i] = own ? memcpy(copies + i * bytes, own, bytes) : NULL;
    }
    ret =
        (int)EPS_SYS6(SYS_pselect6, call->nfds, sets[EPS_READ], sets[EPS_WRITE],
                      sets[EPS_EXCEPT], &now, call->mask ? &mask : NULL);
    for (int i = 0; i < EPS_SETS && ret > 0; i++)
        if (sets[i])
            memcpy(call->sets.bits[i], sets[i], bytes);
    return ret;
}

/*
 * A handler has run where native would have been waiting: EINTR, unless
 * something is ready.
 */
static enum eps_outcome look_natively(struct eps_selcall *call)
{
    unsigned long few[EPS_SETS * EPS_WORDS(FD_SETSIZE)];
    size_t bytes = EPS_SETS * eps_bitmaps_bytes(call->nfds);
    void *many = bytes > sizeof(few) ? eps_memory_map(bytes) : few;
    int ret;

    if (!many)
        return EPS_NATIVE;
    ret = look_at(call, many);
    if (many != few)
        eps_memory_unmap(many, bytes);
    call->ret = ret > 0 ? ret : -1;
    call->error = ret ? -ret : EINTR;
    eps_selwait_take_one(call);
    return EPS_ANSWERED;
}

/*
 * A call that has slept, and goes on natively, waits for the rest alone. In
 * select()'s own timeval that is written already, where it is written at all.
 */
static enum eps_outcome leave(struct eps_selcall *call,
                              enum eps_outcome outcome)
{
    int64_t rest = eps_deadline_rest(&call->deadline);

    if (outcome == EPS_DISTURBED)
        outcome = look_natively(call);
    if (outcome != EPS_NATIVE || !call->slept || rest < 0)
        return outcome;
    call->rest = eps_timespec_of(rest);
    call->timespec = &call->rest;
    return outcome;
}

enum eps_outcome eps_selcall_run(struct eps_selcall *call)
{
    struct eps_thread *self = eps_thread_self();

    if (!eps_process_may_answer() || !self)
        return refuse(self, EPS_C_native_barred);
    if (!has_fit_timeout(call) || !has_fit_size(call))
        return eps_gate_refuse(EPS_C_native_unfit);
    if (!may_be_read(self, call))
        return eps_gate_refuse(EPS_C_native_memory);
    if (!eps_bitmaps_have(&call->sets, call->nfds, eps_process.small)) {
        eps_passes_give(&self->passes, eps_bitmaps_key(&call->sets),
                        (uint64_t)call->nfds, eps_policy_passes(call->count),
                        EPS_C_native_small);
        return refuse(self, EPS_C_native_small);
    }
    self = eps_gate_open();
    if (!self)
        return EPS_NATIVE;
    self->quiet.mask = call->mask;
    return leave(call, eps_gate_close(self, answer(call, self)));
}
