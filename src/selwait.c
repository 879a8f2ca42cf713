/* SPDX-License-Identifier: MIT */
/*
 * select()'s native side: looks at residual numbers, and waits on them and
 * the epoll descriptor. Owns nothing; waits on the set's scratch bitmaps in
 * libc's own select or pselect, which are cancellation points and write back
 * what is left of the time. Where it may, it asks poll() and waits in ppoll():
 * they take a number for each one, not words up to the highest.
 *
 * Kernel notes:
 * (a) EBADF belongs to a call's entry: it wins over everything ready (S4).
 *     A number closed while the call slept is told as its bit in every set
 *     that asked (F5b).
 * (b) poll() and select() make the same calls to a file and take the same of
 *     its answer: what select() makes a bit of is among what poll() tells,
 *     asked for or not. Files may look at what they are asked for; select()
 *     asks for POLLPRI in any case (fs/select.c wait_key_set).
 * (c) select() tells what is left of the time, less what it was stopped for
 *     (G1b). ppoll() does as well, but libc keeps that to itself.
 */
#include "prototypes.h"

#include "selwait.h"

#include "fdwatch.h"
#include "next.h"
#include "process.h"
#include "scrub.h"
#include "sys.h"
#include "timeval.h"
#include "turn.h"

#include <errno.h>

int eps_selwait_is_open(int fd)
{
    long flags = EPS_SYS2(SYS_fcntl, fd, F_GETFD);

    return flags >= 0 ? 1 : flags == -EBADF ? 0 : (int)flags;
}

/*
 * The three scratch bitmaps, as select() wants them. What is not there needs
 * not be copied in and out: a wait on the epoll descriptor alone has but one.
 * Where even that is left to ppoll(), there is none, and nfds is 0.
 */
#define SCRATCH(view)                                                          \
    (fd_set *)eps_selview_scratch_set(view, EPS_READ),                         \
        (fd_set *)eps_selview_scratch_set(view, EPS_WRITE),                    \
        (fd_set *)eps_selview_scratch_set(view, EPS_EXCEPT)

static struct timeval timeval_of(int64_t ns)
{
    return (struct timeval){ns / 1000000000, ns % 1000000000 / 1000};
}

/* A look that does not wait. */
static int native_look(struct eps_selview *view, int nfds)
{
    struct timeval now = {0, 0};
    int ret = EPS_NEXT(select)(nfds, SCRATCH(view), &now);

    return ret < 0 ? -errno : ret;
}

static int64_t ns_of(struct timeval time)
{
    return time.tv_sec * INT64_C(1000000000) + time.tv_usec * INT64_C(1000);
}

/*
 * select() on a slice of the time. It tells what remains of the slice; the
 * caller is told what remains of the whole. A slice that ends by its timeout
 * has passed, though the next in line need not say so: another library's
 * select() may leave the timeval alone, as libfaketime's does.
 */
static int native_select(struct eps_selcall *call, struct eps_selview *view,
                         int nfds, int64_t slice)
{
    bool whole = slice == call->deadline.left && !call->slept;
    struct timeval part = timeval_of(slice);
    int ret;

    if (whole)
        ret = EPS_NEXT(select)(nfds, SCRATCH(view), call->timeval);
    else
        ret = EPS_NEXT(select)(nfds, SCRATCH(view), &part);
    if (ret < 0)
        ret = -errno;
    if (whole) {
        call->deadline.left = ns_of(*call->timeval);
    } else {
        eps_deadline_spend(&call->deadline, ret ? slice - ns_of(part) : slice);
        *call->timeval = timeval_of(call->deadline.left);
    }
    return ret;
}

/* The epoll descriptor alone. One that is lost is ready to poll() only. */
static int native_ppoll(struct eps_set *set, const struct timespec *timeout,
                        const sigset_t *mask)
{
    int ret = EPS_NEXT(ppoll)(set->waits.list, 1, timeout, mask);

    if (ret <= 0 || !(set->waits.list[0].revents & POLLNVAL))
        return ret;
    errno = EBADF;
    return -1;
}

/* The same where nobody is told what remains. */
static int native_pselect(struct eps_selcall *call, struct eps_set *set,
                          int nfds, int64_t slice)
{
    bool whole = call->precise && slice == call->deadline.left && !call->slept;
    struct timespec part = eps_timespec_of(slice);
    const struct timespec *timeout = whole       ? call->timespec
                                     : slice < 0 ? NULL
                                                 : &part;
    int64_t begun = eps_clock_ns();
    int ret = nfds ? EPS_NEXT(pselect)(nfds, SCRATCH(&set->select), timeout,
                                       call->mask)
                   : native_ppoll(set, timeout, call->mask);

    if (ret < 0)
        ret = -errno;
    eps_deadline_spend(&call->deadline, ret ? eps_turn_waited(begun) : slice);
    return ret;
}

