/* SPDX-License-Identifier: MIT */
#ifndef BENCH_FAIL_H
#define BENCH_FAIL_H

/* Prints one line on stderr and ends the program. A cell that can't be
 * measured as it was asked for is not measured at all. */
void fail(const char *format, ...)
    __attribute__((format(printf, 1, 2), noreturn));

/* The same, and the line ends in what errno says. */
void fail_errno(const char *format, ...)
    __attribute__((format(printf, 1, 2), noreturn));

/* Zeroed memory for `count` objects of `size` bytes. */
void *allocate(unsigned long count, unsigned long size);

#endif
