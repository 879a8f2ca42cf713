/* SPDX-License-Identifier: MIT */
/* Runs a program, waits for it, and hands on what is meant for it. */
#include "child.h"

#include "launch.h"
#include "say.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Servers are told to end by them, or to read their configuration again. */
static const int orders[] = {SIGHUP,  SIGINT,  SIGQUIT, SIGTERM,
                             SIGALRM, SIGUSR1, SIGUSR2};
#define ORDERS (sizeof(orders) / sizeof(*orders))

#define LOOK_NS 50000000L /* at what runs in the background */
#define GRACE 10          /* looks, until the user is told of it */

static pid_t child; /* 0: it has ended */

/* For what it has left in the background. */
static volatile sig_atomic_t order, enough;

static sigset_t ignored; /* when we were started, as nohup(1) has it */

/*
 * What we are sent is meant for the program; its end is ours. What comes from
 * the kernel, it sends to the program as well, as the terminal's are sent to
 * all that is in the foreground; and if we are to ignore it, it ends no wait.
 */
static void pass_on(int number, siginfo_t *from, void *context)
{
    (void)context;
    if (child && from->si_code <= 0)
        kill(child, number);
    else if (from->si_code <= 0)
        order = number;
    else if (!child && !sigismember(&ignored, number))
        enough = 1;
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
    struct sigaction given;

    sigemptyset(&ignored);
    for (size_t i = 0; i < ORDERS; i++) {
        sigaction(orders[i], &action, &given);
        if (given.sa_handler == SIG_IGN)
            sigaddset(&ignored, orders[i]);
    }
}

static void wait_for_rest(struct cmd_rest *rest)
{
    struct timespec pause = {0, LOOK_NS};

    for (int looks = 0; !enough; looks++) {
        int number = order, one;
        order = 0;
        one = cmd_rest_look(rest, number);
        if (!one)
            return;
        if (looks == GRACE)
            cmd_warn(
                "the program runs on in the background, as process %d: the "
                "report follows when that ends, or at Ctrl-C",
                one);
        nanosleep(&pause, NULL);
    }
}

static pid_t wait_for(pid_t pid, int *status)
{
    pid_t ended;

    do
        ended = waitpid(pid, status, 0);
    while (ended < 0 && errno == EINTR);
    return ended;
}

/* An end that the parent has us ignore can't be waited for; the program may. */
static void keep_children(struct sigaction *before)
{
    struct sigaction action = {.sa_handler = SIG_DFL};

    sigaction(SIGCHLD, &action, before);
}

/* Whatever comes between the fork and the handlers is held back until then. */
int cmd_child_run(char *argv[], struct cmd_rest *rest)
{
    struct sigaction children;
    sigset_t before;
    int status;

    hold(&before);
    keep_children(&children);
    child = fork();
    if (child < 0)
        cmd_die("no process to be had: %s: end some and try again",
                strerror(errno));
    if (child == 0) {
        sigaction(SIGCHLD, &children, NULL);
        sigprocmask(SIG_SETMASK, &before, NULL);
        cmd_launch_exec(argv);
    }
    take_orders();
    signal(SIGPIPE, SIG_IGN); /* a report that nobody reads is no end */
    sigprocmask(SIG_SETMASK, &before, NULL);
    if (wait_for(child, &status) < 0)
        cmd_die("the program was lost: %s", strerror(errno));
    child = 0;
    wait_for_rest(rest);
    if (WIFSIGNALED(status))
        return 128 + WTERMSIG(status);
    return WEXITSTATUS(status);
}
