/* SPDX-License-Identifier: MIT */
/*
 * The signals of a run. Each thread keeps all of them blocked; a call's mask
 * may let in SIGUSR1, which has a handler, or SIGURG, which is ignored.
 */
#ifndef DIFF_SIGNALS_H
#define DIFF_SIGNALS_H

#include <signal.h>
#include <stdbool.h>

/* Handlers and the calling thread's mask, for the whole process. */
void signals_begin(void);

/* The signal that signalfds wait for. */
int signals_for_signalfd(void);

/* Sends the signal to the calling thread. */
void signals_raise(int signal);

/* The number of times this thread's handler ran. */
int signals_count(void);

/* Whether the handler's last run found a system call interrupted (EINTR). */
bool signals_interrupted(void);

/* When the handler ran last, in milliseconds of CLOCK_MONOTONIC. */
double signals_when(void);

/* Takes the signal back if it is pending; true if it was. */
bool signals_take(int signal);

/*
 * The masks of the calls, by number: 0 none given, 1 lets SIGUSR1 and SIGURG
 * in, 2 blocks everything, 3 is the mask that the thread has anyway.
 */
const sigset_t *signals_mask(int number);

/* The thread lets SIGUSR1 in all the time, or no longer. */
void signals_open(bool open);

#endif
