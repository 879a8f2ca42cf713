/* SPDX-License-Identifier: MIT */
/*
 * Another preload library, one that denies the program epoll: libc's symbols
 * answer ENOSYS. A library that calls them for itself would be denied, too.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>
#include <time.h>

static int denied(void)
{
    errno = ENOSYS;
    return -1;
}

int epoll_create(int size)
{
    (void)size;
    return denied();
}

int epoll_create1(int flags)
{
    (void)flags;
    return denied();
}

int epoll_ctl(int epfd, int op, int fd, struct epoll_event *event)
{
    (void)epfd, (void)op, (void)fd, (void)event;
    return denied();
}

int epoll_wait(int epfd, struct epoll_event *events, int n, int timeout)
{
    (void)epfd, (void)events, (void)n, (void)timeout;
    return denied();
}

int epoll_pwait(int epfd, struct epoll_event *events, int n, int timeout,
                const sigset_t *mask)
{
    (void)epfd, (void)events, (void)n, (void)timeout, (void)mask;
    return denied();
}

int epoll_pwait2(int epfd, struct epoll_event *events, int n,
                 const struct timespec *timeout, const sigset_t *mask)
{
    (void)epfd, (void)events, (void)n, (void)timeout, (void)mask;
    return denied();
}
