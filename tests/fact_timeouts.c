/* SPDX-License-Identifier: MIT */
/* Facts T2 to T4: what the other timeouts may be, and how exact they are. */
#include "fact_common.h"

#include <sys/resource.h>

/* A crowd in which one descriptor is writable, so that nothing waits. */
static int pair[2];
static struct sets b;

static void make_ready(void)
{
    stream_pair(pair);
    gather_bits(&b);
    want(&b, pair[0], "w");
}

/* T2: what the timespec calls refuse; no call ever writes to one. */
static const struct timespec bad_timespecs[] = {
    {-1, 0}, {0, -1}, {0, 1000000000}, {LONG_MIN, 0}, {0, LONG_MAX},
};

static void timespecs_poll(const struct poll_call *c)
{
    struct pollfd set[1 + CROWD];
    nfds_t n = gather(set, 1);
    if (!c->masked)
        return;
    set[0] = (struct pollfd){.fd = pair[0], .events = POLLOUT};
    for (EACH_ROUND) {
        same(poll_for(c, set, n, 0), 1);
        for (size_t i = 0; i < ARRAY_SIZE(bad_timespecs); i++) {
            struct timespec t = bad_timespecs[i];
            same(c->call(set, n, &t, NULL), -1);
            same(errno, EINVAL);
            /* Refused before length and array are looked at. */
            same(c->call(NULL, HUGE_LENGTH, &t, NULL), -1);
            same(errno, EINVAL);
        }
        struct timespec t = {3, 999999999};
        same(c->call(set, n, &t, NULL), 1);
        same(t.tv_sec, 3);
        same(t.tv_nsec, 999999999);
    }
}

static void timespecs_select(const struct select_call *c)
{
    struct sets got;
    if (!c->masked)
        return;
    for (EACH_ROUND) {
        same(select_for(c, &b, &got, 0), 1);
        for (size_t i = 0; i < ARRAY_SIZE(bad_timespecs); i++) {
            struct timespec t = bad_timespecs[i];
            got = b;
            same(c->call(b.n, &got.in, &got.out, NULL, &t, NULL), -1);
            same(errno, EINVAL);
            same(memcmp(&got, &b, sizeof(b)), 0);
        }
        struct timespec t = {0, 20000000};
        got = b;
        same(c->call(b.n, &got.in, NULL, NULL, &t, NULL), 0);
        same(t.tv_sec, 0);
        same(t.tv_nsec, 20000000);
    }
}

static void T2_timespecs_are_checked_and_never_written(void **state)
{
    (void)state;
    make_ready();
    each_poll(timespecs_poll);
    each_select(timespecs_select);
    close_pair(pair);
}

/*
 * T3: even the shortest timeout sleeps (the timer's slack is 50 us), so a
 * loop of them gives up the processor nearly every time. An answer without
 * sleep would make it spin.
 */
static long sleeps(void)
{
    struct rusage usage;
    getrusage(RUSAGE_THREAD, &usage);
    return usage.ru_nvcsw;
}

enum {
    SHORT_WAITS = 100
};

static void short_poll(const struct poll_call *c)
{
    struct pollfd set[CROWD];
    nfds_t n = gather(set, 0);
    settle(c, set, n);
    long before = sleeps();
    for (int i = 0; i < SHORT_WAITS; i++)
        same(c->call(set, n, &(struct timespec){0, 1}, NULL), 0);
    holds(sleeps() - before >= SHORT_WAITS / 2);
}

static void short_select(const struct select_call *c)
{
    struct sets got;
    gather_bits(&b);
    settle_bits(c, &b, &got);
    long before = sleeps();
    for (int i = 0; i < SHORT_WAITS; i++) {
        got = b;
        same(c->call(b.n, &got.in, NULL, NULL, &(struct timespec){0, 1}, NULL),
             0);
    }
    holds(sleeps() - before >= SHORT_WAITS / 2);
}

static void T3_the_shortest_timeout_sleeps(void **state)
{
    (void)state;
    each_poll(short_poll);
    each_select(short_select);
}

/* T3: no wait is cut short, whatever its length, below a millisecond too. */
static const long lengths_us[] = {0, 100, 900, 1000, 1001, 15500, 40000};

