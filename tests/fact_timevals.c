/* SPDX-License-Identifier: MIT */
/* Fact T1: what select() takes for a timeout, and what it writes there. */
#include "fact_common.h"

#include <sys/time.h>

#include "harness/wide.h"

typedef int (*select_fn)(int, fd_set *, fd_set *, fd_set *, struct timeval *);
int __select(int, fd_set *, fd_set *, fd_set *, struct timeval *);

static const struct {
    const char *name;
    select_fn call;
} selects[] = {{"select", select}, {"__select", __select}};

/* A crowd in which one descriptor is writable, so that nothing waits. */
static int pair[2];
static struct sets b;

static void make_ready(void)
{
    stream_pair(pair);
    gather_bits(&b);
    want(&b, pair[0], "w");
}

static int ask(select_fn call, int n, struct timeval *tv)
{
    fd_set in = b.in, out = b.out;
    return call(n, &in, &out, NULL, tv);
}

/* T1: which timeouts select() takes (it cuts tv_usec to 32 bits), and what it
 * makes of them. */
static const struct {
    struct timeval before;
    int error;            /* 0: one descriptor is ready */
    struct timeval after; /* at most; an error changes nothing */
} timevals[] = {
    {{0, 0}, 0, {0, 0}},
    {{-1, 0}, EINVAL, {0, 0}},
    {{0, -1}, EINVAL, {0, 0}},
    {{-1, 2000000}, EINVAL, {0, 0}},
    {{1, 999999}, 0, {1, 999999}},
    {{5, 1500000}, 0, {6, 499999}},
    {{5, 1000000}, 0, {5, 999999}},
    {{0, 2147483647}, 0, {2147, 483646}},
    {{0, 0x80000000L}, EINVAL, {0, 0}},
    {{0, (suseconds_t)(UINT64_C(1) << 32)}, 0, {0, 0}},
    {{7, (suseconds_t)((UINT64_C(1) << 32) + 1500000)}, 0, {8, 499999}},
};

static int64_t microseconds(struct timeval time)
{
    return (int64_t)time.tv_sec * 1000000 + time.tv_usec;
}

/* The time left is what was given, less the moment the call took. */
static void check_left(struct timeval given, struct timeval left)
{
    int64_t most = microseconds(given), is = microseconds(left);
    holds(is <= most && is >= most - 1000000);
    holds(left.tv_usec >= 0 && left.tv_usec < 1000000);
}

static void check_unchanged(struct timeval given, struct timeval left)
{
    same(left.tv_sec, given.tv_sec);
    same(left.tv_usec, given.tv_usec);
}

static void T1_select_timeouts_and_what_is_made_of_them(void **state)
{
    (void)state;
    make_ready();
    for (size_t f = 0; f < ARRAY_SIZE(selects); f++)
        for (size_t i = 0; i < ARRAY_SIZE(timevals); i++)
            for (EACH_ROUND) {
                struct timeval tv = timevals[i].before;
                fact_call = selects[f].name;
                int ret = ask(selects[f].call, b.n, &tv);
                if (!timevals[i].error) {
                    same(ret, 1);
                    check_left(timevals[i].after, tv);
                    continue;
                }
                same(ret, -1);
                same(errno, timevals[i].error);
                check_unchanged(timevals[i].before, tv);
            }
    close_pair(pair);
}

/* T1: the timeout is rewritten even where the kernel refuses the rest. */
static void T1_select_rewrites_the_timeout_of_a_refused_call(void **state)
{
    (void)state;
    make_ready();
    settle_all();
    for (size_t f = 0; f < ARRAY_SIZE(selects); f++)
        for (EACH_ROUND) {
            struct timeval tv = {5, 1500000};
            fact_call = selects[f].name;
            same(ask(selects[f].call, b.n, &tv), 1);
            tv = (struct timeval){5, 1500000};
            same(ask(selects[f].call, -1, &tv), -1);
            same(errno, EINVAL);
            check_left((struct timeval){6, 499999}, tv);
            struct sets good = b;
            want(&b, closed_number(), "r");
            tv = (struct timeval){5, 1500000};
            same(ask(selects[f].call, b.n, &tv), -1);
            same(errno, EBADF);
            check_left((struct timeval){6, 499999}, tv);
            b = good;
        }
    close_pair(pair);
}

/* T1: a wait that runs out leaves zero. */
static void T1_select_leaves_zero_when_the_time_is_over(void **state)
{
    (void)state;
    gather_bits(&b);
    for (size_t f = 0; f < ARRAY_SIZE(selects); f++)
        for (EACH_ROUND) {
            struct timeval tv = {0, 20000};
            fact_call = selects[f].name;
            same(ask(selects[f].call, b.n, &tv), 0);
            same(tv.tv_sec, 0);
            same(tv.tv_usec, 0);
        }
}

static const struct suite_test tests[] = {
    TEST(T1_select_timeouts_and_what_is_made_of_them),
    TEST(T1_select_rewrites_the_timeout_of_a_refused_call),
    TEST(T1_select_leaves_zero_when_the_time_is_over),
};

SUITE(tests)
