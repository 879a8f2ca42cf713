/* SPDX-License-Identifier: MIT */
/*
 * Another thread, on the same processor, that wakes a loop by a byte.
 */
#ifndef BENCH_WAKER_H
#define BENCH_WAKER_H

/* Starts the thread, once. */
void waker_start(void);

/* Has the thread write to `fd` as soon as the caller sleeps. */
void waker_ask(int fd);

#endif
