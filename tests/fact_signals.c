/* SPDX-License-Identifier: MIT */
/*
 * Facts G2 to G6: what a signal that is caught, let in by a mask, or ignored
 * does to a wait.
 */
#include "fact_common.h"

#include <sys/epoll.h>

/* Blocks SIGUSR1, leaves one pending; the empty mask is to unblock it. */
static void leave_one_pending(void)
{
    sigset_t usr1;
    sigemptyset(&usr1);
    sigaddset(&usr1, SIGUSR1);
    same(sigprocmask(SIG_BLOCK, &usr1, NULL), 0);
    count_signal(SIGUSR1);
    raise(SIGUSR1);
}

static void end_pending(void)
{
    sigset_t usr1;
    sigemptyset(&usr1);
    sigaddset(&usr1, SIGUSR1);
    same(sigprocmask(SIG_UNBLOCK, &usr1, NULL), 0);
}

/*
 * G2, G6: a signal that the mask lets in ends the wait by EINTR, and its
 * handler runs, even where the timeout is over too: nothing is asked of a
 * zero timeout but this.
 */
static const struct timespec short_waits[] = {{0, 0}, {0, 1}, {0, 999}, {5, 0}};

static void mask_lets_in_set(const struct poll_call *c, struct pollfd *set,
                             nfds_t n)
{
    sigset_t none;
    sigemptyset(&none);
    settle(c, set, n);
    for (size_t i = 0; i < ARRAY_SIZE(short_waits); i++)
        for (EACH_ROUND) {
            leave_one_pending();
            set[0].revents = 0x55;
            same(c->call(set, n, &short_waits[i], &none), -1);
            same(errno, EINTR);
            same(signals, 1);
            same(set[0].revents, 0);
            end_pending();
            same(signals, 1);
        }
}

static void mask_lets_in_poll(const struct poll_call *c)
{
    struct pollfd set[CROWD];
    nfds_t n = gather(set, 0);
    if (c->masked)
        mask_lets_in_set(c, set, n);
}

static void mask_lets_in_bits(const struct select_call *c, const struct sets *b)
{
    struct sets got;
    sigset_t none;
    sigemptyset(&none);
    settle_bits(c, b, &got);
    for (size_t i = 0; i < ARRAY_SIZE(short_waits); i++)
        for (EACH_ROUND) {
            leave_one_pending();
            got = *b;
            same(c->call(b->n, &got.in, &got.out, &got.ex, &short_waits[i],
                         &none),
                 -1);
            same(errno, EINTR);
            same(signals, 1);
            same(memcmp(&got, b, sizeof(*b)), 0);
            end_pending();
            same(signals, 1);
        }
}

static void mask_lets_in_select(const struct select_call *c)
{
    struct sets b;
    gather_bits(&b);
    if (c->masked)
        mask_lets_in_bits(c, &b);
}

static void G2_G6_a_signal_let_in_by_the_mask_is_eintr(void **state)
{
    (void)state;
    each_poll(mask_lets_in_poll);
    each_select(mask_lets_in_select);
}

/*
 * The same beside an epoll descriptor, which the library waits for natively
 * together with its own.
 */
static void mask_lets_in_beside_poll(const struct poll_call *c)
{
    struct pollfd set[1 + CROWD];
    nfds_t n = gather(set, 1);
    set[0] = (struct pollfd){.fd = epoll_create1(0), .events = POLLIN};
    if (c->masked)
        mask_lets_in_set(c, set, n);
    close(set[0].fd);
}

static void mask_lets_in_beside_select(const struct select_call *c)
{
    struct sets b;
    int nested = epoll_create1(0);
    gather_bits(&b);
    want(&b, nested, "r");
    if (c->masked)
        mask_lets_in_bits(c, &b);
    close(nested);
}

static void G2_G6_the_mask_lets_in_beside_an_epoll_descriptor(void **state)
{
    (void)state;
    each_poll(mask_lets_in_beside_poll);
    each_select(mask_lets_in_beside_select);
}

