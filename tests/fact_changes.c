/* SPDX-License-Identifier: MIT */
/*
 * Facts W3 and W4: readiness that changes without a wake-up, or that depends
 * on who asks.
 */
#include "fact_common.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/un.h>

enum {
    LONG = 30 /* calls, after which a set is used to what it asks */
};

/*
 * Changes made through the descriptor itself, a copy of it, or its peer. Nobody
 * is woken when SO_OOBINLINE makes a queued urgent byte readable, SO_RCVBUF
 * what SO_RCVLOWAT holds back, or when the peer of a datagram socket of AF_UNIX
 * connects back, which then may be written to though the peer's queue be full.
 * The others do wake, or need not, and must be seen by the next call all the
 * same.
 */
static void urgent_byte(int fd[2])
{
    tcp_pair(fd);
    same(send(fd[1], "!", 1, MSG_OOB), 1);
    struct pollfd p = {.fd = fd[0], .events = POLLPRI};
    same(raw_ppoll(&p, 1, &(struct timespec){5, 0}), 1);
}

static void read_urgent_inline(int fd)
{
    same(setsockopt(fd, SOL_SOCKET, SO_OOBINLINE, &(int){1}, sizeof(int)), 0);
}

/* Another number of the same socket does as well. */
static void read_urgent_inline_by_a_copy(int fd)
{
    int copy = dup(fd);
    read_urgent_inline(copy);
    close(copy);
}

static void byte_below_the_mark(int fd[2])
{
    tcp_pair(fd);
    same(setsockopt(fd[0], SOL_SOCKET, SO_RCVLOWAT, &(int){9}, sizeof(int)), 0);
    send_byte(fd[1]);
}

static void lower_the_mark(int fd)
{
    same(setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &(int){1}, sizeof(int)), 0);
}

static void bytes_below_a_high_mark(int fd[2])
{
    static const char block[20000];
    int queued = 0;
    tcp_pair(fd);
    same(setsockopt(fd[0], SOL_SOCKET, SO_RCVLOWAT, &(int){60000}, sizeof(int)),
         0);
    same(write(fd[1], block, sizeof(block)), sizeof(block));
    while (queued < (int)sizeof(block))
        same(ioctl(fd[0], FIONREAD, &queued), 0);
}

static void leave_no_room_below_the_mark(int fd)
{
    int copy = dup(fd);
    same(setsockopt(copy, SOL_SOCKET, SO_RCVBUF, &(int){2000}, sizeof(int)), 0);
    close(copy);
}

static void full_pipe(int fd[2])
{
    static const char block[4096];
    open_pipe(fd);
    int reader = fd[0];
    fd[0] = fd[1];
    fd[1] = reader;
    same(fcntl(fd[0], F_SETFL, O_NONBLOCK), 0);
    same(fcntl(fd[0], F_SETPIPE_SZ, 4096), 4096);
    same(write(fd[0], block, sizeof(block)), sizeof(block));
}

static void widen_the_pipe(int fd)
{
    holds(fcntl(fd, F_SETPIPE_SZ, 65536) >= 65536);
}

static void unbound_socket(int fd[2])
{
    fd[0] = socket(AF_INET, SOCK_STREAM, 0);
    fd[1] = dup(0);
}

static void listen_there(int fd)
{
    same(listen(fd, 1), 0);
}

static void readable_stream(int fd[2])
{
    stream_pair(fd);
    send_byte(fd[1]);
}

static void shut_writing(int fd)
{
    same(shutdown(fd, SHUT_WR), 0);
}

/* An address that the kernel chooses, for others to connect to. */
static void connect_to(int fd, int peer)
{
    struct sockaddr_un at;
    socklen_t length = sizeof(at);
    same(getsockname(peer, (struct sockaddr *)&at, &length), 0);
    same(connect(fd, (struct sockaddr *)&at, length), 0);
}

static int server;

static void client_of_a_full_server(int fd[2])
{
    struct sockaddr none = {.sa_family = AF_UNIX};
    for (int i = 0; i < 2; i++) {
        fd[i] = socket(AF_UNIX, SOCK_DGRAM, 0);
        same(bind(fd[i], &none, sizeof(none.sa_family)), 0);
    }
    server = fd[1];
    connect_to(fd[0], server);
    while (send(fd[0], "x", 1, MSG_DONTWAIT) == 1)
        ;
}

static void connect_back(int fd)
{
    connect_to(server, fd);
}

