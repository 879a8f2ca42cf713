/* SPDX-License-Identifier: MIT */
/*
 * Section 8: limits of epoll that poll() and select() do not know, and a
 * program's own epoll sets beside them.
 */
#include "fact_common.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>

enum {
    CHAIN = 5 /* the longest chain of epoll sets that the kernel allows */
};

static int add(int epoll, int fd, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.fd = fd};
    return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

static int look(const struct poll_call *c, struct pollfd *set, nfds_t n)
{
    int ret = 0;
    for (EACH_ROUND)
        ret = poll_for(c, set, n, 0);
    return ret;
}

/*
 * L1: a program may build a chain of five epoll sets while it polls them, and
 * change it later; the sixth is refused. Who watches the chain from outside
 * must not count as a link.
 */
static void build_watched_chain(const struct poll_call *c)
{
    int epoll[CHAIN + 1], pair[2];
    struct pollfd set[CHAIN + 1 + CROWD];
    nfds_t n = gather(set, CHAIN + 1);
    stream_pair(pair);
    for (int i = 0; i <= CHAIN; i++) {
        epoll[i] = epoll_create1(0);
        set[i] = (struct pollfd){.fd = epoll[i], .events = POLLIN};
        same(look(c, set, n), 0);
    }
    for (int i = 1; i < CHAIN; i++) {
        same(add(epoll[i], epoll[i - 1], EPOLLIN), 0);
        same(look(c, set, n), 0);
    }
    same(add(epoll[0], pair[0], EPOLLIN), 0);
    same(add(epoll[CHAIN], epoll[CHAIN - 1], EPOLLIN), -1);
    same(errno, ELOOP);
    send_byte(pair[1]);
    same(look(c, set, n), CHAIN);
    for (int i = 0; i < CHAIN; i++)
        same(set[i].revents, POLLIN);
    take_byte(pair[0]);
    same(look(c, set, n), 0);
    /* Taken apart in the middle and put together again. */
    same(epoll_ctl(epoll[2], EPOLL_CTL_DEL, epoll[1], NULL), 0);
    send_byte(pair[1]);
    same(look(c, set, n), 2);
    same(add(epoll[2], epoll[1], EPOLLIN), 0);
    same(look(c, set, n), CHAIN);
    for (int i = 0; i <= CHAIN; i++)
        close(epoll[i]);
    close_pair(pair);
}

static void L1_five_nested_epolls_stay_legal_while_polled(void **state)
{
    (void)state;
    each_poll(build_watched_chain);
}

static void chain_in_select(const struct select_call *c)
{
    int epoll[CHAIN], pair[2];
    struct sets b, got;
    stream_pair(pair);
    gather_bits(&b);
    for (int i = 0; i < CHAIN; i++) {
        epoll[i] = epoll_create1(0);
        want(&b, epoll[i], "r");
        settle_bits(c, &b, &got);
        same(add(epoll[i], i ? epoll[i - 1] : pair[0], EPOLLIN), 0);
        for (EACH_ROUND)
            same(select_for(c, &b, &got, 0), 0);
    }
    send_byte(pair[1]);
    for (EACH_ROUND)
        same(select_for(c, &b, &got, -1), CHAIN);
    for (int i = 0; i < CHAIN; i++)
        close(epoll[i]);
    close_pair(pair);
}

static void L1_nested_epolls_in_select(void **state)
{
    (void)state;
    each_select(chain_in_select);
}

/*
 * L2: to poll an epoll descriptor takes nothing out of it, not even an event
 * that is reported once only.
 */
static void polled_not_consumed(const struct poll_call *c)
{
    int epoll = epoll_create1(0), pair[2];
    struct epoll_event got[4];
    struct pollfd set[2 + CROWD];
    nfds_t n = gather(set, 2);
    stream_pair(pair);
    same(add(epoll, pair[0], EPOLLIN | EPOLLET), 0);
    set[0] = (struct pollfd){.fd = epoll, .events = POLLIN};
    set[1] = (struct pollfd){.fd = pair[0], .events = POLLIN};
    for (int i = 0; i < ROUNDS; i++) {
        same(look(c, set, n), 0);
        send_byte(pair[1]);
        same(look(c, set, n), 2);
        same(epoll_wait(epoll, got, 4, 0), 1);
        same(got[0].data.fd, pair[0]);
        /* Told once by epoll; the byte is still there for poll. */
        same(epoll_wait(epoll, got, 4, 0), 0);
        same(look(c, set, n), 1);
        same(set[1].revents, POLLIN);
        take_byte(pair[0]);
    }
    close(epoll);
    close_pair(pair);
}

