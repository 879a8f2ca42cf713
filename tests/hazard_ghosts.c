/* SPDX-License-Identifier: MIT */
/*
 * An epoll item belongs to an open file and a number. If the number is closed
 * while a copy keeps the file open, the item stays, can no longer be deleted
 * by number, and speaks with the number's voice when somebody else has it: a
 * ghost (fact F2). If the close could not be seen, a dead item looks alive.
 */
#define _GNU_SOURCE
#include "harness/harness.h"

#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/pidfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum {
    ROW = 6,
    VICTIM = 3
};

static void look_some_times(struct watch *w, int which)
{
    for (int i = 0; i < 3; i++)
        assert_true(watch_sees(w, which));
}

/* Opens the row with the victim's number the lowest that can become free. */
static void open_row(struct watch *w)
{
    assert_true(watch_open(w, ROW));
    look_some_times(w, -1);
}

/* --- files that outlive their number ----------------------------------- */

/*
 * The victim's number passes to a new pipe, while some copy keeps the old
 * file open. Of close and reuse one is seen, the other is not.
 */
static void haunt(struct watch *w, struct watch *fresh, bool close_is_seen)
{
    int fd = w->fds[VICTIM].fd;
    assert_true(watch_open(fresh, 1));
    if (close_is_seen) {
        assert_int_equal(close(fd), 0);
        assert_int_equal(raw_dup3(fresh->fds[0].fd, fd), fd);
    } else {
        assert_int_equal(raw_close(fd), 0);
        assert_int_equal(dup2(fresh->fds[0].fd, fd), fd);
    }
    look_some_times(w, -1);
}

/* The old file becomes readable, the new one is not: nothing may be told. */
static void provoke(struct watch *w, struct watch *fresh)
{
    char byte = 'x';
    assert_int_equal(write(w->peers[VICTIM], &byte, 1), 1);
    look_some_times(w, -1);

    double cpu = clock_cpu_ms(), start = clock_ms();
    assert_int_equal(watch_poll(w, 300), 0);
    assert_int_equal(watch_select(w, 300), 0);
    assert_true(clock_ms() - start >= 599);
    /* A library that spins on the ghost burns all of the time it waited. */
    assert_true(clock_cpu_ms() - cpu < 200);

    assert_int_equal(write(fresh->peers[0], &byte, 1), 1);
    look_some_times(w, VICTIM);
    assert_int_equal(read(w->fds[VICTIM].fd, &byte, 1), 1);
    look_some_times(w, -1);
}

static void with_copy(bool close_is_seen)
{
    struct watch w, fresh;
    open_row(&w);
    int copy = dup(w.fds[VICTIM].fd);
    haunt(&w, &fresh, close_is_seen);
    provoke(&w, &fresh);
    close(copy);
    close(fresh.peers[0]);
    close(fresh.fds[0].fd);
    watch_close(&w);
}

static void dup_keeps_a_closed_file_alive(void **state)
{
    (void)state;
    with_copy(true);
}

static void dup_keeps_a_file_alive_that_was_closed_unseen(void **state)
{
    (void)state;
    with_copy(false);
}

static void waits_for_ever(void *arg)
{
    (void)arg;
    for (;;)
        clock_sleep_ms(1000);
}

static void child_keeps_a_closed_file_alive(void **state)
{
    struct watch w, fresh;
    (void)state;
    open_row(&w);
    pid_t pid = child_start_raw(waits_for_ever, NULL);
    haunt(&w, &fresh, true);
    provoke(&w, &fresh);
    kill(pid, SIGKILL);
    child_wait(pid);
    close(fresh.peers[0]);
    close(fresh.fds[0].fd);
    watch_close(&w);
}

/* The number closed, the file comes back to the same number by its copy. */
static void file_returns_to_its_number(void **state)
{
    struct watch w;
    (void)state;
    open_row(&w);
    int fd = w.fds[VICTIM].fd, copy = dup(fd);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(close(fd), 0);
        assert_int_equal(watch_poll(&w, 0), 1);
        assert_int_equal(w.fds[VICTIM].revents, POLLNVAL);
        assert_int_equal(dup2(copy, fd), fd);
        assert_true(watch_works(&w));
        assert_int_equal(raw_close(fd), 0);
        assert_int_equal(dup2(copy, fd), fd);
        assert_true(watch_works(&w));
    }
    close(copy);
    watch_close(&w);
}

