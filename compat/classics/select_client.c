/* SPDX-License-Identifier: MIT */
/*
 * The client of the textbooks, between its terminal and a socket: at the end
 * of its input it closes its half, and goes on reading what is still to come.
 *
 * usage: select_client PORT
 */
#include "common.h"

#include <sys/select.h>

/* Copies what is there; false at the end. */
static bool copy(int from, int to)
{
    char data[4096];
    ssize_t size = read(from, data, sizeof(data));

    return size > 0 && write_all(to, data, (size_t)size);
}

int main(int argc, char *argv[])
{
    int server = connect_to(port_argument(argc, argv, 1));
    bool at_end = false;

    for (;;) {
        fd_set readable;
        FD_ZERO(&readable);
        if (!at_end)
            FD_SET(STDIN_FILENO, &readable);
        FD_SET(server, &readable);
        if (select(server + 1, &readable, NULL, NULL, NULL) < 0)
            die("select");
        if (FD_ISSET(server, &readable) && !copy(server, STDOUT_FILENO)) {
            if (!at_end)
                fputs("the server ended first\n", stderr);
            return at_end ? 0 : 1;
        }
        if (FD_ISSET(STDIN_FILENO, &readable) && !copy(STDIN_FILENO, server)) {
            at_end = true;
            shutdown(server, SHUT_WR);
        }
    }
}
