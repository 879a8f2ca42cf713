/* SPDX-License-Identifier: MIT */
/*
 * Threads that open and close descriptors disturb each other's comparisons: a
 * number closed in one may be another's for a moment. Each change is counted,
 * so that a comparison knows whether the world stood still.
 */
#ifndef DIFF_QUIET_H
#define DIFF_QUIET_H

#include <stdbool.h>

/* Around each change; several threads' changes exclude each other. */
void quiet_disturb(void);
void quiet_settle(void);

/* A mark to ask later whether anything has changed since. */
unsigned int quiet_mark(void);
bool quiet_since(unsigned int mark);

/* Around each comparison. */
void quiet_enter(void);
void quiet_leave(void);

/*
 * The same, with no change and no other comparison at the same time: for what
 * otherwise never finds quiet.
 */
void quiet_enter_alone(void);
void quiet_leave_alone(void);

#endif
