/* SPDX-License-Identifier: MIT */
/*
 * The calls, passed on as they came and noted afterwards; but some that
 * may wait begin with a look of the same kind (note.h), which is their answer
 * if there is one. errno is the call's own: notes leave it alone.
 */
#include "note.h"

#include "time64.h"

#include <dlfcn.h>
#include <stddef.h>
#include <string.h>

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

/* `ret` is set to what `look` answers; false: the call is still to be made.
 */
#define LOOKED(waits, look)                                                    \
    (note.turn.tried && (waits) && ept_note_looked(&note, ret = (look)))

static bool is_zero(const struct timespec *timeout)
{
    return timeout && timeout->tv_sec == 0 && timeout->tv_nsec == 0;
}

/* What is no time is the kernel's to refuse, whatever is ready. */
static bool waits(const struct timespec *timeout)
{
    return !timeout || (timeout->tv_sec >= 0 && timeout->tv_nsec >= 0 &&
                        timeout->tv_nsec < 1000000000 && !is_zero(timeout));
}

/* `next` is one of libc's two names of it, whose caller is at `address`. */
static int trace_poll(__typeof__(&poll) next, uint64_t address,
                      struct pollfd *fds, nfds_t n, int timeout)
{
    struct ept_note note =
        ept_note_begin(EPT_POLL, address, timeout == 0, NULL);
    int ret;

    if (!LOOKED(timeout != 0, next(fds, n, 0)))
        ret = next(fds, n, timeout);
    return ept_note_poll(&note, fds, n, ret);
}

EXPORT int poll(struct pollfd *fds, nfds_t n, int timeout)
{
    NEXT(poll);
    return trace_poll(next, CALLER, fds, n, timeout);
}

EXPORT int __poll(struct pollfd *fds, nfds_t n, int timeout)
{
    NEXT(__poll);
    return trace_poll(next, CALLER, fds, n, timeout);
}

EXPORT int __poll_chk(struct pollfd *fds, nfds_t n, int timeout, size_t size)
{
    NEXT(__poll_chk);
    struct ept_note note = ept_note_begin(EPT_POLL, CALLER, timeout == 0, NULL);
    int ret;

    if (!LOOKED(timeout != 0, next(fds, n, 0, size)))
        ret = next(fds, n, timeout, size);
    return ept_note_poll(&note, fds, n, ret);
}

/* A timeout at a bad address is the kernel's to refuse: not read before. */
EXPORT int ppoll(struct pollfd *fds, nfds_t n, const struct timespec *timeout,
                 const sigset_t *mask)
{
    NEXT(ppoll);
    struct ept_note note = ept_note_begin(EPT_PPOLL, CALLER, false, timeout);
    struct timespec zero = {0};
    int ret;

    if (!LOOKED(ept_note_may_read_timeout(&note) && waits(timeout),
                next(fds, n, &zero, mask)))
        ret = next(fds, n, timeout, mask);
    note.looks = ret >= 0 && is_zero(timeout);
    return ept_note_poll(&note, fds, n, ret);
}

EXPORT int __ppoll_chk(struct pollfd *fds, nfds_t n,
                       const struct timespec *timeout, const sigset_t *mask,
                       size_t size)
{
    NEXT(__ppoll_chk);
    struct ept_note note = ept_note_begin(EPT_PPOLL, CALLER, false, timeout);
    struct timespec zero = {0};
    int ret;

    if (!LOOKED(ept_note_may_read_timeout(&note) && waits(timeout),
                next(fds, n, &zero, mask, size)))
        ret = next(fds, n, timeout, mask, size);
    note.looks = ret >= 0 && is_zero(timeout);
    return ept_note_poll(&note, fds, n, ret);
}

/* select() may write what is left to the timeout: it was 0 only if it is. */
static bool is_zero_timeval(const struct timeval *timeout, int64_t waited)
{
    return timeout && timeout->tv_sec == 0 && timeout->tv_usec == 0 &&
           waited < 1000000;
}

static bool waits_timeval(const struct timeval *timeout)
{
    return !timeout || (timeout->tv_sec >= 0 && timeout->tv_usec >= 0 &&
                        (timeout->tv_sec > 0 || timeout->tv_usec > 0));
}

/* A look's bitmaps: the program's own are still to be asked about. */
struct sets {
    fd_set r, w, x;
};

static size_t bytes_of(int n)
{
    size_t bits = 8 * sizeof(unsigned long);

    return ((size_t)n + bits - 1) / bits * sizeof(unsigned long);
}

static bool may_look(const struct ept_note *note, int n)
{
    return note->memo && n <= FD_SETSIZE && ept_note_may_read_timeout(note);
}

static fd_set *copy(fd_set *to, const fd_set *from, int n)
{
    return from ? memcpy(to, from, bytes_of(n)) : NULL;
}

#define COPIES(sets)                                                           \
    copy(&(sets)->r, r, n), copy(&(sets)->w, w, n), copy(&(sets)->x, x, n)

