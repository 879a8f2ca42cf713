/* SPDX-License-Identifier: MIT */
/*
 * poll and select are cancellation points: a thread that is cancelled in one
 * ends there, releases what the library holds for it, and the process goes
 * on. A cancellation that is pending when the call begins ends it even though
 * something is ready (C1).
 */
#define _GNU_SOURCE
#include "harness/bytes.h"
#include "harness/harness.h"
#include "harness/sleeper.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
    ROW = 6
};

struct job {
    struct watch *w;
    bool use_select;
    pthread_barrier_t *start; /* NULL: begins at once */
    _Atomic int passed;       /* calls that came back */
    _Atomic int cleaned;
};

static void clean_up(void *arg)
{
    struct job *job = arg;
    job->cleaned = 1;
}

static int look(struct job *job, int timeout_ms)
{
    return job->use_select ? watch_select(job->w, timeout_ms)
                           : watch_poll(job->w, timeout_ms);
}

static void *waits(void *arg)
{
    struct job *job = arg;
    pthread_cleanup_push(clean_up, job);
    if (job->start)
        pthread_barrier_wait(job->start);
    for (;;) {
        look(job, -1);
        job->passed++;
    }
    pthread_cleanup_pop(0);
    return NULL;
}

static void assert_cancelled(pthread_t thread, struct job *job)
{
    void *result;
    assert_int_equal(pthread_join(thread, &result), 0);
    assert_ptr_equal(result, PTHREAD_CANCELED);
    assert_true(job->cleaned);
}

static void cancel_a_waiting_thread(void **state)
{
    struct watch w;
    (void)state;
    assert_true(watch_open(&w, ROW));
    assert_true(watch_works(&w));
    size_t internal = fdcheck_count_internal();
    for (int i = 0; i < 40; i++) {
        struct watch own = w;
        struct job job = {.w = &own, .use_select = i % 2};
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, waits, &job), 0);
        clock_sleep_ms(i % 8);
        assert_int_equal(pthread_cancel(thread), 0);
        assert_cancelled(thread, &job);
        assert_int_equal(job.passed, 0);
        assert_true(watch_works(&w));
    }
    assert_int_equal(fdcheck_count_internal(), internal);
    watch_close(&w);
}

/* Cancelled before the call begins, with something ready. */
static void pending_cancel_wins_over_what_is_ready(void **state)
{
    struct watch w;
    pthread_barrier_t start;
    (void)state;
    assert_true(watch_open(&w, ROW));
    assert_true(watch_works(&w));
    assert_int_equal(write(w.peers[0], "x", 1), 1);
    assert_int_equal(pthread_barrier_init(&start, NULL, 2), 0);
    for (int i = 0; i < 40; i++) {
        struct watch own = w;
        struct job job = {.w = &own, .use_select = i % 2, .start = &start};
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, waits, &job), 0);
        /* The barrier is no cancellation point. */
        assert_int_equal(pthread_cancel(thread), 0);
        pthread_barrier_wait(&start);
        assert_cancelled(thread, &job);
        assert_int_equal(job.passed, 0);
        assert_true(watch_sees(&w, 0));
    }
    pthread_barrier_destroy(&start);
    watch_close(&w);
}

/*
 * A thread that has gone from call to call, never waiting, for something is
 * always ready, is cancelled in one of them.
 */
static void cancel_a_busy_loop(void **state)
{
    struct watch w;
    (void)state;
    assert_true(watch_open(&w, ROW));
    assert_true(watch_works(&w));
    assert_int_equal(write(w.peers[0], "x", 1), 1);
    size_t internal = fdcheck_count_internal();
    for (int i = 0; i < 40; i++) {
        struct watch own = w;
        struct job job = {.w = &own, .use_select = i % 2};
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, waits, &job), 0);
        while (job.passed < 10)
            sched_yield();
        assert_int_equal(pthread_cancel(thread), 0);
        assert_cancelled(thread, &job);
        assert_true(watch_sees(&w, 0));
    }
    assert_int_equal(fdcheck_count_internal(), internal);
    watch_close(&w);
}

/* With cancellation disabled nothing ends, and enabled again it is pending. */
static void *defers(void *arg)
{
    struct job *job = arg;
    pthread_cleanup_push(clean_up, job);
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
    pthread_barrier_wait(job->start);
    pthread_barrier_wait(job->start);
    if (look(job, 10) == 0)
        job->passed++;
    pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
    look(job, 0);
    job->passed++;
    pthread_cleanup_pop(0);
    return NULL;
}

static void disabled_cancel_ends_nothing(void **state)
{
    struct watch w;
    pthread_barrier_t start;
    (void)state;
    assert_true(watch_open(&w, ROW));
    assert_true(watch_works(&w));
    assert_int_equal(pthread_barrier_init(&start, NULL, 2), 0);
    for (int i = 0; i < 10; i++) {
        struct watch own = w;
        struct job job = {.w = &own, .use_select = i % 2, .start = &start};
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, defers, &job), 0);
        pthread_barrier_wait(&start);
        assert_int_equal(pthread_cancel(thread), 0);
        pthread_barrier_wait(&start);
        assert_cancelled(thread, &job);
        assert_int_equal(job.passed, 1);
    }
    pthread_barrier_destroy(&start);
    watch_close(&w);
}

/*
 * close_range() and system calls by number are no cancellation points: they do
 * what is asked, and leave the request pending. The library took recvmsg() for
 * the one, and closed by close() what a sleeper was to be told of.
 */
static struct scene scene;
static bool act_came_back;

static void close_range_under_a_sleeper(void)
{
    unsigned fd = (unsigned)scene.fds[VICTIM].fd;
    shutdown((int)fd, SHUT_RDWR);
    close_range(fd, fd, 0);
}

static void receive_by_number(void)
{
    char byte;
    struct iovec part = {&byte, 1};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    syscall(SYS_recvmsg, scene.fds[OTHER].fd, &message, MSG_DONTWAIT);
}

static void *acts_with_a_request(void *act)
{
    pthread_cancel(pthread_self());
    ((void (*)(void))act)();
    act_came_back = true;
    return NULL;
}

static void assert_comes_back(void (*act)(void))
{
    pthread_t thread;
    act_came_back = false;
    assert_int_equal(
        pthread_create(&thread, NULL, acts_with_a_request, (void *)act), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(act_came_back);
}

static void no_other_call_becomes_a_cancellation_point(void **state)
{
    pthread_t sleeper;
    (void)state;
    scene = (struct scene){.timeout_ms = 8000, .earlier_calls = 3};
    scene_open(&scene);
    send_byte(scene.peers[OTHER]);
    assert_comes_back(receive_by_number);
    assert_int_equal(pthread_create(&sleeper, NULL, scene_sleep, &scene), 0);
    scene_wait_until_asleep(&scene);
    assert_comes_back(close_range_under_a_sleeper);
    assert_int_equal(pthread_join(sleeper, NULL), 0);
    assert_true(scene.seen.ret == 1 && scene.seen.early);
    scene_close(&scene);
}

static const struct suite_test tests[] = {
    TEST(cancel_a_waiting_thread),
    TEST(pending_cancel_wins_over_what_is_ready),
    TEST(cancel_a_busy_loop),
    TEST(disabled_cancel_ends_nothing),
    TEST(no_other_call_becomes_a_cancellation_point),
};

SUITE(tests)
