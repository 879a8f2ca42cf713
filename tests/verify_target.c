/* SPDX-License-Identifier: MIT */
/*
 * A program for verify mode: it closes watched numbers and has them at once
 * again for other sockets, which are ready. What it is told is right or the
 * library is broken. Exit status 7, so that a changed one is seen.
 */
#include <poll.h>
#include <stdlib.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PAIRS = 40, ROUNDS = 10 };

static int near_end[PAIRS], far_end[PAIRS];

static void open_pair(int i)
{
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
        exit(1);
    near_end[i] = pair[0];
    far_end[i] = pair[1];
}

/* The lowest free number is the one just closed. */
static void replace(int i)
{
    close(near_end[i]);
    close(far_end[i]);
    open_pair(i);
    if (write(far_end[i], "x", 1) != 1)
        exit(1);
}

static void ask_poll(void)
{
    static struct pollfd fds[PAIRS];

    for (int i = 0; i < PAIRS; i++) {
        fds[i].fd = near_end[i];
        fds[i].events = POLLIN;
    }
    poll(fds, PAIRS, 0);
}

static void ask_select(void)
{
    static fd_set in;
    struct timeval now = {0, 0};
    int most = 0;

    FD_ZERO(&in);
    for (int i = 0; i < PAIRS; i++) {
        FD_SET(near_end[i], &in);
        most = near_end[i] > most ? near_end[i] : most;
    }
    select(most + 1, &in, NULL, NULL, &now);
}

int main(int argc, char **argv)
{
    void (*ask)(void) = argc > 1 && *argv[1] == 's' ? ask_select : ask_poll;

    for (int i = 0; i < PAIRS; i++)
        open_pair(i);
    for (int round = 0; round < ROUNDS; round++) {
        ask();
        replace(round);
        ask();
    }
    return 7;
}
