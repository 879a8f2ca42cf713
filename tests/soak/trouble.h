/* SPDX-License-Identifier: MIT */
/*
 * What goes on around the workers: signals whose handlers poll, select and
 * close; children forked and vforked in mid-flight; closes of all sorts.
 */
#ifndef SOAK_TROUBLE_H
#define SOAK_TROUBLE_H

#include <stdatomic.h>
#include <stdint.h>

extern _Atomic uint64_t trouble_signals, trouble_children;

/* Closes it: here or in a handler, seen or unseen by any library. */
void trouble_close(int fd, uint64_t *random);

/* Numbers that wait for a handler to close them. */
int trouble_pending(void);

/* Begins, and never ends. Signals so many a second; 0 for none. */
void trouble_start(int listener, int signals_per_second, uint64_t seed);

#endif
