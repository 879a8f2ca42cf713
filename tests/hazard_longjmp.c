/* SPDX-License-Identifier: MIT */
/*
 * A handler that leaves a waiting call by siglongjmp never returns to it:
 * whatever the library had marked as busy there stays marked, unless it
 * notices. The program must go on, and go on being answered by epoll.
 */
#define _GNU_SOURCE
#include "harness/harness.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum {
    ROW = 8
};

static sigjmp_buf out;
static volatile sig_atomic_t jumps;

static void jump_out(int signal)
{
    (void)signal;
    jumps++;
    siglongjmp(out, 1);
}

static void catch_alarm(void (*handler)(int), int flags)
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
    assert_int_equal(sigaction(SIGALRM, &action, NULL), 0);
}

static void beat_once(long us)
{
    struct itimerval timer = {{0, 0}, {0, us}};
    assert_int_equal(setitimer(ITIMER_REAL, &timer, NULL), 0);
}

/* A wait that only the jump can end, and then a look at everything. */
static void jump_out_of_waits(int rounds)
{
    static struct watch w;
    assert_true(watch_open(&w, ROW));
    assert_true(watch_works(&w));
    for (volatile int i = 0; i < rounds; i++) {
        if (!sigsetjmp(out, 1)) {
            beat_once(1000);
            if (i % 2)
                watch_poll(&w, -1);
            else
                watch_select(&w, -1);
            fail_msg("a wait for nothing has ended");
        }
        assert_true(watch_works(&w));
    }
    watch_close(&w);
}

static void jump_out_of_a_wait(void **state)
{
    (void)state;
    catch_alarm(jump_out, 0);
    jump_out_of_waits(100);
}

static void jump_out_of_a_wait_from_another_stack(void **state)
{
    static char stack[64 * 1024];
    stack_t other = {.ss_sp = stack, .ss_size = sizeof(stack)};
    stack_t none = {.ss_flags = SS_DISABLE};
    (void)state;
    assert_int_equal(sigaltstack(&other, NULL), 0);
    catch_alarm(jump_out, SA_ONSTACK);
    jump_out_of_waits(100);
    assert_int_equal(sigaltstack(&none, NULL), 0);
}

/*
 * Jumps at any moment of calls that change the set all the time: registering,
 * unregistering, collecting. The pipes' ends are opened before, so that what
 * is jumped over leaks nothing of the program's.
 */
static void jump_out_at_any_moment(void **state)
{
    static struct watch w;
    (void)state;
    catch_alarm(jump_out, 0);
    assert_true(watch_open(&w, ROW));
    jumps = 0;
    for (volatile unsigned i = 0; jumps < 300; i++) {
        if (!sigsetjmp(out, 1)) {
            beat_once(20 + i % 97);
            for (;;) {
                w.n = w.n == ROW ? ROW / 2 : ROW;
                watch_poll(&w, 0);
                watch_select(&w, 0);
            }
        }
        w.n = ROW;
        assert_true(watch_sees(&w, -1));
    }
    beat_once(0);
    assert_true(watch_works(&w));
    watch_close(&w);
}

/* After many jumps epoll still answers: the wait below is a child's last. */
static void jumps_then_polls(void *arg)
{
    struct watch w;
    (void)arg;
    require(watch_open(&w, ROW));
    for (volatile int i = 0; i < 50; i++)
        if (!sigsetjmp(out, 1)) {
            beat_once(500);
            watch_poll(&w, -1);
        }
    for (int i = 0; i < 1000; i++)
        require(watch_sees(&w, -1));
}

static void epoll_goes_on_answering_after_jumps(void **state)
{
    struct watch w;
    (void)state;
    catch_alarm(jump_out, 0);
    assert_true(watch_open(&w, 1));
    assert_true(watch_works(&w));
    pid_t pid = child_start(jumps_then_polls, NULL);
    child_join(pid);
    /* 1,000 looks by poll and by select each; a few may be native. */
    assert_epoll_answered(pid, 1990);
    /* A wait has nothing half done: most of the 50 jumps cost no set. */
    if (way_is_always())
        assert_in_range(stats_of(pid, "sets_built"), 2, 25);
    watch_close(&w);
}

/* The handler polls and then jumps; the array is the interrupted one. */
static struct watch shared;

