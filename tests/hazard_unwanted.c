/* SPDX-License-Identifier: MIT */
/*
 * epoll reports ERR and HUP whether they were asked for or not, and can't be
 * told not to. select() does not wake for HUP on a descriptor that is only in
 * writefds, nor for ERR or HUP on one only in exceptfds: a level-triggered
 * epoll would burn all the time it waits.
 */
#define _GNU_SOURCE
#include "harness/harness.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum {
    ROW = 4,
    WAIT_MS = 200
};

/* A quiet row beside it, so that there is a set at all. */
static struct watch row;

/*
 * Waits with fd alone in `in`, `out` or `except` (1, 2, 4, or several) beside
 * the row, and fails if the wait wasn't one: it has to last, to give 0, and
 * to cost no more than a tenth of its time in CPU.
 */
static void assert_waits_quietly(int fd, int where)
{
    for (int i = 0; i < 3; i++) {
        struct bits sets[3] = {0};
        int nfds = fd + 1;
        for (size_t k = 0; k < ROW; k++) {
            bits_set(&sets[0], row.fds[k].fd);
            if (row.fds[k].fd >= nfds)
                nfds = row.fds[k].fd + 1;
        }
        for (int k = 0; k < 3; k++)
            if (where & 1 << k)
                bits_set(&sets[k], fd);
        struct timeval timeout = {0, WAIT_MS * 1000};
        double start = clock_ms(), cpu = clock_cpu_ms();
        assert_int_equal(select(nfds, BITS(&sets[0]), BITS(&sets[1]),
                                BITS(&sets[2]), &timeout),
                         0);
        assert_true(clock_ms() - start >= WAIT_MS - 1);
        assert_true(clock_cpu_ms() - cpu < WAIT_MS / 10.0);
        for (int k = 0; k < 3; k++)
            assert_false(bits_test(&sets[k], fd));
    }
}

static void open_row(void)
{
    assert_true(watch_open(&row, ROW));
    assert_true(watch_works(&row));
}

static void close_row(void)
{
    assert_true(watch_works(&row));
    watch_close(&row);
}

/* The read end of a pipe whose writer has gone is hung up. */
static void hung_up_pipe_in_writefds_and_exceptfds(void **state)
{
    int ends[2];
    (void)state;
    open_row();
    assert_int_equal(pipe(ends), 0);
    close(ends[1]);
    assert_waits_quietly(ends[0], 2);
    assert_waits_quietly(ends[0], 4);
    assert_waits_quietly(ends[0], 6);
    close(ends[0]);
    close_row();
}

static void connect_pair(int fds[2])
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof(address);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(listener, (void *)&address, length), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (void *)&address, &length), 0);
    fds[0] = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(fds[0], (void *)&address, length), 0);
    fds[1] = accept(listener, NULL, NULL);
    assert_true(fds[1] >= 0);
    close(listener);
}

/* A TCP socket that both sides have shut down is hung up. */
static void hung_up_socket_in_exceptfds(void **state)
{
    int fds[2];
    (void)state;
    open_row();
    connect_pair(fds);
    shutdown(fds[0], SHUT_RDWR);
    shutdown(fds[1], SHUT_RDWR);
    assert_waits_quietly(fds[0], 4);
    close(fds[0]);
    close(fds[1]);
    close_row();
}

