/* SPDX-License-Identifier: MIT */
/*
 * A descriptor that comes into a set, or begins to ask for more, is looked at
 * natively for its first calls, and only then gets an item in epoll, or a
 * wider one. What is told must be the same before, at and after that moment,
 * and an item that tells less than is asked, or something else, must neither
 * hide an answer nor keep a sleeper awake.
 */
#define _GNU_SOURCE
#include "harness/bytes.h"
#include "harness/harness.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    ROW = 40,
    LONG = 30, /* calls: longer than any youth */
    WAIT_MS = 200
};

static struct watch row;
static struct pollfd set[ROW + 1];

/* A quiet row that has been asked about, and room for one more. */
static void open_row(void)
{
    assert_true(watch_open(&row, ROW));
    memcpy(set, row.fds, ROW * sizeof(*set));
    for (int i = 0; i < 3; i++)
        assert_int_equal(poll(set, ROW, 0), 0);
}

static void open_pair(int ends[2])
{
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
}

static void expect(int entry, short revents)
{
    int ret = poll(set, ROW + 1, 0);
    assert_int_equal(ret, revents != 0);
    for (int i = 0; i < ROW + 1; i++)
        assert_int_equal(set[i].revents, i == entry ? revents : 0);
}

static void a_new_one_is_heard_at_any_age(void **state)
{
    int ends[2];
    (void)state;
    open_row();
    open_pair(ends);
    set[ROW] = (struct pollfd){.fd = ends[0], .events = POLLIN};
    for (int i = 0; i < LONG; i++) {
        expect(ROW, 0);
        send_byte(ends[1]);
        expect(ROW, POLLIN);
        take_byte(ends[0]);
    }
    close(ends[1]);
    expect(ROW, POLLIN | POLLHUP);
    close(ends[0]);
    expect(ROW, POLLNVAL);
    watch_close(&row);
}

static void one_after_another_comes_and_goes(void **state)
{
    (void)state;
    open_row();
    for (int i = 0; i < 2 * LONG; i++) {
        int ends[2];
        open_pair(ends);
        set[ROW] = (struct pollfd){.fd = ends[0], .events = POLLIN};
        for (int calls = i % 12; calls > 0; calls--)
            expect(ROW, 0);
        send_byte(ends[1]);
        expect(ROW, POLLIN);
        /* Some leave a copy of the file behind. */
        int copy = i % 3 ? -1 : dup(ends[0]);
        close(ends[0]);
        expect(ROW, POLLNVAL);
        close(ends[1]);
        if (copy >= 0)
            close(copy);
    }
    watch_close(&row);
}

/* POLLOUT is asked for now and then, for one call or for many. */
static void pollout_for_some_calls(void **state)
{
    int ends[2];
    (void)state;
    open_row();
    open_pair(ends);
    set[ROW] = (struct pollfd){.fd = ends[0], .events = POLLIN};
    for (int i = 0; i < LONG; i++)
        expect(ROW, 0);
    for (int i = 0; i < 4 * LONG; i++) {
        bool out = i < 2 * LONG ? i & 1 : i / 12 & 1;
        bool in = i % 5 == 0;
        set[ROW].events = out ? POLLIN | POLLOUT : POLLIN;
        if (in)
            send_byte(ends[1]);
        expect(ROW, (short)((in ? POLLIN : 0) | (out ? POLLOUT : 0)));
        if (in)
            take_byte(ends[0]);
    }
    close(ends[0]);
    close(ends[1]);
    watch_close(&row);
}

static void fill(int fd)
{
    char block[4096] = {0};
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    while (write(fd, block, sizeof(block)) > 0)
        ;
    assert_int_equal(errno, EAGAIN);
}

/* Both of AF_UNIX and bound, the first connected to the second and told no. */
static void open_full(int ends[2])
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    socklen_t length = sizeof(at);
    for (int i = 0; i < 2; i++) {
        ends[i] = socket(AF_UNIX, SOCK_DGRAM, 0);
        require(!bind(ends[i], (struct sockaddr *)&at, sizeof(at.sun_family)));
    }
    require(!getsockname(ends[1], (struct sockaddr *)&at, &length));
    require(!connect(ends[0], (struct sockaddr *)&at, length));
    while (send(ends[0], "x", 1, MSG_DONTWAIT) == 1)
        ;
    require(errno == EAGAIN);
}

static void connect_back(const int ends[2])
{
    struct sockaddr_un at;
    socklen_t length = sizeof(at);
    require(!getsockname(ends[0], (struct sockaddr *)&at, &length));
    require(!connect(ends[1], (struct sockaddr *)&at, length));
}

