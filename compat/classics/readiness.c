/* SPDX-License-Identifier: MIT */
/*
 * The rules by which the textbooks say that a socket is ready, one by one:
 * each is brought about, asked for by select() and by poll(), and printed.
 *
 * usage: readiness
 */
#include "common.h"

#include <poll.h>
#include <sys/select.h>

static struct sockaddr_in here;

static void ask(const char *rule, int fd)
{
    struct pollfd watched = {.fd = fd, .events = POLLIN | POLLOUT | POLLPRI};
    struct timeval now = {0};
    fd_set r, w, x;
    int count, ready;

    FD_ZERO(&r);
    FD_SET(fd, &r);
    w = x = r;
    usleep(20000); /* Loopback delivers in no time, but not in none. */
    count = select(fd + 1, &r, &w, &x, &now);
    ready = poll(&watched, 1, 0);
    printf("%s: select %d%s%s%s, poll %d %#x\n", rule, count,
           FD_ISSET(fd, &r) ? " readable" : "",
           FD_ISSET(fd, &w) ? " writable" : "",
           FD_ISSET(fd, &x) ? " exceptional" : "", ready,
           (unsigned)watched.revents);
}

static int listen_anywhere(void)
{
    socklen_t length = sizeof(here);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    here = (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (bind(fd, (struct sockaddr *)&here, sizeof(here)) < 0 ||
        listen(fd, 5) < 0 ||
        getsockname(fd, (struct sockaddr *)&here, &length) < 0)
        die("listen");
    return fd;
}

static void low_water_marks(int ours, int theirs)
{
    int mark = 100, size = 4096;
    char data[100] = "";

    setsockopt(ours, SOL_SOCKET, SO_RCVLOWAT, &mark, sizeof(mark));
    write_all(theirs, data, 99);
    ask("99 bytes below SO_RCVLOWAT", ours);
    write_all(theirs, data, 1);
    ask("the hundredth byte", ours);
    if (recv(ours, data, sizeof(data), MSG_WAITALL) != sizeof(data))
        die("recv");
    ask("all of it read", ours);
    mark = 1;
    setsockopt(ours, SOL_SOCKET, SO_RCVLOWAT, &mark, sizeof(mark));
    setsockopt(ours, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
    set_nonblocking(ours);
    /* What is on its way at a refusal makes room once more. */
    for (int turn = 0, refused = 0; turn < 400 && refused < 20; turn++) {
        refused++;
        while (write(ours, data, sizeof(data)) > 0)
            refused = 0;
        usleep(5000);
    }
    ask("no room by SO_SNDLOWAT's default", ours);
    set_nonblocking(theirs);
    /* Both windows have to open again. */
    for (int turn = 0; turn < 50; turn++) {
        while (read(theirs, data, sizeof(data)) > 0)
            ;
        usleep(2000);
    }
    ask("room again", ours);
}

static void urgent_and_half(int ours, int theirs)
{
    char byte;

    send(theirs, "u", 1, MSG_OOB);
    ask("an urgent byte", ours);
    if (recv(ours, &byte, 1, MSG_OOB) != 1)
        die("recv");
    ask("the urgent byte read", ours);
    shutdown(theirs, SHUT_WR);
    ask("half closed by the other side", ours);
    shutdown(ours, SHUT_WR);
    ask("closed by both", ours);
}

static void pending_error(int listener)
{
    struct linger at_once = {.l_onoff = 1};
    int theirs = socket(AF_INET, SOCK_STREAM, 0), ours;

    if (connect(theirs, (struct sockaddr *)&here, sizeof(here)) < 0)
        die("connect");
    ours = accept(listener, NULL, NULL);
    setsockopt(theirs, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    close(theirs);
    ask("a pending error", ours);
    if (read(ours, &at_once, 1) != -1)
        die("read");
    ask("the error fetched", ours);
    close(ours);
}

static void refused(void)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0), error = 0;
    socklen_t length = sizeof(error);

    ask("a fresh socket", fd);
    set_nonblocking(fd);
    if (connect(fd, (struct sockaddr *)&here, sizeof(here)) == 0)
        die("connect");
    ask("a refused connect", fd);
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
    printf("SO_ERROR: %s\n", strerror(error));
    ask("the refusal fetched", fd);
    close(fd);
}

int main(void)
{
    int listener = listen_anywhere(), ours;
    int theirs = socket(AF_INET, SOCK_STREAM, 0);

    setvbuf(stdout, NULL, _IOLBF, 0);
    ask("a listener", listener);
    if (connect(theirs, (struct sockaddr *)&here, sizeof(here)) < 0)
        die("connect");
    ask("a pending connection", listener);
    ours = accept(listener, NULL, NULL);
    ask("the connection accepted", listener);
    ask("a new connection", ours);
    low_water_marks(ours, theirs);
    urgent_and_half(ours, theirs);
    pending_error(listener);
    close(listener);
    refused();
    return 0;
}
