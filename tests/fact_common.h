/* SPDX-License-Identifier: MIT */
/*
 * What the fact tests share: the eight calls as two tables, a crowd of quiet
 * descriptors to stand beside the odd one, checks that also work in a child,
 * and children.
 *
 * A fact is a statement about the kernel and libc. Its test passes natively,
 * and a preloaded library must not change it. The crowd makes every set one
 * that an epoll set can answer, and each fact is asked several times over the
 * same memory, since what a cache gets wrong is the later calls.
 */
#ifndef FACT_COMMON_H
#define FACT_COMMON_H

/* Every fact file includes this header before all others. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "harness/harness.h"

enum {
    CROWD = 72,
    ROUNDS = 3
};

/* One of poll, __poll, ppoll, __poll_chk, __ppoll_chk. */
struct poll_call {
    const char *name;
    int (*call)(struct pollfd *fds, nfds_t n, const struct timespec *timeout,
                const sigset_t *mask);
    bool masked; /* takes a timespec and a signal mask */
};

/* One of select, __select, pselect. */
struct select_call {
    const char *name;
    int (*call)(int n, fd_set *in, fd_set *out, fd_set *ex,
                const struct timespec *timeout, const sigset_t *mask);
    bool masked;
};

/* Three descriptor sets that live at one address. */
struct sets {
    fd_set in, out, ex;
    int n;
};

/* Run a fact for every call of one shape; failures name the call. */
void each_poll(void (*fact)(const struct poll_call *));
void each_select(void (*fact)(const struct select_call *));
extern const struct poll_call poll_calls[];     /* ends with a null name */
extern const struct select_call select_calls[]; /* ends with a null name */

/* Leaves set[0..own) at -1, puts the crowd behind it, returns the length. */
nfds_t gather(struct pollfd *set, int own);
/* Empties the three sets and puts the crowd into b->in. */
void gather_bits(struct sets *b);
/* Adds fd to the sets named by the letters of r, w and x. */
void want(struct sets *b, int fd, const char *sets);
/* Which of r, w and x hold fd: a mask of 4, 2 and 1. */
int told(const struct sets *b, int fd);

/* The call with a timeout in milliseconds, negative for none. */
int poll_for(const struct poll_call *c, struct pollfd *set, nfds_t n, int ms);
/* Same; *b is copied to *got, which the call then works on. */
int select_for(const struct select_call *c, const struct sets *b,
               struct sets *got, int ms);
/* Asks ROUNDS times without waiting, so that later calls find a past. */
void settle(const struct poll_call *c, struct pollfd *set, nfds_t n);
void settle_bits(const struct select_call *c, const struct sets *b,
                 struct sets *got);

/* All eight calls over the crowd, in this thread. */
void settle_all(void);

/* One of the eight over the crowd, by its number; *name is what it is. */
enum {
    CALLS = 8,
    POLLS = 5 /* of which so many come first */
};
int any_call(int call, int ms, const char **name);
/* Whether time spent stopped counts: poll(), but not ppoll() or select(). */
bool keeps_deadline(int call);

/* No table of descriptors is so long. */
#define HUGE_LENGTH ((nfds_t)0xffffff)

/* Checks. In a child a failure ends the child, else the test. */
#define same(actual, expected)                                                 \
    check_same((long long)(actual), (long long)(expected), #actual, #expected, \
               __FILE__, __LINE__)
#define holds(truth) check_holds(truth, #truth, __FILE__, __LINE__)
void check_same(long long actual, long long expected, const char *what,
                const char *want, const char *file, int line);
void check_holds(bool truth, const char *what, const char *file, int line);
/* The call and the round that a failure message names. */
extern const char *fact_call;
extern int fact_round;
#define EACH_ROUND                                                             \
    fact_round = 1;                                                            \
    fact_round <= ROUNDS;                                                      \
    fact_round++

/*
 * Runs the story in a forked child, which must come to its end, and in which
 * an epoll set must have answered too. The parent polls before it forks, so
 * the child inherits the memory of sets that are not its own.
 */
void in_child(void (*story)(void));
/* Starts the story in a child, as in_child does; or returns its wait status. */
pid_t start_story(void (*story)(void));
int child_status(void (*story)(void));
/* Gives up the test, or the child's story, for a reason that is printed. */
void cannot(const char *reason);

/* Memory: two pages, of which the second is not mapped; their border. */
char *page_before_nothing(void);
void give_back(char *border);

/* Descriptors. */
void stream_pair(int fd[2]); /* AF_UNIX */
void tcp_pair(int fd[2]);    /* over 127.0.0.1 */
void open_pipe(int fd[2]);
void close_pair(const int fd[2]);
void send_byte(int fd);
void take_byte(int fd);
/* A number that is not open now. */
int closed_number(void);
/* The size of this process's descriptor table: FDSize. */
int table_size(void);

/* Signals. */
void count_signal(int signo); /* installs a handler that counts */
extern volatile sig_atomic_t signals;
/* SIGALRM, counted, every ms from now on; 0 ends it. */
void ring_every(int ms);

#endif
