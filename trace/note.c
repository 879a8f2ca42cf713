/* SPDX-License-Identifier: MIT */
/*
 * What a call asked, was told and cost. An array is read after the kernel has
 * read it, bitmaps only where a call with the same pointers has succeeded: a
 * bad pointer is the kernel's to answer.
 */
#include "note.h"

#include "memo.h"

#include <errno.h>
#include <string.h>

#define MIN_FDS 32          /* the library's default */
#define SURE_SLEEP_NS 20000 /* that it did not work: it waited */
#define MOST_NUMBERS (1 << 20)

/* What it took and cost. */
struct spent {
    int64_t wall;
    int64_t cpu; /* 0: not timed */
};

static int64_t read_clock(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static int64_t now_ns(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

/* What reading that clock costs itself, about half of it before the call. */
static int64_t cost_of_clock(void)
{
    static _Atomic int64_t known;
    int64_t cost = known;

    for (int i = 0; !cost && i < 8; i++) {
        int64_t from = read_clock(CLOCK_THREAD_CPUTIME_ID);
        int64_t took = read_clock(CLOCK_THREAD_CPUTIME_ID) - from;
        known = !known || took < known ? took : known;
    }
    return known;
}

struct ept_note ept_note_begin(enum ept_call call, uint64_t address, bool looks)
{
    struct ept_note note = {.call = call, .address = address, .looks = looks};

    if (ept_memo_is_timed())
        note.cpu_began = cost_of_clock() + read_clock(CLOCK_THREAD_CPUTIME_ID);
    note.began = now_ns();
    return note;
}

static struct spent spent_since(const struct ept_note *note)
{
    struct spent spent = {.wall = ept_note_waited(note)};

    if (note->cpu_began) {
        spent.cpu = read_clock(CLOCK_THREAD_CPUTIME_ID) - note->cpu_began;
        spent.cpu = spent.cpu > 0 ? spent.cpu : 1;
    }
    return spent;
}

int64_t ept_note_waited(const struct ept_note *note)
{
    return now_ns() - note->began;
}

static void add(_Atomic uint64_t *sum, uint64_t more)
{
    if (more)
        atomic_fetch_add_explicit(sum, more, memory_order_relaxed);
}

/* What the library would do of it, told to its own cost model. */
static void simulate(struct ept_memo *memo, struct eps_policy_call *done)
{
    _Atomic uint64_t *sums = memo->site->sums;
    struct eps_policy_state *policy = &memo->policy;
    bool was = policy->epoll;

    if (done->count < MIN_FDS)
        return;
    if (!was && memo->passes) {
        memo->passes--;
        return;
    }
    done->native_ns = 0; /* learned already */
    if (!eps_policy_wants_epoll(policy, done->count)) {
        eps_policy_wants_time(policy);
        eps_policy_after_native(policy, done);
        memo->passes = eps_policy_native_passes(policy, done->count);
        return;
    }
    add(&sums[EPT_ANSWERED], 1);
    add(&sums[EPT_ANSWERED_NS], (uint64_t)eps_policy_native_cost(policy, done));
    add(&sums[EPT_EPOLL_NS],
        (uint64_t)eps_policy_epoll_cost(policy, done) +
            (was ? 0 : (uint64_t)eps_policy_build_cost(done->count)));
    eps_policy_after_epoll(policy, done);
}

/* Going to sleep, the kernel looks at each twice. */
static void learn(struct ept_memo *memo, struct eps_policy_call done,
                  int64_t cpu)
{
    done.native_ns = done.slept ? cpu / 2 : cpu;
    eps_policy_after_native(&memo->learned, &done);
    memo->policy.native_16 = memo->learned.native_16;
}

static void account(const struct ept_note *note, struct ept_memo *memo, int ret,
                    struct spent spent)
{
    _Atomic uint64_t *sums = memo->site->sums;
    struct eps_policy_call done = {
        .count = note->count,
        .ready = ret > 0 ? (uint32_t)ret : 0,
        .work = note->work,
    };
    int64_t awake = spent.cpu
                        ? spent.cpu
                        : 3 * eps_policy_native_cost(&memo->policy, &done);

    done.slept = !note->looks && spent.wall > awake + SURE_SLEEP_NS;
    if (spent.cpu)
        learn(memo, done, spent.cpu);
    add(&sums[EPT_SLEPT], done.slept);
    add(&sums[EPT_ASKED], done.count);
    add(&sums[EPT_TOLD], done.ready);
    add(&sums[EPT_CHANGED], note->changed);
    done.native_ns =
        spent.cpu ? spent.cpu : eps_policy_native_cost(&memo->policy, &done);
    add(&sums[EPT_NATIVE_NS], (uint64_t)done.native_ns);
    add(&memo->site->sizes[ept_bucket(done.count, EPT_SIZES)], 1);
    add(&memo->site->ready[ept_share(done.ready, done.count)], 1);
    add(&memo->site->changes[ept_share(note->changed, done.count)], 1);
    simulate(memo, &done);
}

/* Whatever is known of what it asked. */
static void count(const struct ept_note *note, struct ept_memo *memo, int ret,
                  struct spent spent, bool known)
{
    _Atomic uint64_t *sums = memo->site->sums;

    add(&sums[EPT_CALLS_MADE], 1);
    add(&sums[EPT_ERRORS], ret < 0);
    add(&sums[EPT_TIMEOUTS], ret == 0);
    add(&sums[EPT_LOOKS], note->looks);
    add(&sums[EPT_WALL_NS], (uint64_t)spent.wall);
    add(&memo->site->times[ept_bucket((uint64_t)spent.wall, EPT_TIMES)], 1);
    if (known)
        account(note, memo, ret, spent);
    else
        add(&sums[EPT_UNSEEN], 1);
}

/* Entries that name another descriptor, and those that ask something else. */
static void compare_array(struct ept_note *note, struct ept_memo *memo,
                          const struct pollfd *fds, uint32_t n)
{
    const struct pollfd *last = memo->last;

    for (uint32_t i = 0; memo->count && i < n; i++) {
        bool added = i >= memo->count || fds[i].fd != last[i].fd;
        bool changed = added || fds[i].events != last[i].events;
        note->changed += changed;
        note->work += added ? EPS_COST_ADD : changed ? EPS_COST_MODIFY : 0;
    }
    if (memo->count > n)
        note->changed += memo->count - n;
}

int ept_note_poll(struct ept_note *note, const struct pollfd *fds, nfds_t n,
                  int ret)
{
    struct spent spent = spent_since(note);
    int saved = errno;
    struct ept_memo *memo = ept_memo_enter(note->call, note->address);
    bool known = ret >= 0 && n < MOST_NUMBERS;

    if (memo) {
        note->count = (uint32_t)n;
        if (known)
            compare_array(note, memo, fds, (uint32_t)n);
        if (known && ept_memo_hold(memo, n * sizeof(*fds) + 1)) {
            memcpy(memo->last, fds, n * sizeof(*fds));
            memo->count = (uint32_t)n;
        }
        count(note, memo, ret, spent, known);
        ept_memo_leave();
    }
    errno = saved;
    return ret;
}

#define WORD_BITS ((int)(8 * sizeof(unsigned long)))

static uint32_t words_of(int n)
{
    return (uint32_t)((n + WORD_BITS - 1) / WORD_BITS);
}

static bool is_known(const struct ept_memo *memo, int n,
                     const void *const bits[3])
{
    return n <= memo->nfds && bits[0] == memo->bits[0] &&
           bits[1] == memo->bits[1] && bits[2] == memo->bits[2];
}

/* Word by word; what is beyond nfds in the last one counts as well. */
static void compare_bitmaps(struct ept_note *note, struct ept_memo *memo, int n,
                            const void *const bits[3])
{
    uint32_t words = words_of(n);
    unsigned long *last = memo->last;

    for (int set = 0; set < 3; set++)
        for (uint32_t i = 0; i < words; i++) {
            const unsigned long *asked = bits[set];
            unsigned long now = asked ? asked[i] : 0;
            unsigned long *old = &last[set * words + i];
            note->count += (uint32_t)__builtin_popcountl(now);
            if (memo->count == (uint32_t)n) {
                uint32_t differ = (uint32_t)__builtin_popcountl(now ^ *old);
                note->changed += differ;
                note->work += differ * EPS_COST_MODIFY;
            }
            *old = now;
        }
    memo->count = (uint32_t)n;
}

void ept_note_bitmaps(struct ept_note *note, int n, const fd_set *r,
                      const fd_set *w, const fd_set *x)
{
    const void *const bits[3] = {r, w, x};
    int saved = errno;
    struct ept_memo *memo;

    if (n < 0 || n > MOST_NUMBERS)
        return;
    memo = ept_memo_enter(note->call, note->address);
    if (!memo)
        return;
    if (is_known(memo, n, bits) &&
        ept_memo_hold(memo, 3 * words_of(n) * sizeof(unsigned long) + 1)) {
        compare_bitmaps(note, memo, n, bits);
        note->memo = memo;
    }
    ept_memo_leave();
    errno = saved;
    note->began = now_ns();
}

int ept_note_select(struct ept_note *note, int n, const fd_set *r,
                    const fd_set *w, const fd_set *x, int ret)
{
    struct spent spent = spent_since(note);
    int saved = errno;
    struct ept_memo *memo = ept_memo_enter(note->call, note->address);

    if (memo) {
        count(note, memo, ret, spent, ret >= 0 && note->memo == memo);
        if (ret >= 0 && n > 0) {
            memo->bits[0] = r;
            memo->bits[1] = w;
            memo->bits[2] = x;
            memo->nfds = n;
        }
        ept_memo_leave();
    }
    errno = saved;
    return ret;
}
