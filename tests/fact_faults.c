/* SPDX-License-Identifier: MIT */
/*
 * Facts E1 to E3, E5 and E6: memory that is not there or not writable. The
 * kernel answers EFAULT; what libc looks at itself, it dies of.
 */
#include "fact_common.h"

#include <sys/mman.h>
#include <sys/wait.h>

#define NOWHERE ((void *)8)

static int ready[2]; /* one end of a pair, with a byte to read */

static void open_ready(void)
{
    stream_pair(ready);
    send_byte(ready[1]);
}

/* E1: an array at no address; of length 0 it is not looked at. */
static void nowhere_poll(const struct poll_call *c)
{
    struct pollfd set[CROWD];
    nfds_t n = gather(set, 0);
    for (EACH_ROUND) {
        same(poll_for(c, set, n, 0), 0);
        same(poll_for(c, NOWHERE, 1, 0), -1);
        same(errno, EFAULT);
        same(poll_for(c, NULL, n, -1), -1);
        same(errno, EFAULT);
        same(poll_for(c, NOWHERE, 0, 0), 0);
        same(poll_for(c, NULL, 0, 1), 0);
    }
}

static void nowhere_select(const struct select_call *c)
{
    struct sets b, got;
    struct timespec zero = {0, 0};
    gather_bits(&b);
    for (EACH_ROUND) {
        same(select_for(c, &b, &got, 0), 0);
        got = b;
        same(c->call(b.n, NOWHERE, &got.out, NULL, &zero, NULL), -1);
        same(errno, EFAULT);
        same(c->call(b.n, &got.in, NOWHERE, NULL, &zero, NULL), -1);
        same(errno, EFAULT);
        same(c->call(b.n, &got.in, NULL, NOWHERE, &zero, NULL), -1);
        same(errno, EFAULT);
        same(memcmp(&got, &b, sizeof(b)), 0);
        same(c->call(0, NOWHERE, NOWHERE, NOWHERE, &zero, NULL), 0);
        same(c->call(0, NULL, NULL, NULL, &zero, NULL), 0);
    }
}

static void E1_memory_at_no_address_is_efault(void **state)
{
    (void)state;
    each_poll(nowhere_poll);
    each_select(nowhere_select);
}

/* E2: an array of which half is there is EFAULT, with nothing written. */
static void half_mapped(const struct poll_call *c)
{
    struct pollfd set[CROWD];
    nfds_t n = gather(set, 0);
    settle(c, set, n);
    for (EACH_ROUND) {
        char *border = page_before_nothing();
        struct pollfd *half = (struct pollfd *)border - 2;
        half[0] = half[1] =
            (struct pollfd){.fd = ready[0], .events = POLLIN, .revents = 0x55};
        same(poll_for(c, half, 4, -1), -1);
        same(errno, EFAULT);
        same(half[0].revents, 0x55);
        same(half[1].revents, 0x55);
        /* The half that is there is as good as any. */
        same(poll_for(c, half, 2, -1), 2);
        same(half[0].revents, POLLIN);
        give_back(border);
    }
}

static void E2_a_half_mapped_array_is_efault(void **state)
{
    (void)state;
    open_ready();
    each_poll(half_mapped);
    close_pair(ready);
}

/* E3: an array that cannot be written is EFAULT, even if nothing happens. */
static void read_only_poll(const struct poll_call *c)
{
    struct pollfd set[CROWD];
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    settle(c, set, gather(set, 0));
    for (EACH_ROUND) {
        char *border = page_before_nothing();
        struct pollfd *fixed = (struct pollfd *)border - CROWD;
        memcpy(fixed, set, sizeof(set));
        same(mprotect(border - page, page, PROT_READ), 0);
        for (int i = 0; i < ROUNDS; i++) {
            same(poll_for(c, fixed, CROWD, 0), -1);
            same(errno, EFAULT);
        }
        give_back(border);
    }
}

/* E3: select() copies out one set after the other until it faults. */
static void read_only_select(const struct select_call *c)
{
    struct sets b, got;
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    struct timespec zero = {0, 0};
    gather_bits(&b);
    want(&b, ready[0], "r");
    for (EACH_ROUND) {
        char *border = page_before_nothing();
        fd_set *fixed = (fd_set *)border - 1;
        FD_ZERO(fixed);
        same(mprotect(border - page, page, PROT_READ), 0);
        same(select_for(c, &b, &got, 0), 1);
        for (int i = 0; i < ROUNDS; i++) {
            got = b;
            same(c->call(b.n, &got.in, fixed, NULL, &zero, NULL), -1);
            same(errno, EFAULT);
            /* All that is left in the first set is what is ready. */
            same(told(&got, ready[0]), 4);
            FD_CLR(ready[0], &got.in);
            fd_set empty;
            FD_ZERO(&empty);
            same(memcmp(&got.in, &empty, sizeof(empty)), 0);
        }
        give_back(border);
    }
}