static void reads_and_writes_datagrams(void *arg)
{
    int ends[2];
    (void)arg;
    open_full(ends);
    set[ROW] = (struct pollfd){.fd = ends[0], .events = POLLIN};
    for (int i = 0; i < 20 * LONG; i++)
        require(poll(set, ROW + 1, 0) == 0);
    for (int round = 0; round < 2; round++) {
        set[ROW].events = POLLIN | POLLOUT;
        for (int i = 0; i < LONG; i++) {
            require(poll(set, ROW + 1, 0) == round);
            require(set[ROW].revents == (round ? POLLOUT : 0));
        }
        if (round == 0)
            connect_back(ends);
    }
    set[ROW].events = POLLIN;
    for (int i = 0; i < 20 * LONG; i++)
        require(poll(set, ROW + 1, 0) == 0);
    require(send(ends[1], "y", 1, 0) == 1);
    require(poll(set, ROW + 1, 0) == 1 && set[ROW].revents == POLLIN);
    close(ends[0]);
    close(ends[1]);
}

/*
 * A datagram socket whose peer's queue is full has room again when the peer
 * connects back, and nobody is woken: a poll() for POLLOUT, with an item in
 * epoll, slept on for ever. While it is only read, epoll tells of it.
 */
static void a_datagram_peer_connects_back(void **state)
{
    (void)state;
    open_row();
    pid_t pid = child_start(reads_and_writes_datagrams, NULL);
    child_join(pid);
    assert_epoll_answered(pid, 40 * LONG);
    if (way_is_always())
        assert_true(stats_of(pid, "residual_looks") < 5 * LONG);
    watch_close(&row);
}

/* The item tells POLLIN, which is asked for no more; POLLOUT is not ready. */
static void an_item_of_other_events_keeps_nobody_awake(void **state)
{
    int ends[2];
    (void)state;
    open_row();
    open_pair(ends);
    set[ROW] = (struct pollfd){.fd = ends[0], .events = POLLIN};
    for (int i = 0; i < LONG; i++)
        expect(ROW, 0);
    fill(ends[0]);
    send_byte(ends[1]);
    set[ROW].events = POLLOUT;
    for (int i = 0; i < 3; i++) {
        double start = clock_ms(), cpu = clock_cpu_ms();
        assert_int_equal(poll(set, ROW + 1, WAIT_MS), 0);
        assert_true(clock_ms() - start >= WAIT_MS - 1);
        assert_true(clock_cpu_ms() - cpu < WAIT_MS / 2.0);
    }
    set[ROW].events = POLLIN;
    expect(ROW, POLLIN);
    close(ends[0]);
    close(ends[1]);
    watch_close(&row);
}

static void *send_later(void *arg)
{
    clock_sleep_ms(100);
    send_byte(*(int *)arg);
    return NULL;
}

/* A sleep begins at every age that a descriptor can have. */
static void a_sleeper_is_woken_at_any_age(void **state)
{
    (void)state;
    for (int age = 0; age < 12; age += 1 + age / 4) {
        pthread_t sender;
        int ends[2];
        open_row();
        open_pair(ends);
        set[ROW] = (struct pollfd){.fd = ends[0], .events = POLLIN};
        for (int i = 0; i < age; i++)
            expect(ROW, 0);
        assert_int_equal(pthread_create(&sender, NULL, send_later, &ends[1]),
                         0);
        assert_int_equal(poll(set, ROW + 1, 20000), 1);
        assert_int_equal(set[ROW].revents, POLLIN);
        pthread_join(sender, NULL);
        close(ends[0]);
        close(ends[1]);
        watch_close(&row);
    }
}

/* Left out by a negative number; closed, and replaced, while it was out. */
static void left_out_and_back(void **state)
{
    int fd = 0;
    (void)state;
    open_row();
    for (int i = 0; i < 3 * LONG; i++) {
        int left = i % ROW;
        int number = set[left].fd;
        send_byte(row.peers[left]);
        set[left].fd = i % 2 ? -1 : ~number;
        assert_int_equal(poll(set, ROW, 0), 0);
        if (i % 3 == 0) { /* the same pipe under its number, anew */
            fd = dup(number);
            close(number);
            assert_int_equal(dup2(fd, number), number);
            close(fd);
        }
        set[left].fd = number;
        assert_int_equal(poll(set, ROW, 0), 1);
        assert_int_equal(set[left].revents, POLLIN);
        take_byte(number);
        assert_int_equal(poll(set, ROW, 0), 0);
        assert_int_equal(set[left].revents, 0);
    }
    watch_close(&row);
}

static const struct suite_test tests[] = {
    TEST(a_new_one_is_heard_at_any_age),
    TEST(one_after_another_comes_and_goes),
    TEST(pollout_for_some_calls),
    TEST(a_datagram_peer_connects_back),
    TEST(an_item_of_other_events_keeps_nobody_awake),
    TEST(a_sleeper_is_woken_at_any_age),
    TEST(left_out_and_back),
};

SUITE(tests)
