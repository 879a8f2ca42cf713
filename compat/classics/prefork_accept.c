/* SPDX-License-Identifier: MIT */
/*
 * A pre-forked server: eight children wait by select() on one listener that
 * does not block; all wake, one accepts, the others find EAGAIN.
 *
 * usage: prefork_accept PORT
 */
#include "common.h"

#include <sys/select.h>
#include <sys/wait.h>

#define CHILDREN 8

static pid_t children[CHILDREN];

static void end_children(int number)
{
    (void)number;
    for (int i = 0; i < CHILDREN; i++)
        kill(children[i], SIGTERM);
    _exit(0);
}

static void serve(int listener)
{
    fd_set clients;
    int highest = listener;

    FD_ZERO(&clients);
    for (;;) {
        fd_set readable = clients;
        FD_SET(listener, &readable);
        if (select(highest + 1, &readable, NULL, NULL, NULL) < 0)
            die("select");
        for (int fd = 0; fd <= highest; fd++) {
            char data[4096];
            ssize_t size;
            if (fd == listener || !FD_ISSET(fd, &readable))
                continue;
            size = read(fd, data, sizeof(data));
            if (size <= 0 || !write_all(fd, data, (size_t)size)) {
                FD_CLR(fd, &clients);
                close(fd);
            }
        }
        if (FD_ISSET(listener, &readable)) {
            int client = accept(listener, NULL, NULL);
            if (client >= 0) {
                FD_SET(client, &clients);
                highest = client > highest ? client : highest;
            } else if (errno != EAGAIN && errno != ECONNABORTED) {
                die("accept");
            }
        }
    }
}

int main(int argc, char *argv[])
{
    int listener = listen_on(port_argument(argc, argv, 1));

    end_on_sigterm();
    set_nonblocking(listener);
    for (int i = 0; i < CHILDREN; i++) {
        children[i] = fork();
        if (children[i] == 0)
            serve(listener);
    }
    signal(SIGTERM, end_children);
    while (wait(NULL) > 0)
        ;
    return 1; /* All children have ended: none ought to. */
}
