/* SPDX-License-Identifier: MIT */
/* Runs a program, waits for it, and hands on what is meant for it. */
#include "child.h"

#include "launch.h"
#include "say.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t child;

/* What we are sent is meant for the program; its end is ours. */
static void pass_on(int number)
{
    if (child > 0)
        kill(child, number);
}

static void handle(int number, void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};

    sigaction(number, &action, NULL);
}

/* The terminal sends its signals to the program as well: once is enough. */
int cmd_child_run(char *argv[])
{
    int status;

    child = fork();
    if (child < 0)
        cmd_die("no process to be had: %s: end some and try again",
                strerror(errno));
    if (child == 0)
        cmd_launch_exec(argv);
    handle(SIGTERM, pass_on);
    handle(SIGHUP, pass_on);
    handle(SIGINT, SIG_IGN);
    handle(SIGQUIT, SIG_IGN);
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            cmd_die("the program was lost: %s", strerror(errno));
    if (WIFSIGNALED(status))
        return 128 + WTERMSIG(status);
    return WEXITSTATUS(status);
}
