/* SPDX-License-Identifier: MIT */
/*
 * What must wake a thread that sleeps in poll or select. The kernel's poll
 * holds the file while it waits: shutdown() then close() by another thread,
 * the usual way to end a poller, wakes it, and it finds the number closed
 * (fact F5b). An epoll set forgets the file at the close, before the sleeper
 * has looked, and would sleep on.
 */
#define _GNU_SOURCE
#include "harness/filter.h"
#include "harness/harness.h"
#include "harness/sleeper.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static void shut_and_close(struct scene *s, pthread_t thread)
{
    (void)thread;
    shutdown(s->fds[VICTIM].fd, SHUT_RDWR);
    close(s->fds[VICTIM].fd);
}

static void shut_and_close_range(struct scene *s, pthread_t thread)
{
    unsigned fd = (unsigned)s->fds[VICTIM].fd;
    (void)thread;
    shutdown((int)fd, SHUT_RDWR);
    close_range(fd, fd, 0);
}

/* The other end is closed before it. */
static void peer_ends_and_close(struct scene *s, pthread_t thread)
{
    (void)thread;
    close(s->peers[VICTIM]);
    s->peers[VICTIM] = -1;
    close(s->fds[VICTIM].fd);
}

/* The number that a call has failed to end is the sleeper's as before. */
static void fail_and_shut_and_close(struct scene *s, pthread_t thread)
{
    dup2(-1, s->fds[VICTIM].fd);
    shut_and_close(s, thread);
}

static bool two_steps(scene_act act)
{
    return act == shut_and_close || act == shut_and_close_range ||
           act == peer_ends_and_close || act == fail_and_shut_and_close;
}

/* After 60 ms, and after 1.5 s, when a library may have gone to deep sleep. */
static void wakes(scene_act act, int asleep_ms, int earlier_calls,
                  bool use_select)
{
    struct play play = {.earlier_calls = earlier_calls,
                        .asleep_ms = asleep_ms,
                        .timeout_ms = 8000,
                        .act = act,
                        .two_steps = two_steps(act)};
    struct outcome seen = scene_play(&play, use_select);
    assert_int_equal(seen.ret, 1);
    assert_true(seen.early);
}

static void shutdown_and_close_wakes_poll(void **state)
{
    (void)state;
    wakes(shut_and_close, 60, 0, false);
    wakes(shut_and_close, 60, 5, false);
}

static void shutdown_and_close_wakes_select(void **state)
{
    (void)state;
    wakes(shut_and_close, 60, 0, true);
    wakes(shut_and_close, 60, 5, true);
}

static void shutdown_and_close_wakes_poll_after_long_sleep(void **state)
{
    (void)state;
    wakes(shut_and_close, 1500, 3, false);
}

static void shutdown_and_close_wakes_select_after_long_sleep(void **state)
{
    (void)state;
    wakes(shut_and_close, 1500, 3, true);
}

static void shutdown_and_close_range_wakes(void **state)
{
    (void)state;
    wakes(shut_and_close_range, 60, 3, false);
    wakes(shut_and_close_range, 60, 3, true);
}

static void close_after_the_peer_ended_wakes(void **state)
{
    (void)state;
    wakes(peer_ends_and_close, 60, 3, false);
    wakes(peer_ends_and_close, 60, 3, true);
}

/*
 * A sleeper may be gone before it is rung for, and a user may watch as many
 * descriptors as is allowed: the set does not take the bell. What was opened
 * to ring is neither opened again for that nor left behind.
 */
static void closes_where_no_bell_is_taken(void *arg)
{
    struct scene s = {.timeout_ms = 8000, .earlier_calls = 5};
    struct filter filter;
    pthread_t thread;
    (void)arg;
    scene_open(&s);
    require(!pthread_create(&thread, NULL, scene_sleep, &s));
    scene_wait_until_asleep(&s);
    clock_sleep_ms(60);
    size_t open = fdcheck_count();
    filter_refuse_epoll_ctl(&filter, EPOLL_CTL_ADD, ENOSPC);
    require(!filter_install(&filter));
    shut_and_close(&s, thread);
    require(!pthread_join(thread, NULL));
    require(fdcheck_count() == open - 1);
    require(s.seen.ret == 1 && s.seen.early);
    scene_close(&s);
}

