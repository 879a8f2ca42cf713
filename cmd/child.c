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

/* Servers are told to end by them, or to read their configuration again. */
static const int orders[] = {SIGHUP,  SIGINT,  SIGQUIT, SIGTERM,
                             SIGALRM, SIGUSR1, SIGUSR2};
#define ORDERS (sizeof(orders) / sizeof(*orders))

static pid_t child;

/*
 * What we are sent is meant for the program; its end is ours. What comes from
 * the kernel, it sends to the program as well, as the terminal's are sent to
 * all that is in the foreground.
 */
static void pass_on(int number, siginfo_t *from, void *context)
{
    (void)context;
    if (from->si_code <= 0)
        kill(child, number);
}

static void hold(sigset_t *before)
{
    sigset_t all;

    sigemptyset(&all);
    for (size_t i = 0; i < ORDERS; i++)
        sigaddset(&all, orders[i]);
    sigprocmask(SIG_BLOCK, &all, before);
}

static void take_orders(void)
{
    struct sigaction action = {.sa_sigaction = pass_on,
                               .sa_flags = SA_SIGINFO | SA_RESTART};

    for (size_t i = 0; i < ORDERS; i++)
        sigaction(orders[i], &action, NULL);
}

/* Whatever comes between the fork and the handlers is held back until then. */
int cmd_child_run(char *argv[])
{
    sigset_t before;
    int status;

    hold(&before);
    child = fork();
    if (child < 0)
        cmd_die("no process to be had: %s: end some and try again",
                strerror(errno));
    if (child == 0) {
        sigprocmask(SIG_SETMASK, &before, NULL);
        cmd_launch_exec(argv);
    }
    take_orders();
    sigprocmask(SIG_SETMASK, &before, NULL);
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            cmd_die("the program was lost: %s", strerror(errno));
    if (WIFSIGNALED(status))
        return 128 + WTERMSIG(status);
    return WEXITSTATUS(status);
}
