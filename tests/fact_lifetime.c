/* SPDX-License-Identifier: MIT */
/*
 * Facts F1 to F3: descriptors that are closed, copied and replaced. To poll()
 * a number means whatever is open there now; a set that remembers files must
 * not be told apart from it.
 */
#include "fact_common.h"

#include <fcntl.h>

static void watch(struct pollfd *entry, int fd)
{
    *entry = (struct pollfd){.fd = fd, .events = POLLIN};
}

/* F1: the number of a closed descriptor, used again, is the new file. */
static void reused_poll(const struct poll_call *c)
{
    int old[2], pair[2];
    struct pollfd set[1 + CROWD];
    nfds_t n = gather(set, 1);
    stream_pair(old);
    int number = old[0];
    watch(&set[0], number);
    settle(c, set, n);
    for (EACH_ROUND) {
        close_pair(old);
        same(poll_for(c, set, n, 0), 1);
        same(set[0].revents, POLLNVAL);
        stream_pair(pair);
        same(pair[0], number);
        same(poll_for(c, set, n, 0), 0);
        send_byte(pair[1]);
        same(poll_for(c, set, n, -1), 1);
        same(set[0].revents, POLLIN);
        close_pair(pair);
        /* And with no call between the close and the reuse. */
        stream_pair(old);
        same(poll_for(c, set, n, 0), 0);
        send_byte(old[1]);
        same(poll_for(c, set, n, -1), 1);
    }
    close_pair(old);
}

static void reused_select(const struct select_call *c)
{
    int pair[2];
    struct sets b, got;
    stream_pair(pair);
    gather_bits(&b);
    want(&b, pair[0], "r");
    settle_bits(c, &b, &got);
    for (EACH_ROUND) {
        int number = pair[0];
        close_pair(pair);
        same(select_for(c, &b, &got, 0), -1);
        same(errno, EBADF);
        stream_pair(pair);
        same(pair[0], number);
        same(select_for(c, &b, &got, 0), 0);
        close_pair(pair);
        stream_pair(pair);
        send_byte(pair[1]);
        same(select_for(c, &b, &got, -1), 1);
        same(told(&got, number), 4);
    }
    close_pair(pair);
}

static void F1_a_reused_number_is_the_new_file(void **state)
{
    (void)state;
    each_poll(reused_poll);
    each_select(reused_select);
}

/*
 * F2: a file that lives on in a copy is nothing to the number it was closed
 * at: not when the number is closed, not when it is somebody else's.
 */
static void copied_poll(const struct poll_call *c)
{
    int old[2], pair[2];
    struct pollfd set[1 + CROWD];
    nfds_t n = gather(set, 1);
    for (EACH_ROUND) {
        stream_pair(old);
        int number = old[0], copy = fcntl(number, F_DUPFD, 150);
        watch(&set[0], number);
        settle(c, set, n);
        close(number);
        send_byte(old[1]);
        same(poll_for(c, set, n, 0), 1);
        same(set[0].revents, POLLNVAL);
        stream_pair(pair);
        same(pair[0], number);
        same(poll_for(c, set, n, 0), 0);
        same(poll_for(c, set, n, 5), 0);
        send_byte(pair[1]);
        same(poll_for(c, set, n, -1), 1);
        take_byte(number);
        same(poll_for(c, set, n, 5), 0);
        /* The same file may come back to its number. */
        same(dup2(copy, number), number);
        same(poll_for(c, set, n, -1), 1);
        take_byte(number);
        same(poll_for(c, set, n, 0), 0);
        close_pair(pair);
        close(copy);
        close(old[1]);
    }
}

static void copied_select(const struct select_call *c)
{
    int old[2], pair[2];
    struct sets b, got;
    for (EACH_ROUND) {
        stream_pair(old);
        int number = old[0], copy = fcntl(number, F_DUPFD, 150);
        gather_bits(&b);
        want(&b, number, "r");
        settle_bits(c, &b, &got);
        close(number);
        send_byte(old[1]);
        same(select_for(c, &b, &got, 0), -1);
        same(errno, EBADF);
        stream_pair(pair);
        same(pair[0], number);
        same(select_for(c, &b, &got, 5), 0);
        send_byte(pair[1]);
        same(select_for(c, &b, &got, -1), 1);
        take_byte(number);
        same(select_for(c, &b, &got, 5), 0);
        close_pair(pair);
        close(copy);
        close(old[1]);
    }
}

static void F2_a_copy_elsewhere_is_not_this_number(void **state)
{
    (void)state;
    each_poll(copied_poll);
    each_select(copied_select);
}

/* F3: dup2() onto a watched number puts another file there. */
static void replaced_poll(const struct poll_call *c)
{
    int first[2], second[2];
    struct pollfd set[1 + CROWD];
    nfds_t n = gather(set, 1);
    stream_pair(first);
    stream_pair(second);
    int number = dup(first[0]);
    watch(&set[0], number);
    settle(c, set, n);
    for (EACH_ROUND) {
        same(dup2(second[0], number), number);
        send_byte(first[1]);
        same(poll_for(c, set, n, 5), 0);
        send_byte(second[1]);
        same(poll_for(c, set, n, -1), 1);
        same(set[0].revents, POLLIN);
        take_byte(second[0]);
        same(poll_for(c, set, n, 0), 0);
        same(dup3(first[0], number, O_CLOEXEC), number);
        same(poll_for(c, set, n, -1), 1);
        take_byte(first[0]);
        same(poll_for(c, set, n, 0), 0);
    }
    close(number);
    close_pair(first);
    close_pair(second);
}

static void replaced_select(const struct select_call *c)
{
    int first[2], second[2];
    struct sets b, got;
    stream_pair(first);
    stream_pair(second);
    int number = dup(first[0]);
    gather_bits(&b);
    want(&b, number, "r");
    settle_bits(c, &b, &got);
    for (EACH_ROUND) {
        same(dup2(second[0], number), number);
        send_byte(first[1]);
        same(select_for(c, &b, &got, 5), 0);
        send_byte(second[1]);
        same(select_for(c, &b, &got, -1), 1);
        take_byte(second[0]);
        same(dup2(first[0], number), number);
        same(select_for(c, &b, &got, -1), 1);
        take_byte(first[0]);
        same(select_for(c, &b, &got, 0), 0);
    }
    close(number);
    close_pair(first);
    close_pair(second);
}

static void F3_dup2_puts_another_file_at_the_number(void **state)
{
    (void)state;
    each_poll(replaced_poll);
    each_select(replaced_select);
}

static const struct suite_test tests[] = {
    TEST(F1_a_reused_number_is_the_new_file),
    TEST(F2_a_copy_elsewhere_is_not_this_number),
    TEST(F3_dup2_puts_another_file_at_the_number),
};

SUITE(tests)
