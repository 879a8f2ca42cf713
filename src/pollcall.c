/* SPDX-License-Identifier: MIT */
/*
 * The way of a poll() or ppoll(). Owns nothing but the call at hand. Waits
 * in libc's own poll or ppoll, which are cancellation points and end with
 * EINTR when a handler has run; between waits nothing else is held.
 *
 * Kernel notes:
 * (a) poll reports at its end whatever is ready then, numbers closed while
 *     it slept included (POLLNVAL); after a signal it looks once more before
 *     the handler runs.
 * (b) A mask that lets a pending signal in makes even a zero timeout EINTR,
 *     and the handler runs, unless something is ready (G2, G3). A mask that
 *     can't be read is EFAULT, whatever is ready.
 * (c) revents is written as 0 on EINTR (G4).
 */
#include "prototypes.h"

#include "pollcall.h"

#include "memory.h"
#include "next.h"
#include "options.h"
#include "process.h"
#include "scrub.h"
#include "site.h"
#include "verify.h"

#include <errno.h>

#define RETRIES 4      /* of a set whose epoll descriptor gets lost */
#define MAX_ERRNO 4095 /* the kernel's; below it are the turns' ends */

/* `slice` of the time that is left, or all of it: the caller's own words. */
static int native_wait(struct eps_pollcall *call, struct pollfd *waits,
                       nfds_t count, int64_t slice)
{
    bool whole = slice == call->deadline.left && !call->slept;
    struct timespec part = eps_timespec_of(slice);
    int ret;

    if (!call->precise)
        ret = EPS_NEXT(poll)(waits, count,
                             whole ? call->timeout_ms : eps_ms_of(slice));
    else
        ret = EPS_NEXT(ppoll)(waits, count,
                              whole       ? call->timeout
                              : slice < 0 ? NULL
                                          : &part,
                              call->mask);
    return ret < 0 ? -errno : ret;
}

/* A look that neither waits nor lets a signal in. */
static int native_look(struct pollfd *waits, nfds_t count)
{
    int ret = EPS_NEXT(poll)(waits, count, 0);

    return ret < 0 ? -errno : ret;
}

static bool push_wait(struct eps_set *set, uint32_t *count, struct pollfd wait)
{
    if (*count == set->wait_capacity) {
        uint32_t capacity = *count ? *count * 2 : 64;
        struct pollfd *waits = eps_memory_map(capacity * sizeof(*waits));
        if (!waits)
            return false;
        for (uint32_t i = 0; i < *count; i++)
            waits[i] = set->waits[i];
        eps_memory_unmap(set->waits, *count * sizeof(*waits));
        set->waits = waits;
        set->wait_capacity = capacity;
    }
    set->waits[(*count)++] = wait;
    return true;
}

/*
 * The native look: the epoll descriptor first, then each entry that names a
 * residual number and has no answer yet. Returns how many, 0 for no memory.
 */
static uint32_t gather_waits(struct eps_set *set)
{
    struct eps_pollview *view = &set->poll;
    uint32_t count = 0;
    int fd = -1;

    if (!push_wait(set, &count,
                   (struct pollfd){.fd = atomic_load(&set->epfd),
                                   .events = POLLIN}))
        return 0;
    while ((fd = eps_registry_next_residual(&set->registry, fd)) >= 0) {
        int32_t at = (int32_t)eps_registry_at(&set->registry, fd)->first;
        for (; at; at = view->links[at - 1].next)
            if (!push_wait(set, &count, view->copy[at - 1]))
                return 0;
    }
    return count;
}

/* Tells what the native look found, in the order it was gathered. */
static int tell_residuals(struct eps_pollcall *call, struct eps_set *set,
                          unsigned filter)
{
    struct eps_pollview *view = &set->poll;
    uint32_t index = 1;
    int fd = -1, told = 0;

    while ((fd = eps_registry_next_residual(&set->registry, fd)) >= 0) {
        int32_t at = (int32_t)eps_registry_at(&set->registry, fd)->first;
        for (; at; at = view->links[at - 1].next, index++)
            if (!view->copy[at - 1].revents)
                told += eps_pollview_tell_at(
                    view, (uint32_t)at - 1,
                    (unsigned short)set->waits[index].revents & filter,
                    call->array);
    }
    return told;
}

