/* SPDX-License-Identifier: MIT */
/*
 * The exported functions that change the ground under our feet: limits,
 * sandboxes, tables and memory shared with others, stacks, and the socket
 * options that make a socket readable without a wake-up.
 */
#include "entry.h"

#include "kind.h"
#include "site.h"
#include "sys.h"
#include "thread.h"

#include <linux/seccomp.h>
#include <poll.h>

#ifndef SS_AUTODISARM
#define SS_AUTODISARM (1u << 31)
#endif

/* --- sandboxes --------------------------------------------------------- */

/*
 * Once a filter is asked for, all calls go native: an epoll call may be
 * fatal from now on. If the kernel refuses the filter, nothing has changed.
 * A vfork child's own filter counts as well: asking later whose it was would
 * be a call that it may forbid.
 */
void eps_sandbox_asked(void)
{
    atomic_fetch_add(&eps_process.sandboxes, 1);
}

void eps_sandbox_refused(void)
{
    atomic_fetch_sub(&eps_process.sandboxes, 1);
}

int eps_do_prctl(int (*real)(int, ...), int option, const unsigned long *args)
{
    bool filter = option == PR_SET_SECCOMP;
    int ret;

    if (filter)
        eps_sandbox_asked();
    ret = real(option, args[0], args[1], args[2], args[3]);
    if (filter && ret < 0)
        eps_sandbox_refused();
    return ret;
}

EPS_EXPORT int prctl(int option, ...)
{
    unsigned long args[4];

    EPS_ARGUMENTS(args, option);
    return eps_do_prctl(EPS_NEXT(prctl), option, args);
}

/*
 * False in a vfork child, which runs in our memory, and does to itself alone
 * what it does. Before start-up, and in a sandbox, who it is can't be asked,
 * and does not matter.
 */
static bool is_about_us(void)
{
    return !atomic_load(&eps_process.ready) || eps_process_is_sandboxed() ||
           eps_process_is_ours();
}

/* STICKY_TIMEOUTS changes what select writes back (G7). */
EPS_EXPORT int personality(unsigned long persona)
{
    int ret = EPS_NEXT(personality)(persona);

    if (ret >= 0 && persona != 0xffffffff && is_about_us())
        atomic_store(&eps_process.sticky, (persona & STICKY_TIMEOUTS) != 0);
    return ret;
}

/* --- limits (poll's EINVAL) -------------------------------------------- */

int eps_limit_changed(int ret)
{
    if (atomic_load(&eps_process.ready) && !eps_process_is_sandboxed() &&
        eps_process_is_ours())
        eps_process_read_limit();
    return ret;
}

EPS_EXPORT int setrlimit(__rlimit_resource_t resource,
                         const struct rlimit *limit)
{
    return eps_limit_changed(EPS_NEXT(setrlimit)(resource, limit));
}

EPS_EXPORT int prlimit(pid_t pid, __rlimit_resource_t resource,
                       const struct rlimit *limit, struct rlimit *old)
{
    int ret = EPS_NEXT(prlimit)(pid, resource, limit, old);

    return limit ? eps_limit_changed(ret) : ret;
}

#ifdef EPS_HAVE_LFS
EPS_EXPORT int setrlimit64(__rlimit_resource_t resource,
                           const struct rlimit64 *limit)
{
    return eps_limit_changed(EPS_NEXT(setrlimit64)(resource, limit));
}

EPS_EXPORT int prlimit64(pid_t pid, __rlimit_resource_t resource,
                         const struct rlimit64 *limit, struct rlimit64 *old)
{
    int ret = EPS_NEXT(prlimit64)(pid, resource, limit, old);

    return limit ? eps_limit_changed(ret) : ret;
}
#endif

/* --- tables and memory ------------------------------------------------- */

/* All calls go native from now on. */
static void bar(void)
{
    if (is_about_us())
        atomic_store(&eps_process.barred, true);
}

/*
 * The copy of the table would hold copies of our descriptors: out first. But
 * not from under a call that a handler has interrupted.
 */
void eps_table_leave(void)
{
    struct eps_thread *self = eps_thread_self();

    if (!self || !atomic_load(&eps_process.active) ||
        eps_process_is_sandboxed() || !eps_process_is_ours() ||
        !eps_thread_enter(self))
        return;
    eps_site_close_all(self); /* handlers' calls are nested meanwhile */
    eps_thread_leave(self);
}

