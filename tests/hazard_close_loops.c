/* SPDX-License-Identifier: MIT */
/*
 * Daemons close every number they can think of, and leak checkers count what
 * is open. The library's own descriptors must neither be hit nor be seen:
 * asked to close one, close() answers EBADF as it does natively (fact F6).
 */
#define _GNU_SOURCE
#include "harness/harness.h"

#include <errno.h>
#include <pthread.h>
#include <pty.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utmp.h>

enum {
    ROW = 8,
    BIG_ROW = 64,
    LOOP_END = 4000
};

/* Runs fn(row) in a child, which may close all it has. */
static void in_child(void (*fn)(void *))
{
    struct watch w;
    assert_true(watch_open(&w, ROW));
    assert_true(watch_works(&w));
    pid_t pid = child_start(fn, &w);
    child_join(pid);
    assert_epoll_answered(pid, 1);
    assert_true(watch_works(&w));
    watch_close(&w);
}

/* Everything was closed: a fresh row gets the lowest numbers and works. */
static void starts_over(void)
{
    struct watch w;
    require(watch_open(&w, ROW));
    require(w.fds[0].fd == 3 && w.peers[ROW - 1] == 2 * ROW + 2);
    require(watch_works(&w));
    watch_close(&w);
}

static void closes_in_a_loop(void *arg)
{
    size_t open = fdcheck_count() - 3, closed = 0;
    require(watch_works(arg));
    for (int fd = 3; fd <= LOOP_END; fd++)
        if (!close(fd))
            closed++;
        else
            require(errno == EBADF);
    require(closed == open);
    starts_over();
}

static void loop_of_closes(void **state)
{
    (void)state;
    in_child(closes_in_a_loop);
}

static void closes_downwards(void *arg)
{
    size_t open = fdcheck_count() - 3, closed = 0;
    require(watch_works(arg));
    for (int fd = LOOP_END; fd >= 3; fd--)
        closed += !close(fd);
    require(closed == open);
    starts_over();
}

static void loop_of_closes_downwards(void **state)
{
    (void)state;
    in_child(closes_downwards);
}

static void closes_from(void *arg)
{
    require(watch_works(arg));
    closefrom(3);
    starts_over();
}

static void closefrom_3(void **state)
{
    (void)state;
    in_child(closes_from);
}

static void closes_range(void *arg)
{
    require(watch_works(arg));
    require(!close_range(3, ~0U, 0));
    starts_over();
}

static void close_range_3_to_the_end(void **state)
{
    (void)state;
    in_child(closes_range);
}

static void closes_range_by_syscall(void *arg)
{
    require(watch_works(arg));
    require(!syscall(SYS_close_range, 3, ~0U, 0));
    starts_over();
}

static void close_range_by_syscall(void **state)
{
    (void)state;
    in_child(closes_range_by_syscall);
}

static void closes_range_unshared(void *arg)
{
    require(watch_works(arg));
    require(!close_range(3, ~0U, CLOSE_RANGE_UNSHARE));
    starts_over();
}

static void close_range_with_unshare(void **state)
{
    (void)state;
    in_child(closes_range_unshared);
}

/* No hook sees this one: the epoll descriptor itself is gone. */
static void closes_raw(void *arg)
{
    struct watch *w = arg;
    require(watch_works(w));
    for (int fd = 2 * ROW + 3; fd <= LOOP_END; fd++)
        raw_close(fd);
    require(watch_works(w));
}

static void librarys_descriptors_closed_unseen(void **state)
{
    (void)state;
    in_child(closes_raw);
}

/*
 * ... and the same of a thread whose calls have to wait, so that the library
 * does not look before, and so shortly that the scrub does not, either. One of
 * the program's own was closed along with them: select() says so by EBADF, and
 * not by its bit, as of one that is closed under the call. It did the latter
 * where it waited in ppoll(), to which a lost epoll descriptor is a ready one.
 */
struct waker {
    _Atomic int wanted; /* bytes */
    int to;
};

static void *wakes_soon(void *arg)
{
    struct waker *waker = arg;
    int given = 0, wanted;
    while ((wanted = atomic_load(&waker->wanted)) >= 0) {
        if (given == wanted)
            continue;
        for (double start = clock_ms(); clock_ms() < start + 0.006;)
            continue;
        require(write(waker->to, "x", 1) == 1);
        given++;
    }
    return NULL;
}

