/* SPDX-License-Identifier: MIT */
/*
 * An epoll item belongs to an open file and a number. If the number is closed
 * while a copy keeps the file open, the item stays, can no longer be deleted
 * by number, and speaks with the number's voice when somebody else has it: a
 * ghost (fact F2). If the close could not be seen, a dead item looks alive.
 */
#define _GNU_SOURCE
#include "harness/bytes.h"
#include "harness/harness.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

enum {
    ROW = 6,
    VICTIM = 3,
    SMALL_ROW = 2 /* none of so few is young: each has an item at once */
};

static void look_some_times(struct watch *w, int which)
{
    for (int i = 0; i < 3; i++)
        assert_true(watch_sees(w, which));
}

/* Opens the row with the victim's number the lowest that can become free. */
static void open_row_of(struct watch *w, size_t n)
{
    assert_true(watch_open(w, n));
    look_some_times(w, -1);
}

static void open_row(struct watch *w)
{
    open_row_of(w, ROW);
}

/* --- files that outlive their number ----------------------------------- */

/*
 * The victim's number passes to a new pipe, while some copy keeps the old
 * file open. Of close and reuse one is seen, the other is not.
 */
static void haunt(struct watch *w, int victim, struct watch *fresh,
                  bool close_is_seen)
{
    int fd = w->fds[victim].fd;
    assert_true(watch_open(fresh, 1));
    if (close_is_seen) {
        assert_int_equal(close(fd), 0);
        assert_int_equal(raw_dup3(fresh->fds[0].fd, fd), fd);
    } else {
        assert_int_equal(raw_close(fd), 0);
        assert_int_equal(dup2(fresh->fds[0].fd, fd), fd);
    }
    look_some_times(w, -1);
}

/* The old file becomes readable, the new one is not: nothing may be told. */
static void provoke(struct watch *w, int victim, struct watch *fresh)
{
    char byte = 'x';
    assert_int_equal(write(w->peers[victim], &byte, 1), 1);
    look_some_times(w, -1);

    double cpu = clock_cpu_ms(), start = clock_ms();
    assert_int_equal(watch_poll(w, 300), 0);
    assert_int_equal(watch_select(w, 300), 0);
    assert_true(clock_ms() - start >= 599);
    /* A library that spins on the ghost burns all of the time it waited. */
    assert_true(clock_cpu_ms() - cpu < 200);

    assert_int_equal(write(fresh->peers[0], &byte, 1), 1);
    look_some_times(w, victim);
    assert_int_equal(read(w->fds[victim].fd, &byte, 1), 1);
    look_some_times(w, -1);
}

static void with_copy(size_t n, int victim, bool close_is_seen)
{
    struct watch w, fresh;
    open_row_of(&w, n);
    int copy = dup(w.fds[victim].fd);
    haunt(&w, victim, &fresh, close_is_seen);
    provoke(&w, victim, &fresh);
    close(copy);
    close(fresh.peers[0]);
    close(fresh.fds[0].fd);
    watch_close(&w);
}

static void dup_keeps_a_closed_file_alive(void **state)
{
    (void)state;
    with_copy(ROW, VICTIM, true);
}

static void dup_keeps_a_file_alive_that_was_closed_unseen(void **state)
{
    (void)state;
    with_copy(ROW, VICTIM, false);
}

/*
 * The number's next file has an item of its own beside the ghost's, and their
 * generations alone tell whose event it is.
 */
static void dup_keeps_a_closed_file_alive_in_a_small_row(void **state)
{
    (void)state;
    with_copy(SMALL_ROW, SMALL_ROW - 1, true);
    with_copy(SMALL_ROW, SMALL_ROW - 1, false);
}

static void waits_for_ever(void *arg)
{
    (void)arg;
    for (;;)
        clock_sleep_ms(1000);
}

static void child_keeps_a_closed_file_alive(void **state)
{
    struct watch w, fresh;
    (void)state;
    open_row(&w);
    pid_t pid = child_start_raw(waits_for_ever, NULL);
    haunt(&w, VICTIM, &fresh, true);
    provoke(&w, VICTIM, &fresh);
    kill(pid, SIGKILL);
    child_wait(pid);
    close(fresh.peers[0]);
    close(fresh.fds[0].fd);
    watch_close(&w);
}

