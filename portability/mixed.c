/* SPDX-License-Identifier: MIT */
/*
 * usage: mixed [COMMAND...]
 *
 * Polls and selects a row of pipes a few times, as a 32- or a 64-bit program,
 * with times of either width; then becomes the command, if there is one.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <stdio.h>
#include <sys/select.h>
#include <time.h>
#include <unistd.h>

enum {
    ROW = 8,
    ROUNDS = 20
};

static int ends[ROW][2];

/* One call of each; how many of them gave the wrong answer. */
static int look(int which)
{
    struct pollfd row[ROW];
    struct timespec moment = {0, 1000}, age = {3600, 0};
    struct timeval hour = {3600, 0};
    fd_set bits, again;
    int wrong = 0;

    FD_ZERO(&bits);
    for (int i = 0; i < ROW; i++) {
        row[i] = (struct pollfd){.fd = ends[i][0], .events = POLLIN};
        FD_SET(ends[i][0], &bits);
    }
    wrong += poll(row, ROW, -1) != 1 || row[which].revents != POLLIN;
    wrong += ppoll(row, ROW, &age, NULL) != 1 || !row[which].revents;
    wrong += ppoll(row, ROW, &moment, NULL) != 1;
    again = bits;
    wrong += select(ends[ROW - 1][1] + 1, &again, NULL, NULL, &hour) != 1 ||
             !FD_ISSET(ends[which][0], &again) || hour.tv_sec < 3500;
    again = bits;
    wrong += pselect(ends[ROW - 1][1] + 1, &again, NULL, NULL, &age, NULL) != 1;
    return wrong;
}

int main(int argc, char **argv)
{
    char byte = 0;
    int wrong = 0;

    for (int i = 0; i < ROW; i++)
        if (pipe(ends[i]))
            return 2;
    for (int i = 0; i < ROUNDS; i++) {
        wrong += write(ends[i % ROW][1], &byte, 1) != 1;
        wrong += look(i % ROW);
        wrong += read(ends[i % ROW][0], &byte, 1) != 1;
    }
    printf("%d-bit, %d-bit times: %d wrong\n", (int)sizeof(long) * 8,
           (int)sizeof(time_t) * 8, wrong);
    fflush(stdout);
    if (argc > 1)
        execvp(argv[1], argv + 1);
    return wrong != 0;
}