static void E3_memory_that_cannot_be_written_is_efault(void **state)
{
    (void)state;
    open_ready();
    each_poll(read_only_poll);
    each_select(read_only_select);
    close_pair(ready);
}

/* E5: a signal mask at no address is EFAULT, whatever is ready. */
static void bad_mask_poll(const struct poll_call *c)
{
    struct pollfd set[1 + CROWD];
    nfds_t n = gather(set, 1);
    if (!c->masked)
        return;
    for (EACH_ROUND)
        for (int i = 0; i < 2; i++) {
            set[0] = (struct pollfd){.fd = i ? ready[0] : -1, .events = POLLIN};
            same(poll_for(c, set, n, 0), i);
            same(c->call(set, n, &(struct timespec){0, 0}, NOWHERE), -1);
            same(errno, EFAULT);
            same(c->call(set, n, NULL, NOWHERE), -1);
            same(errno, EFAULT);
        }
}

static void bad_mask_select(const struct select_call *c)
{
    struct sets b, got;
    struct timespec zero = {0, 0};
    if (!c->masked)
        return;
    gather_bits(&b);
    for (EACH_ROUND) {
        for (int i = 0; i < ROUNDS; i++) {
            same(select_for(c, &b, &got, 0), fact_round > 1);
            got = b;
            same(c->call(b.n, &got.in, NULL, NULL, &zero, NOWHERE), -1);
            same(errno, EFAULT);
            same(memcmp(&got, &b, sizeof(b)), 0);
        }
        want(&b, ready[0], "r");
    }
}

static void E5_a_mask_at_no_address_is_efault(void **state)
{
    (void)state;
    open_ready();
    each_poll(bad_mask_poll);
    each_select(bad_mask_select);
    close_pair(ready);
}

/* E6: libc reads (select: and writes) the timeout itself, and dies of it. */
static const struct poll_call *dying_poll;
static const struct select_call *dying_select;

static void die_in_poll(void)
{
    struct pollfd set[CROWD];
    nfds_t n = gather(set, 0);
    settle(dying_poll, set, n);
    dying_poll->call(set, n, NOWHERE, NULL);
}

static void die_in_select(void)
{
    struct sets b, got;
    gather_bits(&b);
    settle_bits(dying_select, &b, &got);
    got = b;
    dying_select->call(b.n, &got.in, NULL, NULL, NOWHERE, NULL);
}

static void die_of_read_only_timeout(void)
{
    struct sets b;
    char *border = page_before_nothing();
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    gather_bits(&b);
    memset(border - sizeof(struct timeval), 0, sizeof(struct timeval));
    same(mprotect(border - page, page, PROT_READ), 0);
    for (int i = 0; i < ROUNDS; i++)
        select(b.n, &b.in, NULL, NULL, (struct timeval *)border - 1);
}

static void dies_of(void (*story)(void), int signo)
{
    int status = child_status(story);
    holds(WIFSIGNALED(status));
    same(WTERMSIG(status), signo);
}

static void bad_timeout_poll(const struct poll_call *c)
{
    dying_poll = c;
    if (c->masked)
        dies_of(die_in_poll, SIGSEGV);
}

static void bad_timeout_select(const struct select_call *c)
{
    dying_select = c;
    dies_of(die_in_select, SIGSEGV);
}

static void E6_a_timeout_at_no_address_is_a_crash(void **state)
{
    (void)state;
    each_poll(bad_timeout_poll);
    each_select(bad_timeout_select);
    dies_of(die_of_read_only_timeout, SIGSEGV);
}

static const struct suite_test tests[] = {
    TEST(E1_memory_at_no_address_is_efault),
    TEST(E2_a_half_mapped_array_is_efault),
    TEST(E3_memory_that_cannot_be_written_is_efault),
    TEST(E5_a_mask_at_no_address_is_efault),
    TEST(E6_a_timeout_at_no_address_is_a_crash),
};

SUITE(tests)