static void sleeps_shortly(struct watch *w, struct waker *waker)
{
    char byte;
    atomic_fetch_add(&waker->wanted, 1);
    require(watch_select(w, -1) == 1);
    require(read(w->fds[0].fd, &byte, 1) == 1);
}

static void closes_raw_between_sleeps(void *arg)
{
    enum {
        TIMES = 100
    };
    struct watch *w = arg;
    struct waker waker = {0, w->peers[0]};
    int victim = w->fds[1].fd, spare = dup(victim), own[8];
    pthread_t thread;
    require(!pthread_create(&thread, NULL, wakes_soon, &waker));
    for (int i = 0; i < TIMES; i++) {
        require(watch_sees(w, -1));
        size_t count = fdcheck_find_internal(own, ARRAY_SIZE(own));
        for (int j = 0; j <= i % 4; j++)
            sleeps_shortly(w, &waker);
        while (count)
            raw_close(own[--count]);
        raw_close(victim);
        require(watch_select(w, -1) == -1 && errno == EBADF);
        require(dup2(spare, victim) == victim);
    }
    atomic_store(&waker.wanted, -1);
    pthread_join(thread, NULL);
    close(spare);
    require(watch_works(w));
}

static void descriptors_of_a_sleeper_closed_unseen(void **state)
{
    (void)state;
    in_child(closes_raw_between_sleeps);
}

/*
 * What the scrub finds before select() sleeps was closed before the call: it is
 * EBADF. It was told by its bit, as what is closed under the call: that the
 * numbers were all open once was believed before they were looked at again.
 */
static void closed_unseen_before_a_sleep(void **state)
{
    struct watch w;
    (void)state;
    assert_true(watch_open(&w, ROW));
    int victim = w.fds[1].fd, spare = dup(victim);
    assert_true(watch_works(&w));
    for (int i = 0; i < 5; i++) {
        assert_int_equal(watch_select(&w, 20), 0);
        raw_close(victim);
        /* Of this time, as much is the scrub's as it takes to look at all. */
        clock_sleep_ms(120);
        assert_int_equal(watch_select(&w, 20000), -1);
        assert_int_equal(errno, EBADF);
        assert_int_equal(dup2(spare, victim), victim);
        assert_true(watch_works(&w));
    }
    close(spare);
    watch_close(&w);
}

/*
 * A thread that is woken often, and works little. A hundredth of its time went
 * to the scrub all the same, which was more than native's looks at 64 pipes
 * take 200 times a second. What is closed unseen is told even so.
 */
static void *wakes_each_ms(void *arg)
{
    struct waker *waker = arg;
    while (atomic_load(&waker->wanted) >= 0) {
        clock_sleep_ms(1);
        require(write(waker->to, "x", 1) == 1);
    }
    return NULL;
}

static void is_woken_often(void *arg)
{
    struct watch *w = arg;
    struct waker waker = {0, w->peers[0]};
    char byte;
    pthread_t thread;
    require(!pthread_create(&thread, NULL, wakes_each_ms, &waker));
    for (int i = 0; i < 200; i++) {
        require(watch_poll(w, -1) == 1);
        require(read(w->fds[0].fd, &byte, 1) == 1);
    }
    raw_close(w->fds[1].fd);
    do {
        require(watch_poll(w, -1) >= 1);
        require(!w->fds[0].revents || read(w->fds[0].fd, &byte, 1) == 1);
    } while (!w->fds[1].revents);
    require(w->fds[1].revents == POLLNVAL);
    atomic_store(&waker.wanted, -1);
    pthread_join(thread, NULL);
}

static void woken_often_and_scrubbed_seldom(void **state)
{
    struct watch w;
    double start = clock_ms();
    (void)state;
    assert_true(watch_open(&w, BIG_ROW));
    assert_true(watch_works(&w));
    pid_t pid = child_start(is_woken_often, &w);
    child_join(pid);
    assert_epoll_answered(pid, 100);
    /* All of them at the most in the time of a slice, which is 100 ms. */
    double passes = (clock_ms() - start) / 100 + 1;
    assert_true((double)stats_of(pid, "scrubbed") <= BIG_ROW * passes);
    watch_close(&w);
}

/* ... and their numbers stand for something else. */
static void replaces_by_pipe(void *arg)
{
    struct watch *w = arg;
    require(watch_works(w));
    for (int fd = 2 * ROW + 3; fd <= 300; fd++)
        if (fdcheck_is_internal(fd))
            require(raw_dup3(w->fds[0].fd, fd) == fd);
    require(watch_works(w));
    w->n--;
    require(watch_works(w));
    w->n++;
    require(watch_works(w));
}

