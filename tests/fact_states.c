/* SPDX-License-Identifier: MIT */
/* Descriptors of every kind that is polled, in the states that it can have. */
#include "fact_states.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>

static void fill(int fd)
{
    static const char block[4096];
    int flags = fcntl(fd, F_GETFL);
    fcntl(fd, F_SETFL, flags | O_NONBLOCK);
    while (write(fd, block, sizeof(block)) > 0)
        continue;
    fcntl(fd, F_SETFL, flags);
}

static void finish(int *fd)
{
    close(*fd);
    *fd = -1;
}

static void swap_ends(int fd[4])
{
    int first = fd[0];
    fd[0] = fd[1];
    fd[1] = first;
}

static void pipe_quiet(int fd[4])
{
    open_pipe(fd);
}

static void pipe_readable(int fd[4])
{
    open_pipe(fd);
    send_byte(fd[1]);
}

void pipe_hup(int fd[4])
{
    open_pipe(fd);
    finish(&fd[1]);
}

static void pipe_readable_hup(int fd[4])
{
    pipe_readable(fd);
    finish(&fd[1]);
}

static void pipe_writable(int fd[4])
{
    open_pipe(fd);
    swap_ends(fd);
}

static void pipe_full(int fd[4])
{
    pipe_writable(fd);
    fill(fd[0]);
}

void pipe_broken(int fd[4])
{
    pipe_writable(fd);
    finish(&fd[1]);
}

static void stream_quiet(int fd[4])
{
    stream_pair(fd);
}

static void stream_readable(int fd[4])
{
    stream_pair(fd);
    send_byte(fd[1]);
}

static void stream_full(int fd[4])
{
    stream_pair(fd);
    fill(fd[0]);
}

void stream_hup(int fd[4])
{
    stream_pair(fd);
    finish(&fd[1]);
}

static void stream_peer_shut(int fd[4])
{
    stream_readable(fd);
    shutdown(fd[1], SHUT_WR);
}

void stream_shut(int fd[4])
{
    stream_pair(fd);
    shutdown(fd[0], SHUT_RDWR);
}

static void datagram(int fd[4])
{
    same(socketpair(AF_UNIX, SOCK_DGRAM, 0, fd), 0);
    send_byte(fd[1]);
}

static void seqpacket(int fd[4])
{
    same(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fd), 0);
    finish(&fd[1]);
}

static void tcp_quiet(int fd[4])
{
    tcp_pair(fd);
}

/* Loopback delivers at once, but in another context: wait for the event. */
static void await(int fd, short events)
{
    struct pollfd p = {.fd = fd, .events = events};
    same(raw_ppoll(&p, 1, &(struct timespec){5, 0}), 1);
}

static void tcp_readable(int fd[4])
{
    tcp_pair(fd);
    send_byte(fd[1]);
    await(fd[0], POLLIN);
}

static void tcp_urgent(int fd[4])
{
    tcp_pair(fd);
    same(send(fd[1], "!", 1, MSG_OOB), 1);
    await(fd[0], POLLPRI);
}

static void tcp_peer_shut(int fd[4])
{
    tcp_pair(fd);
    shutdown(fd[1], SHUT_WR);
    await(fd[0], POLLRDHUP);
}

void tcp_both_shut(int fd[4])
{
    tcp_peer_shut(fd);
    shutdown(fd[0], SHUT_WR);
    await(fd[0], 0);
}

static void tcp_reset(int fd[4])
{
    tcp_pair(fd);
    setsockopt(fd[1], SOL_SOCKET, SO_LINGER, &(struct linger){1, 0},
               sizeof(struct linger));
    finish(&fd[1]);
    await(fd[0], 0);
}

static void tcp_new(int fd[4])
{
    fd[0] = socket(AF_INET, SOCK_STREAM, 0);
}

