/* SPDX-License-Identifier: MIT */
/*
 * Doubt goes native, so an answer that comes by a fault of the library is
 * right all the same, and only its counters tell. Each scene is played in a
 * child; then it is asked what the child did natively, and what too often.
 */
#define _GNU_SOURCE
#include "harness/harness.h"

#include <fcntl.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    ROW = 8,
    SMALL_ROW = 2, /* none of so few is young: each has an item at once */
    WIDE = 200
};

/* Plays it in a child, whose counter `name` then is in the range. */
static void play(void (*scene)(void *), const char *name, long least, long most)
{
    struct watch w;
    assert_true(watch_open(&w, ROW));
    assert_true(watch_works(&w));
    pid_t pid = child_start(scene, &w);
    child_join(pid);
    assert_epoll_answered(pid, 1);
    if (way_is_always())
        assert_in_range(stats_of(pid, name), least, most);
    watch_close(&w);
}

#define AT_LEAST(scene, name, least) play(scene, name, least, 1000000)
#define FEW(scene, name, most) play(scene, name, 0, most)
#define NONE(scene, name) play(scene, name, 0, 0)

/* The number's file lives on, and comes back to it: ADD says EEXIST. */
static void comes_back(void *arg)
{
    struct watch *w = arg;
    w->n = SMALL_ROW;
    require(watch_works(w));
    int copy = dup(w->fds[1].fd);
    close(w->fds[1].fd);
    require(dup2(copy, w->fds[1].fd) >= 0);
    require(watch_works(w));
    close(copy);
    require(watch_works(w));
}

static void file_that_comes_back_ends_no_set(void **state)
{
    (void)state;
    NONE(comes_back, "native_failed");
}

/* Replaced unseen, then asked for something else: MOD says ENOENT. */
static void is_replaced_and_asked(void *arg)
{
    struct watch *w = arg;
    int ends[2];
    w->n = SMALL_ROW;
    require(watch_works(w));
    require(pipe(ends) == 0);
    require(raw_dup3(ends[0], w->fds[1].fd) >= 0);
    w->fds[1].events = POLLIN | POLLPRI;
    require(watch_poll(w, 0) == 0);
    require(write(ends[1], "x", 1) == 1);
    require(watch_poll(w, 0) == 1 && w->fds[1].revents == POLLIN);
}

static void missed_end_ends_no_set(void **state)
{
    (void)state;
    NONE(is_replaced_and_asked, "native_failed");
}

/* A ghost has the set made anew, full. */
static void meets_a_ghost(void *arg)
{
    struct watch *w = arg;
    require(watch_works(w));
    int copy = dup(w->fds[1].fd);
    close(w->fds[1].fd);
    w->fds[1].fd = -1;
    require(write(w->peers[1], "x", 1) == 1);
    for (int i = 0; i < 200; i++)
        require(watch_poll(w, 0) == 0);
    close(copy);
}

static void set_with_a_ghost_goes_on(void **state)
{
    (void)state;
    /* It may look natively until what is in it has lasted again. */
    play(meets_a_ghost, "native_unfit", 0, 100);
}

/* O_PATH: kind says a pipe, and ADD says EBADF. */
static void asks_for_a_path(void *arg)
{
    struct watch *w = arg;
    char path[32];
    snprintf(path, sizeof(path), "/proc/self/fd/%d", w->fds[1].fd);
    int fd = open(path, O_PATH);
    require(fd >= 0);
    w->fds[1].fd = fd;
    for (int i = 0; i < 10; i++)
        require(watch_poll(w, 0) == 1 && w->fds[1].revents == POLLNVAL);
}

static void path_ends_no_set(void **state)
{
    (void)state;
    NONE(asks_for_a_path, "native_failed");
}

/* Many entries, then few: what is left idle does not stay for good. */
static void asks_for_less(void *arg)
{
    struct watch w;
    (void)arg;
    require(watch_open(&w, WIDE));
    require(watch_poll(&w, 0) == 0);
    for (int i = 0; i < 10; i++)
        require(poll(w.fds, 4, 0) == 0);
    watch_close(&w);
}

static void idle_items_are_deleted(void **state)
{
    (void)state;
    AT_LEAST(asks_for_less, "ctl_del", 64);
}

/*
 * One entry is left out of a call in which it fires beside another, as a server
 * does that has no room for more data, and is back in the next. It was looked
 * at natively from then on, in every call, till it was closed.
 */
static void leave_out_for_a_call(struct watch *w, int (*look)(struct watch *))
{
    struct pollfd *entry = &w->fds[1];
    int fd = entry->fd;
    char byte;
    for (int i = 0; i < 40; i++)
        require(look(w) == 0);
    for (int i = 0; i < 2; i++)
        require(write(w->peers[i], "x", 1) == 1);
    entry->fd = -1;
    require(look(w) == 1);
    entry->fd = fd;
    require(look(w) == 2);
    for (int i = 0; i < 2; i++)
        require(read(w->fds[i].fd, &byte, 1) == 1);
    for (int i = 0; i < 200; i++)
        require(look(w) == 0);
}

static int look_by_poll(struct watch *w)
{
    return watch_poll(w, 0);
}

/* Unlike the harness's, it leaves out what is muted. */
static int look_by_select(struct watch *w)
{
    static struct bits in;
    struct timeval now = {0, 0};
    in = (struct bits){0};
    for (size_t i = 0; i < w->n; i++)
        if (w->fds[i].fd >= 0)
            bits_set(&in, w->fds[i].fd);
    return select(w->fds[w->n - 1].fd + 1, BITS(&in), NULL, NULL, &now);
}

static void leaves_out_of_poll(void *arg)
{
    leave_out_for_a_call(arg, look_by_poll);
}

