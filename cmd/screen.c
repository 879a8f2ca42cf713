/* SPDX-License-Identifier: MIT */
/*
 * The terminal as a screen, by the escape sequences that all terminals of
 * today have. Handlers only note a signal; cmd_screen_key() obeys.
 */
#include "screen.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

/* The last: of what we write to, nobody reads on. */
static const int endings[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE};

static volatile sig_atomic_t ending, stopping;
static struct termios before;
static bool is_open, has_keys;
static sigset_t noted; /* blocked but while we wait */

static void note_end(int signal)
{
    ending = signal;
}

static void note_stop(int signal)
{
    (void)signal;
    stopping = 1;
}

static void wake_only(int signal)
{
    (void)signal;
}

/* What we were started to ignore, as nohup(1) has it, stays ignored. */
static void handle(int signal, void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler}, given;

    sigaction(signal, NULL, &given);
    if (given.sa_handler == SIG_IGN)
        return;
    sigaction(signal, &action, NULL);
    sigaddset(&noted, signal);
}

/*
 * The kernel stops a background process for it (SIGTTOU), again and again if it
 * goes on there, as timeout(1) has it do. So what ends us is heard meanwhile.
 */
static void set_mode(const struct termios *mode)
{
    sigset_t saved;

    sigprocmask(SIG_UNBLOCK, &noted, &saved);
    while (!ending && !stopping &&
           tcsetattr(STDIN_FILENO, TCSADRAIN, mode) < 0 && errno == EINTR)
        ;
    sigprocmask(SIG_SETMASK, &saved, NULL);
}

static void enter(void)
{
    struct termios raw = before;

    if (has_keys) {
        raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
        set_mode(&raw);
    }
    fputs("\033[?1049h\033[?25l", stdout);
    fflush(stdout);
    is_open = true;
}

/* Then it is for others to say how the terminal is. */
static bool is_in_background(void)
{
    pid_t foreground = tcgetpgrp(STDIN_FILENO);

    return foreground > 0 && foreground != getpgrp();
}

static void close_screen(void)
{
    if (!is_open)
        return;
    is_open = false;
    fputs("\033[?25h\033[?1049l", stdout);
    fflush(stdout);
    if (has_keys && !is_in_background())
        tcsetattr(STDIN_FILENO, TCSADRAIN, &before);
}

void cmd_screen_catch(void)
{
    sigemptyset(&noted);
    for (size_t i = 0; i < sizeof(endings) / sizeof(*endings); i++)
        handle(endings[i], note_end);
    handle(SIGTSTP, note_stop);
    handle(SIGWINCH, wake_only);
    sigprocmask(SIG_BLOCK, &noted, NULL);
}

bool cmd_screen_open(void)
{
    const char *kind = getenv("TERM");

    if (!isatty(STDOUT_FILENO) || !kind || !*kind || strcmp(kind, "dumb") == 0)
        return false;
    has_keys = isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &before) == 0;
    atexit(close_screen);
    enter();
    return true;
}

struct cmd_size cmd_screen_size(void)
{
    struct winsize size;

    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || !size.ws_row ||
        !size.ws_col)
        return (struct cmd_size){24, 80};
    return (struct cmd_size){size.ws_row, size.ws_col};
}

static struct cmd_size now; /* of the view that is being drawn */
static int drawn;           /* its lines */

void cmd_screen_begin(void)
{
    now = cmd_screen_size();
    drawn = 0;
    fputs("\033[H", stdout);
}

/*
 * The last line is not ended, or all would move up. What was there is cleared
 * first: behind a line that is full, clearing takes its last character.
 */
void cmd_screen_line(const char *text, bool inverse)
{
    if (drawn == now.rows)
        return;
    printf("%s\033[K%s%.*s%s", drawn++ ? "\n" : "", inverse ? "\033[7m" : "",
           now.columns, text, inverse ? "\033[m" : "");
}

void cmd_screen_end(void)
{
    fputs("\033[J", stdout);
    fflush(stdout);
}

/* By the signal, so that a shell can tell. */
void cmd_screen_finish(void)
{
    struct sigaction action = {.sa_handler = SIG_DFL};

    close_screen();
    sigprocmask(SIG_UNBLOCK, &noted, NULL); /* what came since the last wait */
    if (!ending)
        return;
    sigaction(ending, &action, NULL);
    raise(ending);
}

static void stop(void)
{
    bool was_open = is_open;

    stopping = 0;
    close_screen();
    raise(SIGSTOP);
    if (was_open)
        enter();
}

int cmd_screen_key(int ms)
{
    struct pollfd input = {.fd = has_keys ? STDIN_FILENO : -1,
                           .events = POLLIN};
    struct timespec timeout = {ms / 1000, ms % 1000 * 1000000L};
    sigset_t none;
    unsigned char key;
    int ready;

    sigprocmask(SIG_SETMASK, NULL, &none);
    for (int signal = 1; signal < 32; signal++)
        if (sigismember(&noted, signal) == 1)
            sigdelset(&none, signal);
    ready = ppoll(&input, 1, &timeout, &none);
    if (ending)
        return CMD_SCREEN_ENDS;
    if (stopping)
        stop();
    if (ready <= 0)
        return 0;
    if (read(STDIN_FILENO, &key, 1) == 1)
        return key;
    has_keys = false; /* the terminal has gone */
    return 0;
}
