/* SPDX-License-Identifier: MIT */
/*
 * A watched number is closed where no library can see it, and then handed out
 * anew by a call of libc's: a number that is handed out was not open, so that
 * whoever thought so missed its end. Each row is one of these calls. And what
 * kind of file they hand out decides who is asked about it.
 */
#define _GNU_SOURCE
#include "harness/harness.h"

#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/pidfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <linux/icmp.h> /* last: it yields to musl's headers, not they to it */

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

enum {
    ROW = 6,
    VICTIM = 3
};

static void waits_for_ever(void *arg)
{
    (void)arg;
    for (;;)
        clock_sleep_ms(1000);
}

/* A pipe whose write end is what some of the calls hand out a copy of. */
static int also[2];

static int take_dup(void)
{
    return dup(also[1]);
}

static int take_dupfd(void)
{
    return fcntl(also[1], F_DUPFD, 0);
}

static int take_dupfd_cloexec(void)
{
    return fcntl(also[1], F_DUPFD_CLOEXEC, 0);
}

/* libc's own name for it; no header declares it. */
int __fcntl(int fd, int command, ...);

static int take_dupfd_of_libc(void)
{
    return __fcntl(also[1], F_DUPFD, 0);
}

static int take_socket(void)
{
    return socket(AF_INET, SOCK_DGRAM, 0);
}

static int take_socketpair(void)
{
    int ends[2];
    require(!socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
    require(!raw_close(ends[1]));
    return ends[0];
}

static int take_pipe(void)
{
    int ends[2];
    require(!pipe(ends));
    require(!raw_close(ends[1]));
    return ends[0];
}

static int take_pipe2(void)
{
    int ends[2];
    require(!pipe2(ends, O_CLOEXEC));
    require(!raw_close(ends[1]));
    return ends[0];
}

static int take_open(void)
{
    return open("/dev/null", O_RDWR);
}

static int take_open64(void)
{
    return open64("/dev/null", O_RDWR);
}

static int take_openat(void)
{
    return openat(AT_FDCWD, "/dev/null", O_RDWR);
}

static int take_openat64(void)
{
    return openat64(AT_FDCWD, "/dev/null", O_RDWR);
}

static int take_eventfd(void)
{
    return eventfd(1, 0);
}

static int take_timerfd(void)
{
    int fd = timerfd_create(CLOCK_MONOTONIC, 0);
    timerfd_settime(fd, 0, &(struct itimerspec){.it_value.tv_nsec = 1}, NULL);
    clock_sleep_ms(1);
    return fd;
}

static int take_signalfd(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    raise(SIGUSR1);
    return signalfd(-1, &set, 0);
}

static int take_inotify(void)
{
    int fd = inotify_init1(0);
    inotify_add_watch(fd, "/dev/null", IN_OPEN);
    raw_close(raw_open("/dev/null", O_RDONLY));
    return fd;
}

static int take_epoll(void)
{
    int fd = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLOUT};
    require(!epoll_ctl(fd, EPOLL_CTL_ADD, also[1], &event));
    return fd;
}

static int take_pidfd(void)
{
    pid_t pid = child_start_raw(waits_for_ever, NULL);
    int fd = pidfd_open(pid, 0);
    kill(pid, SIGKILL);
    child_wait(pid);
    /* A reaped child's pidfd goes on being readable. */
    return fd;
}

/* glibc has had functions for these since 2.36; before, all did it so. */
static int take_syscall_pidfd(void)
{
    pid_t pid = child_start_raw(waits_for_ever, NULL);
    int fd = (int)syscall(SYS_pidfd_open, pid, 0);
    kill(pid, SIGKILL);
    child_wait(pid);
    return fd;
}

/* A pidfd of the test itself. */
static int self;

static void open_self(void)
{
    self = pidfd_open(getpid(), 0);
    require(self >= 0);
}

static void close_self(void)
{
    close(self);
}

static int take_pidfd_getfd(void)
{
    return pidfd_getfd(self, also[1], 0);
}

