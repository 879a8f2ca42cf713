/* SPDX-License-Identifier: MIT */
/*
 * Facts G1 and G7: a process that is stopped and goes on, and the personality
 * that changes what its waits make of it.
 */
#include "fact_common.h"

#include <sys/personality.h>

enum {
    STOP_AFTER = 300, /* ms; the wait starts well before */
    STOP_FOR = 1500,
    WAIT = 1200 /* ends while the process is stopped */
};

struct stopped {
    int entry, report[2];
};

/* What a stopped child tells: its call's answer and when it returned. */
struct answer {
    int ret, error;
    double end;
};

static void wait_through_a_stop(void *arg)
{
    const struct stopped *s = arg;
    const char *name;
    struct answer a;
    a.ret = any_call(s->entry, WAIT, &name);
    a.error = errno;
    a.end = clock_ms();
    require(write(s->report[1], &a, sizeof(a)) == sizeof(a));
}

static void start_all(struct stopped *s, pid_t *pid)
{
    settle_all();
    for (int i = 0; i < CALLS; i++) {
        s[i].entry = i;
        open_pipe(s[i].report);
        pid[i] = child_start(wait_through_a_stop, &s[i]);
        holds(pid[i] > 0);
    }
}

/*
 * G1: SIGSTOP and SIGCONT, with no handler for either, do not end a wait.
 * G1b: to poll() the time stopped counts; select(), pselect() and ppoll() go
 * on with the time that was left.
 */
static void G1_a_stopped_wait_goes_on(void **state)
{
    (void)state;
    struct stopped s[CALLS];
    pid_t pid[CALLS];
    struct answer a;
    start_all(s, pid);
    clock_sleep_ms(STOP_AFTER);
    for (int i = 0; i < CALLS; i++)
        kill(pid[i], SIGSTOP);
    clock_sleep_ms(STOP_FOR);
    double cont = clock_ms();
    for (int i = 0; i < CALLS; i++)
        kill(pid[i], SIGCONT);
    for (int i = 0; i < CALLS; i++) {
        any_call(i, 0, &fact_call);
        same(read(s[i].report[0], &a, sizeof(a)), sizeof(a));
        child_join(pid[i]);
        holds(!way_is_always() || stats_of(pid[i], "answered") >= 1);
        close_pair(s[i].report);
        same(a.ret, 0);
        /* About 900 ms were left. Half of that tells the two apart. */
        same(a.end - cont < (WAIT - STOP_AFTER) / 2, keeps_deadline(i));
    }
}

/* G1: several stops, and then an event, which is the answer. */
static void interrupted_by_stops(void)
{
    int pair[2];
    struct pollfd set[1 + CROWD];
    nfds_t n = gather(set, 1);
    stream_pair(pair);
    set[0] = (struct pollfd){.fd = pair[0], .events = POLLIN};
    settle(&poll_calls[0], set, n);
    pid_t waiter = getpid(), pid = fork();
    if (pid == 0) {
        for (int i = 0; i < 5; i++) {
            clock_sleep_ms(20);
            kill(waiter, SIGSTOP);
            clock_sleep_ms(5);
            kill(waiter, SIGCONT);
        }
        _exit(write(pair[1], "x", 1) != 1);
    }
    same(poll(set, n, 30000), 1);
    same(set[0].revents, POLLIN);
    same(child_wait(pid), 0);
    close_pair(pair);
}

static void G1_stops_do_not_hide_an_event(void **state)
{
    (void)state;
    in_child(interrupted_by_stops);
}

/* G7: with STICKY_TIMEOUTS the kernel leaves the timeout; libc's part stays. */
static void sticky(void)
{
    int pair[2];
    struct sets b;
    struct timeval tv;
    same(personality(PER_LINUX | STICKY_TIMEOUTS) >= 0, 1);
    stream_pair(pair);
    gather_bits(&b);
    for (EACH_ROUND) {
        fd_set in = b.in;
        tv = (struct timeval){0, 30000};
        same(select(b.n, &in, NULL, NULL, &tv), 0);
        same(tv.tv_sec, 0);
        same(tv.tv_usec, 30000);
    }
    want(&b, pair[0], "w");
    for (EACH_ROUND) {
        fd_set in = b.in, out = b.out;
        tv = (struct timeval){0, 1020000};
        same(select(b.n, &in, &out, NULL, &tv), 1);
        same(tv.tv_sec, 1);
        same(tv.tv_usec, 20000);
    }
    close_pair(pair);
}

static void G7_sticky_timeouts_are_not_rewritten(void **state)
{
    (void)state;
    settle_all();
    /* The child may well be left to the kernel: its timeouts are unusual. */
    same(child_status(sticky), 0);
}

/* G7: and a stop ends those waits whose remaining time it would have kept. */
static void sticky_stopped(int entry)
{
    const char *name;
    same(personality(PER_LINUX | STICKY_TIMEOUTS) >= 0, 1);
    pid_t waiter = getpid(), pid = fork();
    if (pid == 0) {
        clock_sleep_ms(100);
        kill(waiter, SIGSTOP);
        clock_sleep_ms(20);
        kill(waiter, SIGCONT);
        _exit(0);
    }
    int ret = any_call(entry, 400, &name);
    same(ret, keeps_deadline(entry) ? 0 : -1);
    if (ret < 0)
        same(errno, EINTR);
    same(child_wait(pid), 0);
}

static void sticky_stopped_all(void)
{
    for (int i = 0; i < CALLS; i++) {
        any_call(i, 0, &fact_call);
        sticky_stopped(i);
    }
}

static void G7_sticky_timeouts_make_a_stop_eintr(void **state)
{
    (void)state;
    in_child(sticky_stopped_all);
}

static const struct suite_test tests[] = {
    TEST(G1_a_stopped_wait_goes_on),
    TEST(G1_stops_do_not_hide_an_event),
    TEST(G7_sticky_timeouts_are_not_rewritten),
    TEST(G7_sticky_timeouts_make_a_stop_eintr),
};

SUITE(tests)