/* G3: a ready descriptor comes first; the signal stays pending. */
static void ready_comes_first(const struct poll_call *c)
{
    int pair[2];
    struct pollfd set[1 + CROWD];
    nfds_t n = gather(set, 1);
    sigset_t none, pending;
    sigemptyset(&none);
    if (!c->masked)
        return;
    stream_pair(pair);
    set[0] = (struct pollfd){.fd = pair[0], .events = POLLIN};
    settle(c, set, n);
    send_byte(pair[1]);
    leave_one_pending();
    for (size_t i = 0; i < ARRAY_SIZE(short_waits); i++)
        for (EACH_ROUND) {
            same(c->call(set, n, &short_waits[i], &none), 1);
            same(signals, 0);
            sigpending(&pending);
            same(sigismember(&pending, SIGUSR1), 1);
        }
    end_pending();
    same(signals, 1);
    close_pair(pair);
}

static void ready_comes_first_select(const struct select_call *c)
{
    int pair[2];
    struct sets b, got;
    sigset_t none;
    sigemptyset(&none);
    if (!c->masked)
        return;
    stream_pair(pair);
    gather_bits(&b);
    want(&b, pair[0], "r");
    settle_bits(c, &b, &got);
    send_byte(pair[1]);
    leave_one_pending();
    for (size_t i = 0; i < ARRAY_SIZE(short_waits); i++)
        for (EACH_ROUND) {
            got = b;
            same(c->call(b.n, &got.in, NULL, NULL, &short_waits[i], &none), 1);
            same(signals, 0);
        }
    end_pending();
    same(signals, 1);
    close_pair(pair);
}

static void G3_ready_comes_before_a_pending_signal(void **state)
{
    (void)state;
    each_poll(ready_comes_first);
    each_select(ready_comes_first_select);
}

/* The caller's mask is back in force after every way out of the call. */
static void G3_the_mask_is_restored(void **state)
{
    (void)state;
    struct pollfd set[CROWD];
    nfds_t n = gather(set, 0);
    sigset_t all, now;
    sigfillset(&all);
    for (EACH_ROUND) {
        same(ppoll(set, n, &(struct timespec){0, 1000}, &all), 0);
        same(sigprocmask(SIG_BLOCK, NULL, &now), 0);
        same(sigismember(&now, SIGUSR1), 0);
        /* Blocked during the wait, so the alarm does not end it. */
        ring_every(20);
        same(ppoll(set, n, &(struct timespec){0, 60000000}, &all), 0);
        holds(signals >= 1);
        ring_every(0);
    }
}

/*
 * G4: a handler ends the wait by EINTR, SA_RESTART or not. poll() has then
 * written zeroes.
 */
static void handler_ends_poll(const struct poll_call *c)
{
    struct pollfd set[2 + CROWD];
    nfds_t n = gather(set, 2);
    settle(c, set, n);
    for (EACH_ROUND) {
        ring_every(30);
        set[0].revents = set[1].revents = set[2].revents = 0x55;
        same(poll_for(c, set, n, fact_round == 1 ? -1 : 20000), -1);
        same(errno, EINTR);
        ring_every(0);
        holds(signals >= 1);
        for (nfds_t i = 0; i < n; i++)
            same(set[i].revents, 0);
    }
}

/* G4: select() leaves the sets as they are. */
static void handler_ends_select(const struct select_call *c)
{
    struct sets b, got;
    gather_bits(&b);
    settle_bits(c, &b, &got);
    for (EACH_ROUND) {
        ring_every(30);
        same(select_for(c, &b, &got, fact_round == 1 ? -1 : 20000), -1);
        same(errno, EINTR);
        ring_every(0);
        holds(signals >= 1);
        same(memcmp(&got, &b, sizeof(b)), 0);
    }
}

static void G4_a_handler_ends_the_wait_by_eintr(void **state)
{
    (void)state;
    each_poll(handler_ends_poll);
    each_select(handler_ends_select);
}

