/* SPDX-License-Identifier: MIT */
/*
 * Answers in corners, where two ways of the library meet: a residual beside
 * a ready descriptor, a ghost under a waiting call, a sleep in slices, an
 * array that becomes bitmaps, more closes than the journal holds.
 */
#define _GNU_SOURCE
#include "harness/harness.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum {
    ROW = 8,
    SMALL_ROW = 2,  /* none of so few is young: each has an item at once */
    JOURNAL = 4096, /* entries of the library's close journal; more is told */
    SECONDS = 20    /* a wait that has not ended by then hangs */
};

static void open_row(struct watch *w)
{
    assert_true(watch_open(w, ROW));
    assert_true(watch_works(w));
}

/* Both are told, whatever the timeout. */
static void regular_file_beside_a_ready_pipe(void **state)
{
    struct watch w;
    (void)state;
    open_row(&w);
    int file = open("/proc/self/exe", O_RDONLY);
    assert_true(file >= 0);
    struct pollfd two[2] = {{.fd = file, .events = POLLIN},
                            {.fd = w.fds[2].fd, .events = POLLIN}};
    assert_int_equal(write(w.peers[2], "x", 1), 1);
    for (int timeout = -1; timeout <= 1; timeout++) {
        assert_int_equal(poll(two, 2, timeout), 2);
        assert_true(two[0].revents && two[1].revents);
    }
    close(file);
    watch_close(&w);
}

static void interest_changes_and_comes_back(void **state)
{
    struct pollfd one = {.events = POLLIN};
    int ends[2];
    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    one.fd = ends[0];
    for (int i = 0; i < 3; i++) {
        one.events = POLLIN;
        assert_int_equal(poll(&one, 1, 0), 0);
        one.events = POLLOUT;
        assert_int_equal(poll(&one, 1, 0), 1);
        assert_int_equal(one.revents, POLLOUT);
    }
    close(ends[0]);
    close(ends[1]);
}

/* What an array named and names no more has data: nobody is told. */
static void dropped_entry_has_data(void **state)
{
    struct watch w;
    (void)state;
    open_row(&w);
    assert_int_equal(watch_poll(&w, 0), 0);
    assert_int_equal(write(w.peers[ROW - 1], "x", 1), 1);
    for (int i = 0; i < 3; i++) {
        double start = clock_ms();
        assert_int_equal(poll(w.fds, ROW - 1, 100), 0);
        assert_true(clock_ms() - start >= 99);
    }
    assert_int_equal(watch_poll(&w, 0), 1);
    watch_close(&w);
}

/* Both sets hold the number, so its item outlives it: a ghost. */
static int make_ghost(struct watch *w)
{
    int copy = dup(w->fds[1].fd);
    assert_true(copy >= 0);
    close(w->fds[1].fd);
    w->fds[1].fd = -1;
    return copy;
}

static void ghost_before_the_call(void **state)
{
    struct watch w;
    (void)state;
    open_row(&w);
    int copy = make_ghost(&w);
    assert_int_equal(write(w.peers[1], "x", 1), 1);
    double start = clock_ms();
    assert_int_equal(watch_poll(&w, 200), 0);
    assert_true(clock_ms() - start >= 199);
    close(copy);
    watch_close(&w);
}

static void *write_soon(void *peer)
{
    clock_sleep_ms(60);
    if (write(*(int *)peer, "x", 1) != 1)
        abort();
    return NULL;
}

static void ghost_under_the_call(void **state)
{
    struct watch w;
    pthread_t writer;
    (void)state;
    open_row(&w);
    int copy = make_ghost(&w);
    assert_int_equal(pthread_create(&writer, NULL, write_soon, &w.peers[1]), 0);
    double start = clock_ms();
    assert_int_equal(watch_poll(&w, 300), 0);
    assert_true(clock_ms() - start >= 299);
    assert_int_equal(pthread_join(writer, NULL), 0);
    close(copy);
    watch_close(&w);
}

/* Replaced unseen, then asked otherwise; the old file is nobody's. */
static void former_file_in_row_of(size_t n)
{
    struct watch w;
    int ends[2];
    assert_true(watch_open(&w, n));
    assert_true(watch_works(&w));
    int copy = dup(w.fds[1].fd);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(raw_dup3(ends[0], w.fds[1].fd), w.fds[1].fd);
    w.fds[1].events = POLLIN | POLLPRI;
    assert_int_equal(watch_poll(&w, 0), 0);
    assert_int_equal(write(w.peers[1], "x", 1), 1);
    assert_int_equal(watch_poll(&w, 0), 0);
    assert_int_equal(write(ends[1], "x", 1), 1);
    assert_int_equal(watch_poll(&w, 0), 1);
    close(copy);
    close(ends[0]);
    close(ends[1]);
    watch_close(&w);
}

static void former_file_of_a_number_found_replaced(void **state)
{
    (void)state;
    former_file_in_row_of(ROW);
}

