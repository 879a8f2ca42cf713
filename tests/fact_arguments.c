/* SPDX-License-Identifier: MIT */
/*
 * Facts S1 to S7, P1 to P4, P6: what the calls do with descriptor numbers,
 * lengths and masks that are odd.
 */
#include "fact_common.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>

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
    int last = (fd | 63), beyond = last + 8;
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
    if (size + 64 > FD_SETSIZE)
        cannot("the descriptor table is as large as an fd_set");
    stream_pair(pair);
    send_byte(pair[1]);
    gather_bits(&b);
    want(&b, pair[0], "r");
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

/* P1: negative numbers are skipped, closed ones told even if nothing asked. */
static void odd_numbers(const struct poll_call *c)
{
    struct pollfd set[4 + CROWD];
    nfds_t n = gather(set, 4);
    int closed = closed_number();
    set[1].fd = -7;
    set[2].fd = closed;
    set[3] = (struct pollfd){.fd = closed, .events = POLLIN | POLLOUT};
    for (EACH_ROUND) {
        for (int i = 0; i < 4; i++)
            set[i].revents = 0x55;
        same(poll_for(c, set, n, -1), 2);
        same(set[0].revents, 0);
        same(set[1].revents, 0);
        same(set[2].revents, POLLNVAL);
        same(set[3].revents, POLLNVAL);
    }
}

static void P1_negative_and_closed_numbers(void **state)
{
    (void)state;
    each_poll(odd_numbers);
}

/* P1: entries of one descriptor are each answered by their own mask. */
static void duplicates(const struct poll_call *c)
{
    int pair[2];
    struct pollfd set[4 + CROWD];
    nfds_t n = gather(set, 4);
    stream_pair(pair);
    for (int i = 0; i < 4; i++)
        set[i].fd = pair[0];
    set[0].events = POLLIN;
    set[1].events = POLLOUT;
    set[2].events = POLLIN | POLLOUT;
    for (EACH_ROUND) {
        same(poll_for(c, set, n, 0), 2);
        same(set[0].revents, 0);
        send_byte(pair[1]);
        same(poll_for(c, set, n, 0), 3);
        same(set[0].revents, POLLIN);
        same(set[1].revents, POLLOUT);
        same(set[2].revents, POLLIN | POLLOUT);
        same(set[3].revents, 0);
        take_byte(pair[0]);
    }
    /* One entry leaves and the others must keep what they asked for. */
    set[2].fd = -1;
    set[1].events = 0;
    for (EACH_ROUND)
        same(poll_for(c, set, n, 0), 0);
    send_byte(pair[1]);
    for (EACH_ROUND)
        same(poll_for(c, set, n, 0), 1);
    same(set[0].revents, POLLIN);
    close_pair(pair);
}

static void P1_duplicates_keep_their_own_masks(void **state)
{
    (void)state;
    each_poll(duplicates);
}

/* P2: more entries than the soft limit are EINVAL before any is looked at. */
static void over_the_limit(const struct poll_call *c)
{
    struct pollfd set[CROWD];
    struct rlimit usual, low;
    nfds_t n = gather(set, 0);
    getrlimit(RLIMIT_NOFILE, &usual);
    low = usual;
    low.rlim_cur = n - 1;
    for (EACH_ROUND) {
        same(poll_for(c, set, n, 0), 0);
        same(setrlimit(RLIMIT_NOFILE, &low), 0);
        same(poll_for(c, set, n, 0), -1);
        same(errno, EINVAL);
        same(poll_for(c, NULL, n, 0), -1);
        same(errno, EINVAL);
        same(poll_for(c, set, n - 1, 0), 0);
        same(setrlimit(RLIMIT_NOFILE, &usual), 0);
        low.rlim_cur = n;
        same(prlimit(0, RLIMIT_NOFILE, &low, NULL), 0);
        same(poll_for(c, set, n, 0), 0);
        low.rlim_cur = n - 1;
        same(prlimit(getpid(), RLIMIT_NOFILE, &low, NULL), 0);
        same(poll_for(c, set, n, 0), -1);
        same(prlimit(0, RLIMIT_NOFILE, &usual, NULL), 0);
    }
}

static void over_the_limit_all(void)
{
    each_poll(over_the_limit);
}

static void P2_more_entries_than_the_soft_limit(void **state)
{
    (void)state;
    in_child(over_the_limit_all);
}

