/* SPDX-License-Identifier: MIT */
/* The kinds that are sockets. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "make.h"

/* Closes what was opened of a kind that could not be made whole. */
static void give_up(struct end end[2])
{
    for (int i = 0; i < 2; i++) {
        if (end[i].fd >= 0)
            close(end[i].fd);
        end[i].fd = -1;
    }
}

/*
 * An address of 127/8 that was not used lately: thousands of connections
 * would else exhaust the ports of one.
 */
static struct sockaddr_in fresh_address(void)
{
    static atomic_uint counter;
    unsigned int host = atomic_fetch_add(&counter, 1) % 0xfffffe + 1;
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_addr.s_addr = htonl(0x7f000000u | host)};
}

/* A socket bound to a fresh address, which is left in *at. */
static int bound_socket(int type, struct sockaddr_in *at)
{
    socklen_t size = sizeof(*at);
    int fd = socket(AF_INET, type | SOCK_NONBLOCK, 0);
    *at = fresh_address();
    if (fd < 0)
        return -1;
    if (bind(fd, (struct sockaddr *)at, size) ||
        getsockname(fd, (struct sockaddr *)at, &size)) {
        close(fd);
        return -1;
    }
    return fd;
}

static int connect_to(int fd, const struct sockaddr_in *to)
{
    return connect(fd, (const struct sockaddr *)to, sizeof(*to));
}

static void make_pair(int type, int variant, struct end end[2])
{
    int fds[2], size = 4096;
    if (socketpair(AF_UNIX, type | SOCK_NONBLOCK, 0, fds))
        return;
    for (int i = 0; i < 2; i++) {
        end[i].fd = fds[i];
        if (variant & 1)
            setsockopt(fds[i], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
    }
}

void make_unix_stream(int variant, struct end end[2])
{
    make_pair(SOCK_STREAM, variant, end);
}

void make_unix_dgram(int variant, struct end end[2])
{
    make_pair(SOCK_DGRAM, variant, end);
}

void make_unix_seqpacket(int variant, struct end end[2])
{
    make_pair(SOCK_SEQPACKET, variant, end);
}

/* End 0 listens at an address of its own choosing, end 1 may be pending. */
void make_unix_listen(int variant, struct end end[2])
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    socklen_t size = sizeof(at.sun_family);
    int fd = end[0].fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, size) || listen(fd, 4)) {
        give_up(end);
        return;
    }
    if (!(variant & 1))
        return;
    size = sizeof(at);
    getsockname(fd, (struct sockaddr *)&at, &size);
    end[1].fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (end[1].fd >= 0)
        connect(end[1].fd, (struct sockaddr *)&at, size);
}

void make_unix_lone(int variant, struct end end[2])
{
    int type = variant & 1 ? SOCK_STREAM : SOCK_DGRAM;
    end[0].fd = socket(AF_UNIX, type | SOCK_NONBLOCK, 0);
}

/*
 * Connected: the listener that brought the ends together is closed again. The
 * buffers are small so that filling them is cheap.
 */
void make_tcp(int variant, struct end end[2])
{
    struct sockaddr_in at;
    int size = 4096, one = 1;
    int listener = bound_socket(SOCK_STREAM, &at);
    (void)variant;
    if (listener < 0)
        return;
    setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
    setsockopt(listener, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
    setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    end[0].fd = socket(AF_INET, SOCK_STREAM, 0);
    if (end[0].fd >= 0 && !listen(listener, 1) && !connect_to(end[0].fd, &at)) {
        set_nonblocking(end[0].fd);
        setsockopt(end[0].fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
        setsockopt(end[0].fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
        end[1].fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
    }
    close(listener);
    if (end[1].fd < 0)
        give_up(end);
}

/* End 0 listens; end 1, in the odd variants, waits to be accepted. */
void make_tcp_listen(int variant, struct end end[2])
{
    struct sockaddr_in at;
    end[0].fd = bound_socket(SOCK_STREAM, &at);
    if (end[0].fd < 0 || listen(end[0].fd, 8)) {
        give_up(end);
        return;
    }
    if (!(variant & 1))
        return;
    end[1].fd = socket(AF_INET, SOCK_STREAM, 0);
    if (end[1].fd >= 0) {
        connect_to(end[1].fd, &at);
        set_nonblocking(end[1].fd);
    }
}

/* End 1 is bound and does not listen, so the port refuses end 0. */
void make_tcp_refused(int variant, struct end end[2])
{
    struct sockaddr_in at;
    (void)variant;
    end[1].fd = bound_socket(SOCK_STREAM, &at);
    end[0].fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (end[0].fd >= 0 && end[1].fd >= 0)
        connect_to(end[0].fd, &at);
}

void make_tcp_lone(int variant, struct end end[2])
{
    (void)variant;
    end[0].fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
}

void make_udp(int variant, struct end end[2])
{
    struct sockaddr_in at[2];
    for (int i = 0; i < 2; i++)
        end[i].fd = bound_socket(SOCK_DGRAM, &at[i]);
    if (end[0].fd < 0 || end[1].fd < 0) {
        give_up(end);
        return;
    }
    connect_to(end[0].fd, &at[1]);
    if (variant & 1)
        connect_to(end[1].fd, &at[0]);
}

/* A datagram to a port that was just given back: an error is queued. */
void make_udp_refused(int variant, struct end end[2])
{
    struct sockaddr_in at;
    int gone = bound_socket(SOCK_DGRAM, &at);
    (void)variant;
    end[0].fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    if (gone >= 0)
        close(gone);
    if (gone >= 0 && end[0].fd >= 0 && !connect_to(end[0].fd, &at))
        (void)!send(end[0].fd, "?", 1, 0);
}

void make_netlink(int variant, struct end end[2])
{
    (void)variant;
    end[0].fd = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK, NETLINK_ROUTE);
}
