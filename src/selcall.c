/* SPDX-License-Identifier: MIT */
/*
 * The way of a select() or pselect(). Owns nothing but the call at hand.
 * Waits in libc's own select or pselect, which are cancellation points and
 * write back what is left of the time.
 *
 * Kernel notes:
 * (a) EBADF belongs to a call's entry: it wins over everything ready (S4).
 *     A number closed while the call slept is told as its bit in every set
 *     that asked (F5b).
 * (b) nfds is clamped to the descriptor table: bits beyond it are neither
 *     EBADF nor cleared (S2). A call with such bits goes native.
 * (c) What is left of the time is truncated to microseconds, so a call that
 *     finds something at once leaves at most one less.
 * (d) The sets are untouched by EINTR and EBADF.
 */
#include "prototypes.h"

#include "selcall.h"

#include "fdtable.h"
#include "memory.h"
#include "next.h"
#include "options.h"
#include "process.h"
#include "scrub.h"
#include "site.h"
#include "verify.h"
#include "sys.h"

#include <errno.h>

#define RETRIES 4      /* of a set whose epoll descriptor gets lost */
#define MAX_ERRNO 4095 /* the kernel's; below it are the turns' ends */

/* How one turn of the loop ended, when it is not an answer or -errno. */
enum { TURN_AGAIN = INT_MIN, TURN_LOST, TURN_NATIVE, TURN_ODD, TURN_BARRED };

static bool is_open(int fd)
{
    return EPS_SYS2(SYS_fcntl, fd, F_GETFD) >= 0;
}

/* --- the native look --------------------------------------------------- */

/* The three scratch bitmaps, as select() wants them. */
#define SCRATCH(view)                                                          \
    (fd_set *)(view)->scratch.bits[EPS_READ],                                  \
        (fd_set *)(view)->scratch.bits[EPS_WRITE],                             \
        (fd_set *)(view)->scratch.bits[EPS_EXCEPT]

static int64_t ns_of(struct timeval time)
{
    return time.tv_sec * INT64_C(1000000000) + time.tv_usec * INT64_C(1000);
}

static struct timeval timeval_of(int64_t ns)
{
    return (struct timeval){ns / 1000000000, ns % 1000000000 / 1000};
}

/* A look that neither waits nor lets a signal in. */
static int native_look(struct eps_selview *view, int nfds)
{
    struct timeval now = {0, 0};
    int ret = EPS_NEXT(select)(nfds, SCRATCH(view), &now);

    return ret < 0 ? -errno : ret;
}

/*
 * select() on a slice of the time. It tells what remains of the slice; the
 * caller is told what remains of the whole.
 */
static int native_select(struct eps_selcall *call, struct eps_selview *view,
                         int nfds, int64_t slice)
{
    int64_t left = call->deadline.left;
    struct timeval part = timeval_of(slice);
    int ret;

    if (slice == left)
        ret = EPS_NEXT(select)(nfds, SCRATCH(view), call->timeval);
    else
        ret = EPS_NEXT(select)(nfds, SCRATCH(view), &part);
    if (ret < 0)
        ret = -errno;
    if (!call->timeval)
        return ret;
    if (slice == left) {
        call->deadline.left = ns_of(*call->timeval);
    } else {
        eps_deadline_spend(&call->deadline, slice - ns_of(part));
        *call->timeval = timeval_of(call->deadline.left);
    }
    return ret;
}

static int native_pselect(struct eps_selcall *call, struct eps_selview *view,
                          int nfds, int64_t slice)
{
    bool whole = slice == call->deadline.left && !call->slept;
    struct timespec part = eps_timespec_of(slice);
    const struct timespec *timeout = whole       ? call->timespec
                                     : slice < 0 ? NULL
                                                 : &part;
    int64_t begun = eps_clock_ns();
    int ret = EPS_NEXT(pselect)(nfds, SCRATCH(view), timeout, call->mask);

    if (ret < 0)
        ret = -errno;
    eps_deadline_spend(&call->deadline, ret ? eps_clock_ns() - begun : slice);
    return ret;
}

/* The native function itself, on the scratch bitmaps. */
static int native_wait(struct eps_selcall *call, struct eps_selview *view,
                       int nfds, int64_t slice)
{
    return call->precise ? native_pselect(call, view, nfds, slice)
                         : native_select(call, view, nfds, slice);
}

