/* SPDX-License-Identifier: MIT */
/*
 * A process that holds the far ends of connections. Peers live elsewhere in
 * real life; and n watched descriptors then need n numbers, not 2 n.
 */
#ifndef BENCH_HOLDER_H
#define BENCH_HOLDER_H

#define HOLDER_AT_ONCE 128

/* Hands `count` descriptors over, HOLDER_AT_ONCE at most, and closes them
 * here. The first time starts the process, which ends with this one. */
void holder_give(const int *fds, unsigned count);

#endif