static void look_and_jump_out(int signal)
{
    require(watch_poll(&shared, 0) == 0);
    jump_out(signal);
}

static void handler_polls_and_jumps_out(void **state)
{
    (void)state;
    catch_alarm(look_and_jump_out, 0);
    assert_true(watch_open(&shared, ROW));
    for (volatile int i = 0; i < 100; i++) {
        if (!sigsetjmp(out, 1)) {
            beat_once(1000);
            if (i % 2)
                watch_poll(&shared, -1);
            else
                watch_select(&shared, -1);
        }
        assert_true(watch_works(&shared));
    }
    watch_close(&shared);
}

/*
 * More arrays than a thread has sets for, so that each call gives one up, and
 * handlers that jump out of that: an epoll descriptor taken out of the books,
 * but not closed yet, was left open. The harness finds it.
 */
static void jump_out_of_giving_up_a_set(void **state)
{
    static struct pollfd arrays[5][ROW];
    static struct watch w;
    static volatile unsigned turn;
    static double end;
    (void)state;
    assert_true(watch_open(&w, ROW));
    catch_alarm(jump_out, 0);
    end = clock_ms() + 2000;
    sigsetjmp(out, 1);
    struct itimerval often = {{0, 50}, {0, 50}}, never = {{0, 0}, {0, 0}};
    assert_int_equal(setitimer(ITIMER_REAL, &often, NULL), 0);
    while (clock_ms() < end) {
        struct pollfd *array = arrays[turn++ % 5];
        for (unsigned i = 0; i < ROW; i++)
            array[i] = w.fds[(i * 3 + turn) % ROW];
        poll(array, ROW, 0);
    }
    assert_int_equal(setitimer(ITIMER_REAL, &never, NULL), 0);
    assert_true(watch_works(&w));
    watch_close(&w);
}

/* Entries that all change take a call long enough to hold signals back. */
static void change_and_poll(struct watch *w)
{
    for (size_t i = 0; i < w->n; i++)
        w->fds[i].events ^= POLLPRI;
    watch_poll(w, 0);
}

static timer_t timer_of(int signal)
{
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL,
                             .sigev_signo = signal};
    timer_t timer;
    assert_int_equal(timer_create(CLOCK_MONOTONIC, &event, &timer), 0);
    return timer;
}

/*
 * Signals that a thread sets off itself are never held back, so that a handler
 * of one may leave a call while others are. The next call took them for held
 * by itself, and at its end gave the thread the mask of the one that was left.
 */
static void jump_out_while_other_signals_are_held(void **state)
{
    static struct watch w;
    sigset_t alarm, before, after;
    (void)state;
    assert_true(watch_open(&w, WATCH_MAX));
    assert_true(signal(SIGTRAP, jump_out) != SIG_ERR);
    timer_t timer = timer_of(SIGTRAP);
    sigemptyset(&alarm);
    sigaddset(&alarm, SIGALRM);
    sigprocmask(SIG_SETMASK, NULL, &before);
    jumps = 0;
    for (volatile int i = 0; i < 2000 && jumps < 200; i++) {
        struct itimerspec once = {.it_value = {0, 20000 + i % 97 * 1000}};
        if (!sigsetjmp(out, 1)) {
            assert_int_equal(timer_settime(timer, 0, &once, NULL), 0);
            for (int tries = 0; tries < 100; tries++)
                change_and_poll(&w);
        }
        once.it_value.tv_nsec = 0;
        assert_int_equal(timer_settime(timer, 0, &once, NULL), 0);
        sigprocmask(SIG_BLOCK, &alarm, NULL);
        change_and_poll(&w);
        sigprocmask(SIG_SETMASK, &before, &after);
        assert_true(sigismember(&after, SIGALRM));
    }
    assert_true(jumps > 0);
    timer_delete(timer);
    watch_close(&w);
}

static const struct suite_test tests[] = {
    TEST(jump_out_of_a_wait),
    TEST(jump_out_of_a_wait_from_another_stack),
    TEST(jump_out_at_any_moment),
    TEST(epoll_goes_on_answering_after_jumps),
    TEST(handler_polls_and_jumps_out),
    TEST(jump_out_of_giving_up_a_set),
    TEST(jump_out_while_other_signals_are_held),
};

SUITE(tests)