/* Note (c). */
static bool is_told_time(const struct eps_selcall *call)
{
    return EPS_SELECT_TELLS_TIME && !call->precise && call->timeval;
}

void eps_selwait_take_one(const struct eps_selcall *call)
{
    if (is_told_time(call) && !call->slept)
        eps_timeval_take_one(call->timeval);
}

static int native_wait(struct eps_selcall *call, struct eps_set *set, int nfds,
                       int64_t slice)
{
    return is_told_time(call) ? native_select(call, &set->select, nfds, slice)
                              : native_pselect(call, set, nfds, slice);
}

static void scratch_clear(struct eps_selview *view, int fd)
{
    view->scratch.bits[EPS_READ][fd / EPS_WORD_BITS] &=
        ~(1ul << fd % EPS_WORD_BITS);
}

/*
 * Closed since the call's entry: it is told (note (a)), unless a handler of the
 * thread's own has closed it since the wait began. That natively runs when all
 * has been looked at.
 */
static int tell_closed(const struct eps_selcall *call, struct eps_set *set,
                       const struct eps_thread *self, int fd)
{
    return eps_thread_has_ended(self, call->ends, fd)
               ? 0
               : eps_selview_tell(&set->select, fd, POLLNVAL);
}

/*
 * Puts the residual numbers into the scratch bitmaps, but for what is closed.
 * Returns the nfds they need, 0 for none.
 */
static int gather_residuals(const struct eps_selcall *call, struct eps_set *set,
                            const struct eps_thread *self, int *told)
{
    struct eps_selview *view = &set->select;
    int fd = -1, nfds = 0;

    eps_selview_scratch_begin(view);
    while ((fd = eps_registry_next_residual(&set->registry, fd)) >= 0) {
        if (call->slept && eps_selwait_is_open(fd) == 0) {
            *told += tell_closed(call, set, self, fd);
            continue;
        }
        eps_selview_scratch_ask(view, fd);
        nfds = fd + 1 > nfds ? fd + 1 : nfds;
    }
    return nfds;
}

/* A look at sockets and pipes takes nothing away, be it in vain (W1). */
static bool is_harmless(int fd)
{
    return eps_fdwatch_covers(fd) && eps_fdwatch_kind(fd) == EPS_KIND_FAITHFUL;
}

/* The residual numbers, for poll(); false: not all may be looked at twice. */
static bool gather_harmless(struct eps_set *set, uint32_t *count)
{
    int fd = -1;

    while ((fd = eps_registry_next_residual(&set->registry, fd)) >= 0) {
        const struct eps_reg *reg = eps_registry_at(&set->registry, fd);
        struct pollfd wait = {fd, (short)(reg->want | POLLPRI), 0};
        if (!is_harmless(fd) || /* note (b) */
            !eps_waits_push(&set->waits, count, wait))
            return false;
    }
    return true;
}

/* What poll() says of so many; bits told, or -errno. */
static int look_at_numbers(const struct eps_selcall *call, struct eps_set *set,
                           const struct eps_thread *self, uint32_t count)
{
    int ready = eps_waits_ask(&set->waits, count), told = 0;

    if (ready < 0)
        return ready;
    for (uint32_t i = 0; i < count; i++) {
        struct pollfd wait = set->waits.list[i];
        unsigned events = (unsigned short)wait.revents;
        if ((events & POLLNVAL) && !call->slept) /* note (a) */
            return -EBADF;
        told += events & POLLNVAL
                    ? tell_closed(call, set, self, wait.fd)
                    : eps_selview_tell(&set->select, wait.fd, events);
    }
    return told;
}

/* The same by select(), which looks at no file if some number is not open. */
static int look_at_sets(const struct eps_selcall *call, struct eps_set *set,
                        const struct eps_thread *self)
{
    int told = 0;
    int nfds = gather_residuals(call, set, self, &told);

    if (!nfds)
        return told;
    int ready = native_look(&set->select, nfds);
    if (ready < 0)
        return ready;
    return told + eps_selview_merge(&set->select);
}

