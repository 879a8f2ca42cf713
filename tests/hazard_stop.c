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
#include <sys/mman.h>
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
    _Atomic int *begun; /* shared with the child: how many waits it came to */
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

static void open_waiter(struct waiter *waiter)
{
    waiter->begun = mmap(NULL, sizeof(*waiter->begun), PROT_READ | PROT_WRITE,
                         MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(waiter->begun != MAP_FAILED);
    assert_true(watch_open(&waiter->w, ROW));
    assert_true(watch_works(&waiter->w));
}

static void close_waiter(struct waiter *waiter)
{
    watch_close(&waiter->w);
    munmap(waiter->begun, sizeof(*waiter->begun));
}

static pid_t start_waiter(void (*fn)(void *), struct waiter *waiter)
{
    *waiter->begun = 0;
    return child_start(fn, waiter);
}

/* In the child: nothing but the sleep is left. */
static int begin_wait(struct waiter *waiter, int timeout_ms)
{
    ++*waiter->begun;
    return wait_by(&waiter->w, waiter->kind, timeout_ms);
}

/* Waits in vain. Tells by its status that it was not interrupted. */
static void waits_in_vain(void *arg)
{
    struct waiter *waiter = arg;
    require(watch_works(&waiter->w));
    require(begin_wait(waiter, waiter->timeout_ms) == 0);
}

/* Stops the child in the wait of that number, however late it comes there. */
static void stop_for(pid_t pid, const struct waiter *waiter, int wait, int ms)
{
    double start = clock_ms();
    int status;
    while (*waiter->begun < wait || !child_is_asleep(pid)) {
        assert_true(clock_ms() - start < 20000);
        clock_sleep_ms(1);
    }
    assert_int_equal(kill(pid, SIGSTOP), 0);
    assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
    assert_true(WIFSTOPPED(status));
    clock_sleep_ms(ms);
}

static void stop_for_a_while(pid_t pid, const struct waiter *waiter, int wait)
{
    stop_for(pid, waiter, wait, STOPPED_MS);
    assert_int_equal(kill(pid, SIGCONT), 0);
}

static void stopped_waits_go_on(void **state)
{
    struct waiter waiter = {.timeout_ms = 1000};
    (void)state;
    open_waiter(&waiter);
    for (waiter.kind = 0; waiter.kind < 4; waiter.kind++) {
        pid_t pid = start_waiter(waits_in_vain, &waiter);
        stop_for_a_while(pid, &waiter, 1);
        stop_for_a_while(pid, &waiter, 1);
        child_join(pid);
        assert_epoll_answered(pid, 1);
    }
    close_waiter(&waiter);
}

/* Data that comes while it is stopped, and data that comes after it. */
static void waits_for_data(void *arg)
{
    struct waiter *waiter = arg;
    char byte;
    require(watch_works(&waiter->w));
    for (size_t i = 0; i < 2; i++) {
        require(begin_wait(waiter, 20000) == 1);
        require(read(waiter->w.fds[i].fd, &byte, 1) == 1);
    }
}

static void stopped_waits_are_woken_by_data(void **state)
{
    struct waiter waiter = {.timeout_ms = 0};
    (void)state;
    open_waiter(&waiter);
    for (waiter.kind = 0; waiter.kind < 4; waiter.kind++) {
        pid_t pid = start_waiter(waits_for_data, &waiter);
        stop_for(pid, &waiter, 1, 20);
        assert_int_equal(write(waiter.w.peers[0], "x", 1), 1);
        clock_sleep_ms(20);
        assert_int_equal(kill(pid, SIGCONT), 0);
        stop_for_a_while(pid, &waiter, 2);
        assert_int_equal(write(waiter.w.peers[1], "x", 1), 1);
        child_join(pid);
    }
    close_waiter(&waiter);
}

/* How long a call with this timeout takes, stopped once on the way. */
static void measures(void *arg)
{
    struct waiter *waiter = arg;
    double start = clock_ms();
    require(begin_wait(waiter, waiter->timeout_ms) == 0);
    double took = clock_ms() - start;
    write(waiter->w.peers[0], &took, sizeof(took));
}

/* How many ms a call that was stopped took beyond its timeout. */
static double time_beyond(struct waiter *waiter)
{
    double took;
    pid_t pid = start_waiter(measures, waiter);
    stop_for_a_while(pid, waiter, 1);
    child_join(pid);
    assert_int_equal(read(waiter->w.fds[0].fd, &took, sizeof(took)),
                     sizeof(took));
    double beyond = took - waiter->timeout_ms;
    print_message("kind %d: %.1f ms beyond\n", waiter->kind, beyond);
    assert_true(beyond > -1);
    return beyond;
}

/*
 * Being stopped costs poll no time beyond its deadline, and the others all of
 * it: told apart at half of the time stopped. A busy machine is late too, but
 * not always; whoever waits what was left is late each time.
 */
static void time_stopped_counts_for_poll_alone(void **state)
{
    struct waiter waiter = {.timeout_ms = 1000};
    int attempts = 0;
    (void)state;
    open_waiter(&waiter);
    while (time_beyond(&waiter) >= STOPPED_MS / 2)
        assert_true(++attempts < 8);
    for (waiter.kind = 1; waiter.kind < 4; waiter.kind++)
        assert_true(time_beyond(&waiter) > STOPPED_MS / 2);
    close_waiter(&waiter);
}

static const struct suite_test tests[] = {
    TEST(stopped_waits_go_on),
    TEST(stopped_waits_are_woken_by_data),
    TEST(time_stopped_counts_for_poll_alone),
};

SUITE(tests)
