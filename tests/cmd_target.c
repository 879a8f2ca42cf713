/* SPDX-License-Identifier: MIT */
/*
 * A program for the tests of the command: polls 40 sockets, of which one is
 * ready, 20 times; then does what it is told.
 *
 *   exit N        ends with that status
 *   start PROG..  starts that program in a child, and waits for it
 *   become PROG.. is replaced by it
 *   away          goes to the root directory
 *   fork          polls in a child that it forks, too
 *   wait FILE     makes the file, and polls on until its stdin ends
 */
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    SOCKETS = 40,
    ROUNDS = 20
};

static struct pollfd fds[SOCKETS + 1];

static void open_sockets(void)
{
    for (int i = 0; i < SOCKETS; i++) {
        int pair[2];
        if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
            exit(99);
        fds[i].fd = pair[0];
        fds[i].events = POLLIN;
        if (i == 0 && write(pair[1], "x", 1) != 1)
            exit(99);
    }
}

static void ask(void)
{
    for (int i = 0; i < ROUNDS; i++)
        if (poll(fds, SOCKETS, 1000) != 1 || fds[0].revents != POLLIN)
            exit(98);
}

static int wait_for(pid_t child)
{
    int status;

    if (child < 0 || waitpid(child, &status, 0) != child)
        exit(99);
    return WEXITSTATUS(status);
}

static int start(char *argv[])
{
    pid_t child = fork();

    if (child == 0) {
        execv(argv[0], argv);
        _exit(97);
    }
    return wait_for(child);
}

static int poll_in_child(void)
{
    pid_t child = fork();

    if (child == 0) {
        ask();
        exit(0);
    }
    return wait_for(child);
}

/* A pause keeps it from burning what the tests beside it need. */
static int poll_until_told(const char *file)
{
    fds[SOCKETS].fd = STDIN_FILENO;
    fds[SOCKETS].events = POLLIN;
    if (creat(file, 0600) < 0)
        exit(99);
    do {
        usleep(2000);
        if (poll(fds, SOCKETS + 1, 1000) < 1)
            exit(98);
    } while (!fds[SOCKETS].revents);
    return 0;
}

int main(int argc, char *argv[])
{
    open_sockets();
    ask();
    if (argc < 2)
        return 0;
    if (strcmp(argv[1], "fork") == 0)
        return poll_in_child();
    if (strcmp(argv[1], "away") == 0)
        return chdir("/");
    if (argc < 3)
        return 96;
    if (strcmp(argv[1], "exit") == 0)
        return atoi(argv[2]);
    if (strcmp(argv[1], "start") == 0)
        return start(argv + 2);
    if (strcmp(argv[1], "wait") == 0)
        return poll_until_told(argv[2]);
    if (strcmp(argv[1], "become") == 0)
        execv(argv[2], argv + 2);
    return 96;
}
