/* SPDX-License-Identifier: MIT */
/*
 * The configuration, from EPOLLSHIM_* in the environment: read once, at
 * start-up, and immutable from then on.
 */
#ifndef EPS_OPTIONS_H
#define EPS_OPTIONS_H

#include "log.h"

#include <stdbool.h>
#include <stdint.h>

enum eps_policy {
    EPS_POLICY_AUTO,   /* epoll where it is expected to gain */
    EPS_POLICY_ALWAYS, /* epoll wherever it is possible at all; for tests */
    EPS_POLICY_NEVER,  /* native always */
};

/* Below this many descriptors native is as fast; measured, see HACKING.md. */
#define EPS_DEFAULT_MIN_FDS 32

enum eps_verify {
    EPS_VERIFY_OFF,
    EPS_VERIFY_ON,    /* each answer is held against a native look */
    EPS_VERIFY_ABORT, /* ... and the process ends at the first difference */
};

enum eps_live {
    EPS_LIVE_AUTO, /* a live page, if there is a directory for it */
    EPS_LIVE_OFF,
    EPS_LIVE_ON, /* ... and the directory is made */
};

struct eps_options {
    enum eps_verify verify;
    enum eps_policy policy;
    uint32_t min_fds;  /* auto: calls on fewer descriptors stay native */
    const char *stats; /* NULL, "-" for stderr, or a path with %p for pid */
    enum eps_log_level log;
    enum eps_live live;
    const char *runtime_dir; /* XDG_RUNTIME_DIR, or NULL */

    /* Which of the programs that inherit the library it works in; chosen.h. */
    const char *only; /* NULL, or the names of those, with commas */
    const char *skip; /* NULL, or the names of all but those */
    int32_t pid;      /* 0, or the process that alone is meant */
};

extern struct eps_options eps_options;

/*
 * Reads the environment. What is malformed or unknown is told on stderr,
 * one line each, and ignored. `secure`: all of it is ignored, silently.
 */
void eps_options_read(char *const environment[], bool secure);

/*
 * What is wrong with `entry`, a NAME=value behind the prefix: NULL if nothing
 * is, else what the variable takes; "" if there is none of that name. The
 * value becomes the configuration's. For the command, which asks first.
 */
const char *eps_options_judge(const char *entry);

#endif
