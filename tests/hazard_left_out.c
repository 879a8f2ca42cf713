/* SPDX-License-Identifier: MIT */
/*
 * A descriptor that select()'s sets leave out for a call and name again in the
 * next keeps its item in epoll as it is, and nothing is settled. What is left
 * out must not be told nor wake anybody, whatever becomes of it meanwhile; and
 * asked about again it is whatever file has the number by then.
 */
#define _GNU_SOURCE
#include "harness/bytes.h"
#include "harness/harness.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum {
    ROW = 80,
    ROUNDS = 60,
    WAIT_MS = 200
};

static struct watch row;
static int nfds;
static struct bits in, out; /* always the same two, as loops have them */
static bool left_out[ROW];

/* All that is not left out is asked about for reading, and nothing else. */
static void name_row(void)
{
    memset(&in, 0, sizeof(in));
    memset(&out, 0, sizeof(out));
    for (int i = 0; i < ROW; i++)
        if (!left_out[i])
            bits_set(&in, row.fds[i].fd);
}

static int ask(bool write_too, int timeout_ms)
{
    struct timeval timeout = {timeout_ms / 1000, timeout_ms % 1000 * 1000};

    name_row();
    if (write_too)
        out = in;
    return select(nfds, BITS(&in), BITS(&out), NULL, &timeout);
}

/* Nothing is told but that entry `which` (-1: none) is readable. */
static void expect(int which)
{
    assert_int_equal(ask(false, 0), which >= 0);
    for (int i = 0; i < ROW; i++)
        assert_int_equal(bits_test(&in, row.fds[i].fd), i == which);
}

static void open_row(void)
{
    assert_true(watch_open(&row, ROW));
    nfds = 0;
    memset(left_out, 0, sizeof(left_out));
    for (int i = 0; i < ROW; i++)
        if (row.fds[i].fd >= nfds)
            nfds = row.fds[i].fd + 1;
    for (int i = 0; i < 20; i++)
        expect(-1);
}

static void leave_out_tenth(int round)
{
    for (int i = 0; i < ROW; i++)
        left_out[i] = i % 10 == round % 10;
}

/* Ready or not, in its tenth or not. */
static void a_rotating_tenth(void **state)
{
    (void)state;
    open_row();
    for (int round = 0; round < ROUNDS; round++) {
        int ready = round * 7 % ROW;
        leave_out_tenth(round);
        expect(-1);
        send_byte(row.peers[ready]);
        leave_out_tenth(round + 1);
        expect(left_out[ready] ? -1 : ready);
        leave_out_tenth(round + 2);
        expect(left_out[ready] ? -1 : ready);
        take_byte(row.fds[ready].fd);
        expect(-1);
    }
    watch_close(&row);
}

/* The number's next file has nothing to tell, or something else. */
static void closed_and_replaced_while_out(void **state)
{
    (void)state;
    open_row();
    for (int round = 0; round < ROUNDS; round++) {
        int which = round % ROW, number = row.fds[which].fd, ends[2];
        int copy = -1;
        left_out[which] = true;
        expect(-1);
        if (round % 2)
            send_byte(row.peers[which]);
        if (round % 3 == 0) /* the old file lives on, and so does its item */
            copy = dup(number);
        close(number);
        close(row.peers[which]);
        assert_int_equal(pipe(ends), 0);
        if (ends[0] != number) {
            assert_int_equal(dup2(ends[0], number), number);
            close(ends[0]);
        }
        row.peers[which] = ends[1];
        if (round % 4 == 0)
            expect(-1);
        left_out[which] = false;
        expect(-1);
        send_byte(ends[1]);
        expect(which);
        take_byte(number);
        expect(-1);
        if (copy >= 0)
            close(copy);
    }
    watch_close(&row);
}

/* It is EBADF when it is asked about again, and no sooner. */
static void closed_while_out(void **state)
{
    (void)state;
    open_row();
    for (int which = 0; which < 10; which++) {
        int number = row.fds[which].fd;
        left_out[which] = true;
        expect(-1);
        close(number);
        expect(-1);
        left_out[which] = false;
        assert_int_equal(ask(false, 0), -1);
        assert_int_equal(errno, EBADF);
        left_out[which] = true;
        expect(-1);
    }
    watch_close(&row);
}

static void ask_beside(int fd)
{
    struct timeval now = {0, 0};

    name_row();
    bits_set(&out, fd);
    int most = fd < nfds ? nfds : fd + 1;
    assert_int_equal(select(most, BITS(&in), BITS(&out), NULL, &now), 0);
}

/* A pipe is hung up after a while: to who would write, that is nothing. */
static void ask_beside_a_hang_up(void)
{
    int ends[2];

    assert_int_equal(pipe(ends), 0);
    for (int i = 0; i < 20; i++)
        ask_beside(ends[0]);
    close(ends[1]);
    for (int i = 0; i < 3; i++)
        ask_beside(ends[0]);
    close(ends[0]);
}

/* An event that is nobody's makes the call begin anew: not with EBADF. */
static void closed_while_out_beside_an_unwanted_event(void **state)
{
    (void)state;
    open_row();
    for (int which = 0; which < 10; which++) {
        /* The next pipe shall not have its number. */
        int number = row.fds[which].fd, high = 300 + which;
        assert_int_equal(dup2(number, high), high);
        row.fds[which].fd = high;
        nfds = high + 1;
        expect(-1);
        close(high);
        assert_int_equal(ask(false, 0), -1);
        assert_int_equal(errno, EBADF);
        left_out[which] = true;
        ask_beside_a_hang_up();
        close(number);
    }
    watch_close(&row);
}

/* Asked about again in another way than before: for writing, too. */
static void asked_for_more_when_back(void **state)
{
    (void)state;
    open_row();
    /* A socket, that may be written to; a pipe's read end may not. */
    int ends[2], number = row.fds[3].fd;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    assert_int_equal(dup2(ends[0], number), number);
    for (int i = 0; i < 20; i++)
        expect(-1);
    for (int round = 0; round < ROUNDS; round++) {
        left_out[3] = false;
        expect(-1);
        left_out[3] = true;
        expect(-1);
        assert_int_equal(ask(true, 0), 0);
        left_out[3] = false;
        assert_int_equal(ask(true, 0), 1);
        assert_true(bits_test(&out, number));
        assert_false(bits_test(&in, number));
    }
    close(ends[0]);
    close(ends[1]);
    watch_close(&row);
}

/* Most of the row is left out for good, and ready. */
static void the_ready_left_out_wake_nobody(void **state)
{
    (void)state;
    open_row();
    for (int i = 5; i < ROW; i++) {
        left_out[i] = true;
        send_byte(row.peers[i]);
    }
    for (int i = 0; i < 3; i++) {
        double start = clock_ms(), cpu = clock_cpu_ms();
        assert_int_equal(ask(false, WAIT_MS), 0);
        assert_true(clock_ms() - start >= WAIT_MS - 1);
        assert_true(clock_cpu_ms() - cpu < WAIT_MS / 10.0);
    }
    memset(left_out, 0, sizeof(left_out));
    assert_int_equal(ask(false, 0), ROW - 5);
    watch_close(&row);
}

static const struct suite_test tests[] = {
    TEST(a_rotating_tenth),
    TEST(closed_and_replaced_while_out),
    TEST(closed_while_out),
    TEST(closed_while_out_beside_an_unwanted_event),
    TEST(asked_for_more_when_back),
    TEST(the_ready_left_out_wake_nobody),
};

SUITE(tests)