static void scratch_set(struct eps_selview *view, int fd)
{
    view->scratch.bits[EPS_READ][fd / EPS_WORD_BITS] |= 1ul
                                                        << fd % EPS_WORD_BITS;
}

static void scratch_clear(struct eps_selview *view, int fd)
{
    view->scratch.bits[EPS_READ][fd / EPS_WORD_BITS] &=
        ~(1ul << fd % EPS_WORD_BITS);
}

/*
 * Puts the residual numbers into the scratch bitmaps. What was closed since
 * the call's entry is told here (note (a)). Returns the nfds they need, 0
 * for none.
 */
static int gather(struct eps_selcall *call, struct eps_set *set, int *told)
{
    struct eps_selview *view = &set->select;
    int fd = -1, nfds = 0;

    eps_selview_scratch_begin(view);
    while ((fd = eps_registry_next_residual(&set->registry, fd)) >= 0) {
        if (call->entered && !is_open(fd)) {
            *told += eps_selview_tell(view, fd, POLLNVAL);
            continue;
        }
        eps_selview_scratch_ask(view, fd);
        nfds = fd + 1 > nfds ? fd + 1 : nfds;
    }
    return nfds;
}

/* A zero-timeout look at the residuals alone; bits told, or -errno. */
static int look_at_residuals(struct eps_selcall *call, struct eps_set *set,
                             struct eps_thread *self)
{
    int told = 0;
    int nfds = gather(call, set, &told);

    if (!nfds)
        return told;
    eps_count(self, EPS_C_residual_looks);
    int ready = native_look(&set->select, nfds);
    if (ready < 0)
        return ready;
    return told + eps_selview_merge(&set->select);
}

/* --- one turn ---------------------------------------------------------- */

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

static int tell_events(struct eps_set *set, struct eps_thread *self, int found)
{
    int told = 0;

    for (int i = 0; i < found; i++) {
        struct eps_event event = eps_epset_event(set, i, self);
        if (event.fd < 0)
            continue;
        int here = eps_selview_tell(&set->select, event.fd, event.events);
        if (!here)
            eps_epset_unwanted(set, event.fd, self);
        told += here;
    }
    return told;
}

/* The epoll descriptor and the residuals; the nfds they need. */
static int gather_all(struct eps_selcall *call, struct eps_set *set, int epfd,
                      int *told)
{
    int nfds = gather(call, set, told);

    scratch_set(&set->select, epfd);
    return nfds > epfd ? nfds : epfd + 1;
}

/*
 * One slice of the sleep; 0 with `expired` at its very end. What ends
 * meanwhile waits for that, or for an event, as it does natively.
 */
static int sleep_slice(struct eps_selcall *call, struct eps_set *set, int nfds)
{
    int64_t left = eps_deadline_left(&call->deadline);
    int64_t slice = eps_scrub_slice(set, left);
    int ready = native_wait(call, &set->select, nfds, slice);

    call->entered = call->slept = true;
    call->expired = ready == 0 && slice == left;
    return ready;
}

/* Sleeps natively; bits ready, -errno, or TURN_AGAIN: do not sleep. */
static int sleep_turn(struct eps_selcall *call, struct eps_set *set,
                      struct eps_thread *self, int epfd)
{
    int ready, told = 0;

    if (scrub(set, self, eps_clock_ns()) || !eps_epset_fall_asleep(set))
        return TURN_AGAIN;
    if (!call->slept)
        eps_count(self, EPS_C_slept);
    for (;;) {
        /* The native call has used the bitmaps up. */
        int nfds = gather_all(call, set, epfd, &told);
        ready = sleep_slice(call, set, nfds);
        if (ready || call->expired)
            break;
        ready = TURN_AGAIN;
        if (eps_process_is_sandboxed() || scrub(set, self, eps_clock_ns()))
            break;
    }
    eps_epset_wake(set);
    return ready;
}

/*
 * The native wait on the epoll descriptor and the residuals; what it found
 * of the latter is told. Bits ready, -errno, or TURN_AGAIN.
 */
static int wait_turn(struct eps_selcall *call, struct eps_set *set,
                     struct eps_thread *self, int *told)
{
    struct eps_selview *view = &set->select;
    int epfd = atomic_load(&set->epfd);
    int ready, nfds;