/* The number closed, the file comes back to the same number by its copy. */
static void file_returns_to_its_number(void **state)
{
    struct watch w;
    (void)state;
    open_row(&w);
    int fd = w.fds[VICTIM].fd, copy = dup(fd);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(close(fd), 0);
        assert_int_equal(watch_poll(&w, 0), 1);
        assert_int_equal(w.fds[VICTIM].revents, POLLNVAL);
        assert_int_equal(dup2(copy, fd), fd);
        assert_true(watch_works(&w));
        assert_int_equal(raw_close(fd), 0);
        assert_int_equal(dup2(copy, fd), fd);
        assert_true(watch_works(&w));
    }
    close(copy);
    watch_close(&w);
}

/* Two watched numbers of one file; one of them is closed. */
static void one_of_two_numbers_of_a_file_is_closed(void **state)
{
    struct watch w;
    char byte = 'x';
    (void)state;
    open_row(&w);
    close(w.fds[0].fd);
    assert_int_equal(dup2(w.fds[VICTIM].fd, w.fds[0].fd), w.fds[0].fd);
    look_some_times(&w, -1);
    assert_int_equal(write(w.peers[VICTIM], &byte, 1), 1);
    assert_int_equal(watch_poll(&w, 0), 2);
    close(w.fds[VICTIM].fd);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(watch_poll(&w, 0), 2);
        assert_int_equal(w.fds[0].revents, POLLIN);
        assert_int_equal(w.fds[VICTIM].revents, POLLNVAL);
    }
    assert_int_equal(read(w.fds[0].fd, &byte, 1), 1);
    assert_int_equal(watch_poll(&w, 0), 1);
    watch_close(&w);
}

/*
 * A ghost of so long ago passed for an event of another epoll, by which ours
 * had been replaced: ours stayed open, one more each time.
 */
static void a_ghost_of_long_ago(void **state)
{
    struct watch w, fresh;
    (void)state;
    open_row(&w);
    int fd = w.fds[VICTIM].fd, copy = dup(fd);
    assert_true(watch_open(&fresh, 1));
    for (int i = 0; i < 1 << 19; i++) /* two generations each */
        assert_int_equal(dup2(fresh.fds[0].fd, fd), fd);
    assert_int_equal(dup2(fresh.fds[0].fd, fd), fd);
    look_some_times(&w, -1);
    provoke(&w, VICTIM, &fresh);
    close(copy);
    close(fresh.peers[0]);
    close(fresh.fds[0].fd);
    watch_close(&w);
}

/* --- more ghosts than there is room for ---------------------------------- */

enum {
    GHOSTS = 150,
    AT_A_TIME = 10,
    COPIES = 600 /* a number beyond all others */
};

static void add_pipe(struct watch *w)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    w->fds[w->n] = (struct pollfd){ends[0], POLLIN, 0};
    w->peers[w->n++] = ends[1];
}

/* Files that have lasted in the row, and are kept open by copies; and who
 * writes to them. */
static void leave_ghosts(struct watch *w, int writers[GHOSTS])
{
    for (int i = 0; i < GHOSTS; i++) {
        add_pipe(w);
        if ((i + 1) % AT_A_TIME)
            continue;
        for (int k = 0; k < 20; k++)
            assert_true(watch_sees(w, -1));
        for (int k = i; k > i - AT_A_TIME; k--) {
            int fd = w->fds[--w->n].fd;
            writers[k] = w->peers[w->n];
            assert_int_equal(fcntl(fd, F_DUPFD, COPIES + k), COPIES + k);
            close(fd);
        }
        assert_true(watch_sees(w, -1));
    }
}

/*
 * They all speak at once, after one of the row and before the others: the
 * answer was what had fitted in the buffer of events, one of many.
 */
static void outnumbered(int (*wait)(struct watch *, int), int timeout_ms)
{
    static int writers[GHOSTS];
    struct watch w;
    open_row_of(&w, ROW + 1);
    leave_ghosts(&w, writers);
    for (int i = 0; i < 3; i++)
        assert_int_equal(wait(&w, timeout_ms ? 5 : 0), 0);
    send_byte(w.peers[0]);
    for (int i = 0; i < GHOSTS; i++)
        send_byte(writers[i]);
    for (int i = 1; i < ROW; i++)
        send_byte(w.peers[i]);
    w.n = ROW; /* the row has changed */
    assert_int_equal(wait(&w, timeout_ms), ROW);
    w.n = ROW + 1;
    for (int i = 0; i < GHOSTS; i++) {
        close(COPIES + i);
        close(writers[i]);
    }
    watch_close(&w);
}

static void poll_answers_for_all_among_many_ghosts(void **state)
{
    (void)state;
    outnumbered(watch_poll, 0);
    outnumbered(watch_poll, 10000);
}

