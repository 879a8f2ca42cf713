/* SPDX-License-Identifier: MIT */
/*
 * Every libc header whose functions we stand in for, without the fortified
 * inline versions, and the prototypes that no header shows.
 */
#ifndef EPS_PROTOTYPES_H
#define EPS_PROTOTYPES_H

#include "plain.h"

#include "process.h"

#include <dirent.h>
#include <fcntl.h>
#include <mntent.h>
#include <mqueue.h>
#include <poll.h>
#include <pty.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/shm.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <ucontext.h>
#include <unistd.h>
#include <utmp.h>

/* Names with a 64 for what has 64-bit offsets; elsewhere all have. */
#ifdef __GLIBC__
#define EPS_HAVE_LFS 1
#define EPS_RECVMMSG_FLAGS int
#else
#define __SOCKADDR_ARG struct sockaddr *restrict
#define __rlimit_resource_t int
#define EPS_RECVMMSG_FLAGS unsigned int
#endif

/* Calls with a 64-bit time beside those with a 32-bit one (time64.h). */
#if defined(__TIMESIZE) && __TIMESIZE == 32
#define EPS_HAVE_TIME64 1

struct eps_timespec64;
struct eps_timeval64;

int __ppoll64(struct pollfd *, nfds_t, const struct eps_timespec64 *,
              const sigset_t *);
int __ppoll64_chk(struct pollfd *, nfds_t, const struct eps_timespec64 *,
                  const sigset_t *, size_t);
int __select64(int, fd_set *, fd_set *, fd_set *, struct eps_timeval64 *);
int __pselect64(int, fd_set *, fd_set *, fd_set *,
                const struct eps_timespec64 *, const sigset_t *);
int __fcntl_time64(int, int, ...);
ssize_t __recvmsg64(int, struct msghdr *, int);
int __recvmmsg64(int, struct mmsghdr *, unsigned int, int,
                 struct eps_timespec64 *);
int __setsockopt64(int, int, int, const void *, socklen_t);
int __prctl_time64(int, ...);
#endif

/* glibc has had them only since 2.27, 2.34 and 2.36; others have not. */
int pkey_mprotect(void *, size_t, int, int);
int memfd_create(const char *, unsigned int);
int close_range(unsigned int, unsigned int, int);
void closefrom(int);
int fcloseall(void);
int pidfd_open(pid_t, unsigned int);
int pidfd_getfd(int, int, unsigned int);

int __poll(struct pollfd *, nfds_t, int);
int __poll_chk(struct pollfd *, nfds_t, int, size_t);
int __ppoll_chk(struct pollfd *, nfds_t, const struct timespec *,
                const sigset_t *, size_t);
int __select(int, fd_set *, fd_set *, fd_set *, struct timeval *);
int __close(int);
int __dup2(int, int);
int __pipe(int[2]);
int __open(const char *, int, ...);
int __fcntl(int, int, ...);
int __open64(const char *, int, ...);
int __open_2(const char *, int);
int __open64_2(const char *, int);
int __openat_2(int, const char *, int);
int __openat64_2(int, const char *, int);
int __endmntent(FILE *);
int _IO_fclose(FILE *);
pid_t __vfork(void);

#endif
