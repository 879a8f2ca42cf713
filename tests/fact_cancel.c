/* SPDX-License-Identifier: MIT */
/*
 * Section 10: the calls are cancellation points. A request that is pending is
 * acted on at entry, even where the call would not have waited; one that
 * comes during the sleep ends it.
 */
#include "fact_common.h"

#include <pthread.h>
#include <sys/syscall.h>

static int ready[2];
static const struct poll_call *poll_now;
static const struct select_call *select_now;
static char survived;

static void open_ready(void)
{
    stream_pair(ready);
    send_byte(ready[1]);
}

/* What a thread does with a request pending; each returns if it is not one. */
static void poll_ready(void)
{
    struct pollfd set[1 + CROWD];
    nfds_t n = gather(set, 1);
    set[0] = (struct pollfd){.fd = ready[0], .events = POLLIN};
    poll_for(poll_now, set, n, -1);
}

static void poll_quiet(void)
{
    struct pollfd set[CROWD];
    poll_for(poll_now, set, gather(set, 0), 0);
}

static void poll_nothing(void)
{
    struct pollfd set = {.fd = -1};
    poll_for(poll_now, &set, 1, 0);
}

static void poll_invalid(void)
{
    poll_for(poll_now, NULL, HUGE_LENGTH, 0);
}

static void select_ready(void)
{
    struct sets b, got;
    gather_bits(&b);
    want(&b, ready[0], "r");
    select_for(select_now, &b, &got, -1);
}

static void select_quiet(void)
{
    struct sets b, got;
    gather_bits(&b);
    select_for(select_now, &b, &got, 0);
}

static void select_nothing(void)
{
    select_now->call(0, NULL, NULL, NULL, &(struct timespec){0, 0}, NULL);
}

static void select_invalid(void)
{
    select_now->call(-1, NULL, NULL, NULL, &(struct timespec){0, 0}, NULL);
}

/* Leaves a request pending and does it, the first time or a later one. */
struct request {
    void (*act)(void);
    int before; /* so often it has been done before */
};

static void *act_with_request(void *arg)
{
    const struct request *request = arg;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
    for (int i = 0; i < request->before; i++)
        request->act();
    pthread_cancel(pthread_self());
    /* Disabled, the request is not acted on, and the answer is the usual. */
    request->act();
    pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
    request->act();
    return &survived;
}

static bool is_cancelled(void (*act)(void))
{
    void *result = NULL;
    pthread_t thread;
    int cancelled = 0;
    for (int before = 0; before < ROUNDS; before++) {
        struct request request = {act, before};
        same(pthread_create(&thread, NULL, act_with_request, &request), 0);
        same(pthread_join(thread, &result), 0);
        cancelled += result == PTHREAD_CANCELED;
    }
    holds(cancelled == 0 || cancelled == ROUNDS);
    return cancelled;
}

static void pending_poll(const struct poll_call *c)
{
    poll_now = c;
    holds(is_cancelled(poll_ready));
    holds(is_cancelled(poll_quiet));
    holds(is_cancelled(poll_nothing));
    holds(is_cancelled(poll_invalid));
}

static void pending_select(const struct select_call *c)
{
    select_now = c;
    holds(is_cancelled(select_ready));
    holds(is_cancelled(select_quiet));
    holds(is_cancelled(select_nothing));
    holds(is_cancelled(select_invalid));
}

static void C1_a_pending_request_is_acted_on_at_entry(void **state)
{
    (void)state;
    open_ready();
    settle_all();
    each_poll(pending_poll);
    each_select(pending_select);
    close_pair(ready);
}

/* C2: what libc refuses by itself, and what is not libc's, are none. */
static void refused_select(void)
{
    struct timeval tv = {-1, 0};
    struct sets b;
    gather_bits(&b);
    select(b.n, &b.in, NULL, NULL, &tv);
}

static void bare_system_call(void)
{
#ifdef SYS_poll
    struct pollfd set[CROWD];
    syscall(SYS_poll, set, gather(set, 0), 0);
#endif
}

static void C2_calls_that_are_not_cancellation_points(void **state)
{
    (void)state;
    settle_all();
    holds(!is_cancelled(refused_select));
    holds(!is_cancelled(bare_system_call));
}

/* C3: a request ends a sleep. The unwinding thread may wait once more. */
static _Atomic int asleep, seen_in_cleanup;

static void poll_in_cleanup(void *arg)
{
    struct pollfd *set = arg;
    set[0].fd = ready[0];
    seen_in_cleanup = poll(set, 1 + CROWD, 0);
}

static void *sleep_in_poll(void *arg)
{
    struct pollfd set[1 + CROWD];
    nfds_t n = gather(set, 1);
    set[0].events = POLLIN;
    settle(poll_now, set, n);
    pthread_cleanup_push(poll_in_cleanup, set);
    asleep = 1;
    poll_for(poll_now, set, n, -1);
    pthread_cleanup_pop(0);
    return arg;
}

static void *sleep_in_select(void *arg)
{
    struct sets b, got;
    struct pollfd set[1 + CROWD];
    gather(set, 1);
    set[0].events = POLLIN;
    gather_bits(&b);
    settle_bits(select_now, &b, &got);
    pthread_cleanup_push(poll_in_cleanup, set);
    asleep = 1;
    select_for(select_now, &b, &got, -1);
    pthread_cleanup_pop(0);
    return arg;
}

static void cancel_asleep(void *(*body)(void *))
{
    pthread_t thread;
    void *result;
    for (EACH_ROUND) {
        asleep = seen_in_cleanup = 0;
        same(pthread_create(&thread, NULL, body, &survived), 0);
        while (!asleep)
            clock_sleep_ms(1);
        /* Mostly in its sleep, at times just before: both must end it. */
        clock_sleep_ms(fact_round == 1 ? 0 : 10);
        same(pthread_cancel(thread), 0);
        same(pthread_join(thread, &result), 0);
        holds(result == PTHREAD_CANCELED);
        same(seen_in_cleanup, 1);
    }
}

static void asleep_poll(const struct poll_call *c)
{
    poll_now = c;
    cancel_asleep(sleep_in_poll);
}

static void asleep_select(const struct select_call *c)
{
    select_now = c;
    cancel_asleep(sleep_in_select);
}

static void C3_a_request_ends_the_sleep(void **state)
{
    (void)state;
    open_ready();
    settle_all();
    each_poll(asleep_poll);
    each_select(asleep_select);
    /* Nothing of the ended threads stands in the way of this one. */
    settle_all();
    close_pair(ready);
}

static const struct suite_test tests[] = {
    TEST(C1_a_pending_request_is_acted_on_at_entry),
    TEST(C2_calls_that_are_not_cancellation_points),
    TEST(C3_a_request_ends_the_sleep),
};

SUITE(tests)