static int take_syscall_pidfd_getfd(void)
{
    return (int)syscall(SYS_pidfd_getfd, self, also[1], 0);
}

/* A listening TCP socket with one connection waiting, made unseen. */
static int listener, client;

static void open_listener(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof(address);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    listener = socket(AF_INET, SOCK_STREAM, 0);
    require(!bind(listener, (void *)&address, length));
    require(!listen(listener, 1));
    require(!getsockname(listener, (void *)&address, &length));
    client = socket(AF_INET, SOCK_STREAM, 0);
    require(!connect(client, (void *)&address, length));
}

static void close_listener(void)
{
    close(listener);
    close(client);
}

static int take_accept(void)
{
    return accept(listener, NULL, NULL);
}

static int take_accept4(void)
{
    return accept4(listener, NULL, NULL, SOCK_NONBLOCK);
}

/* A descriptor in a message on the way to courier[0]. */
static int courier[2];

static void open_courier(void)
{
    char byte = 'x', room[CMSG_SPACE(sizeof(int))] = {0};
    struct iovec data = {&byte, 1};
    struct msghdr message = {.msg_iov = &data,
                             .msg_iovlen = 1,
                             .msg_control = room,
                             .msg_controllen = sizeof(room)};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &also[1], sizeof(int));
    require(!socketpair(AF_UNIX, SOCK_DGRAM, 0, courier));
    require(sendmsg(courier[1], &message, 0) == 1);
}

static void close_courier(void)
{
    close(courier[0]);
    close(courier[1]);
}

static int take_message(ssize_t (*receive)(int, struct msghdr *, int))
{
    char byte, room[CMSG_SPACE(sizeof(int))];
    struct iovec data = {&byte, 1};
    struct msghdr message = {.msg_iov = &data,
                             .msg_iovlen = 1,
                             .msg_control = room,
                             .msg_controllen = sizeof(room)};
    int fd;
    require(receive(courier[0], &message, 0) == 1);
    memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(fd));
    return fd;
}

static int take_recvmsg(void)
{
    return take_message(recvmsg);
}

static ssize_t receive_by_number(int fd, struct msghdr *message, int flags)
{
    return syscall(SYS_recvmsg, fd, message, flags);
}

static int take_syscall_recvmsg(void)
{
    return take_message(receive_by_number);
}

static int take_recvmmsg(void)
{
    char byte, room[CMSG_SPACE(sizeof(int))];
    struct iovec data = {&byte, 1};
    struct mmsghdr message = {.msg_hdr = {.msg_iov = &data,
                                          .msg_iovlen = 1,
                                          .msg_control = room,
                                          .msg_controllen = sizeof(room)}};
    int fd;
    require(recvmmsg(courier[0], &message, 1, 0, NULL) == 1);
    memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message.msg_hdr)), sizeof(fd));
    return fd;
}

static void nothing(void)
{
}

/*
 * The victim is closed by the kernel's own call, and its number handed out by
 * libc. What the next poll and select say is the kernel's own answer.
 */
static void take_over(int (*take)(void), void (*prepare)(void),
                      void (*clean)(void))
{
    struct watch w;
    assert_int_equal(pipe(also), 0);
    prepare();
    assert_true(watch_open(&w, ROW));
    int fd = w.fds[VICTIM].fd;
    for (int i = 0; i < ROW; i++)
        w.fds[i].events = POLLIN | POLLOUT;
    assert_true(watch_sees(&w, -1));

    /* Nothing about the next poll differs from this one but the descriptor. */
    assert_int_equal(watch_poll(&w, 0), 0);
    assert_int_equal(raw_close(fd), 0);
    assert_int_equal(take(), fd);
    for (int i = 0; i < 3; i++)
        assert_true(watch_agrees(&w));
    watch_close(&w);
    clean();
    close(also[0]);
    close(also[1]);
}

