/* SPDX-License-Identifier: MIT */
/*
 * What /proc tells of a process: what it has open, and whether it is still
 * the one that had this number, which its time of start decides. Raw system
 * calls only; any thread, any handler.
 */
#ifndef EPS_PROCSTAT_H
#define EPS_PROCSTAT_H

#include <stdbool.h>
#include <stdint.h>

/* When the process began, in the kernel's ticks since boot; 0: not told. */
uint64_t eps_procstat_start(int64_t pid);

/* False if it has ended, a zombie included, or its number is another's. */
bool eps_procstat_lives(int64_t pid, uint64_t start);

/* Which namespace our process numbers are of; 0: not told. */
uint64_t eps_procstat_namespace(void);

/* True if this number is the same pipe in both processes. */
bool eps_procstat_have_pipe(int64_t pid, int64_t other, int fd);

/* True if a seccomp filter was there before we were. */
bool eps_procstat_is_filtered(void);

#endif
