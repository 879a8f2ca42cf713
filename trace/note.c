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

#define MIN_FDS 32 /* the library's default */
#define MOST_NUMBERS (1 << 20)
#define SLEEPS_LOOKS 3 /* what a call that sleeps takes, in looks */

/* What it took and cost. */
struct spent {
    int64_t wall;
    int64_t cpu; /* if it was timed */
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

static void start_cpu(struct ept_note *note)
{
    if (note->turn.timed || note->turn.tried)
        note->cpu_began = cost_of_clock() + read_clock(CLOCK_THREAD_CPUTIME_ID);
}

static int64_t cpu_since(const struct ept_note *note)
{
    int64_t cpu = read_clock(CLOCK_THREAD_CPUTIME_ID) - note->cpu_began;

    return cpu > 0 ? cpu : 1;
}

struct ept_note ept_note_begin(enum ept_call call, uint64_t address, bool looks,
                               const void *timeout)
{
    struct ept_note note = {.call = call,
                            .address = address,
                            .looks = looks,
                            .timeout = timeout,
                            .turn = ept_memo_turn()};

    start_cpu(&note);
    note.began = now_ns();
    return note;
}

bool ept_note_may_read_timeout(const struct ept_note *note)
{
    struct ept_memo *memo;
    bool known;

    if (!note->timeout)
        return true;
    memo = ept_memo_enter(note->call, note->address);
    if (!memo)
        return false;
    known = memo->timeout == note->timeout;
    ept_memo_leave();
    return known;
}

bool ept_note_looked(struct ept_note *note, int found)
{
    note->look_ns = cpu_since(note);
    note->slept = found == 0;
    return !note->slept;
}

static struct spent spent_since(const struct ept_note *note)
{
    struct spent spent = {.wall = ept_note_waited(note)};

    if (note->turn.timed)
        spent.cpu = cpu_since(note);
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

/*
 * By the prices the model begins with. What it has learned since is the least
 * that a look took, and what is cheap is only right to decide by.
 */
static int64_t measure(const struct eps_policy_call *done)
{
    static const struct eps_policy_state none;

    return eps_policy_native_cost(&none, done);
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
    if (!eps_policy_wants_epoll(policy, done->count)) {
        eps_policy_wants_time(policy);
        eps_policy_after_native(policy, done);
        memo->passes = eps_policy_native_passes(policy, done->count);
        return;
    }
    add(&sums[EPT_ANSWERED], 1);
    add(&sums[EPT_ANSWERED_NS], (uint64_t)measure(done));
    add(&sums[EPT_EPOLL_NS],
        (uint64_t)eps_policy_epoll_cost(policy, done) +
            (was ? 0 : (uint64_t)eps_policy_build_cost(done->count)));
    eps_policy_after_epoll(policy, done);
}

/* A call that does not wait needs no look for that to be known. */
static void sum_tried(const struct ept_note *note, struct ept_memo *memo,
                      struct eps_policy_call done)
{
    uint64_t weight = note->turn.tried;

    if (!note->looks && !note->look_ns)
        return;
    add(&memo->site->sums[EPT_TRIED], weight);
    add(&memo->site->sums[EPT_TRIED_SLEPT], note->slept ? weight : 0);
    if (!note->look_ns)
        return;
    done.slept = false;
    memo->slept = note->slept;
    memo->look_ns = note->look_ns;
    memo->look_model = measure(&done);
}

/*
 * Falling asleep and waking may take more than all looks, and takes it under
 * the library as well. What a sleep takes was measured, but one that another
 * process ends takes less; and a call that slept has looked at each, entered
 * its queue, looked again and left the queue: the latter is the least that it
 * did, and more than one does that found something at once.
 */
static int64_t looks_of(const struct ept_memo *memo, int64_t model, int64_t cpu)
{
    int64_t awake = cpu - ept_memo_sleep_ns(), least;

    if (!atomic_load(&memo->site->sums[EPT_TRIED_SLEPT]) || !memo->look_ns)
        return cpu;
    least = SLEEPS_LOOKS * memo->look_ns * model / memo->look_model;
    least = least < cpu ? least : cpu;
    return awake > least ? awake : least;
}

static void sum_timed(const struct ept_note *note, struct ept_memo *memo,
                      struct eps_policy_call done, int64_t cpu)
{
    _Atomic uint64_t *sums = memo->site->sums;
    uint64_t weight = note->turn.timed;
    int64_t model = measure(&done);
    bool slept = done.slept;

    done.slept = false;
    done.native_ns = looks_of(memo, measure(&done), cpu);
    add(&sums[EPT_TIMED_MODEL_NS], weight * (uint64_t)model);
    add(&sums[EPT_TIMED_LOOKS_NS], weight * (uint64_t)done.native_ns);
    add(&sums[EPT_TIMED_CPU_NS], weight * (uint64_t)cpu);
    done.native_ns /= slept ? 2 : 1; /* as the model has it */
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

    if (note->turn.tried)
        sum_tried(note, memo, done);
    done.slept = !note->looks && memo->slept;
    if (note->turn.timed)
        sum_timed(note, memo, done, spent.cpu);
    add(&sums[EPT_MODEL_NS], (uint64_t)measure(&done));
    add(&sums[EPT_ASKED], done.count);
    add(&sums[EPT_TOLD], done.ready);
    add(&sums[EPT_CHANGED], note->changed);
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
        if (ret >= 0)
            memo->timeout = note->timeout;
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
    start_cpu(note);
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
        if (ret >= 0)
            memo->timeout = note->timeout;
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
