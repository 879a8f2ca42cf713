/* SPDX-License-Identifier: MIT */
/*
 * What must not wake a thread that sleeps in poll or select: a plain close of
 * a quiet descriptor. The kernel's sleeper still holds the file (fact F5) and
 * tells the closed number at the next event or at the timeout, never as
 * EBADF, which belongs to the entry of a call.
 */
#define _GNU_SOURCE
#include "harness/harness.h"
#include "harness/sleeper.h"

#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static void just_close(struct scene *s, pthread_t thread)
{
    (void)thread;
    close(s->fds[VICTIM].fd);
}

static struct outcome sleeps_on(scene_act act, bool use_select)
{
    struct play play = {
        .earlier_calls = 3, .asleep_ms = 40, .timeout_ms = 300, .act = act};
    return scene_play(&play, use_select);
}

static void plain_close_is_told_at_the_timeout(void **state)
{
    struct outcome seen;
    (void)state;
    for (int use_select = 0; use_select < 2; use_select++) {
        seen = sleeps_on(just_close, use_select);
        assert_false(seen.early);
        /* Never EBADF, which belongs to the entry of a call. */
        assert_true(seen.ret >= 0);
    }
}

static void close_then_data(struct scene *s, pthread_t thread)
{
    (void)thread;
    close(s->fds[VICTIM].fd);
    clock_sleep_ms(40);
    write(s->peers[OTHER], "x", 1);
}

static void plain_close_is_told_at_the_next_event(void **state)
{
    (void)state;
    for (int use_select = 0; use_select < 2; use_select++) {
        struct outcome seen = sleeps_on(close_then_data, use_select);
        assert_true(seen.early);
        assert_true(seen.ret >= 1);
    }
}

static void close_and_reuse_quiet(struct scene *s, pthread_t thread)
{
    (void)thread;
    int fd = s->fds[VICTIM].fd;
    close(fd);
    dup2(s->fds[OTHER].fd, fd);
}

static void close_and_reuse_by_a_quiet_file(void **state)
{
    (void)state;
    sleeps_on(close_and_reuse_quiet, false);
    sleeps_on(close_and_reuse_quiet, true);
}

static void dup2_quiet(struct scene *s, pthread_t thread)
{
    (void)thread;
    dup2(s->fds[OTHER].fd, s->fds[VICTIM].fd);
}

static void dup2_over_a_watched_number_by_a_quiet_file(void **state)
{
    (void)state;
    sleeps_on(dup2_quiet, false);
    sleeps_on(dup2_quiet, true);
}

/* ... which then gets data: the kernel's sleeper never waited for it. */
static void dup2_then_data(struct scene *s, pthread_t thread)
{
    (void)thread;
    dup2(s->fds[OTHER].fd, s->fds[VICTIM].fd);
    clock_sleep_ms(40);
    write(s->peers[OTHER], "x", 1);
}

static void data_after_dup2_over_a_watched_number(void **state)
{
    (void)state;
    sleeps_on(dup2_then_data, false);
    sleeps_on(dup2_then_data, true);
}

static void close_all(struct scene *s, pthread_t thread)
{
    (void)thread;
    for (int i = 0; i < SCENE_ROW; i++)
        close(s->fds[i].fd);
}

static void all_closed_under_a_sleeper(void **state)
{
    (void)state;
    sleeps_on(close_all, false);
    sleeps_on(close_all, true);
}

/*
 * The sleeper holds the file that it fell asleep on. What happens to the number
 * after that has gone wakes it no more, though its registration is still there:
 * a second close, a call that fails, a file that comes and goes. Such a wake is
 * not for nothing only: it tells what was closed before, and far too early.
 */
static void close_twice(struct scene *s, pthread_t thread)
{
    just_close(s, thread);
    close(s->fds[VICTIM].fd);
}

static void close_and_close_range(struct scene *s, pthread_t thread)
{
    unsigned fd = (unsigned)s->fds[VICTIM].fd;
    just_close(s, thread);
    close_range(fd, fd, 0);
}

static void close_two_and_reuse_one(struct scene *s, pthread_t thread)
{
    close(s->fds[OTHER].fd);
    just_close(s, thread);
    dup2(s->fds[0].fd, s->fds[VICTIM].fd);
}

static void close_one_and_fail_on_another(struct scene *s, pthread_t thread)
{
    (void)thread;
    close(s->fds[OTHER].fd);
    dup2(-1, s->fds[VICTIM].fd);
}

static void close_and_end_a_readable_successor(struct scene *s,
                                               pthread_t thread)
{
    int ends[2];
    just_close(s, thread);
    socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
    write(ends[1], "x", 1);
    dup2(ends[0], s->fds[VICTIM].fd);
    close(s->fds[VICTIM].fd);
    close(ends[0]);
    close(ends[1]);
}

static void what_comes_after_a_close_wakes_nobody(void **state)
{
    static const scene_act acts[] = {
        close_twice,
        close_and_close_range,
        close_two_and_reuse_one,
        close_one_and_fail_on_another,
        close_and_end_a_readable_successor,
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(acts); i++)
        for (int use_select = 0; use_select < 2; use_select++)
            assert_false(sleeps_on(acts[i], use_select).early);
}

static void ignore_signal(int signal)
{
    (void)signal;
}

static void close_then_signal(struct scene *s, pthread_t thread)
{
    close(s->fds[VICTIM].fd);
    pthread_kill(thread, SIGUSR1);
}