static int bound(int type, struct sockaddr_in *address)
{
    socklen_t length = sizeof(*address);
    int fd = socket(AF_INET, type, 0);
    *address = (struct sockaddr_in){.sin_family = AF_INET,
                                    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    same(bind(fd, (struct sockaddr *)address, length), 0);
    same(getsockname(fd, (struct sockaddr *)address, &length), 0);
    return fd;
}

static void tcp_listening(int fd[4])
{
    struct sockaddr_in address;
    fd[0] = bound(SOCK_STREAM, &address);
    same(listen(fd[0], 1), 0);
}

static void tcp_waiting(int fd[4])
{
    struct sockaddr_in address;
    fd[0] = bound(SOCK_STREAM, &address);
    same(listen(fd[0], 1), 0);
    fd[1] = socket(AF_INET, SOCK_STREAM, 0);
    same(connect(fd[1], (struct sockaddr *)&address, sizeof(address)), 0);
    await(fd[0], POLLIN);
}

static void tcp_refused(int fd[4])
{
    struct sockaddr_in address;
    close(bound(SOCK_STREAM, &address));
    fd[0] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    connect(fd[0], (struct sockaddr *)&address, sizeof(address));
    await(fd[0], 0);
}

static void udp_quiet(int fd[4])
{
    struct sockaddr_in address;
    fd[0] = bound(SOCK_DGRAM, &address);
}

/* The ICMP answer to a datagram nobody wanted is an error to its sender. */
void udp_refused(int fd[4])
{
    struct sockaddr_in address;
    close(bound(SOCK_DGRAM, &address));
    fd[0] = socket(AF_INET, SOCK_DGRAM, 0);
    same(connect(fd[0], (struct sockaddr *)&address, sizeof(address)), 0);
    send_byte(fd[0]);
    await(fd[0], 0);
}

static void eventfd_zero(int fd[4])
{
    fd[0] = eventfd(0, 0);
}

static void eventfd_one(int fd[4])
{
    fd[0] = eventfd(1, 0);
}

static void eventfd_full(int fd[4])
{
    uint64_t most = UINT64_MAX - 1;
    fd[0] = eventfd(0, 0);
    same(write(fd[0], &most, sizeof(most)), sizeof(most));
}

static void timerfd_unarmed(int fd[4])
{
    fd[0] = timerfd_create(CLOCK_MONOTONIC, 0);
}

static void timerfd_expired(int fd[4])
{
    struct itimerspec soon = {.it_value = {0, 1}};
    fd[0] = timerfd_create(CLOCK_MONOTONIC, 0);
    same(timerfd_settime(fd[0], 0, &soon, NULL), 0);
    await(fd[0], POLLIN);
}

static void inotify_quiet(int fd[4])
{
    fd[0] = inotify_init();
}

static void pidfd_of_self(int fd[4])
{
    fd[0] = (int)syscall(SYS_pidfd_open, getpid(), 0);
}

static void terminal(int fd[4])
{
    fd[0] = posix_openpt(O_RDWR | O_NOCTTY);
    same(grantpt(fd[0]), 0);
    same(unlockpt(fd[0]), 0);
    fd[1] = open(ptsname(fd[0]), O_RDWR | O_NOCTTY);
    holds(fd[1] >= 0);
}

static void terminal_slave(int fd[4])
{
    terminal(fd);
    swap_ends(fd);
}

static void terminal_hup(int fd[4])
{
    terminal(fd);
    finish(&fd[1]);
}

static void regular_file(int fd[4])
{
    fd[0] = open("/proc/self/exe", O_RDONLY);
}

static void closed(int fd[4])
{
    fd[0] = closed_number();
}

#define STATE(make)                                                            \
    {                                                                          \
#make, make                                                            \
    }
const struct state states[] = {
    STATE(pipe_quiet),      STATE(pipe_readable),    STATE(pipe_hup),
    STATE(pipe_writable),   STATE(pipe_full),        STATE(pipe_broken),
    STATE(stream_quiet),    STATE(stream_readable),  STATE(stream_full),
    STATE(stream_hup),      STATE(stream_peer_shut), STATE(stream_shut),
    STATE(datagram),        STATE(seqpacket),        STATE(tcp_quiet),
    STATE(tcp_readable),    STATE(tcp_urgent),       STATE(tcp_peer_shut),
    STATE(tcp_both_shut),   STATE(tcp_reset),        STATE(tcp_new),
    STATE(tcp_listening),   STATE(tcp_waiting),      STATE(tcp_refused),
    STATE(udp_quiet),       STATE(udp_refused),      STATE(eventfd_zero),
    STATE(eventfd_one),     STATE(eventfd_full),     STATE(timerfd_unarmed),
    STATE(timerfd_expired), STATE(inotify_quiet),    STATE(pidfd_of_self),
    STATE(terminal),        STATE(terminal_slave),   STATE(terminal_hup),
    STATE(regular_file),    STATE(closed),           STATE(pipe_readable_hup),
};

const size_t state_count = ARRAY_SIZE(states);

void make_state(const struct state *state, int fd[4])
{
    for (int i = 0; i < 4; i++)
        fd[i] = -1;
    state->make(fd);
    holds(fd[0] >= 0);
}

void end_state(const struct state *state, const int fd[4])
{
    for (int i = state->make == closed ? 1 : 0; i < 4; i++)
        if (fd[i] >= 0)
            close(fd[i]);
}
