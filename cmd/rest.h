/* SPDX-License-Identifier: MIT */
/*
 * What a program leaves running when it ends: a server that goes into the
 * background. Its processes are known by a variable that none but them have.
 */
#ifndef CMD_REST_H
#define CMD_REST_H

#include <stddef.h>

struct cmd_rest {
    const char *mark; /* NAME=VALUE, as it was put into the environment */
    struct cmd_rest_process {
        int pid;
        double user, system; /* seconds of CPU, when it was seen last */
    } * all;
    size_t count; /* of those that were ever seen */
};

/*
 * Looks for them, sends each the signal unless it is 0, and answers the number
 * of one that runs, or 0.
 */
int cmd_rest_look(struct cmd_rest *rest, int signal);

#endif
