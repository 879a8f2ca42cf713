/* SPDX-License-Identifier: MIT */
/*
 * What processes wait in, from outside: each one's present system call and its
 * arguments, looked at again and again. Nothing is attached or stopped.
 */
#ifndef CMD_SAMPLE_H
#define CMD_SAMPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cmd_sampled {
    int pid;
    uint64_t start;
    char command[32];

    long looks;       /* at one of its threads */
    long running;     /* ... that was at work */
    long waiting;     /* ... that was in select or poll */
    long epolling;    /* ... or in epoll_wait */
    const char *call; /* the one with the most descriptors */
    uint32_t most;    /* ... and how many those were */
    long open;        /* descriptors of the process then */

    int thread; /* one that waits so */
    uint64_t switches_before, switches;
    double user_before, system_before, user, system; /* seconds of CPU */
    double first, last; /* when it was looked at, seconds */
};

struct cmd_samples {
    struct cmd_sampled *all;
    size_t count, room;
    long denied; /* processes that may not be looked at */
};

/* Seconds of CPU of a process; left alone if it has gone. */
void cmd_sample_cpu(int pid, double *user, double *system);

/* Looks for so many seconds. */
void cmd_sample(struct cmd_samples *samples, double seconds);

#endif
