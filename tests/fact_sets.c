/* SPDX-License-Identifier: MIT */
/*
 * Facts S1 to S7: what select() does with descriptor numbers and lengths that
 * are odd. Its sets speak of all numbers below a length, open or not.
 */
#include "fact_common.h"

#include <fcntl.h>

/* A readable end at a number of at least lowest; the other end in *peer. */
static int readable_at(int lowest, int *peer)
{
    int pair[2];
    stream_pair(pair);
    send_byte(pair[1]);
    int fd = fcntl(pair[0], F_DUPFD, lowest);
    holds(fd >= lowest);
    close(pair[0]);
    *peer = pair[1];
    return fd;
}

/*
 * S1: select() copies whole 64-bit words. Bits past nfds in the last word are
 * cleared, the words behind it are not touched.
 */
static void whole_words(const struct select_call *c)
{
    int peer, fd = readable_at(66, &peer);
    struct sets b, got;
    gather_bits(&b);
    want(&b, fd, "r");
    b.n = fd + 1;
    int last = (fd / NFDBITS + 1) * NFDBITS - 1, beyond = last + 8;
    FD_SET(last, &b.in);
    FD_SET(beyond, &b.in);
    FD_SET(last, &b.ex);
    for (EACH_ROUND) {
        same(select_for(c, &b, &got, 0), 1);
        same(told(&got, fd), 4);
        same(told(&got, last), 0);
        same(told(&got, beyond), 4);
    }
    take_byte(fd);
    for (EACH_ROUND) {
        same(select_for(c, &b, &got, 1), 0);
        same(told(&got, fd), 0);
        same(told(&got, last), 0);
        same(told(&got, beyond), 4);
    }
    close(fd);
    close(peer);
}

static void S1_bits_past_nfds_are_cleared_by_the_word(void **state)
{
    (void)state;
    each_select(whole_words);
}

/*
 * S2: select() looks no further than the present descriptor table. A closed
 * number inside it is EBADF, one past it is neither looked at nor cleared;
 * which of the two it is changes as the table grows.
 */
static void past_the_table(const struct select_call *c)
{
    int pair[2], size = table_size();
    struct sets b, got;
    /* Not so large that no number of an fd_set would lie behind it. */
    holds(size + 64 <= FD_SETSIZE);
    stream_pair(pair);
    send_byte(pair[1]);
    gather_bits(&b);
    want(&b, pair[0], "r");
    settle_bits(c, &b, &got);
    want(&b, size + 60, "rwx");
    for (EACH_ROUND) {
        same(select_for(c, &b, &got, 0), 1);
        same(told(&got, pair[0]), 4);
        same(told(&got, size + 60), 7);
    }
    close_pair(pair);
}

static void past_the_table_all(void)
{
    each_select(past_the_table);
}

static void inside_the_grown_table(const struct select_call *c)
{
    int pair[2];
    struct sets b, got;
    stream_pair(pair);
    send_byte(pair[1]);
    gather_bits(&b);
    want(&b, pair[0], "r");
    settle_bits(c, &b, &got);
    want(&b, 600, "r");
    for (EACH_ROUND) {
        same(select_for(c, &b, &got, 0), -1);
        same(errno, EBADF);
        same(memcmp(&got, &b, sizeof(b)), 0);
    }
    close_pair(pair);
}

static void grow_the_table(void)
{
    if (table_size() + 64 > FD_SETSIZE)
        cannot("the descriptor table is as large as an fd_set from the start");
    each_select(past_the_table);
    int high = fcntl(0, F_DUPFD, 700);
    holds(high >= 700);
    close(high);
    each_select(inside_the_grown_table);
    /* A forked child's table is cut back to what is in use. */
    in_child(past_the_table_all);
}

static void S2_numbers_past_the_table_are_ignored(void **state)
{
    (void)state;
    in_child(grow_the_table);
}

/* S3: waiting neither grows the table nor takes a number that open() gives. */
static void numbers_stay(void)
{
    int size = table_size(), lowest = closed_number();
    for (EACH_ROUND) {
        settle_all();
        int pair[2], more[2];
        stream_pair(pair);
        stream_pair(more);
        same(pair[0], lowest);
        same(pair[1], lowest + 1);
        same(more[0], lowest + 2);
        same(more[1], lowest + 3);
        close_pair(pair);
        close_pair(more);
        same(table_size(), size);
    }
}

static void S3_descriptor_numbers_and_table_stay_the_programs(void **state)
{
    (void)state;
    /* In a process that has not waited yet, and in a child of one that has. */
    numbers_stay();
    in_child(numbers_stay);
}

/* S4: EBADF comes before ready descriptors, and leaves the sets alone. */
static void ebadf_first(const struct select_call *c)
{
    int pair[2], odd[2];
    struct sets b, got;
    stream_pair(pair);
    stream_pair(odd);
    send_byte(pair[1]);
    gather_bits(&b);
    want(&b, pair[0], "rw");
    want(&b, odd[0], "x");
    settle_bits(c, &b, &got);
    close_pair(odd);
    for (EACH_ROUND) {
        same(select_for(c, &b, &got, 0), -1);
        same(errno, EBADF);
        same(memcmp(&got, &b, sizeof(b)), 0);
        same(select_for(c, &b, &got, -1), -1);
        same(errno, EBADF);
    }
    close_pair(pair);
}

static void S4_select_says_ebadf_before_ready(void **state)
{
    (void)state;
    each_select(ebadf_first);
}