static const struct {
    const char *name;
    void (*make)(int fd[2]);
    void (*change)(int fd);
    short before, after;
} changes[] = {
    {"SO_OOBINLINE", urgent_byte, read_urgent_inline, POLLOUT | POLLPRI,
     POLLIN | POLLOUT | POLLPRI},
    {"SO_OOBINLINE of a copy", urgent_byte, read_urgent_inline_by_a_copy,
     POLLOUT | POLLPRI, POLLIN | POLLOUT | POLLPRI},
    {"SO_RCVBUF", bytes_below_a_high_mark, leave_no_room_below_the_mark,
     POLLOUT, POLLIN | POLLOUT},
    {"SO_RCVLOWAT", byte_below_the_mark, lower_the_mark, POLLOUT,
     POLLIN | POLLOUT},
    {"F_SETPIPE_SZ", full_pipe, widen_the_pipe, 0, POLLOUT},
    {"connect", client_of_a_full_server, connect_back, 0, POLLOUT},
    {"listen", unbound_socket, listen_there, POLLOUT | POLLHUP, 0},
    {"shutdown", readable_stream, shut_writing, POLLIN | POLLOUT,
     POLLIN | POLLOUT},
};

static void changed_state(const struct poll_call *c)
{
    struct pollfd set[1 + CROWD];
    nfds_t n = gather(set, 1);
    for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
        int fd[2];
        fact_call = changes[i].name;
        changes[i].make(fd);
        set[0].fd = fd[0];
        set[0].events = POLLIN | POLLOUT | POLLPRI;
        for (int call = 0; call < LONG; call++) {
            poll_for(c, set, n, 0);
            same(set[0].revents, changes[i].before);
        }
        changes[i].change(fd[0]);
        for (EACH_ROUND) {
            poll_for(c, set, n, 0);
            same(set[0].revents, changes[i].after);
        }
        close_pair(fd);
    }
}

/* The same where the caller asks for what is to come only, and waits. */
static void changed_state_waits(const struct select_call *c)
{
    struct sets b, got;
    for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
        int fd[2];
        fact_call = changes[i].name;
        changes[i].make(fd);
        short event =
            changes[i].after & ~changes[i].before & POLLIN ? POLLIN : POLLOUT;
        gather_bits(&b);
        want(&b, fd[0], event == POLLIN ? "r" : "w");
        for (int call = 0; call < LONG; call += ROUNDS)
            settle_bits(c, &b, &got);
        changes[i].change(fd[0]);
        int ready = (changes[i].after & event) != 0;
        for (EACH_ROUND)
            same(select_for(c, &b, &got, 0), ready);
        close_pair(fd);
    }
}

static void W3_changes_without_a_wake_up_are_seen(void **state)
{
    (void)state;
    each_poll(changed_state);
    each_select(changed_state_waits);
}

/*
 * A signalfd answers for the process that asks. The child raises a signal of
 * its own: it sees it, through the set it inherited; the parent does not.
 */
static struct pollfd signal_set[1 + CROWD];
static nfds_t signal_n;
static struct sets signal_bits;

static void raise_and_look(void)
{
    struct sets got;
    sigset_t usr1;
    sigemptyset(&usr1);
    sigaddset(&usr1, SIGUSR1);
    sigprocmask(SIG_BLOCK, &usr1, NULL);
    same(poll(signal_set, signal_n, 0), 0);
    raise(SIGUSR1);
    for (EACH_ROUND) {
        same(poll(signal_set, signal_n, -1), 1);
        same(signal_set[0].revents, POLLIN);
        same(select_for(&select_calls[0], &signal_bits, &got, -1), 1);
        same(told(&got, signal_set[0].fd), 4);
    }
}

static void W4_signalfd_answers_for_the_process_that_asks(void **state)
{
    (void)state;
    struct sets got;
    sigset_t usr1;
    sigemptyset(&usr1);
    sigaddset(&usr1, SIGUSR1);
    sigprocmask(SIG_BLOCK, &usr1, NULL);
    signal_n = gather(signal_set, 1);
    signal_set[0].fd = signalfd(-1, &usr1, 0);
    signal_set[0].events = POLLIN;
    gather_bits(&signal_bits);
    want(&signal_bits, signal_set[0].fd, "r");
    settle(&poll_calls[0], signal_set, signal_n);
    settle_bits(&select_calls[0], &signal_bits, &got);
    in_child(raise_and_look);
    for (EACH_ROUND)
        same(poll(signal_set, signal_n, 0), 0);
    raise(SIGUSR1);
    for (EACH_ROUND) {
        same(poll(signal_set, signal_n, -1), 1);
        same(select_for(&select_calls[0], &signal_bits, &got, -1), 1);
    }
    struct signalfd_siginfo info;
    same(read(signal_set[0].fd, &info, sizeof(info)), sizeof(info));
    for (EACH_ROUND)
        same(poll(signal_set, signal_n, 0), 0);
    close(signal_set[0].fd);
}

static const struct suite_test tests[] = {
    TEST(W3_changes_without_a_wake_up_are_seen),
    TEST(W4_signalfd_answers_for_the_process_that_asks),
};

SUITE(tests)
