/* SPDX-License-Identifier: MIT */
/*
 * The functions next in line behind the library: its own waits are counted
 * and fail like its system calls. A call that is merely passed on carries the
 * program's own array, which stands in the program's image; the library's
 * arrays never do.
 */
#include "inject.h"

#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <poll.h>
#include <sys/select.h>

static uintptr_t image_start, image_end;

/* The first object is the program. */
static int measure(struct dl_phdr_info *info, size_t size, void *data)
{
    (void)size, (void)data;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        uintptr_t start = info->dlpi_addr + segment->p_vaddr;
        if (segment->p_type != PT_LOAD)
            continue;
        if (!image_start)
            image_start = start;
        image_end = start + segment->p_memsz;
    }
    return 1;
}

/* True if the call is the library's and fails; errno is set. */
static bool fails(enum fault_function function, const void *array)
{
    static const long no_args[6];
    bool done;

    if (!image_start)
        dl_iterate_phdr(measure, NULL);
    if ((uintptr_t)array >= image_start && (uintptr_t)array < image_end)
        return false;
    errno = inject_error(function, no_args, &done);
    return errno != 0;
}

#define NEXT(type, name) ((type)dlsym(RTLD_NEXT, name))

typedef int poll_function(struct pollfd *, nfds_t, int);
typedef int ppoll_function(struct pollfd *, nfds_t, const struct timespec *,
                           const sigset_t *);
typedef int select_function(int, fd_set *, fd_set *, fd_set *,
                            struct timeval *);
typedef int pselect_function(int, fd_set *, fd_set *, fd_set *,
                             const struct timespec *, const sigset_t *);

/* An interrupted poll() has written that nothing is ready (G4). */
static int fail_poll(struct pollfd *fds, nfds_t n)
{
    for (nfds_t i = 0; errno == EINTR && i < n; i++)
        fds[i].revents = 0;
    return -1;
}

int poll(struct pollfd *fds, nfds_t n, int timeout)
{
    int saved = errno;

    if (fails(FAULT_POLL, fds))
        return fail_poll(fds, n);
    errno = saved;
    return NEXT(poll_function *, "poll")(fds, n, timeout);
}

int ppoll(struct pollfd *fds, nfds_t n, const struct timespec *timeout,
          const sigset_t *mask)
{
    int saved = errno;

    if (fails(FAULT_PPOLL, fds))
        return fail_poll(fds, n);
    errno = saved;
    return NEXT(ppoll_function *, "ppoll")(fds, n, timeout, mask);
}

int select(int n, fd_set *r, fd_set *w, fd_set *x, struct timeval *timeout)
{
    int saved = errno;

    if (fails(FAULT_SELECT, r))
        return -1;
    errno = saved;
    return NEXT(select_function *, "select")(n, r, w, x, timeout);
}

int pselect(int n, fd_set *r, fd_set *w, fd_set *x,
            const struct timespec *timeout, const sigset_t *mask)
{
    int saved = errno;

    if (fails(FAULT_PSELECT, r))
        return -1;
    errno = saved;
    return NEXT(pselect_function *, "pselect")(n, r, w, x, timeout, mask);
}