static void hand_out(const struct sets *sets, int n, fd_set *r, fd_set *w,
                     fd_set *x, int found)
{
    if (found < 0)
        return;
    copy(r, r ? &sets->r : NULL, n);
    copy(w, w ? &sets->w : NULL, n);
    copy(x, x ? &sets->x : NULL, n);
}

static int trace_select(__typeof__(&select) next, uint64_t address, int n,
                        fd_set *r, fd_set *w, fd_set *x,
                        struct timeval *timeout)
{
    struct ept_note note = ept_note_begin(EPT_SELECT, address, false, timeout);
    struct timeval zero = {0};
    struct sets sets;
    int ret;

    ept_note_bitmaps(&note, n, r, w, x);
    if (LOOKED(may_look(&note, n) && waits_timeval(timeout),
               next(n, COPIES(&sets), &zero)))
        hand_out(&sets, n, r, w, x, ret);
    else
        ret = next(n, r, w, x, timeout);
    note.looks = ret >= 0 && is_zero_timeval(timeout, ept_note_waited(&note));
    return ept_note_select(&note, n, r, w, x, ret);
}

EXPORT int select(int n, fd_set *r, fd_set *w, fd_set *x,
                  struct timeval *timeout)
{
    NEXT(select);
    return trace_select(next, CALLER, n, r, w, x, timeout);
}

EXPORT int __select(int n, fd_set *r, fd_set *w, fd_set *x,
                    struct timeval *timeout)
{
    NEXT(__select);
    return trace_select(next, CALLER, n, r, w, x, timeout);
}

EXPORT int pselect(int n, fd_set *r, fd_set *w, fd_set *x,
                   const struct timespec *timeout, const sigset_t *mask)
{
    NEXT(pselect);
    struct ept_note note = ept_note_begin(EPT_PSELECT, CALLER, false, timeout);
    struct timespec zero = {0};
    struct sets sets;
    int ret;

    ept_note_bitmaps(&note, n, r, w, x);
    if (LOOKED(may_look(&note, n) && waits(timeout),
               next(n, COPIES(&sets), &zero, mask)))
        hand_out(&sets, n, r, w, x, ret);
    else
        ret = next(n, r, w, x, timeout, mask);
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

static bool waits64(const struct eps_timespec64 *timeout)
{
    struct timespec narrow;

    return waits(eps_narrow_timespec(timeout, &narrow));
}

EXPORT int __ppoll64(struct pollfd *fds, nfds_t n,
                     const struct eps_timespec64 *timeout, const sigset_t *mask)
{
    NEXT(__ppoll64);
    struct ept_note note = ept_note_begin(EPT_PPOLL, CALLER, false, timeout);
    struct eps_timespec64 zero = {0};
    int ret;

    if (!LOOKED(ept_note_may_read_timeout(&note) && waits64(timeout),
                next(fds, n, &zero, mask)))
        ret = next(fds, n, timeout, mask);
    note.looks = ret >= 0 && is_zero64(timeout);
    return ept_note_poll(&note, fds, n, ret);
}

EXPORT int __ppoll64_chk(struct pollfd *fds, nfds_t n,
                         const struct eps_timespec64 *timeout,
                         const sigset_t *mask, size_t size)
{
    NEXT(__ppoll64_chk);
    struct ept_note note = ept_note_begin(EPT_PPOLL, CALLER, false, timeout);
    struct eps_timespec64 zero = {0};
    int ret;

    if (!LOOKED(ept_note_may_read_timeout(&note) && waits64(timeout),
                next(fds, n, &zero, mask, size)))
        ret = next(fds, n, timeout, mask, size);
    note.looks = ret >= 0 && is_zero64(timeout);
    return ept_note_poll(&note, fds, n, ret);
}

EXPORT int __select64(int n, fd_set *r, fd_set *w, fd_set *x,
                      struct eps_timeval64 *timeout)
{
    NEXT(__select64);
    struct ept_note note = ept_note_begin(EPT_SELECT, CALLER, false, timeout);
    struct eps_timeval64 zero = {0};
    struct timeval narrow;
    struct sets sets;
    int ret;

    ept_note_bitmaps(&note, n, r, w, x);
    if (LOOKED(may_look(&note, n) &&
                   waits_timeval(eps_narrow_timeval(timeout, &narrow)),
               next(n, COPIES(&sets), &zero)))
        hand_out(&sets, n, r, w, x, ret);
    else
        ret = next(n, r, w, x, timeout);
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
    struct ept_note note = ept_note_begin(EPT_PSELECT, CALLER, false, timeout);
    struct eps_timespec64 zero = {0};
    struct sets sets;
    int ret;

    ept_note_bitmaps(&note, n, r, w, x);
    if (LOOKED(may_look(&note, n) && waits64(timeout),
               next(n, COPIES(&sets), &zero, mask)))
        hand_out(&sets, n, r, w, x, ret);
    else
        ret = next(n, r, w, x, timeout, mask);
    note.looks = ret >= 0 && is_zero64(timeout);
    return ept_note_select(&note, n, r, w, x, ret);
}

#endif