static void librarys_descriptors_replaced_by_a_pipe(void **state)
{
    (void)state;
    in_child(replaces_by_pipe);
}

/*
 * ... for an epoll instance of the program's. The kernel takes what was meant
 * for the library's own instance for the program's: only a look at what is
 * registered there tells them apart. A thread that never sleeps must come to
 * look in a bounded number of calls.
 */
static void replaces_by_epoll(void *arg)
{
    enum {
        CALLS_PER_LOOK = 64,
        ENOUGH = 100
    };
    struct watch *w = arg;
    struct epoll_event event;
    int mine = epoll_create1(0), calls = 0;
    char byte;
    require(watch_works(w));
    for (int fd = 2 * ROW + 3; fd <= 300; fd++)
        if (fdcheck_is_internal(fd))
            require(raw_dup3(mine, fd) == fd);

    require(write(w->peers[1], "", 1) == 1);
    while (watch_poll(w, 0) == 0)
        require(++calls < ROW * CALLS_PER_LOOK * ENOUGH);
    /* The program's own instance has not been filled with foreign items. */
    require(epoll_wait(mine, &event, 1, 0) == 0);
    require(read(w->fds[1].fd, &byte, 1) == 1);
    require(watch_works(w));
}

static void librarys_descriptors_replaced_by_an_epoll(void **state)
{
    (void)state;
    in_child(replaces_by_epoll);
}

/*
 * ... for one in which the program keeps the same numbers. What the library
 * looked for there was found, and what the program keeps with each of them was
 * written over by the look.
 */
static void replaces_by_epoll_of_the_same(void *arg)
{
    enum {
        MARK = 1000,
        CALLS = 64 * ROW * 4 /* every number comes to be looked at */
    };
    struct watch *w = arg;
    int mine = epoll_create1(0);
    for (int i = 0; i < (int)w->n; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.u64 = MARK + i};
        require(!epoll_ctl(mine, EPOLL_CTL_ADD, w->fds[i].fd, &event));
    }
    require(watch_works(w));
    for (int fd = 2 * ROW + 3; fd <= 300; fd++)
        if (fdcheck_is_internal(fd))
            require(raw_dup3(mine, fd) == fd);
    for (int i = 0; i < CALLS; i++)
        require(watch_poll(w, 0) == 0);
    for (int i = 0; i < (int)w->n; i++) {
        struct epoll_event event;
        char byte;
        require(write(w->peers[i], "", 1) == 1);
        require(epoll_wait(mine, &event, 1, 0) == 1);
        require(event.data.u64 == (uint64_t)(MARK + i));
        require(read(w->fds[i].fd, &byte, 1) == 1);
    }
    require(watch_works(w));
}

static void librarys_descriptors_replaced_by_an_epoll_of_the_same(void **state)
{
    (void)state;
    in_child(replaces_by_epoll_of_the_same);
}

/* dup2 onto every number, those of the library among them. */
static void dup2s_onto_every_number(void *arg)
{
    enum {
        END = 600
    };
    struct watch *w = arg;
    require(watch_works(w));
    for (int fd = 2 * ROW + 3; fd < END; fd++) {
        require(dup2(w->fds[0].fd, fd) == fd);
        require(raw_fcntl(fd, F_GETFD, 0) == 0);
    }
    require(watch_works(w));
    for (int fd = 2 * ROW + 3; fd < END; fd++)
        require(dup3(w->fds[1].fd, fd, O_CLOEXEC) == fd);
    require(watch_works(w));
    for (int fd = 2 * ROW + 3; fd < END; fd++)
        require(!close(fd));
    require(watch_works(w));
}

static void dup2_onto_every_number(void **state)
{
    (void)state;
    in_child(dup2s_onto_every_number);
}

/* The library is there again and again after each loop. */
static void closes_often(void *arg)
{
    (void)arg;
    for (int i = 0; i < 20; i++) {
        struct watch w;
        require(!close_range(3, ~0U, 0));
        require(watch_open(&w, ROW));
        require(watch_works(&w));
        for (int fd = 3; fd < 1100; fd++)
            close(fd);
    }
    starts_over();
}

static void close_loops_again_and_again(void **state)
{
    (void)state;
    in_child(closes_often);
}

/* --- what replaces 0, 1 and 2 ------------------------------------------- */

