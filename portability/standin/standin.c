/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "standin.h"

#include "sys/pidfd.h"

#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <unistd.h>

int close_range(unsigned int first, unsigned int last, int flags)
{
    return (int)syscall(SYS_close_range, first, last, flags);
}

void closefrom(int first)
{
    close_range(first < 0 ? 0 : (unsigned)first, ~0u, 0);
}

/* glibc's writes out what streams hold, and leaves the descriptors open. */
int fcloseall(void)
{
    return fflush(NULL);
}

int pidfd_open(pid_t pid, unsigned int flags)
{
    return (int)syscall(SYS_pidfd_open, pid, flags);
}

int pidfd_getfd(int pidfd, int fd, unsigned int flags)
{
    return (int)syscall(SYS_pidfd_getfd, pidfd, fd, flags);
}

/* glibc's other names for a call are, elsewhere, the call. */
int __poll(struct pollfd *fds, nfds_t n, int timeout)
{
    return poll(fds, n, timeout);
}

int __poll_chk(struct pollfd *fds, nfds_t n, int timeout, size_t size)
{
    (void)size;
    return poll(fds, n, timeout);
}

int __ppoll_chk(struct pollfd *fds, nfds_t n, const struct timespec *timeout,
                const sigset_t *mask, size_t size)
{
    (void)size;
    return ppoll(fds, n, timeout, mask);
}

int __select(int n, fd_set *r, fd_set *w, fd_set *x, struct timeval *timeout)
{
    return select(n, r, w, x, timeout);
}

int __close(int fd)
{
    return close(fd);
}

int __dup2(int from, int to)
{
    return dup2(from, to);
}

int __fcntl(int fd, int command, ...)
{
    va_list list;

    va_start(list, command);
    long argument = va_arg(list, long);
    va_end(list);
    return fcntl(fd, command, argument);
}

int _IO_fclose(FILE *stream)
{
    return fclose(stream);
}