/* The new file gets its item at once, under another generation. */
static void former_file_of_a_number_in_a_small_row(void **state)
{
    (void)state;
    former_file_in_row_of(SMALL_ROW);
}

/* The first close is long forgotten when the set reads on. */
static void more_closes_than_the_journal_holds(void **state)
{
    struct watch w;
    int ends[2];
    (void)state;
    open_row(&w);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(dup2(ends[0], w.fds[1].fd), w.fds[1].fd);
    for (int i = 0; i < JOURNAL; i++)
        assert_int_equal(dup2(w.fds[3].fd, w.fds[2].fd), w.fds[2].fd);
    assert_int_equal(write(ends[1], "x", 1), 1);
    assert_int_equal(watch_poll(&w, 0), 1);
    assert_int_equal(w.fds[1].revents, POLLIN);
    close(ends[0]);
    close(ends[1]);
    watch_close(&w);
}

static void *sleep_long(void *quit)
{
    char byte;
    return (void *)(read(*(int *)quit, &byte, 1));
}

/* With a second thread about, sleeps are sliced; their sum is the timeout. */
static void sleeps_beside_a_thread_last_as_long(void **state)
{
    struct timespec timeout = {.tv_nsec = 260000000};
    struct watch w;
    pthread_t other;
    int quit[2];
    (void)state;
    open_row(&w);
    assert_int_equal(pipe(quit), 0);
    assert_int_equal(pthread_create(&other, NULL, sleep_long, &quit[0]), 0);
    for (int call = 0; call < 3; call++) {
        struct timeval time = {.tv_usec = 260000};
        struct bits in = {0};
        bits_set(&in, w.fds[0].fd);
        double start = clock_ms();
        int ret = call == 0   ? poll(w.fds, ROW, 260)
                  : call == 1 ? ppoll(w.fds, ROW, &timeout, NULL)
                              : select(w.fds[0].fd + 1, (fd_set *)&in, NULL,
                                       NULL, &time);
        assert_int_equal(ret, 0);
        assert_in_range(clock_ms() - start, 259, SECONDS * 1000);
    }
    assert_int_equal(write(quit[1], "x", 1), 1);
    assert_int_equal(pthread_join(other, NULL), 0);
    close(quit[0]);
    close(quit[1]);
    watch_close(&w);
}

/* The time it took to find out is taken off, if only a microsecond. */
static void select_takes_some_time(void **state)
{
    struct watch w;
    (void)state;
    open_row(&w);
    assert_int_equal(write(w.peers[0], "x", 1), 1);
    for (int i = 0; i < 3; i++) {
        struct timeval time = {.tv_sec = 5};
        struct bits in = {0};
        bits_set(&in, w.fds[0].fd);
        assert_int_equal(
            select(w.fds[0].fd + 1, (fd_set *)&in, NULL, NULL, &time), 1);
        assert_int_equal(time.tv_sec, 4);
    }
    watch_close(&w);
}

static struct watch *handlers;

static void close_in_handler(int signal)
{
    (void)signal;
    close(handlers->fds[1].fd);
}

static void signal_the_sleeper(void *arg)
{
    pid_t sleeper = *(pid_t *)arg;
    while (!child_is_asleep(sleeper))
        clock_sleep_ms(1);
    kill(sleeper, SIGALRM);
}

/* The handler runs after the last look: EINTR, not POLLNVAL. */
static void handlers_own_close_is_eintr(void **state)
{
    struct sigaction action = {.sa_handler = close_in_handler};
    pid_t self = getpid();
    struct watch w;
    (void)state;
    open_row(&w);
    handlers = &w;
    assert_int_equal(sigaction(SIGALRM, &action, NULL), 0);
    pid_t child = child_start(signal_the_sleeper, &self);
    assert_int_equal(watch_poll(&w, SECONDS * 1000), -1);
    assert_int_equal(errno, EINTR);
    child_join(child);
    watch_close(&w);
}

/* One memory, now an array and now bitmaps, of other numbers. */
static void array_that_becomes_bitmaps(void **state)
{
    union {
        struct pollfd fds[ROW];
        struct bits in;
    } both;
    struct watch first, second;
    (void)state;
    open_row(&first);
    open_row(&second);
    assert_int_equal(write(first.peers[2], "x", 1), 1);
    assert_int_equal(write(second.peers[2], "x", 1), 1);
    for (int i = 0; i < 4; i++) {
        memset(&both, 0, sizeof(both));
        memcpy(both.fds, first.fds, sizeof(both.fds));
        assert_int_equal(poll(both.fds, ROW, 0), 1);
        assert_int_equal(both.fds[2].revents, POLLIN);
        memset(&both, 0, sizeof(both));
        for (int j = 0; j < ROW; j++)
            bits_set(&both.in, second.fds[j].fd);
        struct timeval now = {0};
        int ret = select(second.fds[ROW - 1].fd + 1, (fd_set *)&both.in, NULL,
                         NULL, &now);
        assert_int_equal(ret, 1);
        assert_true(bits_test(&both.in, second.fds[2].fd));
    }
    watch_close(&first);
    watch_close(&second);
}