    /* Room for our own bit, which may be beyond the caller's. */
    if (!eps_selview_reserve(view, epfd + 1))
        return -ENOMEM;
    nfds = gather_all(call, set, epfd, told);
    if (*told)
        ready = native_look(view, nfds);
    else if (eps_deadline_left(&call->deadline) != 0)
        ready = sleep_turn(call, set, self, epfd);
    else
        ready = native_wait(call, view, nfds, 0); /* for its mask */
    if (ready >= 0) {
        scratch_clear(view, epfd);
        *told += eps_selview_merge(view);
    }
    return ready;
}

/* A handler ran. Numbers that others closed before it are told even so. */
static int interrupted(struct eps_selcall *call, struct eps_set *set,
                       struct eps_thread *self, uint32_t ends)
{
    int told = 0;

    if (!eps_epset_is_behind(set) || self->ends != ends ||
        prepare(set, self) < 0)
        return -EINTR;
    eps_selview_begin(&set->select);
    gather(call, set, &told);
    return told ? told : -EINTR;
}

/* After a sleep, closes included: everything that is ready now. */
static int tell_all(struct eps_selcall *call, struct eps_set *set,
                    struct eps_thread *self, int told)
{
    int found;

    if (call->slept && eps_epset_is_behind(set)) {
        int more = prepare(set, self);
        if (more == 0)
            more = look_at_residuals(call, set, self);
        told += more > 0 ? more : 0;
    }
    found = eps_epset_look(set, self);
    if (found < 0)
        return told ? told : TURN_LOST;
    told += tell_events(set, self, found);
    return !told && found && !call->expired ? TURN_AGAIN : told;
}

/* Nothing is ready in the epoll set: ask and wait natively. */
static int turn_waiting(struct eps_selcall *call, struct eps_set *set,
                        struct eps_thread *self)
{
    uint32_t epoch = atomic_load(&eps_thread_epoch);
    uint32_t ends = self->ends;
    int told = 0, ready;

    ready = wait_turn(call, set, self, &told);
    if (epoch != atomic_load(&eps_thread_epoch))
        return ready < 0 ? ready : TURN_NATIVE;
    if (ready == -EINTR)
        return interrupted(call, set, self, ends);
    if (ready == -EBADF || ready == TURN_AGAIN)
        return ready;
    if (eps_process_is_sandboxed())
        return TURN_AGAIN;
    return ready < 0 ? TURN_ODD : tell_all(call, set, self, told);
}

/* Something is ready, or the call does not wait and has no mask. */
static int turn_at_once(struct eps_selcall *call, struct eps_set *set,
                        struct eps_thread *self, int found)
{
    int told = 0;

    if (set->registry.residual)
        told = look_at_residuals(call, set, self);
    if (told < 0)
        return told;
    told += tell_events(set, self, found);
    /* Events that are nobody's must not pass for an answer. */
    return !told && found ? TURN_AGAIN : told;
}

static int turn(struct eps_selcall *call, struct eps_set *set,
                struct eps_thread *self)
{
    int found;

    if (eps_process_is_sandboxed()) /* since we slept, by another thread */
        return TURN_BARRED;
    if (prepare(set, self) < 0)
        return TURN_NATIVE;
    if (!set->registry.registered && !call->slept)
        return TURN_ODD;
    /* A mask is the kernel's to read, and comes first (G2, G3). */
    found = call->mask ? 0 : eps_epset_look(set, self);
    if (found < 0)
        return found == -ESTALE ? TURN_LOST : TURN_NATIVE;
    eps_selview_begin(&set->select);
    if (!found && (call->mask || eps_deadline_left(&call->deadline) != 0))
        return turn_waiting(call, set, self);
    return turn_at_once(call, set, self, found);
}

/* Note (c). A native wait has done it by itself. */
static void take_a_microsecond(struct timeval *left)
{
    if (left->tv_usec > 0) {
        left->tv_usec--;
    } else if (left->tv_sec > 0) {
        left->tv_sec--;
        left->tv_usec = 999999;
    }
}

static enum eps_outcome finish(struct eps_selcall *call, struct eps_set *set,
                               int told)
{
    call->ret = told < 0 ? -1 : told;
    call->error = told < 0 ? -told : 0;
    if (told >= 0)
        eps_selview_write(&set->select, &call->sets);
    if (!call->precise && call->timeval && !call->slept)
        take_a_microsecond(call->timeval);
    return EPS_ANSWERED;
}

/*
 * Before another turn: what was closed when the call began is EBADF still,
 * what is closed from now on is told (note (a)).
 */