/*
 * G4: select() writes the time that was left. Taken together with the time
 * that passed outside it makes up the timeout, but for rounding.
 */
static void G4_select_writes_the_remaining_time(void **state)
{
    (void)state;
    struct sets b;
    gather_bits(&b);
    for (EACH_ROUND) {
        struct timeval tv = {20, 0};
        fd_set in = b.in;
        ring_every(50);
        double start = clock_ms();
        same(select(b.n, &in, NULL, NULL, &tv), -1);
        double passed = clock_ms() - start;
        same(errno, EINTR);
        ring_every(0);
        double left = (double)tv.tv_sec * 1e3 + (double)tv.tv_usec / 1e3;
        holds(left < 20000 && left + passed > 19999);
    }
}

/*
 * G4: poll has written its zeroes before the handler runs, which may look, or
 * jump away, or ask on its own: what it finds then stays.
 */
static struct pollfd *looked_at;
static short found_there;
static int found_ready;

static void look_and_ask(int signo)
{
    (void)signo;
    signals++;
    found_there = looked_at[0].revents;
    send_byte(looked_at[1].fd);
    found_ready = raw_ppoll(looked_at, 1, &(struct timespec){0, 0});
}

/* However long it takes to get there. */
static void signal_the_sleeper(void *arg)
{
    (void)arg;
    while (!child_is_asleep(getppid()))
        clock_sleep_ms(1);
    kill(getppid(), SIGALRM);
}

static void zeroes_before_the_handler(const struct poll_call *c)
{
    int pair[2];
    struct pollfd set[2 + CROWD];
    nfds_t n = gather(set, 2);
    stream_pair(pair);
    set[0] = (struct pollfd){.fd = pair[0], .events = POLLIN};
    set[1] = (struct pollfd){.fd = pair[1], .events = 0};
    looked_at = set;
    signal(SIGALRM, look_and_ask);
    for (EACH_ROUND) {
        send_byte(pair[1]);
        same(poll_for(c, set, n, 0), 1);
        same(set[0].revents, POLLIN);
        take_byte(pair[0]);
        signals = 0;
        pid_t pid = child_start(signal_the_sleeper, NULL);
        same(poll_for(c, set, n, 20000), -1);
        same(errno, EINTR);
        same(signals, 1);
        same(found_there, 0);
        same(found_ready, 1);
        same(set[0].revents, POLLIN);
        take_byte(pair[0]);
        child_join(pid);
    }
    close_pair(pair);
}

static void G4_the_handler_finds_what_poll_has_written(void **state)
{
    (void)state;
    each_poll(zeroes_before_the_handler);
}

/* G5: a signal that is ignored, or ignored by default, ends no wait. */
static void signal_often(void *arg)
{
    (void)arg;
    for (int i = 0; i < 15; i++) {
        kill(getppid(), SIGUSR1);
        kill(getppid(), SIGWINCH);
        clock_sleep_ms(10);
    }
}

static void G5_ignored_signals_end_no_wait(void **state)
{
    (void)state;
    signal(SIGUSR1, SIG_IGN);
    for (int i = 0; i < CALLS; i++) {
        any_call(i, 0, &fact_call);
        pid_t pid = child_start(signal_often, NULL);
        double start = clock_ms();
        /* The child's end, SIGCHLD, is ignored by default too. */
        same(any_call(i, 250, &fact_call), 0);
        holds(clock_ms() - start >= 250);
        child_join(pid);
    }
}

static const struct suite_test tests[] = {
    TEST(G2_G6_a_signal_let_in_by_the_mask_is_eintr),
    TEST(G2_G6_the_mask_lets_in_beside_an_epoll_descriptor),
    TEST(G3_ready_comes_before_a_pending_signal),
    TEST(G3_the_mask_is_restored),
    TEST(G4_a_handler_ends_the_wait_by_eintr),
    TEST(G4_select_writes_the_remaining_time),
    TEST(G4_the_handler_finds_what_poll_has_written),
    TEST(G5_ignored_signals_end_no_wait),
};

SUITE(tests)