static void L2_polling_an_epoll_takes_no_event_away(void **state)
{
    (void)state;
    each_poll(polled_not_consumed);
}

/*
 * L3: EPOLLEXCLUSIVE picks one of the exclusive waiters; who polls the same
 * descriptor is woken besides, and both see the event.
 */
static int exclusive_pair[2];

static void *sleep_in_epoll(void *arg)
{
    struct epoll_event got;
    return epoll_wait(*(int *)arg, &got, 1, 20000) == 1 ? arg : NULL;
}

static void exclusive(const struct poll_call *c)
{
    int epoll = epoll_create1(0);
    pthread_t thread;
    void *woken;
    struct pollfd set[1 + CROWD];
    nfds_t n = gather(set, 1);
    stream_pair(exclusive_pair);
    set[0] = (struct pollfd){.fd = exclusive_pair[0], .events = POLLIN};
    same(look(c, set, n), 0);
    same(add(epoll, exclusive_pair[0], EPOLLIN | EPOLLEXCLUSIVE), 0);
    same(look(c, set, n), 0);
    same(pthread_create(&thread, NULL, sleep_in_epoll, &epoll), 0);
    send_byte(exclusive_pair[1]);
    same(poll_for(c, set, n, 20000), 1);
    same(set[0].revents, POLLIN);
    same(pthread_join(thread, &woken), 0);
    holds(woken == &epoll);
    close(epoll);
    close_pair(exclusive_pair);
}

static void L3_exclusive_waiters_beside_poll(void **state)
{
    (void)state;
    each_poll(exclusive);
}

/*
 * L4: epoll counts watches per user and has a limit; poll() has none. The
 * limit is one of the whole machine, and this test lowers it for a moment,
 * so it runs only where that is asked for.
 */
static const char watches[] = "/proc/sys/fs/epoll/max_user_watches";

static long set_max_watches(long most)
{
    long before = 0;
    FILE *file = fopen(watches, "r+");
    if (!file || fscanf(file, "%ld", &before) != 1)
        cannot("max_user_watches cannot be read and written here");
    rewind(file);
    fprintf(file, "%ld\n", most);
    fclose(file);
    return before;
}

enum {
    MANY = 3000,
    OTHER_USER = 54321 /* whose count is its own */
};

static void watch_more_than_allowed(void)
{
    static struct pollfd set[MANY + CROWD];
    nfds_t n = gather(set, MANY);
    for (int i = 0; i < MANY; i++) {
        set[i] = (struct pollfd){.fd = eventfd(0, 0), .events = POLLIN};
        holds(set[i].fd >= 0);
    }
    same(setuid(OTHER_USER), 0);
    for (EACH_ROUND) {
        uint64_t count = 1;
        same(poll(set, n, 0), 0);
        same(write(set[MANY - 1].fd, &count, sizeof(count)), sizeof(count));
        same(poll(set, n, -1), 1);
        same(set[MANY - 1].revents, POLLIN);
        same(read(set[MANY - 1].fd, &count, sizeof(count)), sizeof(count));
    }
}

static void L4_more_descriptors_than_epoll_may_watch(void **state)
{
    (void)state;
    if (!getenv("FACT_MACHINE_WIDE"))
        cannot("changes a limit of the machine; set FACT_MACHINE_WIDE=1");
    long before = set_max_watches(MANY / 2);
    int status = child_status(watch_more_than_allowed);
    set_max_watches(before);
    same(status, 0);
}

static const struct suite_test tests[] = {
    TEST(L1_five_nested_epolls_stay_legal_while_polled),
    TEST(L1_nested_epolls_in_select),
    TEST(L2_polling_an_epoll_takes_no_event_away),
    TEST(L3_exclusive_waiters_beside_poll),
    TEST(L4_more_descriptors_than_epoll_may_watch),
};

SUITE(tests)
