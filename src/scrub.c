/* SPDX-License-Identifier: MIT */
/*
 * The scrub. Owns each set's cursor; runs in the set's thread only, never while
 * that waits.
 *
 * Kernel notes:
 * (a) EPOLL_CTL_MOD finds exactly the (file, number) that is registered: it
 *     fails where that file was closed, and where another one has its number.
 *     It costs up to twice what EPOLL_CTL_ADD does to say EEXIST, but has the
 *     file looked at anew: so what became ready without a wake-up (W3) is heard
 *     of as well.
 */
#include "scrub.h"

#include "closing.h"
#include "deadline.h"
#include "epoll.h"
#include "log.h"
#include "options.h"
#include "setlife.h"

#include <errno.h>
#if defined(__has_include)
#if __has_include(<sys/single_threaded.h>)
#include <sys/single_threaded.h>
#define HAVE_SINGLE_THREADED 1
#endif
#endif

#define LOOK_NS 400 /* what one look is taken to cost, until it is known */
#define TIMED 8     /* looks that are worth reading the clock: made at once */
#define SHARE 100   /* of the thread's time: one in so many */
#define FIRST_SLICE (100 * EPS_MS)
#define LATER_SLICE (200 * EPS_MS)
#define BUSY_PASS (1000 * EPS_MS) /* over all, where no slice ends */

/* Something was found once: the program does such things. */
static atomic_bool caught;

static bool is_single_threaded(void)
{
#ifdef HAVE_SINGLE_THREADED
    return __libc_single_threaded;
#else
    return false;
#endif
}

/*
 * Told once per cause and process. In words: on riscv64 gcc leaves the
 * exchange of a byte to a library.
 */
static void tell(int fd, int answer)
{
    static atomic_int told_closed, told_replaced;
    atomic_int *told = answer == -EBADF ? &told_closed : &told_replaced;
    struct eps_line number = {.length = 0};

    if (eps_options.log < EPS_LOG_INFO || atomic_exchange(told, 1))
        return;
    eps_line_number(&number, fd);
    number.text[number.length] = '\0';
    eps_log(EPS_LOG_INFO, "descriptor ", number.text,
            answer == -EBADF
                ? " was closed unseen (an inline system call?); healed"
                : " was closed and reused unseen; healed");
}

/* Note (a). True if the registration was stale. */
static bool is_stale(struct eps_set *set, int fd, struct eps_reg *reg)
{
    struct eps_item item = {(uint32_t)fd, reg->generation, eps_reg_mask(reg)};
    int answer = eps_epoll_modify(atomic_load(&set->epfd), item);

    if (answer == 0 || answer == -ECHILD || answer == -ENOMEM)
        return false;
    /* A close that was seen: the journal tells it, that is no finding. */
    if (reg->generation != eps_fdwatch_generation(fd))
        return false;
    tell(fd, answer);
    return true;
}

/* The next registration from the cursor on, or -1: none at all. */
static int next_registered(struct eps_set *set)
{
    struct eps_registry *registry = &set->registry;
    int fd;

    for (int round = 0; round < 2; round++, set->cursor = 0)
        while ((fd = eps_registry_next(registry, (int)set->cursor)) >= 0) {
            set->cursor = (uint32_t)fd + 1;
            if (eps_reg_state(eps_registry_at(registry, fd)) ==
                EPS_REG_REGISTERED)
                return fd;
        }
    return -1;
}

static bool step(struct eps_set *set, struct eps_thread *self)
{
    int fd = set->registry.registered ? next_registered(set) : -1;

    set->looked++;
    if (fd < 0)
        return false;
    eps_count(self, EPS_C_scrubbed);
    if (!is_stale(set, fd, eps_registry_at(&set->registry, fd)))
        return false;
    atomic_store(&caught, true);
    eps_count(self, EPS_C_rescues);
    EPS_PROBE_RESCUE(fd);
    eps_closing_heard(fd); /* for other sets that hold it, too */
    return true;
}

/* What happened to one epoll descriptor happened to all, most likely. */
static void check_own_epfds(struct eps_thread *self)
{
    for (int i = 0; i < EPS_THREAD_SITES; i++) {
        struct eps_set *set = self->sites[i].set;
        int epfd = set ? atomic_load(&set->epfd) : -1;
        if (epfd >= 0 && !eps_epoll_is_own(epfd))
            eps_set_lost(epfd);
    }
}

/*
 * The program may have put an epoll of its own there, unseen, with the same
 * numbers in it: note (a) would write over what it keeps with them.
 */
static bool is_lost(const struct eps_set *set, struct eps_thread *self)
{
    if (eps_epoll_is_own(atomic_load(&set->epfd)))
        return false;
    check_own_epfds(self);
    return true;
}

bool eps_scrub_step(struct eps_set *set, struct eps_thread *self)
{
    return is_lost(set, self) || step(set, self);
}

/*
 * In a set of thousands, whose items are in no cache, a look takes several
 * times as long as in a small one.
 */
static void learn(struct eps_set *set, int64_t taken, int64_t looks)
{
    int64_t most = 4 * (int64_t)set->look_ns;
    int64_t each = taken / looks;

    /* One that takes longer was interrupted. */
    set->look_ns += ((each < most ? each : most) - set->look_ns) / 8;
    if (set->look_ns < LOOK_NS / 2)
        set->look_ns = LOOK_NS / 2;
}

static bool look(struct eps_set *set, struct eps_thread *self, int64_t looks)
{
    bool found = is_lost(set, self);

    for (; looks > 0 && !found; looks--)
        found = step(set, self);
    return found;
}

/*
 * As many as the time since the last ones allows; 0: too soon, it adds up. A
 * thread that is woken before a slice ends may wait for most of its time and
 * work little: beside that a share of all its time is a lot, and more than
 * native's looks take where it is seldom woken.
 */
static int64_t looks_due(struct eps_set *set, int64_t now)
{
    int64_t all = set->registry.registered;
    int64_t time, looks;

    if (!set->scrubbed) { /* a set just made has nothing stale in it */
        set->scrubbed = now;
        set->look_ns = LOOK_NS;
    }
    time = now - set->scrubbed;
    if (time < (int64_t)SHARE * set->look_ns)
        return 0;
    looks = time / SHARE / set->look_ns;
    if (time < FIRST_SLICE && looks > all * time / BUSY_PASS &&
        !atomic_load_explicit(&caught, memory_order_relaxed))
        looks = all * time / BUSY_PASS;
    if (looks >= all)
        return all;
    return looks < TIMED ? 0 : looks;
}

bool eps_scrub_is_due(struct eps_set *set, int64_t now)
{
    return looks_due(set, now) != 0;
}

bool eps_scrub_before_sleep(struct eps_set *set, struct eps_thread *self,
                            int64_t now)
{
    int64_t looks = looks_due(set, now);
    bool found;

    if (!looks)
        return false;
    set->scrubbed = now;
    eps_quiet_begin(&self->quiet);
    found = look(set, self, looks);
    if (!found && looks >= TIMED)
        learn(set, eps_clock_ns() - now, looks);
    return found;
}

int64_t eps_scrub_slice(const struct eps_set *set, int64_t left)
{
    bool all_looked_at = set->looked >= set->registry.registered;
    int64_t slice = set->looked ? LATER_SLICE : FIRST_SLICE;

    if (all_looked_at && is_single_threaded())
        return left;
    return left < 0 || left > slice ? slice : left;
}
