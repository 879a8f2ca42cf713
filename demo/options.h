/* SPDX-License-Identifier: MIT */
#ifndef DEMO_OPTIONS_H
#define DEMO_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct options {
    const char *protocol;
    const char *path;
    const char *body_file;
    uint16_t port;
    unsigned idle;
    unsigned active;
    double seconds;
    double warm_up;
    double pause;
    pid_t pid; /* of the server whose processor time is measured, or 0 */
};

/* False, after one line on stderr, when the arguments can't be used. Exits
 * after --help. */
bool options_parse(struct options *options, int argc, char **argv);

#endif
