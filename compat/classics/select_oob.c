/* SPDX-License-Identifier: MIT */
/*
 * A select() server with urgent data: each client is in the read and the
 * except set; an urgent byte is read by MSG_OOB and answered at once as "!x",
 * the rest comes back as it is.
 *
 * usage: select_oob PORT
 */
#include "common.h"

#include <sys/select.h>

static fd_set clients;

/* The mark stays in the except set until data behind it has been read, so it
 * is asked for only as long as none was seen. */
static fd_set watched;

static void end(int fd)
{
    FD_CLR(fd, &clients);
    FD_CLR(fd, &watched);
    close(fd);
}

static void urgent(int fd)
{
    char answer[2] = "!";

    if (recv(fd, answer + 1, 1, MSG_OOB) == 1)
        write_all(fd, answer, 2);
    FD_CLR(fd, &watched);
}

static void ordinary(int fd)
{
    char data[4096];
    ssize_t size = read(fd, data, sizeof(data));

    if (size <= 0 || !write_all(fd, data, (size_t)size))
        end(fd);
    else
        FD_SET(fd, &watched);
}

int main(int argc, char *argv[])
{
    int listener = listen_on(port_argument(argc, argv, 1)), highest = listener;

    end_on_sigterm();
    for (;;) {
        fd_set readable = clients, exceptional = watched;
        FD_SET(listener, &readable);
        if (select(highest + 1, &readable, NULL, &exceptional, NULL) < 0)
            die("select");
        for (int fd = 0; fd <= highest; fd++) {
            if (fd == listener)
                continue;
            if (FD_ISSET(fd, &exceptional))
                urgent(fd);
            if (FD_ISSET(fd, &readable))
                ordinary(fd);
        }
        if (FD_ISSET(listener, &readable)) {
            int client = accept(listener, NULL, NULL);
            if (client >= FD_SETSIZE)
                close(client);
            else if (client >= 0) {
                FD_SET(client, &clients);
                FD_SET(client, &watched);
                highest = client > highest ? client : highest;
            }
        }
    }
}