static bool enter(struct eps_selcall *call, struct eps_set *set)
{
    int fd = -1;

    while (!call->entered &&
           (fd = eps_registry_next_residual(&set->registry, fd)) >= 0)
        if (!is_open(fd))
            return false;
    call->entered = true;
    return true;
}

static enum eps_outcome loop(struct eps_selcall *call, struct eps_set *set,
                             struct eps_thread *self)
{
    int retries = 0;

    for (;;) {
        int told = turn(call, set, self);
        if (told == TURN_AGAIN ||
            (told == TURN_LOST && retries++ < RETRIES)) {
            if (!enter(call, set))
                return finish(call, set, -EBADF);
            continue;
        }
        if (told == TURN_ODD) /* nothing to answer, or a bad mask */
            return eps_gate_leave_native(self, EPS_C_native_unfit);
        if (told == TURN_BARRED)
            return eps_gate_leave_native(self, EPS_C_native_barred);
        if (told < -MAX_ERRNO) {
            eps_site_failed(self, call->site);
            return EPS_NATIVE;
        }
        if (told != 0 || call->expired ||
            eps_deadline_left(&call->deadline) == 0)
            return finish(call, set, told);
    }
}

/* --- memory and sets --------------------------------------------------- */

/*
 * Reading a bad pointer here would crash where native says EFAULT. A native
 * call that succeeded with the same pointers is the proof that costs
 * nothing, and no system call but the native one (a sandbox may kill for
 * any other); only the always policy asks the kernel before that.
 */
static bool is_seen(struct eps_thread *self, const struct eps_selcall *call)
{
    for (int i = 0; i < EPS_THREAD_SEEN; i++) {
        const struct eps_seen *seen = &self->seen[i];
        if (call->nfds <= seen->nfds &&
            seen->bits[EPS_READ] == call->sets.bits[EPS_READ] &&
            seen->bits[EPS_WRITE] == call->sets.bits[EPS_WRITE] &&
            seen->bits[EPS_EXCEPT] == call->sets.bits[EPS_EXCEPT])
            return true;
    }
    return false;
}

static void remember(const struct eps_selcall *call)
{
    struct eps_thread *self = eps_thread_self();
    struct eps_seen *seen;

    if (!self || call->nfds <= 0 || is_seen(self, call))
        return;
    seen = &self->seen[self->next_seen++ % EPS_THREAD_SEEN];
    seen->nfds = call->nfds;
    for (int i = 0; i < EPS_SETS; i++)
        seen->bits[i] = call->sets.bits[i];
}

static bool is_writable(const struct eps_selcall *call)
{
    size_t bytes = (size_t)EPS_WORDS(call->nfds) * sizeof(unsigned long);

    for (int i = 0; i < EPS_SETS; i++)
        if (call->sets.bits[i] &&
            !eps_memory_writable(call->sets.bits[i], bytes))
            return false;
    return true;
}

static bool may_be_read(struct eps_thread *self, struct eps_selcall *call)
{
    if (is_seen(self, call))
        return true;
    call->unseen = true;
    if (eps_options.policy != EPS_POLICY_ALWAYS || !is_writable(call))
        return false;
    remember(call);
    return true;
}

static bool resembles(const struct eps_set *set, const void *context)
{
    const struct eps_selcall *call = context;

    return eps_selview_resembles(&set->select, &call->sets, call->nfds);
}

/* Note (b). */
static bool has_fit_bits(const struct eps_selcall *call)
{
    int highest = eps_bitmaps_highest(&call->sets, call->nfds, 64);

    return highest < 0 || eps_fdtable_contains(highest);
}

/* The same question as last time needs no counting. */
static bool is_same(const struct eps_site *site,
                    const struct eps_selcall *call)
{
    return site && site->set &&
           eps_selview_is_same(&site->set->select, &call->sets, call->nfds);
}

static const void *key_of(const struct eps_selcall *call)
{
    const void *key = call->sets.bits[EPS_READ];

    for (int i = EPS_WRITE; !key && i < EPS_SETS; i++)
        key = call->sets.bits[i];
    return key;
}

/*
 * The bitmaps' site, known by the first of them that is there; NULL if they
 * have bits beyond the descriptor table.
 */
static struct eps_site *find_site(struct eps_selcall *call,
                                  struct eps_thread *self)
{
    const void *key = key_of(call);
    struct eps_site *site;

