/* SPDX-License-Identifier: MIT */
/*
 * SIGSTOP and SIGCONT with no handler: poll, select, ppoll and pselect go on
 * waiting (fact G1), where epoll_wait ends with EINTR. poll's deadline is a
 * point in time, so that being stopped counts; the others wait the time that
 * was left (G1b).
 */
#define _GNU_SOURCE
#include "harness/harness.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    ROW = 4,
    STOPPED_MS = 250
};

struct waiter {
    struct watch w;
    int kind;
    int timeout_ms;
};

static int wait_by(struct watch *w, int kind, int timeout_ms)
{
    struct timespec timeout = {timeout_ms / 1000, timeout_ms % 1000 * 1000000L};
    switch (kind) {
    case 0:
        return watch_poll(w, timeout_ms);
    case 1:
        return watch_select(w, timeout_ms);
    case 2:
        return ppoll(w->fds, w->n, &timeout, NULL);
    default:
        watch_select(w, 0);
        for (size_t i = 0; i < w->n; i++)
            bits_set(&w->in, w->fds[i].fd);
        return pselect(w->fds[w->n - 1].fd + 1, BITS(&w->in), NULL, NULL,
                       &timeout, NULL);
    }
}

/* Waits in vain. Tells by its status that it was not interrupted. */
static void waits_in_vain(void *arg)
{
    struct waiter *waiter = arg;
    require(watch_works(&waiter->w));
    require(wait_by(&waiter->w, waiter->kind, waiter->timeout_ms) == 0);
}

static void stop_for_a_while(pid_t pid)
{
    int status;
    clock_sleep_ms(60);
    assert_int_equal(kill(pid, SIGSTOP), 0);
    assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
    assert_true(WIFSTOPPED(status));
    clock_sleep_ms(STOPPED_MS);
    assert_int_equal(kill(pid, SIGCONT), 0);
}

static void stopped_waits_go_on(void **state)
{
    struct waiter waiter = {.timeout_ms = 1000};
    (void)state;
    assert_true(watch_open(&waiter.w, ROW));
    assert_true(watch_works(&waiter.w));
    for (waiter.kind = 0; waiter.kind < 4; waiter.kind++) {
        pid_t pid = child_start(waits_in_vain, &waiter);
        stop_for_a_while(pid);
        stop_for_a_while(pid);
        child_join(pid);
        assert_epoll_answered(pid, 1);
    }
    watch_close(&waiter.w);
}

/* Data that comes while it is stopped, and data that comes after it. */
static void waits_for_data(void *arg)
{
    struct waiter *waiter = arg;
    char byte;
    require(watch_works(&waiter->w));
    for (size_t i = 0; i < 2; i++) {
        require(wait_by(&waiter->w, waiter->kind, 20000) == 1);
        require(read(waiter->w.fds[i].fd, &byte, 1) == 1);
    }
}

static void stopped_waits_are_woken_by_data(void **state)
{
    struct waiter waiter = {.timeout_ms = 0};
    int status;
    (void)state;
    assert_true(watch_open(&waiter.w, ROW));
    assert_true(watch_works(&waiter.w));
    for (waiter.kind = 0; waiter.kind < 4; waiter.kind++) {
        pid_t pid = child_start(waits_for_data, &waiter);
        clock_sleep_ms(40);
        assert_int_equal(kill(pid, SIGSTOP), 0);
        assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
        assert_int_equal(write(waiter.w.peers[0], "x", 1), 1);
        clock_sleep_ms(20);
        assert_int_equal(kill(pid, SIGCONT), 0);
        clock_sleep_ms(40);
        stop_for_a_while(pid);
        assert_int_equal(write(waiter.w.peers[1], "x", 1), 1);
        child_join(pid);
    }
    watch_close(&waiter.w);
}

/* How long a call with this timeout takes, stopped once on the way. */
static void measures(void *arg)
{
    struct waiter *waiter = arg;
    double start = clock_ms();
    require(wait_by(&waiter->w, waiter->kind, waiter->timeout_ms) == 0);
    double took = clock_ms() - start;
    write(waiter->w.peers[0], &took, sizeof(took));
}

/*
 * Being stopped costs poll no time beyond its deadline, and the others all of
 * it: told apart at half of the time stopped.
 */
static void time_stopped_counts_for_poll_alone(void **state)
{
    struct waiter waiter = {.timeout_ms = 1000};
    (void)state;
    assert_true(watch_open(&waiter.w, ROW));
    assert_true(watch_works(&waiter.w));
    for (waiter.kind = 0; waiter.kind < 4; waiter.kind++) {
        double took;
        pid_t pid = child_start(measures, &waiter);
        stop_for_a_while(pid);
        child_join(pid);
        assert_int_equal(read(waiter.w.fds[0].fd, &took, sizeof(took)),
                         sizeof(took));
        double beyond = took - waiter.timeout_ms;
        print_message("kind %d: %.1f ms beyond\n", waiter.kind, beyond);
        assert_true(beyond > -1);
        if (waiter.kind != 0)
            assert_true(beyond > STOPPED_MS / 2);
        else
            assert_true(beyond < STOPPED_MS / 2);
    }
    watch_close(&waiter.w);
}

static const struct suite_test tests[] = {
    TEST(stopped_waits_go_on),
    TEST(stopped_waits_are_woken_by_data),
    TEST(time_stopped_counts_for_poll_alone),
};

SUITE(tests)
