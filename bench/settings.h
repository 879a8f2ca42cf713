/* SPDX-License-Identifier: MIT */
#ifndef BENCH_SETTINGS_H
#define BENCH_SETTINGS_H

#include "shape.h"
#include "stage.h"

#include <stdbool.h>

/* Which cell, and how it is measured. */
struct settings {
    bool selects; /* select(), not poll() */
    const struct shape *shape;
    enum kind kind;
    unsigned n;
    unsigned ready;
    double seconds;
    double warm_up;
    int processor; /* -1: any */
    bool walks;
};

/* Ends the program, after a line that says why, when they make no sense. */
void settings_parse(struct settings *settings, int argc, char **argv);

#endif