/* P2: the kernel's nfds has 32 bits, libc's has more. */
static void cut_length(const struct poll_call *c)
{
    struct pollfd set[1 + CROWD];
    nfds_t n = gather(set, 1), wrap = (nfds_t)1 << 31 << 1;
    if (!wrap)
        cannot("nfds_t has 32 bits here");
    int closed = closed_number();
    for (EACH_ROUND) {
        same(poll_for(c, set, wrap + n, 0), 0);
        set[0].fd = closed;
        same(poll_for(c, set, wrap + 1, 0), 1);
        same(set[0].revents, POLLNVAL);
        same(poll_for(c, NULL, wrap, 0), 0);
        set[0].fd = -1;
    }
}

static void P2_lengths_are_cut_to_32_bits(void **state)
{
    (void)state;
    each_poll(cut_length);
}

/*
 * P3, P4: `events` is a short. Its high bits mean nothing to poll(), while to
 * epoll they would be EPOLLET, EPOLLONESHOT, EPOLLEXCLUSIVE; and no bit above
 * POLLRDHUP, nor 0x0800 and 0x1000, is ever reported.
 */
static void high_bits(const struct poll_call *c)
{
    static const unsigned short masks[] = {0x8001, 0x4001, 0x1801, 0xd801,
                                           0xffff, 0x8000, 0x5800};
    int tcp[2];
    struct pollfd set[1 + CROWD];
    nfds_t n = gather(set, 1);
    tcp_pair(tcp);
    send_byte(tcp[1]);
#ifdef SO_BUSY_POLL
    /* A busy-polled socket is where epoll would report 0x8000. */
    setsockopt(tcp[0], SOL_SOCKET, SO_BUSY_POLL, &(int){50}, sizeof(int));
#endif
    set[0] = (struct pollfd){.fd = tcp[0], .events = POLLIN};
    same(poll_for(c, set, n, 1000), 1);
    for (size_t i = 0; i < ARRAY_SIZE(masks); i++) {
        set[0].events = (short)masks[i];
        for (EACH_ROUND) {
            same(poll_for(c, set, n, 0), (masks[i] & POLLIN) != 0);
            same(set[0].revents & ~0x27ff, 0);
            same(set[0].revents & 0x1800, 0);
            same(set[0].revents & POLLIN, masks[i] & POLLIN);
        }
    }
    close_pair(tcp);
}

static void P3_P4_high_bits_of_events_mean_nothing(void **state)
{
    (void)state;
    each_poll(high_bits);
}

/* P6: files that cannot be waited for are always readable and writable. */
static const char *const always_ready[] = {
    "/",
    "/dev/null",
    "/dev/zero",
    "/dev/full",
    "/dev/urandom",
    "/proc/self/exe",
    "/proc/self/status",
};

static void always_ready_poll(const struct poll_call *c)
{
    struct pollfd set[ARRAY_SIZE(always_ready) + 1 + CROWD];
    const int files = ARRAY_SIZE(always_ready) + 1;
    nfds_t n = gather(set, files);
    for (int i = 0; i < files; i++) {
        set[i].fd = i < files - 1 ? open(always_ready[i], O_RDONLY)
                                  : memfd_create("fact", 0);
        set[i].events = 0x7ff;
        holds(set[i].fd >= 0);
    }
    for (EACH_ROUND) {
        same(poll_for(c, set, n, -1), files);
        for (int i = 0; i < files; i++)
            same(set[i].revents, POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM);
    }
    for (int i = 0; i < files; i++)
        close(set[i].fd);
}

static void always_ready_select(const struct select_call *c)
{
    struct sets b, got;
    for (size_t i = 0; i < ARRAY_SIZE(always_ready); i++) {
        int fd = open(always_ready[i], O_RDONLY);
        gather_bits(&b);
        want(&b, fd, "rwx");
        for (EACH_ROUND) {
            same(select_for(c, &b, &got, -1), 2);
            same(told(&got, fd), 6);
        }
        close(fd);
    }
}

static void P6_files_that_are_always_ready(void **state)
{
    (void)state;
    each_poll(always_ready_poll);
    each_select(always_ready_select);
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
    TEST(P1_negative_and_closed_numbers),
    TEST(P1_duplicates_keep_their_own_masks),
    TEST(P2_more_entries_than_the_soft_limit),
    TEST(P2_lengths_are_cut_to_32_bits),
    TEST(P3_P4_high_bits_of_events_mean_nothing),
    TEST(P6_files_that_are_always_ready),
};

SUITE(tests)
