/* SPDX-License-Identifier: MIT */
/* The injector's one decision, for system calls and for functions. */
#ifndef FAULTS_INJECT_H
#define FAULTS_INJECT_H

#include "errors.h"
#include "plan.h"

extern struct fault_plan *inject_plan;

/*
 * Counts a call of the library's. Returns the error that it fails with now,
 * 0 for none; *done is whether its work is done nevertheless.
 */
int inject_error(long number, const long args[6], bool *done);

#endif
