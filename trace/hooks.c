/* SPDX-License-Identifier: MIT */
/*
 * The calls, passed on as they came and noted afterwards. errno is the
 * call's own: notes leave it alone.
 */
#include "note.h"

#include "time64.h"

#include <dlfcn.h>
#include <stddef.h>

#define EXPORT __attribute__((visibility("default")))
#define CALLER ((uint64_t)(uintptr_t)__builtin_return_address(0))

/* fortified names are declared where they are used only */
int __poll(struct pollfd *fds, nfds_t n, int timeout);
int __poll_chk(struct pollfd *fds, nfds_t n, int timeout, size_t size);
int __ppoll_chk(struct pollfd *fds, nfds_t n, const struct timespec *timeout,
                const sigset_t *mask, size_t size);
int __select(int n, fd_set *r, fd_set *w, fd_set *x, struct timeval *timeout);

/* The function next in line; found once, the same whoever finds it. */
#define NEXT(name)                                                             \
    static __typeof__(&name) _Atomic found;                                    \
    __typeof__(&name) next = found;                                            \
    if (!next)                                                                 \
    found = next = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

static bool is_zero(const struct timespec *timeout)
{
    return timeout && timeout->tv_sec == 0 && timeout->tv_nsec == 0;
}

EXPORT int poll(struct pollfd *fds, nfds_t n, int timeout)
{
    NEXT(poll);
    struct ept_note note = ept_note_begin(EPT_POLL, CALLER, timeout == 0);
    return ept_note_poll(&note, fds, n, next(fds, n, timeout));
}

EXPORT int __poll(struct pollfd *fds, nfds_t n, int timeout)
{
    NEXT(__poll);
    struct ept_note note = ept_note_begin(EPT_POLL, CALLER, timeout == 0);
    return ept_note_poll(&note, fds, n, next(fds, n, timeout));
}

EXPORT int __poll_chk(struct pollfd *fds, nfds_t n, int timeout, size_t size)
{
    NEXT(__poll_chk);
    struct ept_note note = ept_note_begin(EPT_POLL, CALLER, timeout == 0);
    return ept_note_poll(&note, fds, n, next(fds, n, timeout, size));
}

/* A timeout at a bad address is the kernel's to refuse: not read before. */
EXPORT int ppoll(struct pollfd *fds, nfds_t n, const struct timespec *timeout,
                 const sigset_t *mask)
{
    NEXT(ppoll);
    struct ept_note note = ept_note_begin(EPT_PPOLL, CALLER, false);
    int ret = next(fds, n, timeout, mask);

    note.looks = ret >= 0 && is_zero(timeout);
    return ept_note_poll(&note, fds, n, ret);
}

EXPORT int __ppoll_chk(struct pollfd *fds, nfds_t n,
                       const struct timespec *timeout, const sigset_t *mask,
                       size_t size)
{
    NEXT(__ppoll_chk);
    struct ept_note note = ept_note_begin(EPT_PPOLL, CALLER, false);
    int ret = next(fds, n, timeout, mask, size);

    note.looks = ret >= 0 && is_zero(timeout);
    return ept_note_poll(&note, fds, n, ret);
}

/* select() may write what is left to the timeout: it was 0 only if it is. */
static bool is_zero_timeval(const struct timeval *timeout, int64_t waited)
{
    return timeout && timeout->tv_sec == 0 && timeout->tv_usec == 0 &&
           waited < 1000000;
}

EXPORT int select(int n, fd_set *r, fd_set *w, fd_set *x,
                  struct timeval *timeout)
{
    NEXT(select);
    struct ept_note note = ept_note_begin(EPT_SELECT, CALLER, false);
    ept_note_bitmaps(&note, n, r, w, x);
    int ret = next(n, r, w, x, timeout);

    note.looks = ret >= 0 && is_zero_timeval(timeout, ept_note_waited(&note));
    return ept_note_select(&note, n, r, w, x, ret);
}