/* A reset connection is in error. */
static void socket_in_error_in_exceptfds(void **state)
{
    int fds[2];
    (void)state;
    open_row();
    connect_pair(fds);
    struct linger hard = {1, 0};
    setsockopt(fds[1], SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
    close(fds[1]);
    assert_waits_quietly(fds[0], 4);
    close(fds[0]);
    close_row();
}

/* It hangs up during the wait: the sleeper wakes for nothing, and waits on. */
static void hangs_up_later(void *arg)
{
    int *ends = arg;
    close(ends[0]);
    clock_sleep_ms(WAIT_MS / 3);
}

static void hang_up_during_the_wait(void **state)
{
    int ends[2];
    (void)state;
    open_row();
    assert_int_equal(pipe(ends), 0);
    /* The child holds the last write end for a third of the first wait. */
    pid_t pid = child_start(hangs_up_later, ends);
    close(ends[1]);
    assert_waits_quietly(ends[0], 2);
    child_join(pid);
    close(ends[0]);
    close_row();
}

/* Unwanted in one set, wanted in the next call's: nothing is forgotten. */
static void hang_up_wanted_by_the_next_call(void **state)
{
    int ends[2];
    (void)state;
    open_row();
    assert_int_equal(pipe(ends), 0);
    close(ends[1]);
    for (int i = 0; i < 3; i++) {
        struct bits in = {0}, out = {0};
        struct timeval zero = {0, 0};
        bits_set(&out, ends[0]);
        bits_set(&out, row.peers[0]);
        assert_int_equal(select(ends[0] + 1, NULL, BITS(&out), NULL, &zero), 1);
        assert_true(bits_test(&out, row.peers[0]));
        bits_set(&in, ends[0]);
        assert_int_equal(select(ends[0] + 1, BITS(&in), NULL, NULL, &zero), 1);
        assert_true(bits_test(&in, ends[0]));
        struct pollfd fds = {.fd = ends[0]};
        assert_int_equal(poll(&fds, 1, 0), 1);
        assert_int_equal(fds.revents, POLLHUP);
    }
    close(ends[0]);
    close_row();
}

/* poll with no events asked for is told ERR, HUP and NVAL, and nothing else. */
static void data_on_a_descriptor_not_asked_for(void **state)
{
    (void)state;
    open_row();
    assert_int_equal(write(row.peers[1], "x", 1), 1);
    row.fds[1].events = 0;
    for (int i = 0; i < 3; i++) {
        double start = clock_ms(), cpu = clock_cpu_ms();
        assert_int_equal(watch_poll(&row, WAIT_MS), 0);
        assert_true(clock_ms() - start >= WAIT_MS - 1);
        assert_true(clock_cpu_ms() - cpu < WAIT_MS / 10.0);
    }
    row.fds[1].events = POLLIN;
    assert_int_equal(watch_poll(&row, -1), 1);
    char byte;
    assert_int_equal(read(row.fds[1].fd, &byte, 1), 1);
    close_row();
}

/*
 * SO_OOBINLINE, set while an urgent byte waits, makes the socket readable
 * without waking anybody (w01): the next native poll sees it.
 */
static void urgent_data_made_inline_while_watched(void **state)
{
    int fds[2], on = 1;
    (void)state;
    open_row();
    connect_pair(fds);
    struct pollfd pair[2] = {{.fd = fds[0], .events = POLLIN},
                             {.fd = row.fds[0].fd, .events = POLLIN}};
    struct bits in = {0};
    assert_int_equal(poll(pair, 2, 0), 0);
    assert_int_equal(send(fds[1], "u", 1, MSG_OOB), 1);
    /* Loopback delivers at once, and says so by POLLPRI. */
    struct pollfd urgent = {.fd = fds[0], .events = POLLPRI};
    assert_int_equal(poll(&urgent, 1, 10000), 1);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(poll(pair, 2, 0), 0);
        bits_set(&in, fds[0]);
        assert_int_equal(
            select(fds[0] + 1, BITS(&in), NULL, NULL, &(struct timeval){0, 0}),
            0);
    }
    assert_int_equal(
        setsockopt(fds[0], SOL_SOCKET, SO_OOBINLINE, &on, sizeof(on)), 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(poll(pair, 2, 0), 1);
        assert_int_equal(pair[0].revents, POLLIN);
        bits_set(&in, fds[0]);
        assert_int_equal(
            select(fds[0] + 1, BITS(&in), NULL, NULL, &(struct timeval){0, 0}),
            1);
    }
    close(fds[0]);
    close(fds[1]);
    close_row();
}

/* By another process, or by a system call of the program's own. */
static void make_inline_unseen(int fd, int on)
{
    assert_int_equal(raw_syscall6(SYS_setsockopt, fd, SOL_SOCKET, SO_OOBINLINE,
                                  (long)&on, sizeof(on), 0),
                     0);
}

/*
 * Where nobody sees the option set, looking at what is registered finds it: in
 * a bounded number of calls that do not sleep, and in no time by one that does.
 */
static void urgent_data_made_inline_unseen(void **state)
{
    enum {
        CALLS_PER_LOOK = 64,
        ENOUGH = 100
    };
    int fds[2], calls = 0;
    (void)state;
    open_row();
    connect_pair(fds);
    struct pollfd pair[2] = {{.fd = fds[0], .events = POLLIN},
                             {.fd = row.fds[0].fd, .events = POLLIN}};
    assert_int_equal(send(fds[1], "u", 1, MSG_OOB), 1);
    struct pollfd urgent = {.fd = fds[0], .events = POLLPRI};
    assert_int_equal(poll(&urgent, 1, 10000), 1);
    for (int i = 0; i < 20; i++)
        assert_int_equal(poll(pair, 2, 0), 0);
    make_inline_unseen(fds[0], 1);
    while (poll(pair, 2, 0) == 0)
        assert_true(++calls < 2 * CALLS_PER_LOOK * ENOUGH);
    assert_int_equal(pair[0].revents, POLLIN);
    make_inline_unseen(fds[0], 0);
    assert_int_equal(poll(pair, 2, 100), 0);
    make_inline_unseen(fds[0], 1);
    double start = clock_ms();
    assert_int_equal(poll(pair, 2, 10000), 1);
    assert_true(clock_ms() - start < 5000);
    assert_int_equal(pair[0].revents, POLLIN);
    close(fds[0]);
    close(fds[1]);
    close_row();
}

static const struct suite_test tests[] = {
    TEST(hung_up_pipe_in_writefds_and_exceptfds),
    TEST(hung_up_socket_in_exceptfds),
    TEST(socket_in_error_in_exceptfds),
    TEST(hang_up_during_the_wait),
    TEST(hang_up_wanted_by_the_next_call),
    TEST(data_on_a_descriptor_not_asked_for),
    TEST(urgent_data_made_inline_while_watched),
    TEST(urgent_data_made_inline_unseen),
};

SUITE(tests)