/* Tells the events of the last look. */
static int tell_events(struct eps_pollcall *call, struct eps_set *set,
                       struct eps_thread *self, int found)
{
    int told = 0;

    for (int i = 0; i < found; i++) {
        struct eps_event event = eps_epset_event(set, i, self);
        if (event.fd < 0)
            continue;
        int here = eps_pollview_tell(
            &set->poll, eps_registry_at(&set->registry, event.fd),
            event.events, call->array);
        if (!here)
            eps_epset_unwanted(set, event.fd, self);
        told += here;
    }
    return told;
}

/* Now and then, what no hook can have seen is looked for. */
static int prepare(struct eps_set *set, struct eps_thread *self)
{
    self->changing = true;
    int ret = eps_epset_prepare(set, self);
    if (ret == 0 && ++set->calls % EPS_SCRUB_CALLS == 0 &&
        eps_scrub_step(set, self))
        ret = eps_epset_prepare(set, self);
    self->changing = false;
    return ret;
}

static bool scrub(struct eps_set *set, struct eps_thread *self, int64_t now)
{
    self->changing = true;
    bool found = eps_scrub_before_sleep(set, self, now);
    self->changing = false;
    return found;
}

/*
 * Something ended while we slept: what native's last look would find of it
 * (note (a)). Entries told already keep their answer.
 */
static int look_again(struct eps_pollcall *call, struct eps_set *set,
                      struct eps_thread *self, unsigned filter)
{
    if (prepare(set, self) < 0)
        return 0;
    uint32_t count = gather_waits(set);
    if (count < 2)
        return 0;
    set->waits[0].fd = -1;
    eps_count(self, EPS_C_residual_looks);
    if (native_look(set->waits, count) <= 0)
        return 0;
    return tell_residuals(call, set, filter);
}

/* Note (c); and a handler that closed something itself changes nothing. */
static int interrupted(struct eps_pollcall *call, struct eps_set *set,
                       struct eps_thread *self, uint32_t ends)
{
    int told = 0;

    eps_pollview_clear_ready(&set->poll, call->array);
    if (eps_epset_is_behind(set) && self->ends == ends)
        told = look_again(call, set, self, POLLNVAL);
    return told ? told : -EINTR;
}

/* In the child of a fork made by a handler: our set is gone. */
static int interrupted_elsewhere(struct eps_pollcall *call)
{
    for (nfds_t i = 0; i < call->count; i++)
        call->array[i].revents = 0;
    return -EINTR;
}

/* How one turn of the loop ended, when it is not an answer or -errno. */
enum { TURN_AGAIN = INT_MIN, TURN_LOST, TURN_NATIVE, TURN_ODD, TURN_BARRED };

/*
 * One slice of the sleep; 0 with `expired` at its very end. What ends
 * meanwhile waits for that, or for an event, as it does natively.
 */
static int sleep_slice(struct eps_pollcall *call, struct eps_set *set,
                       uint32_t count, int64_t now)
{
    int64_t left = eps_deadline_left(&call->deadline);
    int64_t slice = eps_scrub_slice(set, left);
    int ready = native_wait(call, set->waits, count, slice);

    eps_deadline_start(&call->deadline, now);
    eps_deadline_spend(&call->deadline,
                       ready ? eps_clock_ns() - now : slice);
    call->slept = true;
    call->expired = ready == 0 && slice == left;
    return ready;
}

/* Sleeps natively; descriptors ready, -errno, or TURN_AGAIN: do not sleep. */
static int sleep_turn(struct eps_pollcall *call, struct eps_set *set,
                      struct eps_thread *self, uint32_t count)
{
    int64_t now = eps_clock_ns();
    int ready = TURN_AGAIN;

    if (scrub(set, self, now) || !eps_epset_fall_asleep(set))
        return TURN_AGAIN;
    if (!call->slept)
        eps_count(self, EPS_C_slept);
    for (;; now = eps_clock_ns()) {
        ready = sleep_slice(call, set, count, now);
        if (ready || call->expired)
            break;
        ready = TURN_AGAIN;
        if (eps_process_is_sandboxed() || scrub(set, self, eps_clock_ns()))
            break;
    }
    eps_epset_wake(set);
    return ready;
}

/* Sleeps if nothing is ready yet; otherwise looks at the residuals only. */
static int wait_turn(struct eps_pollcall *call, struct eps_set *set,
                     struct eps_thread *self, int found)
{
    uint32_t count = gather_waits(set);

