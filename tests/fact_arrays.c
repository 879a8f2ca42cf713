/* SPDX-License-Identifier: MIT */
/*
 * Facts P1 to P4 and P6: what poll() does with entries, lengths and masks
 * that are odd.
 */
#include "fact_common.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>

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
        same(poll_for(c, set, n, 0), 0);
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
    TEST(P1_negative_and_closed_numbers),
    TEST(P1_duplicates_keep_their_own_masks),
    TEST(P2_more_entries_than_the_soft_limit),
    TEST(P2_lengths_are_cut_to_32_bits),
    TEST(P3_P4_high_bits_of_events_mean_nothing),
    TEST(P6_files_that_are_always_ready),
};

SUITE(tests)