    site = eps_site_at(self, EPS_CALL_SELECT, key);
    call->same = is_same(site, call);
    if (call->same) {
        call->count = site->count;
        return site;
    }
    call->count = eps_bitmaps_count(&call->sets, call->nfds);
    if (!has_fit_bits(call))
        return NULL;
    if (!site)
        site = eps_site_like(self, EPS_CALL_SELECT, call->count, resembles,
                             call);
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
        eps_count(self, EPS_C_native_unfit);
        return NULL;
    }
    call->site = site;
    if (eps_options.policy == EPS_POLICY_AUTO &&
        !eps_policy_wants_epoll(&site->policy, call->count)) {
        call->begun =
            eps_policy_wants_time(&site->policy) ? eps_clock_ns() : 0;
        eps_site_pass(self, site);
        eps_count(self, EPS_C_native_policy);
        return NULL;
    }
    return eps_site_open(self, site);
}

/* The call was answered: what did it cost, and does the set still pay? */
static void account(struct eps_selcall *call, struct eps_thread *self,
                    struct eps_set *set)
{
    struct eps_policy_call done = {
        .count = call->count,
        .ready = call->ret > 0 ? (uint32_t)call->ret : 0,
        .slept = call->slept,
        .work = set->work,
    };

    set->work = 0;
    if (eps_options.policy == EPS_POLICY_AUTO &&
        !eps_policy_after_epoll(&call->site->policy, &done))
        eps_site_close(self, call->site);
}

void eps_selcall_was_native(const struct eps_selcall *call, int ret)
{
    struct eps_policy_call done = {
        .count = call->count,
        .ready = ret > 0 ? (uint32_t)ret : 0,
        .native_ns = call->begun ? eps_clock_ns() - call->begun : 0,
    };

    if (ret < 0)
        return;
    if (call->unseen)
        remember(call);
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
                              .deadline = eps_deadline_of_ms(0)};

    return eps_selview_update(&set->select, &set->registry, sets,
                              call->nfds) &&
           loop(&now, set, self) == EPS_ANSWERED && now.ret >= 0;
}

static enum eps_outcome answer(struct eps_selcall *call,
                               struct eps_thread *self)
{
    uint32_t epoch = atomic_load(&eps_thread_epoch);
    enum eps_outcome outcome;
    struct eps_set *set;
    bool fresh, updated;

    self->changing = true;
    set = find_set(call, self);
    fresh = set && !set->calls;
    updated = set && (call->same ||
                      eps_selview_update(&set->select, &set->registry,
                                         &call->sets, call->nfds));
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
        eps_verify_select(call, set, self, answer_again);
    if (epoch != atomic_load(&eps_thread_epoch) || outcome == EPS_NATIVE)
        call->site = NULL; /* not the model's doing */
    else if (fresh)
        set->work = 0; /* the building was paid by its price */
    if (call->site)
        account(call, self, set);
    return outcome;
}

/* --- what only the kernel can judge ------------------------------------ */

static bool has_fit_timeout(struct eps_selcall *call)
{
    const struct timespec *precise = call->timespec;
    const struct timeval *timeout = call->timeval;

    if (call->precise) {
        call->deadline = eps_deadline_of_timespec(precise);
        return !precise || (precise->tv_sec >= 0 && precise->tv_nsec >= 0 &&
                            precise->tv_nsec < 1000000000);
    }
    if (!timeout) {
        call->deadline = eps_deadline_of_timespec(NULL);
        return true;
    }
    if (timeout->tv_sec < 0 || timeout->tv_sec > INT_MAX ||
        timeout->tv_usec < 0 || timeout->tv_usec >= 1000000)
        return false;
    call->deadline = eps_deadline_of_timespec(
        &(struct timespec){timeout->tv_sec, timeout->tv_usec * 1000});
    return true;
}

/* Note (b). Beyond an fd_set's own size, not even the words are read. */
static bool has_fit_size(const struct eps_selcall *call)
{
    return call->nfds > 0 && (call->nfds <= FD_SETSIZE ||
                              eps_fdtable_contains(call->nfds - 1));
}

static enum eps_outcome refuse(struct eps_thread *self,
                               enum eps_counter reason)
{
    eps_count(self, reason);
    return EPS_NATIVE;
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
    if (!eps_bitmaps_have(&call->sets, call->nfds, eps_process.small))
        return refuse(self, EPS_C_native_small);
    if (self->passes && self->passed == key_of(call)) {
        self->passes--;
        return refuse(self, EPS_C_native_policy);
    }
    self = eps_gate_open();
    return self ? eps_gate_close(self, answer(call, self)) : EPS_NATIVE;
}
