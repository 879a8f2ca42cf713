/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "timeout.h"

#include <limits.h>
#include <stddef.h>
#include <string.h>

static const struct {
    const char *name;
    int timeout;
} timeout_names[] = {
    {"infinite", TIMEOUT_INFINITE}, {"negative", TIMEOUT_NEGATIVE},
    {"nsec", TIMEOUT_NSEC},         {"short", TIMEOUT_SHORT},
    {"huge", TIMEOUT_HUGE},         {"odd", TIMEOUT_ODD},
};
#define TIMEOUT_NAMES (sizeof(timeout_names) / sizeof(*timeout_names))

const char *timeout_name(int timeout)
{
    for (size_t i = 0; i < TIMEOUT_NAMES; i++)
        if (timeout_names[i].timeout == timeout)
            return timeout_names[i].name;
    return NULL;
}

bool timeout_parse(const char *word, int32_t *timeout)
{
    for (size_t i = 0; i < TIMEOUT_NAMES; i++) {
        if (!strcmp(timeout_names[i].name, word)) {
            *timeout = timeout_names[i].timeout;
            return true;
        }
    }
    return false;
}

int as_milliseconds(int timeout)
{
    switch (timeout) {
    case TIMEOUT_NEGATIVE:
        return -7;
    case TIMEOUT_NSEC:
        return 1000;
    case TIMEOUT_SHORT:
        return 1;
    case TIMEOUT_HUGE:
        return INT_MAX;
    case TIMEOUT_ODD:
        return INT_MIN;
    default:
        return timeout;
    }
}

struct timespec as_timespec(int timeout)
{
    switch (timeout) {
    case TIMEOUT_NEGATIVE:
        return (struct timespec){-1, 0};
    case TIMEOUT_NSEC:
        return (struct timespec){0, 1000000000};
    case TIMEOUT_SHORT:
        return (struct timespec){0, 300000};
    case TIMEOUT_HUGE:
        return (struct timespec){LONG_MAX, 0};
    case TIMEOUT_ODD:
        return (struct timespec){0, -1};
    default:
        return (struct timespec){timeout / 1000, timeout % 1000 * 1000000L};
    }
}

struct timeval as_timeval(int timeout)
{
    struct timespec ts = as_timespec(timeout);
    if (timeout == TIMEOUT_ODD)
        return (struct timeval){0, 1500000};
    return (struct timeval){ts.tv_sec, ts.tv_nsec / 1000};
}