    if (!count)
        return TURN_NATIVE;
    if (count > 1)
        eps_count(self, EPS_C_residual_looks);
    if (found)
        set->waits[0].fd = -1;
    if (!found && eps_deadline_left(&call->deadline) != 0)
        return sleep_turn(call, set, self, count);
    return call->mask ? native_wait(call, set->waits, count, 0)
                      : native_look(set->waits, count);
}

/* After a wait: everything that is ready now, residuals and events. */
static int tell_all(struct eps_pollcall *call, struct eps_set *set,
                    struct eps_thread *self, int found)
{
    int told;

    eps_pollview_clear_ready(&set->poll, call->array);
    told = tell_residuals(call, set, ~0u);
    if (call->slept && eps_epset_is_behind(set))
        told += look_again(call, set, self, ~0u);
    if (!found)
        found = eps_epset_look(set, self);
    if (found < 0)
        return told ? told : TURN_LOST;
    told += tell_events(call, set, self, found);
    return !told && found && !call->expired ? TURN_AGAIN : told;
}

/* The kernel was asked and may have to be waited for, beside the epoll. */
static int turn_natively(struct eps_pollcall *call, struct eps_set *set,
                         struct eps_thread *self, int found)
{
    uint32_t epoch = atomic_load(&eps_thread_epoch);
    uint32_t ends = self->ends;
    int ready = wait_turn(call, set, self, found);

    if (epoch != atomic_load(&eps_thread_epoch))
        return ready < 0 ? interrupted_elsewhere(call) : TURN_NATIVE;
    if (ready == -EINTR)
        return interrupted(call, set, self, ends);
    if (ready == TURN_AGAIN || eps_process_is_sandboxed())
        return TURN_AGAIN;
    return ready < 0 ? TURN_ODD : tell_all(call, set, self, found);
}

static bool asks_natively(const struct eps_pollcall *call,
                          const struct eps_set *set, int found)
{
    return call->mask || set->registry.residual ||
           (!found && eps_deadline_left(&call->deadline) != 0);
}

/* One turn: look, wait if nothing is ready, look again, tell. */
static int turn(struct eps_pollcall *call, struct eps_set *set,
                struct eps_thread *self)
{
    int found, told;

    if (eps_process_is_sandboxed()) /* since we slept, by another thread */
        return TURN_BARRED;
    if (prepare(set, self) < 0)
        return TURN_NATIVE;
    if (!set->registry.registered && !call->slept)
        return TURN_ODD;
    /* Note (b): a mask is the kernel's to read, and comes first. */
    found = call->mask ? 0 : eps_epset_look(set, self);
    if (found < 0)
        return found == -ESTALE ? TURN_LOST : TURN_NATIVE;
    if (asks_natively(call, set, found))
        return turn_natively(call, set, self, found);
    eps_pollview_clear_ready(&set->poll, call->array);
    told = tell_events(call, set, self, found);
    /* Events that are nobody's must not pass for an answer (note (b)). */
    return !told && found ? TURN_AGAIN : told;
}

static enum eps_outcome loop(struct eps_pollcall *call, struct eps_set *set,
                             struct eps_thread *self)
{
    int retries = 0;

    for (;;) {
        int told = turn(call, set, self);
        if (told == TURN_AGAIN || (told == TURN_LOST && retries++ < RETRIES))
            continue;
        if (told == TURN_ODD) /* nothing to answer, or a bad mask */
            return eps_gate_leave_native(self, EPS_C_native_unfit);
        if (told == TURN_BARRED)
            return eps_gate_leave_native(self, EPS_C_native_barred);
        if (told < -MAX_ERRNO) {
            eps_site_failed(self, call->site);
            return EPS_NATIVE;
        }
        call->ret = told < 0 ? -1 : told;
        call->error = told < 0 ? -told : 0;
        if (told != 0 || call->expired ||
            eps_deadline_left(&call->deadline) == 0)
            return EPS_ANSWERED;
    }
}

/* --- finding the site and its set -------------------------------------- */

static bool resembles(const struct eps_set *set, const void *context)
{
    const struct eps_pollcall *call = context;

    return eps_pollview_resembles(&set->poll, call->array,
                                  (uint32_t)call->count);
}

static bool is_writable(const struct eps_pollcall *call)
{
    return eps_memory_writable(call->array,
                               call->count * sizeof(*call->array));
}

