/* SPDX-License-Identifier: MIT */
/*
 * The functions that a loop calls, as one of three parties gets them. The
 * program's own symbols are what a preloaded library replaces; the same
 * functions looked up in libc itself are what the program would have had
 * without it, to the last wrapper; and functions that do nothing leave the
 * loop's own work.
 */
#ifndef BENCH_CALLS_H
#define BENCH_CALLS_H

#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>

struct calls {
    int (*poll)(struct pollfd *array, nfds_t count, int timeout);
    int (*select)(int limit, fd_set *reading, fd_set *writing,
                  fd_set *exceptional, struct timeval *timeout);
    int (*epoll_wait)(int epfd, struct epoll_event *events, int room,
                      int timeout);
    int (*epoll_ctl)(int epfd, int operation, int fd,
                     struct epoll_event *event);
    int (*close)(int fd);
    int (*accept4)(int fd, struct sockaddr *address, socklen_t *length,
                   int flags);
};

extern struct calls calls_native; /* libc's own, filled by calls_start() */
extern const struct calls calls_hooked; /* by symbol, as a program calls them */
extern struct calls calls_idle; /* waits that do nothing; the rest is libc's */

void calls_start(void);

#endif