static void select_answers_for_all_among_many_ghosts(void **state)
{
    (void)state;
    outnumbered(watch_select, 0);
    outnumbered(watch_select, 10000);
}

/* --- neither the close nor the reuse could be seen ----------------------- */

/*
 * Only looking at what is registered can find this. A sleeping thread has the
 * time to look; the bound here is generous, for the machine may be busy.
 */
static void replaced_unseen_while_asleep(int (*wait)(struct watch *, int))
{
    struct watch w;
    int ends[2];
    open_row(&w);
    int fd = w.fds[VICTIM].fd;
    assert_int_equal(raw_pipe(ends), 0);
    assert_int_equal(write(ends[1], "x", 1), 1);
    assert_int_equal(raw_close(fd), 0);
    assert_int_equal(raw_dup3(ends[0], fd), fd);

    double start = clock_ms();
    assert_int_equal(wait(&w, 10000), 1);
    assert_true(clock_ms() - start < 5000);
    look_some_times(&w, VICTIM);
    raw_close(ends[0]);
    raw_close(ends[1]);
    watch_close(&w);
}

static void number_replaced_unseen_is_found_by_a_sleeping_poll(void **state)
{
    (void)state;
    replaced_unseen_while_asleep(watch_poll);
}

static void number_replaced_unseen_is_found_by_a_sleeping_select(void **state)
{
    (void)state;
    replaced_unseen_while_asleep(watch_select);
}

/* A thread that never sleeps gets there too, in a bounded number of calls. */
static void number_replaced_unseen_is_found_by_a_busy_loop(void **state)
{
    enum {
        CALLS_PER_LOOK = 64,
        ENOUGH = 100
    };
    struct watch w;
    int ends[2], calls = 0;
    (void)state;
    open_row(&w);
    int fd = w.fds[VICTIM].fd;
    assert_int_equal(raw_pipe(ends), 0);
    assert_int_equal(write(ends[1], "x", 1), 1);
    assert_int_equal(raw_dup3(ends[0], fd), fd);
    while (watch_poll(&w, 0) == 0)
        if (++calls > ROW * CALLS_PER_LOOK * ENOUGH)
            fail_msg("not found in %d calls", calls);
    raw_close(ends[0]);
    raw_close(ends[1]);
    watch_close(&w);
}

/* Its number has another file by the time the ghost is got rid of. */
static void meets_a_ghost_and_goes_on(void *arg)
{
    struct watch *w = arg, fresh;
    int fd = w->fds[0].fd;
    require(watch_open(&fresh, 1) && watch_works(w));
    require(close(fd) == 0); /* its parent keeps the file */
    require(write(w->peers[0], "x", 1) == 1);
    require(watch_poll(w, 1) == 1);
    require(dup2(fresh.fds[0].fd, fd) == fd);
    for (int i = 0; i < 200; i++)
        require(watch_poll(w, 0) == 0);
}

/*
 * An epoll descriptor is made anew for a ghost, and what the journal had told
 * until then was taken for read. A number that had been found closed, and had
 * another file since, was looked at natively for as long as it stayed open.
 */
static void number_of_a_ghost_is_taken_in_again(void **state)
{
    struct watch w;
    (void)state;
    open_row_of(&w, SMALL_ROW);
    pid_t pid = child_start(meets_a_ghost_and_goes_on, &w);
    child_join(pid);
    assert_epoll_answered(pid, 200);
    if (way_is_always())
        assert_in_range(stats_of(pid, "residual_looks"), 0, 100);
    watch_close(&w);
}

static const struct suite_test tests[] = {
    TEST(dup_keeps_a_closed_file_alive),
    TEST(dup_keeps_a_file_alive_that_was_closed_unseen),
    TEST(dup_keeps_a_closed_file_alive_in_a_small_row),
    TEST(child_keeps_a_closed_file_alive),
    TEST(file_returns_to_its_number),
    TEST(one_of_two_numbers_of_a_file_is_closed),
    TEST(a_ghost_of_long_ago),
    TEST(number_of_a_ghost_is_taken_in_again),
    TEST(poll_answers_for_all_among_many_ghosts),
    TEST(select_answers_for_all_among_many_ghosts),
    TEST(number_replaced_unseen_is_found_by_a_sleeping_poll),
    TEST(number_replaced_unseen_is_found_by_a_sleeping_select),
    TEST(number_replaced_unseen_is_found_by_a_busy_loop),
};

SUITE(tests)