static void never_early_poll(const struct poll_call *c)
{
    struct pollfd set[CROWD];
    nfds_t n = gather(set, 0);
    settle(c, set, n);
    for (size_t i = 0; i < ARRAY_SIZE(lengths_us); i++)
        for (EACH_ROUND) {
            double start = clock_ms();
            same(c->call(set, n, &(struct timespec){0, lengths_us[i] * 1000},
                         NULL),
                 0);
            holds((clock_ms() - start) * 1e3 >= (double)lengths_us[i]);
        }
}

static void never_early_select(const struct select_call *c)
{
    struct sets got;
    gather_bits(&b);
    settle_bits(c, &b, &got);
    for (size_t i = 0; i < ARRAY_SIZE(lengths_us); i++)
        for (EACH_ROUND) {
            double start = clock_ms();
            got = b;
            same(c->call(b.n, &got.in, NULL, NULL,
                         &(struct timespec){0, lengths_us[i] * 1000}, NULL),
                 0);
            holds((clock_ms() - start) * 1e3 >= (double)lengths_us[i]);
        }
}

static void T3_no_wait_is_cut_short(void **state)
{
    (void)state;
    each_poll(never_early_poll);
    each_select(never_early_select);
}

/*
 * T3: nor is a wait below a millisecond rounded up to one: then none of them
 * would be over sooner. On a busy machine few may be.
 */
static void T3_microseconds_are_not_rounded_to_milliseconds(void **state)
{
    (void)state;
    enum {
        WAITS = 1000
    };
    struct pollfd set[CROWD];
    nfds_t n = gather(set, 0);
    bool sooner = false;
    settle(&poll_calls[2], set, n);
    for (int i = 0; i < WAITS && !sooner; i++) {
        double start = clock_ms();
        same(ppoll(set, n, &(struct timespec){0, 300000}, NULL), 0);
        sooner = clock_ms() - start < 1;
    }
    holds(sooner);
}

/* T4: the longest timeouts and the negative ones do wait. */
static const struct timespec endless[] = {
    {LONG_MAX, 0}, {LONG_MAX, 999999999}, {INT_MAX, 0}};

static void endless_poll(const struct poll_call *c)
{
    struct pollfd set[CROWD];
    nfds_t n = gather(set, 0);
    settle(c, set, n);
    for (size_t i = 0; c->masked && i < ARRAY_SIZE(endless); i++) {
        ring_every(20);
        same(c->call(set, n, &endless[i], NULL), -1);
        same(errno, EINTR);
        ring_every(0);
    }
}

static void endless_select(const struct select_call *c)
{
    struct sets got;
    gather_bits(&b);
    settle_bits(c, &b, &got);
    for (size_t i = 0; i < ARRAY_SIZE(endless); i++) {
        struct timespec t = endless[i];
        ring_every(20);
        got = b;
        if (!c->masked)
            t.tv_nsec = 0;
        same(c->call(b.n, &got.in, NULL, NULL, &t, NULL), -1);
        same(errno, EINTR);
        ring_every(0);
    }
}

static void T4_the_longest_timeouts_wait(void **state)
{
    (void)state;
    each_poll(endless_poll);
    each_select(endless_select);
}

int __poll(struct pollfd *, nfds_t, int);
int __poll_chk(struct pollfd *, nfds_t, int, size_t);

/* T4: to poll() every negative number is for ever, the largest is long. */
static void T4_negative_milliseconds_are_for_ever(void **state)
{
    (void)state;
    static const int forever[] = {-1, -2, -1000, INT_MIN, INT_MAX};
    struct pollfd set[CROWD];
    nfds_t n = gather(set, 0);
    settle_all();
    for (size_t i = 0; i < ARRAY_SIZE(forever); i++)
        for (EACH_ROUND) {
            ring_every(20);
            same(poll(set, n, forever[i]), -1);
            same(errno, EINTR);
            same(__poll(set, n, forever[i]), -1);
            same(errno, EINTR);
            same(__poll_chk(set, n, forever[i], sizeof(set)), -1);
            same(errno, EINTR);
            ring_every(0);
        }
}

static const struct suite_test tests[] = {
    TEST(T2_timespecs_are_checked_and_never_written),
    TEST(T3_the_shortest_timeout_sleeps),
    TEST(T3_no_wait_is_cut_short),
    TEST(T3_microseconds_are_not_rounded_to_milliseconds),
    TEST(T4_the_longest_timeouts_wait),
    TEST(T4_negative_milliseconds_are_for_ever),
};

SUITE(tests)
