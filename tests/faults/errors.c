/* SPDX-License-Identifier: MIT */
/*
 * The table of failures. The errors are those of the manual pages, and for
 * all calls those by which sandboxes refuse them (EPERM, ENOSYS).
 *
 * ENOSPC from epoll_ctl is how max_user_watches is told to be exhausted; the
 * limit is the machine's, so that exhausting it in earnest is for fact L4,
 * which has to be asked for.
 *
 * Left out is what is not a failure but a statement about the arguments that
 * the answer may rest upon: EBADF from F_GETFD says "this number is closed",
 * EEXIST and ENOENT from epoll_ctl say whether an item is there; the latter
 * are kept in, for a file may be replaced at any moment; but not ENOENT from
 * EPOLL_CTL_DEL, by which a closer is told that no sleeper has the item: who
 * really replaced the file has woken the sleeper.
 */
#include "errors.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#ifndef MADV_WIPEONFORK
#define MADV_WIPEONFORK 18
#endif
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

#define PLAIN(call) #call, SYS_##call, -1, 0, false
#define WITH(call, index, value)                                               \
#call " " #value, SYS_##call, index, value, false
#define REFUSED EPERM, ENOSYS

static const struct fault_row rows[] = {
    {PLAIN(epoll_create1), {EINVAL, EMFILE, ENFILE, ENOMEM, REFUSED}},
    {WITH(epoll_ctl, 1, EPOLL_CTL_ADD),
     {EBADF, EEXIST, EINVAL, ELOOP, ENOENT, ENOMEM, ENOSPC, REFUSED}},
    {WITH(epoll_ctl, 1, EPOLL_CTL_MOD),
     {EBADF, EINVAL, ENOENT, ENOMEM, REFUSED}},
    {WITH(epoll_ctl, 1, EPOLL_CTL_DEL), {EBADF, EINVAL, ENOMEM, REFUSED}},
#ifdef SYS_epoll_wait
    /* Of one event: is that an epoll at all? EINVAL would be a lie. */
    {WITH(epoll_wait, 2, 1), {EBADF, EFAULT, EINTR, REFUSED}},
    {PLAIN(epoll_wait), {EBADF, EFAULT, EINTR, EINVAL, REFUSED}},
#endif
    {WITH(epoll_pwait, 2, 1), {EBADF, EFAULT, EINTR, REFUSED}},
    {PLAIN(epoll_pwait), {EBADF, EFAULT, EINTR, EINVAL, REFUSED}},
    {PLAIN(eventfd2), {EINVAL, EMFILE, ENFILE, ENODEV, ENOMEM, REFUSED}},
    /* Linux has given the number back, whatever it says (close(2)). */
    {"close", SYS_close, -1, 0, true, {EBADF, EINTR, EIO, ENOSPC, EDQUOT}},
    /* EINTR would say that nothing is ready: it does not wait. */
    {PLAIN(ppoll), {EFAULT, EINVAL, ENOMEM, REFUSED}},
    {PLAIN(pselect6), {EINTR, EINVAL, ENOMEM, REFUSED}},
    {WITH(fcntl, 1, F_GETFD), {REFUSED}},
    {WITH(fcntl, 1, F_GETFL), {EBADF, REFUSED}},
    {WITH(fcntl, 1, F_SETSIG), {EBADF, EINVAL, REFUSED}},
    {WITH(fcntl, 1, F_GETSIG), {EBADF, EINVAL, REFUSED}},
    {WITH(fcntl, 1, F_DUPFD_CLOEXEC), {EBADF, EINVAL, EMFILE, REFUSED}},
#ifdef SYS_fstat
    {PLAIN(fstat), {EBADF, EFAULT, EIO, ENOMEM, EOVERFLOW, REFUSED}},
#endif
#ifdef SYS_getsockopt
    {PLAIN(getsockopt),
     {EBADF, EFAULT, EINVAL, ENOPROTOOPT, ENOTSOCK, REFUSED}},
#endif
    {PLAIN(readlinkat),
     {EACCES, EBADF, EFAULT, EINVAL, EIO, ELOOP, ENAMETOOLONG, ENOENT, ENOMEM,
      ENOTDIR, REFUSED}},
    {PLAIN(write),
     {EAGAIN, EBADF, EDQUOT, EFAULT, EFBIG, EINTR, EINVAL, EIO, ENOSPC, EPIPE,
      REFUSED}},
    {PLAIN(mmap),
     {EACCES, EAGAIN, EINVAL, ENFILE, ENODEV, ENOMEM, EOVERFLOW, REFUSED}},
    {PLAIN(munmap), {EINVAL, ENOMEM, REFUSED}},
    {WITH(madvise, 2, MADV_DONTNEED), {EINVAL, ENOMEM, EAGAIN, REFUSED}},
    /* Nonsense: is advice heard at all? (memory.c, note (c)) */
    {WITH(madvise, 2, 0x7fffffff), {EINVAL, ENOMEM, EAGAIN, REFUSED}},
    {WITH(madvise, 2, MADV_WIPEONFORK), {EINVAL, ENOMEM, EAGAIN, REFUSED}},
    {WITH(madvise, 2, MADV_POPULATE_WRITE),
     {EFAULT, EINVAL, ENOMEM, EAGAIN, EHWPOISON, REFUSED}},
    {PLAIN(prlimit64), {EFAULT, EINVAL, ESRCH, REFUSED}},
    {PLAIN(personality), {EINVAL, REFUSED}},
    {PLAIN(kcmp), {EBADF, EFAULT, EINVAL, ESRCH, REFUSED}},
    {PLAIN(pipe2), {EFAULT, EINVAL, EMFILE, ENFILE, ENOPKG, REFUSED}},
    {PLAIN(openat),
     {EACCES, EBADF, EDQUOT, EEXIST, EFAULT, EFBIG, EINTR, EINVAL, EISDIR,
      ELOOP, EMFILE, ENAMETOOLONG, ENFILE, ENOENT, ENOMEM, ENOSPC, ENXIO, EROFS,
      REFUSED}},
    {PLAIN(ftruncate), {EBADF, EFBIG, EINTR, EINVAL, EIO, REFUSED}},
    {PLAIN(sigaltstack), {EFAULT, EINVAL, ENOMEM, REFUSED}},
    {PLAIN(getpid), {0}}, /* never fails, says its page */
    {PLAIN(geteuid), {0}},
    /* Where signals could be held back, they can be let go again. */
    {WITH(rt_sigprocmask, 2, 0), {0}},
    {PLAIN(rt_sigprocmask), {EFAULT, EINVAL, REFUSED}},
    {PLAIN(rt_sigpending), {EFAULT, EINVAL, REFUSED}},
    {PLAIN(rt_sigaction), {EFAULT, EINVAL, REFUSED}},
#ifdef SYS_rt_sigtimedwait
    {PLAIN(rt_sigtimedwait), {EAGAIN, EFAULT, EINTR, EINVAL, REFUSED}},
#endif
    /* Those of the live statistics page. */
    {PLAIN(read), {EAGAIN, EBADF, EFAULT, EINTR, EINVAL, EIO, EISDIR, REFUSED}},
    {PLAIN(getdents64), {EBADF, EFAULT, EINVAL, ENOENT, ENOTDIR, REFUSED}},
    {PLAIN(mkdirat),
     {EACCES, EDQUOT, EEXIST, ELOOP, EMLINK, ENAMETOOLONG, ENOENT, ENOMEM,
      ENOSPC, ENOTDIR, EROFS, REFUSED}},
    {PLAIN(unlinkat),
     {EACCES, EBUSY, EFAULT, EIO, EISDIR, ELOOP, ENOENT, ENOMEM, ENOTDIR, EROFS,
      REFUSED}},
    {PLAIN(fchmod), {EBADF, EIO, EROFS, REFUSED}},
    {PLAIN(fallocate),
     {EBADF, EFBIG, EINTR, EINVAL, EIO, ENODEV, ENOSPC, EOPNOTSUPP, ETXTBSY,
      REFUSED}},
    {PLAIN(process_vm_writev), {EFAULT, EINVAL, ENOMEM, ESRCH, REFUSED}},
    {WITH(madvise, 2, MADV_DONTFORK), {EINVAL, ENOMEM, EAGAIN, REFUSED}},
#ifdef SYS_futex
    {PLAIN(futex), {EAGAIN, EFAULT, EINTR, EINVAL, REFUSED}},
#endif
    {PLAIN(kill), {EINVAL, ESRCH, REFUSED}},
    /* What the library waits in; ENOSYS is no way for a poll() to fail. */
    {"poll()", FAULT_POLL, -1, 0, false, {EFAULT, EINTR, EINVAL, ENOMEM}},
    {"ppoll()", FAULT_PPOLL, -1, 0, false, {EFAULT, EINTR, EINVAL, ENOMEM}},
    {"select()", FAULT_SELECT, -1, 0, false, {EBADF, EINTR, EINVAL, ENOMEM}},
    {"pselect()", FAULT_PSELECT, -1, 0, false, {EBADF, EINTR, EINVAL, ENOMEM}},
};

int fault_row_of(long number, const long args[6])
{
    for (int i = 0; i < fault_count_rows(); i++)
        if (rows[i].number == number &&
            (rows[i].operand < 0 ||
             (int)args[rows[i].operand] == (int)rows[i].operation))
            return i;
    return -1;
}

const struct fault_row *fault_row_at(int row)
{
    return &rows[row];
}

int fault_count_errors(int row)
{
    int count = 0;

    while (count < FAULT_ERRORS_MAX && rows[row].errors[count])
        count++;
    return count;
}

int fault_count_rows(void)
{
    return (int)(sizeof(rows) / sizeof(*rows));
}
