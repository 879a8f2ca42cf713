/* SPDX-License-Identifier: MIT */
/*
 * The functions next in line behind the library: its own waits are counted
 * and fail like its system calls. A call that is merely passed on carries the
 * program's own array, which stands in the program's image; the library's
 * arrays never do.
 */
#include "inject.h"

#include "../harness/raw.h"

#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <poll.h>
#include <string.h>
#include <sys/select.h>

enum {
    MOST = 1024, /* entries, and bits, that a scene asks about */
    MOST_BITS = 8192
};

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

/* A number: glibc 2.41 calls poll()'s array write-only, and gcc believes it. */
static bool is_the_programs(uintptr_t array)
{
    if (!image_start)
        dl_iterate_phdr(measure, NULL);
    return array >= image_start && array < image_end;
}

/* A call of the library's, of which so much is ready; errno is set. */
static bool fails(enum fault_function function, int ready)
{
    const long args[6] = {ready};
    bool done;

    errno = inject_error(function, args, &done);
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

/* What is ready now, without a word to the caller's own arrays. */
static int count_ready(const struct pollfd *fds, nfds_t n)
{
    struct timespec now = {0, 0};
    struct pollfd copy[MOST];

    n = n < MOST ? n : MOST;
    memcpy(copy, fds, n * sizeof(*fds));
    return raw_ppoll(copy, n, &now);
}

static int count_bits(int n, fd_set *const sets[3])
{
    unsigned long copies[3][MOST_BITS / (8 * sizeof(long))];
    struct timespec now = {0, 0};
    fd_set *asked[3] = {NULL};

    n = n < MOST_BITS ? n : MOST_BITS;
    for (int i = 0; i < 3; i++)
        if (sets[i])
            asked[i] = memcpy(copies[i], sets[i],
                              ((size_t)n + 8 * sizeof(long) - 1) /
                                  (8 * sizeof(long)) * sizeof(long));
    return raw_pselect6(n, asked[0], asked[1], asked[2], &now);
}

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

    if (!is_the_programs((uintptr_t)fds) &&
        fails(FAULT_POLL, count_ready(fds, n)))
        return fail_poll(fds, n);
    errno = saved;
    return NEXT(poll_function *, "poll")(fds, n, timeout);
}

int ppoll(struct pollfd *fds, nfds_t n, const struct timespec *timeout,
          const sigset_t *mask)
{
    int saved = errno;

    if (!is_the_programs((uintptr_t)fds) &&
        fails(FAULT_PPOLL, count_ready(fds, n)))
        return fail_poll(fds, n);
    errno = saved;
    return NEXT(ppoll_function *, "ppoll")(fds, n, timeout, mask);
}

int select(int n, fd_set *r, fd_set *w, fd_set *x, struct timeval *timeout)
{
    int saved = errno;

    if (!is_the_programs((uintptr_t)r) &&
        fails(FAULT_SELECT, count_bits(n, (fd_set *[3]){r, w, x})))
        return -1;
    errno = saved;
    return NEXT(select_function *, "select")(n, r, w, x, timeout);
}

int pselect(int n, fd_set *r, fd_set *w, fd_set *x,
            const struct timespec *timeout, const sigset_t *mask)
{
    int saved = errno;

    if (!is_the_programs((uintptr_t)r) &&
        fails(FAULT_PSELECT, count_bits(n, (fd_set *[3]){r, w, x})))
        return -1;
    errno = saved;
    return NEXT(pselect_function *, "pselect")(n, r, w, x, timeout, mask);
}