static void ignore(int signal)
{
    (void)signal;
}

struct sleeper {
    struct watch *w;
    bool use_select;
    int ret, error;
};

static void *sleep_on_row(void *arg)
{
    struct sleeper *s = arg;
    errno = 4242;
    s->ret = s->use_select ? watch_select(s->w, SECONDS * 1000)
                           : watch_poll(s->w, SECONDS * 1000);
    s->error = errno;
    return NULL;
}

/*
 * A close, then a signal: the call ends by the signal and finds the close, a
 * success, so that the EINTR of the wait must not show.
 */
static void errno_of_a_wait_that_was_told(void **state)
{
    struct sigaction action = {.sa_handler = ignore};
    (void)state;
    assert_int_equal(sigaction(SIGUSR1, &action, NULL), 0);
    for (int use_select = 0; use_select < 2; use_select++) {
        struct watch w;
        pthread_t thread;
        open_row(&w);
        struct sleeper s = {.w = &w, .use_select = use_select};
        assert_int_equal(pthread_create(&thread, NULL, sleep_on_row, &s), 0);
        clock_sleep_ms(150);
        close(w.fds[1].fd);
        assert_int_equal(pthread_kill(thread, SIGUSR1), 0);
        assert_int_equal(pthread_join(thread, NULL), 0);
        if (s.ret >= 0) /* on a busy machine it may not sleep yet */
            assert_int_equal(s.error, 4242);
        watch_close(&w);
    }
}

struct waits {
    struct watch *w;
    int first, second;
    double took; /* the second */
};

static void *wait_twice(void *arg)
{
    struct waits *waits = arg;
    waits->first = watch_poll(waits->w, SECONDS * 1000);
    waits->w->fds[1].fd = -1;
    double start = clock_ms();
    waits->second = watch_poll(waits->w, 150);
    waits->took = clock_ms() - start;
    return NULL;
}

/* Woken by a close, the next wait of the same thread is a quiet one. */
static void woken_once_by_a_close(void **state)
{
    struct watch w;
    struct waits waits = {.w = &w};
    pthread_t thread;
    int ends[2];
    (void)state;
    open_row(&w);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    assert_int_equal(dup2(ends[0], w.fds[1].fd), w.fds[1].fd);
    close(ends[0]);
    int fd = w.fds[1].fd;
    assert_int_equal(pthread_create(&thread, NULL, wait_twice, &waits), 0);
    clock_sleep_ms(150);
    shutdown(fd, SHUT_RDWR);
    close(fd);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(waits.first, 1);
    assert_int_equal(waits.second, 0);
    assert_true(waits.took >= 149);
    close(ends[1]);
    watch_close(&w);
}

/*
 * The same array again and again, as a busy loop asks it: the answer must be
 * the present one all the same, and end with what it is about.
 */
static void asks_again_and_again(void *arg)
{
    struct watch *w = arg;
    char byte;

    for (int i = 0; i < 100; i++) {
        int which = i % ROW;
        for (int j = 0; j < 3; j++)
            require(watch_agrees(w));
        require(write(w->peers[which], "x", 1) == 1);
        for (int j = 0; j < 3; j++)
            require(watch_sees(w, which) && watch_agrees(w));
        require(read(w->fds[which].fd, &byte, 1) == 1);
    }
    for (int i = 0; i < ROW; i++) {
        require(watch_agrees(w));
        require(dup2(w->peers[i], w->fds[i].fd) >= 0);
        require(watch_agrees(w) && watch_agrees(w));
    }
    require(close(w->fds[0].fd) == 0);
    require(watch_agrees(w));
}

static void repeated_question_is_answered_anew(void **state)
{
    struct watch w;
    (void)state;
    open_row(&w);
    pid_t pid = child_start(asks_again_and_again, &w);
    child_join(pid);
    assert_epoll_answered(pid, 1000);
    if (way_is_always())
        assert_true(stats_of(pid, "steady") > 500);
    watch_close(&w);
}

static const struct suite_test tests[] = {
    TEST(regular_file_beside_a_ready_pipe),
    TEST(interest_changes_and_comes_back),
    TEST(dropped_entry_has_data),
    TEST(ghost_before_the_call),
    TEST(ghost_under_the_call),
    TEST(former_file_of_a_number_found_replaced),
    TEST(former_file_of_a_number_in_a_small_row),
    TEST(more_closes_than_the_journal_holds),
    TEST(sleeps_beside_a_thread_last_as_long),
    TEST(select_takes_some_time),
    TEST(handlers_own_close_is_eintr),
    TEST(array_that_becomes_bitmaps),
    TEST(errno_of_a_wait_that_was_told),
    TEST(woken_once_by_a_close),
    TEST(repeated_question_is_answered_anew),
};

SUITE(tests)
