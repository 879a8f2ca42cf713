/* SPDX-License-Identifier: MIT */
/* Makes a failing run short enough for a person to read. */
#ifndef DIFF_SHRINK_H
#define DIFF_SHRINK_H

#include "worker.h"

/*
 * Finds few ops with which the job fails the same way, and prints them as a
 * script. Leaves out what it can for that many seconds at most.
 */
void shrink(const struct job *job, enum outcome outcome,
            const struct tally *where, int seconds);

#endif
