/* SPDX-License-Identifier: MIT */
/* Timeouts, in a form that all symbols' own can be made from. */
#ifndef DIFF_TIMEOUT_H
#define DIFF_TIMEOUT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/time.h>
#include <time.h>

/*
 * Timeouts of scripts: milliseconds, or one of these. A symbol takes it in
 * its own terms; what it can't express becomes the nearest it can.
 */
enum timeout {
    TIMEOUT_INFINITE = -1,
    TIMEOUT_NEGATIVE = -2, /* seconds below 0; for poll() endless */
    TIMEOUT_NSEC = -3,     /* a whole second of nano- or microseconds */
    TIMEOUT_SHORT = -4,    /* 300 microseconds */
    TIMEOUT_HUGE = -5,     /* years */
    TIMEOUT_ODD = -6,      /* 1.5 million microseconds; nanoseconds below 0 */
};

/* The name of a timeout that has one, or NULL. */
const char *timeout_name(int timeout);
bool timeout_parse(const char *word, int32_t *timeout);

/* What poll(), ppoll() and pselect(), and select() are given. */
int as_milliseconds(int timeout);
struct timespec as_timespec(int timeout);
struct timeval as_timeval(int timeout);

#endif