/* An array at an address not seen before; NULL if it can't be written. */
static struct eps_site *find_new(struct eps_pollcall *call,
                                 struct eps_thread *self)
{
    bool compares = eps_site_any_set(self, EPS_CALL_POLL);
    uint32_t count = (uint32_t)call->count;
    struct eps_site *site;

    if (compares && !is_writable(call))
        return NULL;
    site = eps_site_like(self, EPS_CALL_POLL, count, resembles, call);
    if (!site)
        site = eps_site_new(self, EPS_CALL_POLL);
    site->key = call->array;
    site->verified = compares ? count : 0;
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
        eps_count(self, EPS_C_native_memory);
        return NULL;
    }
    call->site = site;
    site->count = count;
    if (eps_options.policy == EPS_POLICY_AUTO &&
        !eps_policy_wants_epoll(&site->policy, count)) {
        call->begun =
            eps_policy_wants_time(&site->policy) ? eps_clock_ns() : 0;
        eps_site_pass(self, site);
        eps_count(self, EPS_C_native_policy);
        return NULL;
    }
    if (count > site->verified && !is_writable(call)) {
        eps_count(self, EPS_C_native_memory);
        return NULL;
    }
    site->verified = count > site->verified ? count : site->verified;
    return eps_site_open(self, site);
}

/* The call was answered: what did it cost, and does the set still pay? */
static void account(struct eps_pollcall *call, struct eps_thread *self,
                    struct eps_set *set)
{
    struct eps_policy_call done = {
        .count = (uint32_t)call->count,
        .ready = call->ret > 0 ? (uint32_t)call->ret : 0,
        .slept = call->slept,
        .work = set->work,
    };

    set->work = 0;
    if (eps_options.policy == EPS_POLICY_AUTO &&
        !eps_policy_after_epoll(&call->site->policy, &done))
        eps_site_close(self, call->site);
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
                               .deadline = eps_deadline_of_ms(0)};

    if (eps_pollview_update(&set->poll, &set->registry, array,
                            (uint32_t)call->count))
        loop(&now, set, self);
}

static enum eps_outcome answer(struct eps_pollcall *call,
                               struct eps_thread *self)
{
    uint32_t epoch = atomic_load(&eps_thread_epoch);
    enum eps_outcome outcome;
    struct eps_set *set;
    bool fresh, updated;

    self->changing = true;
    set = find_set(call, self);
    fresh = set && !set->calls;
    updated = set && eps_pollview_update(&set->poll, &set->registry,
                                         call->array, (uint32_t)call->count);
    self->changing = false;
    if (!set)
        return EPS_NATIVE;
    set->looked = 0;
    if (!updated) {
        eps_site_failed(self, call->site);
        return EPS_NATIVE;
    }
    outcome = loop(call, set, self);
    if (outcome == EPS_ANSWERED && eps_options.verify && call->ret >= 0 &&
        epoch == atomic_load(&eps_thread_epoch))
        eps_verify_poll(call, set, self, answer_again);
    if (epoch != atomic_load(&eps_thread_epoch) || outcome == EPS_NATIVE)
        call->site = NULL; /* not the model's doing */
    else if (fresh)
        set->work = 0; /* the building was paid by its price */
    if (call->site)
        account(call, self, set);
    return outcome;
}

/* What only the kernel can judge: EINVAL, or a plain sleep. */
static bool is_fit(const struct eps_pollcall *call)
{
    const struct timespec *timeout = call->timeout;

    if (call->count == 0 || call->count > atomic_load_explicit(
                                              &eps_process.open_limit,
                                              memory_order_relaxed))
        return false;
    return !call->precise || !timeout ||
           (timeout->tv_sec >= 0 && timeout->tv_nsec >= 0 &&
            timeout->tv_nsec < 1000000000);
}

enum eps_outcome eps_pollcall_run(struct eps_pollcall *call)
{
    struct eps_thread *self;

    if (!is_fit(call))
        return eps_gate_refuse(EPS_C_native_unfit);
    self = eps_gate_open();
    if (!self)
        return EPS_NATIVE;
    call->deadline = call->precise ? eps_deadline_of_timespec(call->timeout)
                                   : eps_deadline_of_ms(call->timeout_ms);
    call->slept = call->expired = false;
    return eps_gate_close(self, answer(call, self));
}
