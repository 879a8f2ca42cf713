/* SPDX-License-Identifier: MIT */
/*
 * No test may leave a descriptor open, and none may lose one it found open.
 *
 * Natively the two lists must be equal. Under the library a new descriptor is
 * forgiven if it is the library's own, which shows by what the library
 * promises of them: they are anonymous epoll or eventfd files, closed on exec,
 * and close() by the program answers EBADF. Their number is bounded, so that
 * a library that leaks its own is caught as well. Another library promises
 * nothing: under it every anonymous file passes for its own here, and what
 * that costs the program is what the tests themselves are about.
 */
#ifndef HARNESS_FDCHECK_H
#define HARNESS_FDCHECK_H

#include <stdbool.h>
#include <stddef.h>

/* Remembers the open descriptors. */
void fdcheck_begin(void);

/* Fails the running test if the open descriptors are not the remembered. */
void fdcheck_end(void);

/*
 * The number of open descriptors which are not the library's own.
 */
size_t fdcheck_count(void);

/* The number of open descriptors which are the library's own. */
size_t fdcheck_count_internal(void);

/* Finds the library's own, at most so many; how many those are. */
size_t fdcheck_find_internal(int found[], size_t most);

/* Whether fd is open and the library's own. Closes nothing. */
bool fdcheck_is_internal(int fd);

#endif