/* Two watched numbers of one file; one of them is closed. */
static void one_of_two_numbers_of_a_file_is_closed(void **state)
{
    struct watch w;
    char byte = 'x';
    (void)state;
    open_row(&w);
    close(w.fds[0].fd);
    assert_int_equal(dup2(w.fds[VICTIM].fd, w.fds[0].fd), w.fds[0].fd);
    look_some_times(&w, -1);
    assert_int_equal(write(w.peers[VICTIM], &byte, 1), 1);
    assert_int_equal(watch_poll(&w, 0), 2);
    close(w.fds[VICTIM].fd);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(watch_poll(&w, 0), 2);
        assert_int_equal(w.fds[0].revents, POLLIN);
        assert_int_equal(w.fds[VICTIM].revents, POLLNVAL);
    }
    assert_int_equal(read(w.fds[0].fd, &byte, 1), 1);
    assert_int_equal(watch_poll(&w, 0), 1);
    watch_close(&w);
}

/* --- an unseen close, then a call that hands the number out -------------- */

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

static int take_recvmsg(void)
{
    char byte, room[CMSG_SPACE(sizeof(int))];
    struct iovec data = {&byte, 1};
    struct msghdr message = {.msg_iov = &data,
                             .msg_iovlen = 1,
                             .msg_control = room,
                             .msg_controllen = sizeof(room)};
    int fd;
    require(recvmsg(courier[0], &message, 0) == 1);
    memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(fd));
    return fd;
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
    look_some_times(&w, -1);

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
TAKER(accept, open_listener, close_listener)
TAKER(accept4, open_listener, close_listener)
TAKER(recvmsg, open_courier, close_courier)
TAKER(recvmmsg, open_courier, close_courier)

/* --- neither the close nor the reuse could be seen ----------------------- */

/*
 * Only looking at what is registered can find this. A sleeping thread has the
 * time to look; the bound here is generous, for the machine may be busy.
 */
static void replaced_unseen_while_asleep(int (*wait)(struct watch *, int))
{
    struct watch w;
    int ends[2];
    open_row(&w);
    int fd = w.fds[VICTIM].fd;
    assert_int_equal(raw_pipe(ends), 0);
    assert_int_equal(write(ends[1], "x", 1), 1);
    assert_int_equal(raw_close(fd), 0);
    assert_int_equal(raw_dup3(ends[0], fd), fd);

    double start = clock_ms();
    assert_int_equal(wait(&w, 10000), 1);
    assert_true(clock_ms() - start < 5000);
    look_some_times(&w, VICTIM);
    raw_close(ends[0]);
    raw_close(ends[1]);
    watch_close(&w);
}

static void number_replaced_unseen_is_found_by_a_sleeping_poll(void **state)
{
    (void)state;
    replaced_unseen_while_asleep(watch_poll);
}

static void number_replaced_unseen_is_found_by_a_sleeping_select(void **state)
{
    (void)state;
    replaced_unseen_while_asleep(watch_select);
}

/* A thread that never sleeps gets there too, in a bounded number of calls. */
static void number_replaced_unseen_is_found_by_a_busy_loop(void **state)
{
    enum {
        CALLS_PER_LOOK = 64,
        ENOUGH = 100
    };
    struct watch w;
    int ends[2], calls = 0;
    (void)state;
    open_row(&w);
    int fd = w.fds[VICTIM].fd;
    assert_int_equal(raw_pipe(ends), 0);
    assert_int_equal(write(ends[1], "x", 1), 1);
    assert_int_equal(raw_dup3(ends[0], fd), fd);
    while (watch_poll(&w, 0) == 0)
        if (++calls > ROW * CALLS_PER_LOOK * ENOUGH)
            fail_msg("not found in %d calls", calls);
    raw_close(ends[0]);
    raw_close(ends[1]);
    watch_close(&w);
}

static const struct suite_test tests[] = {
    TEST(dup_keeps_a_closed_file_alive),
    TEST(dup_keeps_a_file_alive_that_was_closed_unseen),
    TEST(child_keeps_a_closed_file_alive),
    TEST(file_returns_to_its_number),
    TEST(one_of_two_numbers_of_a_file_is_closed),
    TEST(handed_out_by_dup),
    TEST(handed_out_by_dupfd),
    TEST(handed_out_by_dupfd_cloexec),
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
    TEST(handed_out_by_accept),
    TEST(handed_out_by_accept4),
    TEST(handed_out_by_recvmsg),
    TEST(handed_out_by_recvmmsg),
    TEST_AWAITS(number_replaced_unseen_is_found_by_a_sleeping_poll, "scrub"),
    TEST_AWAITS(number_replaced_unseen_is_found_by_a_sleeping_select, "scrub"),
    TEST_AWAITS(number_replaced_unseen_is_found_by_a_busy_loop, "scrub"),
};

SUITE(tests)