static void leaves_out_of_select(void *arg)
{
    leave_out_for_a_call(arg, look_by_select);
}

static void muted_for_a_call_is_not_deaf(void **state)
{
    (void)state;
    FEW(leaves_out_of_poll, "residual_looks", 100);
    FEW(leaves_out_of_select, "residual_looks", 100);
}

/*
 * close() is a cancellation point: a thread that has a request pending ends in
 * it, and the number stays open. It was taken for one whose close is under way,
 * and left to the native call.
 */
static void *is_cancelled_in_close(void *arg)
{
    struct watch *w = arg;
    pthread_cancel(pthread_self());
    close(w->fds[1].fd);
    return NULL;
}

static void goes_on_after_a_cancelled_close(void *arg)
{
    struct watch *w = arg;
    pthread_t thread;
    void *result;
    require(watch_works(w));
    require(!pthread_create(&thread, NULL, is_cancelled_in_close, w));
    require(!pthread_join(thread, &result) && result == PTHREAD_CANCELED);
    for (int i = 0; i < 200; i++)
        require(watch_poll(w, 0) == 0);
    require(watch_works(w));
}

static void cancelled_close_ends_no_number(void **state)
{
    (void)state;
    FEW(goes_on_after_a_cancelled_close, "residual_looks", 100);
}

/* A close that nobody sleeps on: no bell, though somebody has slept. */
static void closes_after_a_sleep(void *arg)
{
    struct watch *w = arg;
    require(watch_poll(w, 10) == 0);
    require(write(w->peers[1], "x", 1) == 1);
    close(w->fds[1].fd);
    require(watch_poll(w, 0) == 1 && w->fds[1].revents == POLLNVAL);
}

static void no_bell_when_nobody_sleeps(void **state)
{
    (void)state;
    NONE(closes_after_a_sleep, "bells");
}

/* Where a ghost was met once, what is closed is deleted before it is one. */
static void closes_what_lives_on(void *arg)
{
    struct watch *w = arg;
    int copies[ROW];
    for (int i = 0; i < ROW; i++) {
        require(watch_poll(w, 0) == i);
        copies[i] = dup(w->fds[i].fd);
        close(w->fds[i].fd);
        require(write(w->peers[i], "x", 1) == 1);
        require(watch_poll(w, 0) == i + 1 && w->fds[i].revents == POLLNVAL);
    }
    for (int i = 0; i < ROW; i++)
        close(copies[i]);
}

static void closed_numbers_leave_one_ghost_at_most(void **state)
{
    (void)state;
    play(closes_what_lives_on, "ghosts", 0, 1);
}

static struct watch *handlers;

static void poll_in_handler(int signal)
{
    (void)signal;
    poll(handlers->fds, ROW, 0);
}

static void is_interrupted(void *arg)
{
    struct itimerval soon = {{.tv_usec = 50000}, {.tv_usec = 50000}};
    struct sigaction action = {.sa_handler = poll_in_handler};
    handlers = arg;
    require(sigaction(SIGALRM, &action, NULL) == 0);
    require(setitimer(ITIMER_REAL, &soon, NULL) == 0);
    require(watch_poll(arg, 20000) == -1);
}

static void nested_call_is_native(void **state)
{
    (void)state;
    AT_LEAST(is_interrupted, "native_nested", 1);
}

static void takes_its_own_table(void *arg)
{
    require(watch_works(arg));
    require(unshare(CLONE_FILES) == 0);
    require(watch_works(arg));
}

static void table_of_its_own_is_native(void **state)
{
    (void)state;
    AT_LEAST(takes_its_own_table, "native_barred", 1);
}

static void asks_for_a_bad_filter(void *arg)
{
    require(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL) == -1);
    require(watch_works(arg));
}

static void refused_filter_bars_nothing(void **state)
{
    (void)state;
    NONE(asks_for_a_bad_filter, "native_barred");
}

/* A child reports its own calls, not its parent's before it. */
static void polls_once(void *arg)
{
    require(watch_poll(arg, 0) == 0);
}

static void child_counts_its_own_calls(void **state)
{
    (void)state;
    play(polls_once, "calls", 1, 1);
}

static int count_epolls(void)
{
    char path[32], name[64];
    int found = 0;
    for (int fd = 0; fd < 1024; fd++) {
        snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
        ssize_t n = readlink(path, name, sizeof(name) - 1);
        name[n > 0 ? n : 0] = '\0';
        found += !strcmp(name, "anon_inode:[eventpoll]");
    }
    return found;
}

/* Of its parent's two sets a child keeps nothing. */
static void counts_epolls(void *arg)
{
    require(watch_poll(arg, 0) == 0);
    require(count_epolls() <= 1);
}

static void child_keeps_no_epoll_of_its_parent(void **state)
{
    (void)state;
    AT_LEAST(counts_epolls, "sets_built", 1);
}

static const struct suite_test tests[] = {
    TEST(file_that_comes_back_ends_no_set),
    TEST(missed_end_ends_no_set),
    TEST(set_with_a_ghost_goes_on),
    TEST(path_ends_no_set),
    TEST(idle_items_are_deleted),
    TEST(muted_for_a_call_is_not_deaf),
    TEST(cancelled_close_ends_no_number),
    TEST(no_bell_when_nobody_sleeps),
    TEST(closed_numbers_leave_one_ghost_at_most),
    TEST(nested_call_is_native),
    TEST(table_of_its_own_is_native),
    TEST(refused_filter_bars_nothing),
    TEST(child_counts_its_own_calls),
    TEST(child_keeps_no_epoll_of_its_parent),
};

SUITE(tests)