#define TAKER(name, prepare, clean)                                            \
    static void handed_out_by_##name(void **state)                             \
    {                                                                          \
        (void)state;                                                           \
        take_over(take_##name, prepare, clean);                                \
    }

TAKER(dup, nothing, nothing)
TAKER(dupfd, nothing, nothing)
TAKER(dupfd_cloexec, nothing, nothing)
TAKER(dupfd_of_libc, nothing, nothing)
TAKER(socket, nothing, nothing)
TAKER(socketpair, nothing, nothing)
TAKER(pipe, nothing, nothing)
TAKER(pipe2, nothing, nothing)
TAKER(open, nothing, nothing)
TAKER(open64, nothing, nothing)
TAKER(openat, nothing, nothing)
TAKER(openat64, nothing, nothing)
TAKER(eventfd, nothing, nothing)
TAKER(timerfd, nothing, nothing)
TAKER(signalfd, nothing, nothing)
TAKER(inotify, nothing, nothing)
TAKER(epoll, nothing, nothing)
TAKER(pidfd, nothing, nothing)
TAKER(syscall_pidfd, nothing, nothing)
TAKER(pidfd_getfd, open_self, close_self)
TAKER(syscall_pidfd_getfd, open_self, close_self)
TAKER(accept, open_listener, close_listener)
TAKER(accept4, open_listener, close_listener)
TAKER(recvmsg, open_courier, close_courier)
TAKER(syscall_recvmsg, open_courier, close_courier)
TAKER(recvmmsg, open_courier, close_courier)

/* --- what is handed out is asked about by epoll, or is not --------------- */

enum {
    CROWD = 40,
    LOOKS = 200
};

struct sort {
    int domain, type, protocol;
};

static const struct sort usual[] = {
    {AF_INET, SOCK_STREAM, 0},          {AF_INET6, SOCK_STREAM, IPPROTO_TCP},
    {AF_INET, SOCK_DGRAM, IPPROTO_UDP}, {AF_INET, SOCK_RAW, IPPROTO_ICMP},
    {AF_UNIX, SOCK_STREAM, 0},          {AF_UNIX, SOCK_SEQPACKET, 0},
    {AF_UNIX, SOCK_DGRAM, 0},           {AF_NETLINK, SOCK_RAW, 0},
};

static const struct sort odd[] = {
    {AF_VSOCK, SOCK_STREAM, 0},   {AF_PACKET, SOCK_RAW, 0},
    {AF_INET, SOCK_PACKET, 0},    {AF_INET, SOCK_STREAM, IPPROTO_MPTCP},
    {AF_INET, SOCK_SEQPACKET, 0},
};

static struct watch crowd;
static struct pollfd asked[CROWD + 40];
static nfds_t asked_n;

static void ask_for(int fd)
{
    asked[asked_n++] = (struct pollfd){.fd = fd, .events = POLLIN};
}

/*
 * A raw socket hears what comes to the whole machine, whatever else runs there:
 * it became readable between a look and the kernel's own.
 */
static void hear_nothing(int fd)
{
    const struct icmp_filter all = {.data = UINT32_MAX};
    require(!setsockopt(fd, SOL_RAW, ICMP_FILTER, &all, sizeof(all)));
}

/* All there are, and what another process could have passed on. */
static void make(const struct sort *sort)
{
    int fd = socket(sort->domain, sort->type, sort->protocol);
    if (fd < 0)
        return;
    if (sort->protocol == IPPROTO_ICMP)
        hear_nothing(fd);
    ask_for(fd);
    ask_for(dup(fd));
}

static void make_connection(int domain)
{
    struct sockaddr_storage at = {.ss_family = (sa_family_t)domain};
    socklen_t length = domain == AF_UNIX ? sizeof(sa_family_t) : sizeof(at);
    int waiting = socket(domain, SOCK_STREAM, 0);
    require(!bind(waiting, (struct sockaddr *)&at, length));
    require(!listen(waiting, 1));
    length = sizeof(at);
    require(!getsockname(waiting, (struct sockaddr *)&at, &length));
    ask_for(socket(domain, SOCK_STREAM, 0));
    require(!connect(asked[asked_n - 1].fd, (struct sockaddr *)&at, length));
    ask_for(waiting);
    require(poll(asked, asked_n, 10000) > 0);
    ask_for(accept(waiting, NULL, NULL));
    ask_for(dup(asked[asked_n - 1].fd));
}

static void look_often(void)
{
    for (int i = 0; i < LOOKS; i++) {
        struct pollfd now[CROWD + 40];
        memcpy(now, asked, sizeof(now));
        require(poll(asked, asked_n, 0) ==
                raw_ppoll(now, asked_n, &(struct timespec){0}));
        require(!memcmp(now, asked, asked_n * sizeof(*now)));
    }
}

static void look_at_usual(void *arg)
{
    (void)arg;
    for (size_t i = 0; i < sizeof(usual) / sizeof(*usual); i++)
        make(&usual[i]);
    make_connection(AF_INET);
    make_connection(AF_UNIX);
    ask_for(eventfd(0, 0));
    look_often();
}

static void look_at_odd(void *arg)
{
    make(arg);
    look_often();
    _exit(asked_n == CROWD ? 77 : 0);
}

static void open_crowd(void)
{
    assert_true(watch_open(&crowd, CROWD));
    assert_true(watch_works(&crowd));
    memcpy(asked, crowd.fds, CROWD * sizeof(*asked));
    asked_n = CROWD;
}

/* Were they asked about natively, a server would gain nothing. */
static void usual_files_are_told_by_epoll(void **state)
{
    (void)state;
    open_crowd();
    pid_t pid = child_start(look_at_usual, NULL);
    child_join(pid);
    if (way_is_always())
        assert_true(stats_of(pid, "residual_looks") < LOOKS / 2);
    watch_close(&crowd);
}

/*
 * Of some sockets poll() itself moves the data, and of others nobody has tried
 * whether each change wakes: the native call looks at them.
 */
static void odd_sockets_are_looked_at_natively(void **state)
{
    (void)state;
    open_crowd();
    for (size_t i = 0; i < sizeof(odd) / sizeof(*odd); i++) {
        pid_t pid = child_start(look_at_odd, (void *)&odd[i]);
        int status = child_wait(pid);
        if (status == 77 << 8)
            continue; /* this kernel has none, or they are not for us */
        assert_int_equal(status, 0);
        if (way_is_always())
            assert_true(stats_of(pid, "residual_looks") >= LOOKS);
    }
    watch_close(&crowd);
}

static const struct suite_test tests[] = {
    TEST(handed_out_by_dup),
    TEST(handed_out_by_dupfd),
    TEST(handed_out_by_dupfd_cloexec),
    TEST(handed_out_by_dupfd_of_libc),
    TEST(handed_out_by_socket),
    TEST(handed_out_by_socketpair),
    TEST(handed_out_by_pipe),
    TEST(handed_out_by_pipe2),
    TEST(handed_out_by_open),
    TEST(handed_out_by_open64),
    TEST(handed_out_by_openat),
    TEST(handed_out_by_openat64),
    TEST(handed_out_by_eventfd),
    TEST(handed_out_by_timerfd),
    TEST(handed_out_by_signalfd),
    TEST(handed_out_by_inotify),
    TEST(handed_out_by_epoll),
    TEST(handed_out_by_pidfd),
    TEST(handed_out_by_syscall_pidfd),
    TEST(handed_out_by_pidfd_getfd),
    TEST(handed_out_by_syscall_pidfd_getfd),
    TEST(handed_out_by_accept),
    TEST(handed_out_by_accept4),
    TEST(handed_out_by_recvmsg),
    TEST(handed_out_by_syscall_recvmsg),
    TEST(handed_out_by_recvmmsg),
    TEST(usual_files_are_told_by_epoll),
    TEST(odd_sockets_are_looked_at_natively),
};

SUITE(tests)