EXPORT int __select(int n, fd_set *r, fd_set *w, fd_set *x,
                    struct timeval *timeout)
{
    NEXT(__select);
    struct ept_note note = ept_note_begin(EPT_SELECT, CALLER, false);
    ept_note_bitmaps(&note, n, r, w, x);
    int ret = next(n, r, w, x, timeout);

    note.looks = ret >= 0 && is_zero_timeval(timeout, ept_note_waited(&note));
    return ept_note_select(&note, n, r, w, x, ret);
}

EXPORT int pselect(int n, fd_set *r, fd_set *w, fd_set *x,
                   const struct timespec *timeout, const sigset_t *mask)
{
    NEXT(pselect);
    struct ept_note note = ept_note_begin(EPT_PSELECT, CALLER, false);
    ept_note_bitmaps(&note, n, r, w, x);
    int ret = next(n, r, w, x, timeout, mask);

    note.looks = ret >= 0 && is_zero(timeout);
    return ept_note_select(&note, n, r, w, x, ret);
}

/* --- 64-bit times on 32-bit processors ----------------------------------- */

#if defined(__TIMESIZE) && __TIMESIZE == 32

int __ppoll64(struct pollfd *fds, nfds_t n,
              const struct eps_timespec64 *timeout, const sigset_t *mask);
int __ppoll64_chk(struct pollfd *fds, nfds_t n,
                  const struct eps_timespec64 *timeout, const sigset_t *mask,
                  size_t size);
int __select64(int n, fd_set *r, fd_set *w, fd_set *x,
               struct eps_timeval64 *timeout);
int __pselect64(int n, fd_set *r, fd_set *w, fd_set *x,
                const struct eps_timespec64 *timeout, const sigset_t *mask);

static bool is_zero64(const struct eps_timespec64 *timeout)
{
    return timeout && timeout->tv_sec == 0 && timeout->tv_nsec == 0;
}

EXPORT int __ppoll64(struct pollfd *fds, nfds_t n,
                     const struct eps_timespec64 *timeout, const sigset_t *mask)
{
    NEXT(__ppoll64);
    struct ept_note note = ept_note_begin(EPT_PPOLL, CALLER, false);
    int ret = next(fds, n, timeout, mask);

    note.looks = ret >= 0 && is_zero64(timeout);
    return ept_note_poll(&note, fds, n, ret);
}

EXPORT int __ppoll64_chk(struct pollfd *fds, nfds_t n,
                         const struct eps_timespec64 *timeout,
                         const sigset_t *mask, size_t size)
{
    NEXT(__ppoll64_chk);
    struct ept_note note = ept_note_begin(EPT_PPOLL, CALLER, false);
    int ret = next(fds, n, timeout, mask, size);

    note.looks = ret >= 0 && is_zero64(timeout);
    return ept_note_poll(&note, fds, n, ret);
}

EXPORT int __select64(int n, fd_set *r, fd_set *w, fd_set *x,
                      struct eps_timeval64 *timeout)
{
    NEXT(__select64);
    struct ept_note note = ept_note_begin(EPT_SELECT, CALLER, false);
    ept_note_bitmaps(&note, n, r, w, x);
    int ret = next(n, r, w, x, timeout);
    struct timeval narrow;

    note.looks =
        ret >= 0 && is_zero_timeval(eps_narrow_timeval(timeout, &narrow),
                                    ept_note_waited(&note));
    return ept_note_select(&note, n, r, w, x, ret);
}

EXPORT int __pselect64(int n, fd_set *r, fd_set *w, fd_set *x,
                       const struct eps_timespec64 *timeout,
                       const sigset_t *mask)
{
    NEXT(__pselect64);
    struct ept_note note = ept_note_begin(EPT_PSELECT, CALLER, false);
    ept_note_bitmaps(&note, n, r, w, x);
    int ret = next(n, r, w, x, timeout, mask);

    note.looks = ret >= 0 && is_zero64(timeout);
    return ept_note_select(&note, n, r, w, x, ret);
}

#endif