int eps_selwait_look(struct eps_selcall *call, struct eps_set *set,
                     struct eps_thread *self)
{
    uint32_t count = 0;
    bool harmless = gather_harmless(set, &count);

    if (harmless && !count)
        return 0;
    eps_count(self, EPS_C_residual_looks);
    set->work += EPS_COST_LOOK;
    eps_quiet_end(&self->quiet);
    return harmless ? look_at_numbers(call, set, self, count)
                    : look_at_sets(call, set, self);
}

/*
 * The epoll descriptor and the residuals; the nfds they need, or 0: what is
 * to be waited for is among the set's waits.
 */
static int gather_all(const struct eps_selcall *call, struct eps_set *set,
                      const struct eps_thread *self, int epfd, int *told)
{
    int nfds = gather_residuals(call, set, self, told);
    uint32_t count = 0;

    if (!nfds && !is_told_time(call) &&
        eps_waits_push(&set->waits, &count, (struct pollfd){epfd, POLLIN, 0}))
        return 0;
    eps_selview_scratch_add(&set->select, EPS_READ, epfd);
    return nfds > epfd ? nfds : epfd + 1;
}

/*
 * One slice of the sleep; 0 with `expired` at its very end. A registered number
 * that ends meanwhile waits for that, or for an event, as it does natively.
 */
static int sleep_slice(struct eps_selcall *call, struct eps_set *set, int nfds,
                       int64_t now)
{
    int64_t left = eps_deadline_left(&call->deadline);
    int64_t slice = eps_scrub_slice(set, left);
    int ready = native_wait(call, set, nfds, slice);

    call->rested |=
        !ready || !call->blind || eps_turn_is_rest(eps_turn_waited(now));
    if (ready != -EBADF) /* note (a) */
        call->slept = true;
    call->expired = ready == 0 && slice == left;
    return ready;
}

/* A handler has run: see pollwait.c. */
static int look_disturbed(struct eps_selcall *call, struct eps_set *set,
                          struct eps_thread *self, int nfds)
{
    int ready;

    if (eps_turn_is_elsewhere(call->epoch)) {
        self->quiet.disturbed = true;
        return EPS_TURN_AGAIN;
    }
    ready = native_wait(call, set, nfds, 0);
    return ready ? ready : -EINTR;
}

/*
 * Sleeps natively; bits ready, -errno, or EPS_TURN_AGAIN: do not sleep. What
 * has ended between two slices is told at once: it may have been ready.
 */
static int sleep_turn(struct eps_selcall *call, struct eps_set *set,
                      struct eps_thread *self, int nfds, int *told)
{
    int epfd = atomic_load(&set->epfd);
    int64_t now = eps_clock_ns();
    int ready;

    if (eps_turn_scrub(set, self, now) || !eps_epset_fall_asleep(set))
        return EPS_TURN_AGAIN;
    for (;;) {
        self->waiting = true;
        eps_quiet_end(&self->quiet);
        ready = *told ? native_look(&set->select, nfds)
                : eps_turn_is_disturbed(self, call->epoch)
                    ? look_disturbed(call, set, self, nfds)
                    : sleep_slice(call, set, nfds, now);
        self->waiting = false;
        if (*told || ready || call->expired)
            break;
        ready = EPS_TURN_AGAIN;
        if (eps_turn_pause(set, self, epfd, &call->deadline, &now))
            break;
        /* The native call has used the bitmaps up. */
        nfds = gather_all(call, set, self, epfd, told);
    }
    eps_turn_wake(set, call->rested);
    return ready;
}

int eps_selwait_sleep(struct eps_selcall *call, struct eps_set *set,
                      struct eps_thread *self, int *told)
{
    struct eps_selview *view = &set->select;
    int epfd = atomic_load(&set->epfd);
    int ready, nfds;

    if (epfd < 0) /* lost, or our parent's */
        return EPS_TURN_AGAIN;
    /* Room for our own bit, which may be beyond the caller's. */
    if (!eps_selview_reserve(view, epfd + 1))
        return -ENOMEM;
    nfds = gather_all(call, set, self, epfd, told);
    if (!*told && eps_deadline_left(&call->deadline) != 0) {
        ready = sleep_turn(call, set, self, nfds, told);
    } else {
        eps_quiet_end(&self->quiet);
        ready = *told ? native_look(view, nfds)
                      : native_wait(call, set, nfds, 0); /* for its mask */
    }
    if (ready >= 0) {
        scratch_clear(view, epfd);
        *told += eps_selview_merge(view);
    }
    return ready;
}
