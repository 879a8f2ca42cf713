/* SPDX-License-Identifier: MIT */
/* One run of the target: natively, under the library, or with faults. */
#ifndef FAULTS_PLAY_H
#define FAULTS_PLAY_H

#include "plan.h"

#include <sys/resource.h>

enum play_way {
    PLAY_NATIVE,
    PLAY_PLAIN, /* under the library alone */
    PLAY_FAULTS /* and with the injector behind it */
};

struct play {
    enum play_way way;
    const char *scene;
    int resource; /* a soft limit from the program's start on, or -1 */
    rlim_t limit;
};

extern struct fault_plan *play_plan;
extern unsigned long play_seed;
extern bool play_live;        /* with a live statistics page */
extern char play_said[65536]; /* the target's stderr in the last run */

/* Finds the library, the injector and the target; makes the plan's file. */
void play_open(void);
void play_close(void);

/* Plays it; the wait status. */
int play(const struct play *play);

/* How many calls the last run had answered from an epoll set. */
unsigned long play_answered(void);

void play_die(const char *what) __attribute__((noreturn));

#endif
