/* SPDX-License-Identifier: MIT */
/*
 * Every system call that the library makes on its own account, and the ways
 * in which each can fail.
 */
#ifndef FAULTS_ERRORS_H
#define FAULTS_ERRORS_H

#include <stdbool.h>

enum {
    FAULT_ERRORS_MAX = 20
};

/* Numbers for the functions next in line, beyond those of system calls. */
enum fault_function {
    FAULT_POLL = 100000,
    FAULT_PPOLL,
    FAULT_SELECT,
    FAULT_PSELECT,
};

struct fault_row {
    const char *name;
    long number;
    int operand;    /* which argument tells the operation, or -1 */
    long operation; /* its value */
    bool done;      /* it fails, and has done its work all the same */
    int errors[FAULT_ERRORS_MAX];
};

/* The row of a call, or -1: a call that the table does not know. */
int fault_row_of(long number, const long args[6]);
const struct fault_row *fault_row_at(int row);
int fault_count_errors(int row);
int fault_count_rows(void);

#endif
