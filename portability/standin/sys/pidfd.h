/* SPDX-License-Identifier: MIT */
#ifndef STANDIN_SYS_PIDFD_H
#define STANDIN_SYS_PIDFD_H

#include <sys/types.h>

int pidfd_open(pid_t pid, unsigned int flags);
int pidfd_getfd(int pidfd, int fd, unsigned int flags);

#endif