/* The three numbers are quiet pipes and watched; dup2 is called inside libc. */
static void watch_standard_numbers(struct watch *w)
{
    require(watch_open(w, 3));
    for (int fd = 0; fd < 3; fd++) {
        require(dup2(w->fds[fd].fd, fd) == fd);
        w->fds[fd].fd = fd;
    }
    for (int i = 0; i < 3; i++)
        require(poll(w->fds, 3, 0) == 0);
}

static void becomes_daemon(void *arg)
{
    struct watch *w = arg, standard;
    int report = w->peers[0];
    watch_standard_numbers(&standard);
    /* The child ends here, and the grandchild tells what it saw. */
    require(!daemon(1, 0));
    struct pollfd *fds = standard.fds;
    bool right = poll(fds, 3, 0) == 3 && fds[0].revents == POLLIN &&
                 fds[1].revents == POLLIN && fds[2].revents == POLLIN;
    for (int i = 0; i < 3; i++)
        fds[i].events = POLLOUT;
    right = right && poll(fds, 3, 0) == 3 && fds[2].revents == POLLOUT;
    write(report, right ? "y" : "n", 1);
}

static void daemon_replaces_watched_numbers(void **state)
{
    struct watch w;
    char byte = 0;
    (void)state;
    assert_true(watch_open(&w, ROW));
    assert_true(watch_works(&w));
    child_join(child_start(becomes_daemon, &w));
    assert_int_equal(watch_poll(&w, 20000), 1);
    assert_int_equal(read(w.fds[0].fd, &byte, 1), 1);
    assert_int_equal(byte, 'y');
    assert_true(watch_works(&w));
    watch_close(&w);
}

static void logs_in(void *arg)
{
    struct watch *w = arg, standard;
    int master, slave, error = dup(2);
    require(!openpty(&master, &slave, NULL, NULL, NULL));
    watch_standard_numbers(&standard);
    require(!login_tty(slave));
    for (int i = 0; i < 3; i++)
        standard.fds[i].events = POLLIN | POLLOUT;
    bool right =
        poll(standard.fds, 3, 0) == 3 && standard.fds[0].revents == POLLOUT &&
        write(master, "line\n", 5) == 5 && poll(standard.fds, 3, 0) == 3 &&
        standard.fds[0].revents == (POLLIN | POLLOUT);
    dup2(error, 2);
    require(right);
    require(watch_works(w));
}

static void login_tty_replaces_watched_numbers(void **state)
{
    (void)state;
    in_child(logs_in);
}

static void forks_on_a_terminal(void *arg)
{
    struct watch standard;
    int master, error = dup(2);
    (void)arg;
    watch_standard_numbers(&standard);
    pid_t pid = forkpty(&master, NULL, NULL, NULL);
    require(pid >= 0);
    bool right = true;
    if (pid == 0) {
        /* The child's three numbers are the terminal now. */
        for (int i = 0; i < 3; i++)
            standard.fds[i].events = POLLIN | POLLOUT;
        right =
            poll(standard.fds, 3, 0) == 3 && standard.fds[2].revents == POLLOUT;
        _exit(!right);
    }
    /* The parent's are still the pipes. */
    right = watch_works(&standard) && child_wait(pid) == 0;
    dup2(error, 2);
    require(right);
}

static void forkpty_replaces_watched_numbers_in_the_child(void **state)
{
    (void)state;
    in_child(forks_on_a_terminal);
}

static const struct suite_test tests[] = {
    TEST(loop_of_closes),
    TEST(loop_of_closes_downwards),
    TEST(closefrom_3),
    TEST(close_range_3_to_the_end),
    TEST(close_range_by_syscall),
    TEST(close_range_with_unshare),
    TEST(librarys_descriptors_closed_unseen),
    TEST(descriptors_of_a_sleeper_closed_unseen),
    TEST(closed_unseen_before_a_sleep),
    TEST(woken_often_and_scrubbed_seldom),
    TEST(librarys_descriptors_replaced_by_a_pipe),
    TEST(librarys_descriptors_replaced_by_an_epoll),
    TEST(librarys_descriptors_replaced_by_an_epoll_of_the_same),
    TEST(dup2_onto_every_number),
    TEST(close_loops_again_and_again),
    TEST(daemon_replaces_watched_numbers),
    TEST(login_tty_replaces_watched_numbers),
    TEST(forkpty_replaces_watched_numbers_in_the_child),
};

SUITE(tests)
