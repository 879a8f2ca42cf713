/* SPDX-License-Identifier: MIT */
/*
 * What the tests take from glibc and musl has not: declared here, and defined
 * in standin.c, as a ported program brings it along.
 */
#ifndef STANDIN_H
#define STANDIN_H

#define CLOSE_RANGE_UNSHARE 2u
#define CLOSE_RANGE_CLOEXEC 4u

int close_range(unsigned int first, unsigned int last, int flags);
void closefrom(int first);
int fcloseall(void);

#endif
