/* SPDX-License-Identifier: MIT */
/*
 * Facts F5, F5b and W5: a descriptor is closed or replaced while another
 * thread sleeps on it.
 *
 * Native poll() holds every file it waits on and, when woken or when its time
 * is over, looks at the numbers once more. A close alone wakes nobody; what
 * the file does before (shutdown) does; and what is told then is what the
 * number means by then.
 */
#include "fact_common.h"

#include <pthread.h>
#include <sys/eventfd.h>

enum {
    SLEEPERS = CALLS,
    SHORT = 300, /* ms: a sleep that comes to its end */
    LONG = 20000 /* ms: a sleeper that needs this long was not woken */
};

struct sleeper {
    pthread_t thread;
    int call, fd[2], number, ms;
    bool warm;
    _Atomic pid_t id; /* once nothing but the sleep is left */
    int ret, told;    /* told: revents, or the sets as by told() */
    double start, slept;
};

/* A descriptor that all of them also wait for, if there is one. */
static int also = -1;

static const char *call_name(int call)
{
    return call < POLLS ? poll_calls[call].name
                        : select_calls[call - POLLS].name;
}

static void falls_asleep(struct sleeper *s)
{
    s->start = clock_ms();
    s->id = gettid();
}

static void sleep_in_poll(struct sleeper *s)
{
    const struct poll_call *c = &poll_calls[s->call];
    struct pollfd set[2 + CROWD];
    nfds_t n = gather(set, 2);
    set[0] = (struct pollfd){.fd = s->number, .events = POLLIN};
    set[1] = (struct pollfd){.fd = also, .events = POLLIN};
    if (s->warm)
        settle(c, set, n);
    falls_asleep(s);
    s->ret = poll_for(c, set, n, s->ms);
    s->slept = clock_ms() - s->start;
    s->told = set[0].revents;
}

static void sleep_in_select(struct sleeper *s)
{
    const struct select_call *c = &select_calls[s->call - POLLS];
    struct sets b, got;
    gather_bits(&b);
    want(&b, s->number, "r");
    if (also >= 0)
        want(&b, also, "r");
    if (s->warm)
        settle_bits(c, &b, &got);
    falls_asleep(s);
    s->ret = select_for(c, &b, &got, s->ms);
    s->slept = clock_ms() - s->start;
    s->told = told(&got, s->number);
}

static void *sleep_in_thread(void *arg)
{
    struct sleeper *s = arg;
    if (s->call < POLLS)
        sleep_in_poll(s);
    else
        sleep_in_select(s);
    return NULL;
}

/*
 * On a busy machine a thread may come to its call long after it was created,
 * and would then be told at once what was done meanwhile.
 */
static void wait_until_asleep(const struct sleeper *s)
{
    while (!s->id)
        clock_sleep_ms(1);
    while (!child_is_asleep(s->id) && clock_ms() - s->start < s->ms)
        clock_sleep_ms(1);
}

/* Puts one thread to sleep in each call, all at once; each has its pair. */
static void put_to_sleep(struct sleeper *s, bool warm, int ms, int after_ms)
{
    for (int i = 0; i < SLEEPERS; i++) {
        s[i] = (struct sleeper){.call = i, .ms = ms, .warm = warm};
        stream_pair(s[i].fd);
        s[i].number = s[i].fd[0];
        same(pthread_create(&s[i].thread, NULL, sleep_in_thread, &s[i]), 0);
    }
    for (int i = 0; i < SLEEPERS; i++)
        wait_until_asleep(&s[i]);
    clock_sleep_ms(after_ms);
}

static void check_answer(const struct sleeper *s, int revents, int early,
                         int sets)
{
    int expected = s->call < POLLS ? revents : sets;
    if (s->call < POLLS && s->told == early)
        expected = early;
    same(s->told, expected);
    same(s->ret, (expected != 0) + (also >= 0));
}

/*
 * Ends them and checks that poll told `revents` and select `sets`, after at
 * least and at most so many ms of sleep. Where something woke them before the
 * close, they may have looked before it too, and told `early`.
 */
static void wake_up(struct sleeper *s, int revents, int early, int sets,
                    double least, double most)
{
    for (int i = 0; i < SLEEPERS; i++) {
        same(pthread_join(s[i].thread, NULL), 0);
        close(s[i].fd[1]);
    }
    for (int i = 0; i < SLEEPERS; i++) {
        fact_call = call_name(i);
        check_answer(&s[i], revents, early, sets);
        holds(s[i].slept >= least);
        holds(s[i].slept <= most);
    }
}

/*
 * Puts them to sleep for a short time and closes each number, or makes it that
 * of `other`. On a machine so busy that the time of one is over by then,
 * nothing is shown: all sleep again, longer. Returns how long it was.
 */
static int end_in_sleep(struct sleeper *s, bool warm, int other)
{
    for (int ms = SHORT;; ms *= 2) {
        bool in_time = true;
        put_to_sleep(s, warm, ms, 60);
        for (int i = 0; i < SLEEPERS; i++) {
            if (other < 0)
                close(s[i].number);
            else
                same(dup2(other, s[i].number), s[i].number);
            in_time = in_time && clock_ms() - s[i].start < ms;
        }
        if (in_time)
            return ms;
        holds(ms < LONG);
        for (int i = 0; i < SLEEPERS; i++) {
            same(pthread_join(s[i].thread, NULL), 0);
            close(s[i].fd[1]);
            if (other >= 0)
                close(s[i].number);
        }
    }
}

