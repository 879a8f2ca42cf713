/* SPDX-License-Identifier: MIT */
/*
 * What is counted, by name. The rows and their sentences are in
 * counters.def; the counting itself is thread.h's eps_count().
 */
#ifndef EPS_COUNTERS_H
#define EPS_COUNTERS_H

enum eps_counter {
#define EPS_COUNTER(name, sentence) EPS_C_##name,
#include "counters.def"
#undef EPS_COUNTER
    EPS_COUNTERS
};

/* The names in the order of the enumeration. */
extern const char *const eps_counter_names[EPS_COUNTERS];

#endif
