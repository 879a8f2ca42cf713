/* SPDX-License-Identifier: MIT */
/*
 * A worker: a thread that serves connections in a loop around one array. It
 * lives for seconds, and then a new thread takes the array over.
 */
#ifndef SOAK_WORKER_H
#define SOAK_WORKER_H

#include <stdatomic.h>
#include <stdint.h>

/* Starts them; each accepts from the listener, and echoes what it is sent. */
void worker_start_all(int count, int listener, uint64_t seed);

/* Connections that are open in all of them. */
extern _Atomic int worker_connections;
extern _Atomic uint64_t worker_bytes;
extern _Atomic uint64_t worker_threads; /* started so far */

#endif
