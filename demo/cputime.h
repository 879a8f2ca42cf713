/* SPDX-License-Identifier: MIT */
#ifndef DEMO_CPUTIME_H
#define DEMO_CPUTIME_H

#include <stdint.h>
#include <sys/types.h>

/* The processor time that all threads of a process have used so far, in
 * nanoseconds, or -1 with errno when it can't be read. */
int64_t cputime_of(pid_t pid);

#endif