/* On these kernels the closed number is told before the signal. */
static void close_followed_by_a_signal(void **state)
{
    struct sigaction action = {.sa_handler = ignore_signal};
    (void)state;
    sigaction(SIGUSR1, &action, NULL);
    sleeps_on(close_then_signal, false);
    sleeps_on(close_then_signal, true);
}

static int quiet[2], taken[8];
static size_t taken_count;

/* What stands on the library's numbers is a quiet file of the program's then.
 */
static void take_its_numbers(struct scene *s, pthread_t thread)
{
    (void)thread;
    if (!taken_count)
        taken_count = fdcheck_find_internal(taken, ARRAY_SIZE(taken));
    for (size_t i = 0; i < taken_count; i++)
        require(dup2(quiet[0], taken[i]) == taken[i]);
    clock_sleep_ms(300); /* into the next slice of its sleep */
    write(s->peers[OTHER], "x", 1);
}

static void give_them_back(void)
{
    for (; taken_count; taken_count--)
        close(taken[taken_count - 1]);
    close(quiet[0]);
    close(quiet[1]);
}

/*
 * The library's own descriptor makes way for the program's. The sleeper went on
 * to wait for the old number, and woke at its timeout, or never.
 */
static void its_own_number_is_asked_for(void **state)
{
    struct play play = {.earlier_calls = 3,
                        .asleep_ms = 40,
                        .timeout_ms = 3000,
                        .act = take_its_numbers};
    (void)state;
    for (int use_select = 0; use_select < 2; use_select++) {
        assert_int_equal(pipe(quiet), 0);
        struct outcome seen = scene_play(&play, use_select);
        give_them_back();
        assert_true(seen.early);
        assert_int_equal(seen.ret, 1);
    }
}

static _Atomic int handlers_number = -1;

static void close_in_handler(int signal)
{
    (void)signal;
    close(handlers_number);
    handlers_number = -1;
}

/* A sleeper whose time was over before runs no handler any more. */
static void close_then_signal_that_closes(struct scene *s, pthread_t thread)
{
    double start = clock_ms();
    close(s->fds[VICTIM].fd);
    handlers_number = s->fds[OTHER].fd;
    pthread_kill(thread, SIGUSR1);
    while (handlers_number >= 0 && clock_ms() - start < s->timeout_ms)
        clock_sleep_ms(1);
}

/*
 * The kernel looks for the last time before the handler runs: what others have
 * closed by then is told, what the handler closes is not. That it closes
 * something must not make the others' forgotten.
 */
static void close_followed_by_a_signal_whose_handler_closes(void **state)
{
    struct sigaction action = {.sa_handler = close_in_handler};
    (void)state;
    sigaction(SIGUSR1, &action, NULL);
    sleeps_on(close_then_signal_that_closes, false);
    sleeps_on(close_then_signal_that_closes, true);
}

static struct watch mixed; /* its first entry is no file for an epoll set */
static _Atomic pid_t mixed_sleeper;

static void *sleep_on_mixed(void *use_select)
{
    mixed_sleeper = gettid();
    return (void *)(intptr_t)(use_select ? watch_select(&mixed, 5000)
                                         : watch_poll(&mixed, 5000));
}

/*
 * What wakes the sleeper is an epoll of the program's, which is looked at
 * natively. That told, the number that was closed before was told in the next
 * call only.
 */
static void closed_is_told_beside_what_is_looked_at(void **state)
{
    (void)state;
    for (int use_select = 0; use_select < 2; use_select++) {
        struct epoll_event event = {.events = EPOLLIN};
        pthread_t thread;
        void *told;
        assert_true(watch_open(&mixed, SCENE_ROW));
        int watched = mixed.fds[0].fd;
        mixed.fds[0].fd = epoll_create1(EPOLL_CLOEXEC);
        assert_int_equal(
            epoll_ctl(mixed.fds[0].fd, EPOLL_CTL_ADD, watched, &event), 0);
        for (int i = 0; i < 3; i++) {
            assert_int_equal(watch_poll(&mixed, 0), 0);
            assert_int_equal(watch_select(&mixed, 0), 0);
        }
        mixed_sleeper = 0;
        assert_int_equal(pthread_create(&thread, NULL, sleep_on_mixed,
                                        use_select ? &mixed : NULL),
                         0);
        while (!mixed_sleeper || !child_is_asleep(mixed_sleeper))
            clock_sleep_ms(1);
        close(mixed.fds[VICTIM].fd);
        assert_int_equal(write(mixed.peers[0], "x", 1), 1);
        pthread_join(thread, &told);
        assert_int_equal((intptr_t)told, 2);
        close(watched);
        watch_close(&mixed);
    }
}

static const struct suite_test tests[] = {
    TEST(plain_close_is_told_at_the_timeout),
    TEST(plain_close_is_told_at_the_next_event),
    TEST(close_and_reuse_by_a_quiet_file),
    TEST(dup2_over_a_watched_number_by_a_quiet_file),
    TEST(data_after_dup2_over_a_watched_number),
    TEST(all_closed_under_a_sleeper),
    TEST(what_comes_after_a_close_wakes_nobody),
    TEST(close_followed_by_a_signal),
    TEST(its_own_number_is_asked_for),
    TEST(closed_is_told_beside_what_is_looked_at),
    TEST(close_followed_by_a_signal_whose_handler_closes),
};

SUITE(tests)