/* F5: a close alone wakes nobody, and is told when the time is over. */
static void F5_a_close_is_told_at_the_timeout(void **state)
{
    (void)state;
    struct sleeper s[SLEEPERS];
    settle_all();
    for (int warm = 0; warm < 2; warm++) {
        int ms = end_in_sleep(s, warm, -1);
        wake_up(s, POLLNVAL, POLLNVAL, 4, ms, ms + LONG);
    }
}

/* F5: or when something else in the set happens, together with that. */
static void F5_a_close_is_told_with_the_next_event(void **state)
{
    (void)state;
    struct sleeper s[SLEEPERS];
    int another[2];
    settle_all();
    for (int warm = 0; warm < 2; warm++) {
        stream_pair(another);
        also = another[0];
        put_to_sleep(s, warm, LONG, 60);
        for (int i = 0; i < SLEEPERS; i++)
            close(s[i].fd[0]);
        clock_sleep_ms(200);
        send_byte(another[1]);
        wake_up(s, POLLNVAL, POLLNVAL, 4, 130, LONG / 2);
        close_pair(another);
        also = -1;
    }
}

/* F5b: shutdown() then close(), the usual way to wake a poller, wakes it. */
static void shut_and_close(bool warm, int after_ms)
{
    struct sleeper s[SLEEPERS];
    put_to_sleep(s, warm, LONG, after_ms);
    for (int i = 0; i < SLEEPERS; i++) {
        same(shutdown(s[i].fd[0], SHUT_RDWR), 0);
        close(s[i].fd[0]);
    }
    wake_up(s, POLLNVAL, POLLIN | POLLHUP, 4, 0, LONG / 2);
}

static void F5b_shutdown_and_close_wake_the_sleeper(void **state)
{
    (void)state;
    settle_all();
    for (int warm = 0; warm < 2; warm++) {
        shut_and_close(warm, 60);
        shut_and_close(warm, 1500);
    }
}

/* F5b: so does a byte that comes before the close. */
static void F5b_a_byte_and_a_close_wake_the_sleeper(void **state)
{
    (void)state;
    struct sleeper s[SLEEPERS];
    settle_all();
    for (int warm = 0; warm < 2; warm++) {
        put_to_sleep(s, warm, LONG, 60);
        for (int i = 0; i < SLEEPERS; i++) {
            send_byte(s[i].fd[1]);
            close(s[i].fd[0]);
        }
        wake_up(s, POLLNVAL, POLLIN, 4, 0, LONG / 2);
    }
}

/* F5b: and one that comes before a dup2(), told if it is true of both. */
static void F5b_a_byte_and_a_dup2_wake_the_sleeper(void **state)
{
    (void)state;
    struct sleeper s[SLEEPERS];
    int ready = eventfd(1, 0);
    settle_all();
    for (int warm = 0; warm < 2; warm++) {
        put_to_sleep(s, warm, LONG, 60);
        for (int i = 0; i < SLEEPERS; i++) {
            send_byte(s[i].fd[1]);
            same(dup2(ready, s[i].number), s[i].number);
        }
        wake_up(s, POLLIN, POLLIN, 4, 0, LONG / 2);
        for (int i = 0; i < SLEEPERS; i++)
            close(s[i].number);
    }
    close(ready);
}

/* W5: what a number has become is looked at when the time is over. */
static void W5_the_last_look_is_at_the_timeout(void **state)
{
    (void)state;
    struct sleeper s[SLEEPERS];
    int ready = eventfd(1, 0);
    settle_all();
    for (int warm = 0; warm < 2; warm++) {
        int ms = end_in_sleep(s, warm, ready);
        wake_up(s, POLLIN, POLLIN, 4, ms, ms + LONG);
        for (int i = 0; i < SLEEPERS; i++)
            close(s[i].number);
    }
    close(ready);
}

/* An event from another thread wakes within the same call, of course. */
static void F5_an_event_wakes_the_sleeper(void **state)
{
    (void)state;
    struct sleeper s[SLEEPERS];
    settle_all();
    for (int warm = 0; warm < 2; warm++) {
        put_to_sleep(s, warm, LONG, 60);
        for (int i = 0; i < SLEEPERS; i++)
            send_byte(s[i].fd[1]);
        wake_up(s, POLLIN, POLLIN, 4, 0, LONG / 2);
        for (int i = 0; i < SLEEPERS; i++)
            close(s[i].number);
    }
}

static const struct suite_test tests[] = {
    TEST(F5_an_event_wakes_the_sleeper),
    TEST(F5_a_close_is_told_at_the_timeout),
    TEST(F5_a_close_is_told_with_the_next_event),
    TEST(F5b_shutdown_and_close_wake_the_sleeper),
    TEST(F5b_a_byte_and_a_close_wake_the_sleeper),
    TEST(F5b_a_byte_and_a_dup2_wake_the_sleeper),
    TEST(W5_the_last_look_is_at_the_timeout),
};

SUITE(tests)