/*
 * From now on numbers mean one file in this thread, and in those that it will
 * make, and another in the rest.
 */
void eps_table_unshared(void)
{
    bar();
}

EPS_EXPORT int unshare(int flags)
{
    int ret;

    if (flags & CLONE_FILES)
        eps_table_leave();
    ret = EPS_NEXT(unshare)(flags);
    if (ret == 0 && (flags & CLONE_FILES))
        eps_table_unshared();
    return ret;
}

/*
 * Before clone(). A child that shares our memory, and is no thread of ours, can
 * be told by its pid alone. Not so one that shares our table: it ends numbers
 * there, and no hook tells us. Nor a thread with a table of its own, where
 * numbers mean other files, or with its maker's thread-local storage, where it
 * would be taken for its maker.
 */
void eps_cloning(unsigned long flags)
{
    const unsigned long needed = CLONE_FILES | CLONE_SETTLS;
    bool thread = flags & CLONE_THREAD;

    if (eps_process_is_copy()) /* its child would be reset in its place */
        eps_process_find_out();
    if ((flags & CLONE_VM) && !thread)
        atomic_store(&eps_process.shared, true);
    if (thread ? (flags & needed) != needed : flags & CLONE_FILES)
        bar();
}

EPS_EXPORT int clone(int (*function)(void *), void *stack, int flags,
                     void *argument, ...)
{
    void *rest[3];

    EPS_ARGUMENTS(rest, argument);
    eps_cloning((unsigned long)flags);
    return EPS_NEXT(clone)(function, stack, flags, argument, rest[0], rest[1],
                           rest[2]);
}

/* --- stacks ------------------------------------------------------------ */

/*
 * Frames tell a handler's call from one that was left by siglongjmp (thread.c).
 * They don't where a signal stack disarms itself, so that it is none while a
 * handler runs on it; nor where a handler goes on in another context, and
 * leaves the call that it has interrupted for later.
 */
EPS_EXPORT int sigaltstack(const stack_t *stack, stack_t *old)
{
    int ret = EPS_NEXT(sigaltstack)(stack, old);

    if (ret == 0 && stack && ((unsigned)stack->ss_flags & SS_AUTODISARM))
        bar();
    return ret;
}

#ifdef __GLIBC__
static void leave_context(void)
{
    if (eps_thread_mine && eps_thread_mine->frame)
        bar();
}

EPS_EXPORT int swapcontext(ucontext_t *from, const ucontext_t *to)
{
    leave_context();
    return EPS_NEXT(swapcontext)(from, to);
}

EPS_EXPORT int setcontext(const ucontext_t *to)
{
    leave_context();
    return EPS_NEXT(setcontext)(to);
}
#endif

/* --- readiness that changes without a wake-up -------------------------- */

/*
 * An urgent byte already queued becomes ordinary data; a smaller buffer has no
 * room for what SO_RCVLOWAT waits for. Mostly there is neither.
 */
static bool may_be_readable_now(int fd, int name)
{
    struct pollfd urgent = {.fd = fd, .events = POLLPRI};
    struct timespec now = {0, 0};

    switch (name) {
    case SO_OOBINLINE:
        return EPS_SYS5(SYS_ppoll, &urgent, 1, &now, NULL, 8) != 0;
    case SO_RCVBUF:
    case SO_RCVBUFFORCE:
        return eps_kind_option(fd, SO_RCVLOWAT) != 1;
    default:
        return false;
    }
}

/* The socket may have other numbers (dup): all that are held may be it. */
static void look_anew(void)
{
    int end = eps_fdwatch_end_of_known();

    for (int fd = 0; fd < end; fd++)
        if (eps_fdwatch_holder(fd) != EPS_HELD_BY_NONE &&
            !eps_fdwatch_is_internal(fd))
            eps_closing_heard(fd);
}

int eps_do_setsockopt(int (*real)(int, int, int, const void *, socklen_t),
                      int fd, int level, int name, const void *value,
                      socklen_t length)
{
    int ret = real(fd, level, name, value, length);

    if (ret == 0 && level == SOL_SOCKET && atomic_load(&eps_process.active) &&
        !eps_process_is_sandboxed() && eps_process_is_ours() &&
        may_be_readable_now(fd, name))
        look_anew();
    return ret;
}

EPS_EXPORT int setsockopt(int fd, int level, int name, const void *value,
                          socklen_t length)
{
    return eps_do_setsockopt(EPS_NEXT(setsockopt), fd, level, name, value,
                             length);
}
