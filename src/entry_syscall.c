/* SPDX-License-Identifier: MIT */
/*
 * syscall(): the hooked functions by their numbers. What ends or hands out
 * a descriptor, changes the ground or leaves is treated like its function;
 * the poll family stays native, as the caller asked the kernel by name. None
 * of it may become a cancellation point.
 */
#include "entry.h"

#include "kind.h"
#include "seen.h"
#include "stats.h"
#include "sys.h"
#include "thread.h"

#include <linux/seccomp.h>
#include <sys/uio.h>

#ifndef SECCOMP_SET_MODE_STRICT
#define SECCOMP_SET_MODE_STRICT 0
#define SECCOMP_SET_MODE_FILTER 1
#endif

struct arguments {
    long a[6];
};

static long forward(long number, const struct arguments *args)
{
    const long *a = args->a;

    return EPS_NEXT(syscall)(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

static long forward_close(long number, const struct arguments *args)
{
    int fd = (int)args->a[0];
    struct eps_closing closing;
    long ret;

    if (eps_closing_hides(fd)) {
        errno = EBADF;
        return -1;
    }
    closing = eps_closing_begin(fd);
    ret = forward(number, args);
    eps_closing_end(&closing, ret == 0 || errno != EBADF);
    return ret;
}

static long forward_handout(long number, const struct arguments *args,
                            enum eps_kind kind)
{
    long ret = forward(number, args);

    eps_closing_handed_out((int)ret, kind);
    return ret;
}

static long forward_fcntl(long number, const struct arguments *args)
{
    bool is_dup;
    long ret;

    if (eps_closing_hides((int)args->a[0])) {
        errno = EBADF;
        return -1;
    }
    is_dup = eps_begin_dupfd((int)args->a[1], (int)args->a[2]);
    ret = forward(number, args);
    if (is_dup)
        eps_closing_handed_out((int)ret, EPS_KIND_UNKNOWN);
    return ret;
}

static long forward_filter(long number, const struct arguments *args)
{
    long ret;

    eps_sandbox_asked();
    ret = forward(number, args);
    if (ret < 0)
        eps_sandbox_refused();
    return ret;
}

static long forward_taken(long number, const struct arguments *args,
                          size_t bytes)
{
    long ret = forward(number, args);

    eps_seen_taken((void *)args->a[0], bytes);
    return ret;
}

static long forward_moved(long number, const struct arguments *args)
{
    long ret = forward(number, args);

    eps_memory_moved((void *)args->a[0], (size_t)args->a[1], (size_t)args->a[2],
                     (int)args->a[3], (void *)args->a[4]);
    return ret;
}

#ifdef SYS_recvmsg
/* Not libc's, which is a cancellation point. */
static ssize_t recvmsg_by_number(int fd, struct msghdr *message, int flags)
{
    return EPS_NEXT(syscall)(SYS_recvmsg, fd, message, flags);
}
#endif

/*
 * The first word of the caller's struct, read as the kernel will: a bad pointer
 * is its EFAULT. Where that can't be done it may be any clone.
 */
static unsigned long flags_of_clone3(void *arguments)
{
    uint64_t flags = 0;
    struct iovec to = {&flags, sizeof(flags)};
    struct iovec from = {arguments, sizeof(flags)};
    long got;

    if (eps_process_is_sandboxed()) /* all is native already */
        return 0;
    got = EPS_SYS6(SYS_process_vm_readv, EPS_SYS0(SYS_getpid), &to, 1, &from, 1,
                   0);
    if (got != sizeof(flags) && got != -EFAULT)
        return CLONE_VM | CLONE_FILES;
    return (unsigned long)flags;
}

/* The functions' own arguments, back from registers. */
#define INT(i) ((int)args->a[i])
#define POINTER(i) ((void *)args->a[i])

static long dispatch(long number, const struct arguments *args)
{
    switch (number) {
    case SYS_close:
        return forward_close(number, args);
    case SYS_dup:
        return dup(INT(0));
#ifdef SYS_dup2
    case SYS_dup2:
        return dup2(INT(0), INT(1));
#endif
    case SYS_dup3:
        return dup3(INT(0), INT(1), INT(2));
#ifdef SYS_close_range
    case SYS_close_range:
        return close_range((unsigned)args->a[0], (unsigned)args->a[1], INT(2));
#endif
#ifdef SYS_fcntl64
    case SYS_fcntl64:
#endif
    case SYS_fcntl:
        return forward_fcntl(number, args);
    case SYS_eventfd2:
    case SYS_timerfd_create:
    case SYS_inotify_init1:
#ifdef SYS_pidfd_open
    case SYS_pidfd_open:
#endif
        return forward_handout(number, args, EPS_KIND_FAITHFUL);
#ifdef SYS_accept
    case SYS_accept:
#endif
    case SYS_accept4:
        return forward_handout(number, args, eps_kind_of_accepted(INT(0)));
#ifdef SYS_socket
    case SYS_socket:
        return forward_handout(number, args,
                               eps_kind_of_socket(INT(0), INT(1), INT(2)));
#endif
#ifdef SYS_open
    case SYS_open:
#endif
    case SYS_openat:
    case SYS_epoll_create1:
    case SYS_signalfd4:
#ifdef SYS_pidfd_getfd
    case SYS_pidfd_getfd:
#endif
        return forward_handout(number, args, EPS_KIND_UNKNOWN);
#ifdef SYS_pipe
    case SYS_pipe:
        return pipe(POINTER(0));
#endif
    case SYS_pipe2:
        return pipe2(POINTER(0), INT(1));
#ifdef SYS_socketpair
    case SYS_socketpair:
        return socketpair(INT(0), INT(1), INT(2), POINTER(3));
#endif
#ifdef SYS_recvmsg
    case SYS_recvmsg:
        return eps_do_recvmsg(recvmsg_by_number, INT(0), POINTER(1), INT(2));
#endif
#ifdef SYS_setsockopt
    case SYS_setsockopt:
        return setsockopt(INT(0), INT(1), INT(2), POINTER(3),
                          (socklen_t)args->a[4]);
#endif
    case SYS_unshare:
        return unshare(INT(0));
#ifdef SYS_setrlimit
    case SYS_setrlimit:
#endif
    case SYS_prlimit64:
        return eps_limit_changed((int)forward(number, args));
    case SYS_prctl:
        return prctl(INT(0), args->a[1], args->a[2], args->a[3], args->a[4]);
#ifdef SYS_seccomp
    case SYS_seccomp:
        if (args->a[0] == SECCOMP_SET_MODE_STRICT ||
            args->a[0] == SECCOMP_SET_MODE_FILTER)
            return forward_filter(number, args);
        return forward(number, args);
#endif
    case SYS_personality:
        return personality((unsigned long)args->a[0]);
    case SYS_clone:
#ifdef __s390__
        eps_cloning((unsigned long)args->a[1]);
#else
        eps_cloning((unsigned long)args->a[0]);
#endif
        return forward(number, args);
#ifdef SYS_clone3
    case SYS_clone3:
        eps_cloning(flags_of_clone3(POINTER(0)));
        return forward(number, args);
#endif
    case SYS_sigaltstack:
        return sigaltstack(POINTER(0), POINTER(1));
    case SYS_munmap:
    case SYS_mprotect:
#ifdef SYS_pkey_mprotect
    case SYS_pkey_mprotect:
#endif
        return forward_taken(number, args, (size_t)args->a[1]);
    case SYS_mremap:
        return forward_moved(number, args);
#ifdef SYS_shmdt
    case SYS_shmdt:
        return forward_taken(number, args, 0);
#endif
    case SYS_exit:
        eps_thread_end();
        return forward(number, args);
    case SYS_execve:
    case SYS_exit_group:
        eps_leave(number == SYS_exit_group);
        return forward(number, args);
    default:
        return forward(number, args);
    }
}

EPS_EXPORT long syscall(long number, ...)
{
    struct arguments args;

    EPS_ARGUMENTS(args.a, number);
    return dispatch(number, &args);
}