/* S4: it also comes before a pending signal, which stays pending. */
static void S4_select_says_ebadf_before_a_signal(void **state)
{
    (void)state;
    sigset_t blocked, none, pending;
    struct sets b, got;
    sigemptyset(&none);
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR1);
    sigprocmask(SIG_BLOCK, &blocked, NULL);
    count_signal(SIGUSR1);
    gather_bits(&b);
    settle_bits(&select_calls[0], &b, &got);
    want(&b, closed_number(), "r");
    raise(SIGUSR1);
    for (EACH_ROUND) {
        got = b;
        same(pselect(b.n, &got.in, NULL, NULL, NULL, &none), -1);
        same(errno, EBADF);
        same(signals, 0);
        sigpending(&pending);
        same(sigismember(&pending, SIGUSR1), 1);
    }
    sigprocmask(SIG_UNBLOCK, &blocked, NULL);
    same(signals, 1);
}

/* S5: an O_PATH descriptor is open to close() but not to poll: NVAL. */
static void o_path_poll(const struct poll_call *c)
{
    struct pollfd set[1 + CROWD];
    nfds_t n = gather(set, 1);
    set[0] = (struct pollfd){.fd = open("/", O_PATH), .events = POLLIN};
    for (EACH_ROUND) {
        same(poll_for(c, set, n, -1), 1);
        same(set[0].revents, POLLNVAL);
    }
    close(set[0].fd);
}

/* S5: select() has no NVAL to show and reports all that was asked. */
static void o_path_select(const struct select_call *c)
{
    struct sets b, got;
    int fd = open("/", O_PATH);
    gather_bits(&b);
    want(&b, fd, "rwx");
    for (EACH_ROUND) {
        same(select_for(c, &b, &got, -1), 3);
        same(told(&got, fd), 7);
    }
    close(fd);
}

static void S5_o_path_is_nval_and_ready_in_all_sets(void **state)
{
    (void)state;
    each_poll(o_path_poll);
    each_select(o_path_select);
}

/* S6: a negative length is EINVAL, any other is cut to the table. */
static void lengths(const struct select_call *c)
{
    int pair[2];
    struct sets b, got;
    stream_pair(pair);
    send_byte(pair[1]);
    gather_bits(&b);
    want(&b, pair[0], "r");
    for (EACH_ROUND) {
        int right = b.n;
        b.n = -1;
        same(select_for(c, &b, &got, 0), -1);
        same(errno, EINVAL);
        same(memcmp(&got, &b, sizeof(b)), 0);
        b.n = INT_MAX;
        same(select_for(c, &b, &got, 0), 1);
        same(told(&got, pair[0]), 4);
        b.n = 0;
        same(select_for(c, &b, &got, 1), 0);
        b.n = right;
        same(memcmp(&got.in, &b.in, sizeof(b.in)), 0);
        same(select_for(c, &b, &got, 0), 1);
    }
    close_pair(pair);
}

static void S6_select_lengths(void **state)
{
    (void)state;
    each_select(lengths);
}

/* S6: the answer counts bits, not descriptors. */
static void counts_bits(const struct select_call *c)
{
    int tcp[2];
    struct sets b, got;
    tcp_pair(tcp);
    send_byte(tcp[1]);
    same(send(tcp[1], "!", 1, MSG_OOB), 1);
    gather_bits(&b);
    want(&b, tcp[0], "rwx");
    same(select_for(c, &b, &got, 1000) > 0, 1);
    for (EACH_ROUND) {
        same(select_for(c, &b, &got, 100), 3);
        same(told(&got, tcp[0]), 7);
    }
    close_pair(tcp);
}

static void S6_a_descriptor_counts_once_per_set(void **state)
{
    (void)state;
    each_select(counts_bits);
}

/*
 * S7: one fd_set given twice is written in the order in, out, except; what is
 * written last stays, and the count is that of all three.
 */
static void one_set_twice(const struct select_call *c)
{
    int fd[2];
    fd_set asked, got;
    struct sets b;
    struct timespec zero = {0, 0};
    open_pipe(fd);
    send_byte(fd[1]);
    gather_bits(&b);
    asked = b.in;
    FD_SET(fd[0], &asked);
    FD_SET(fd[1], &asked);
    /* In: fd[0]. Out: fd[1] and the crowd, whose sockets are writable. */
    for (EACH_ROUND) {
        got = asked;
        same(c->call(fd[1] + 1, &got, &got, NULL, &zero, NULL), CROWD + 2);
        same(FD_ISSET(fd[0], &got), 0);
        same(!!FD_ISSET(fd[1], &got), 1);
        got = asked;
        same(c->call(fd[1] + 1, &got, NULL, &got, &zero, NULL), 1);
        same(FD_ISSET(fd[0], &got), 0);
    }
    close_pair(fd);
}

static void S7_one_set_in_two_places(void **state)
{
    (void)state;
    each_select(one_set_twice);
}

static const struct suite_test tests[] = {
    TEST(S1_bits_past_nfds_are_cleared_by_the_word),
    TEST(S2_numbers_past_the_table_are_ignored),
    TEST(S3_descriptor_numbers_and_table_stay_the_programs),
    TEST(S4_select_says_ebadf_before_ready),
    TEST(S4_select_says_ebadf_before_a_signal),
    TEST(S5_o_path_is_nval_and_ready_in_all_sets),
    TEST(S6_select_lengths),
    TEST(S6_a_descriptor_counts_once_per_set),
    TEST(S7_one_set_in_two_places),
};

SUITE(tests)
