/* SPDX-License-Identifier: MIT */
#include "conn.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* One source address has some 28,000 ports, and a port just used rests a
 * while: connections come from several addresses in turn. */
#define SOURCES 8

uint64_t conn_clock(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

bool conn_start(struct conn *conn, const struct protocol *protocol)
{
    /* One byte more than the longest right reply, to see a longer one. */
    conn->reply = malloc(protocol_reply_limit(protocol) + 1);
    conn->protocol = protocol;
    conn->fd = -1;
    conn->state = CONN_CLOSED;
    if (conn->reply == NULL)
        fprintf(stderr, "load: out of memory: ask for fewer connections\n");
    return conn->reply != NULL;
}

static void close_socket(struct conn *conn)
{
    if (conn->fd >= 0)
        close(conn->fd);
    conn->fd = -1;
    conn->state = CONN_CLOSED;
}

static enum conn_step fail(const struct conn *conn, const char *what)
{
    static const char *const doing[] = {
        [CONN_CLOSED] = "while connecting",
        [CONN_SENDING] = "while sending a request",
        [CONN_READING] = "while waiting for a reply",
        [CONN_QUIET] = "while nothing was asked",
    };

    fprintf(stderr, "load: %s, %s\n", what, doing[conn->state]);
    return STEP_FAILED;
}

static enum conn_step fail_reply(const struct conn *conn)
{
    size_t line = 0;

    while (line < conn->got && conn->reply[line] >= ' ')
        line++;
    fprintf(stderr, "load: wrong reply of %zu bytes, starting '%.*s'\n",
            conn->got, (int)line, conn->reply);
    return STEP_FAILED;
}

static int open_socket(uint16_t port)
{
    static unsigned sources;
    struct sockaddr_in from = {.sin_family = AF_INET};
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    int yes = 1;

    from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + sources++ % SOURCES);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);

    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    /* The port is chosen at connect(), when the other end is known. */
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof(yes));
    if (bind(fd, (struct sockaddr *)&from, sizeof(from)) < 0 ||
        (connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0 &&
         errno != EINPROGRESS)) {
        int error = errno;
        close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

static bool connect_to(struct conn *conn, uint16_t port, int epoll_fd)
{
    struct epoll_event event = {
        .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
        .data.ptr = conn,
    };

    conn->fd = open_socket(port);
    return conn->fd >= 0 &&
           epoll_ctl(epoll_fd, EPOLL_CTL_ADD, conn->fd, &event) == 0;
}

/* While the connection is not established, send() answers EAGAIN too. */
static enum conn_step send_rest(struct conn *conn)
{
    const struct protocol *protocol = conn->protocol;

    while (conn->sent < protocol->request_size) {
        ssize_t n = send(conn->fd, protocol->request + conn->sent,
                         protocol->request_size - conn->sent, MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN)
            return STEP_WAIT;
        if (n < 0)
            return fail(conn, strerror(errno));
        conn->sent += (size_t)n;
    }
    conn->state = CONN_READING;
    return STEP_DONE;
}

bool conn_ask(struct conn *conn, uint16_t port, int epoll_fd)
{
    conn->asked = conn_clock();
    conn->sent = 0;
    conn->got = 0;
    if (conn->state == CONN_CLOSED && !connect_to(conn, port, epoll_fd))
        return fail(conn, strerror(errno)) != STEP_FAILED;
    conn->state = CONN_SENDING;
    return send_rest(conn) != STEP_FAILED;
}

static enum conn_step read_reply(struct conn *conn)
{
    const struct protocol *protocol = conn->protocol;
    size_t room = protocol_reply_limit(protocol) + 1;

    for (;;) {
        ssize_t n =
            recv(conn->fd, conn->reply + conn->got, room - conn->got, 0);
        if (n < 0)
            return errno == EAGAIN ? STEP_WAIT : fail(conn, strerror(errno));
        conn->got += (size_t)n;
        switch (protocol_judge(protocol, conn->reply, conn->got, n == 0)) {
        case REPLY_PARTIAL:
            break;
        case REPLY_RIGHT:
            conn->state = CONN_QUIET;
            return STEP_DONE;
        case REPLY_RIGHT_AND_LAST:
            close_socket(conn);
            return STEP_DONE;
        case REPLY_WRONG:
            return fail_reply(conn);
        }
    }
}

/* A write that was acknowledged is an event too, so there may be nothing. */
static enum conn_step stay_quiet(const struct conn *conn)
{
    char byte;
    ssize_t n = recv(conn->fd, &byte, 1, MSG_PEEK);

    if (n < 0 && errno == EAGAIN)
        return STEP_WAIT;
    return fail(conn, n < 0    ? strerror(errno)
                      : n == 0 ? "the server closed a connection"
                               : "the server sent something");
}

enum conn_step conn_advance(struct conn *conn)
{
    if (conn->state == CONN_QUIET)
        return stay_quiet(conn);
    if (conn->state == CONN_SENDING) {
        enum conn_step step = send_rest(conn);
        if (step != STEP_DONE)
            return step;
    }
    return read_reply(conn);
}
