/* SPDX-License-Identifier: MIT */
/*
 * Denies a program the epoll of its own, as an old kernel would: those that
 * know another way to wait then use it. System calls stay what they are.
 */
#include <errno.h>
#include <sys/epoll.h>

int epoll_create(int size)
{
    (void)size;
    errno = ENOSYS;
    return -1;
}

int epoll_create1(int flags)
{
    (void)flags;
    errno = ENOSYS;
    return -1;
}