static void bell_that_is_not_taken_is_not_left_behind(void **state)
{
    struct watch w;
    (void)state;
    assert_true(watch_open(&w, SCENE_ROW));
    assert_true(watch_works(&w));
    pid_t pid = child_start(closes_where_no_bell_is_taken, NULL);
    child_join(pid);
    assert_epoll_answered(pid, 1);
    watch_close(&w);
}

static void send_data(struct scene *s, pthread_t thread)
{
    (void)thread;
    write(s->peers[VICTIM], "x", 1);
}

static void data_wakes_a_sleeper(void **state)
{
    (void)state;
    wakes(send_data, 60, 0, false);
    wakes(send_data, 60, 3, true);
    wakes(send_data, 1500, 3, false);
}

static void peer_closes(struct scene *s, pthread_t thread)
{
    (void)thread;
    close(s->peers[VICTIM]);
    s->peers[VICTIM] = -1;
}

static void end_of_file_wakes_a_sleeper(void **state)
{
    (void)state;
    wakes(peer_closes, 60, 3, false);
    wakes(peer_closes, 60, 3, true);
}

static void shut_only(struct scene *s, pthread_t thread)
{
    (void)thread;
    shutdown(s->fds[VICTIM].fd, SHUT_RDWR);
}

static void shutdown_wakes_a_sleeper(void **state)
{
    (void)state;
    wakes(shut_only, 60, 3, false);
    wakes(shut_only, 60, 3, true);
}

static void close_after_a_failed_dup2_wakes(void **state)
{
    (void)state;
    wakes(fail_and_shut_and_close, 60, 3, false);
    wakes(fail_and_shut_and_close, 60, 3, true);
}

/* Many sleepers on one array, woken by one shutdown and close. */
static void shutdown_and_close_wakes_every_sleeper(void **state)
{
    enum {
        SLEEPERS = 6
    };
    static struct scene scenes[SLEEPERS];
    pthread_t threads[SLEEPERS];
    struct scene s = {.timeout_ms = 8000};
    (void)state;
    scene_open(&s);
    for (int i = 0; i < SLEEPERS; i++) {
        scenes[i] = s;
        scenes[i].use_select = i % 2;
        assert_int_equal(
            pthread_create(&threads[i], NULL, scene_sleep, &scenes[i]), 0);
    }
    for (int i = 0; i < SLEEPERS; i++)
        scene_wait_until_asleep(&scenes[i]);
    clock_sleep_ms(100);
    shut_and_close(&s, threads[0]);
    for (int i = 0; i < SLEEPERS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_true(scenes[i].seen.early);
        assert_int_equal(scenes[i].seen.ret, 1);
        assert_true(scenes[i].seen.bits[VICTIM] ||
                    scenes[i].seen.revents[VICTIM]);
    }
    scene_close(&s);
}

static void many_rounds_of_shutdown_and_close(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++)
        wakes(shut_and_close, 40, 0, i % 2);
}

static const struct suite_test tests[] = {
    TEST(shutdown_and_close_wakes_poll),
    TEST(shutdown_and_close_wakes_select),
    TEST(shutdown_and_close_wakes_poll_after_long_sleep),
    TEST(shutdown_and_close_wakes_select_after_long_sleep),
    TEST(shutdown_and_close_range_wakes),
    TEST(close_after_the_peer_ended_wakes),
    TEST(close_after_a_failed_dup2_wakes),
    TEST(bell_that_is_not_taken_is_not_left_behind),
    TEST(data_wakes_a_sleeper),
    TEST(end_of_file_wakes_a_sleeper),
    TEST(shutdown_wakes_a_sleeper),
    TEST(shutdown_and_close_wakes_every_sleeper),
    TEST(many_rounds_of_shutdown_and_close),
};

SUITE(tests)
