/* SPDX-License-Identifier: MIT */
/*
 * A preload library that stands before the one under test and changes
 * nothing: it counts which symbols of the poll and select family a program
 * really enters, and with how many descriptors at once.
 *
 * The counts live in a shared mapping of the file $COMPAT_TALLY.PID.N, which
 * forked children inherit and SIGKILL does not lose. Nothing but the start
 * issues a system call, so it may count within sandboxes, too.
 *
 * SIGRTMAX - 1 ends the process by _exit(), the way by which libraries that
 * report at the end get to do so; many servers know no other end than the
 * default one of SIGTERM, which tells nobody.
 *
 * It also notes a crash: a server that forks would hide that of a child.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <unistd.h>

enum symbol {
    POLL,
    OLD_POLL,
    PPOLL,
    POLL_CHK,
    PPOLL_CHK,
    SELECT,
    OLD_SELECT,
    PSELECT,
    SYMBOLS
};

static const char *const names[SYMBOLS] = {
    "poll",        "__poll", "ppoll",    "__poll_chk",
    "__ppoll_chk", "select", "__select", "pselect",
};

/* The file's content, read by tally.py: SYMBOLS counts and their maxima. */
struct tally {
    _Atomic uint64_t calls[SYMBOLS];
    _Atomic uint64_t most[SYMBOLS];
    _Atomic uint64_t crash; /* the signal of which the process died */
};

static struct tally unshared;
static struct tally *tally = &unshared;
static void *next[SYMBOLS];

static void *find(enum symbol symbol)
{
    if (!next[symbol])
        next[symbol] = dlsym(RTLD_NEXT, names[symbol]);
    return next[symbol];
}

static void count(enum symbol symbol, uint64_t descriptors)
{
    uint64_t most = atomic_load(&tally->most[symbol]);

    atomic_fetch_add(&tally->calls[symbol], 1);
    while (most < descriptors && !atomic_compare_exchange_weak(
                                     &tally->most[symbol], &most, descriptors))
        ;
}

/* Members of any of the sets; n counts them all where a set is not given. */
static void count_sets(enum symbol symbol, int n, const fd_set *r,
                       const fd_set *w, const fd_set *x)
{
    const int width = 8 * (int)sizeof(long);
    uint64_t members = 0;

    for (int i = 0; n > 0 && n <= 1 << 20 && i * width < n; i++) {
        unsigned long bits = 0;
        bits |= r ? ((const unsigned long *)r)[i] : 0;
        bits |= w ? ((const unsigned long *)w)[i] : 0;
        bits |= x ? ((const unsigned long *)x)[i] : 0;
        members += (uint64_t)__builtin_popcountl(bits);
    }
    count(symbol, members);
}

/* NOLINTBEGIN: libc's own names, declared by no public header. */
int __poll(struct pollfd *fds, nfds_t n, int timeout);
int __poll_chk(struct pollfd *fds, nfds_t n, int timeout, size_t size);
int __ppoll_chk(struct pollfd *fds, nfds_t n, const struct timespec *timeout,
                const sigset_t *mask, size_t size);
int __select(int n, fd_set *r, fd_set *w, fd_set *x, struct timeval *timeout);
/* NOLINTEND */

int poll(struct pollfd *fds, nfds_t n, int timeout)
{
    int (*call)(struct pollfd *, nfds_t, int) = find(POLL);
    count(POLL, n);
    return call(fds, n, timeout);
}

int __poll(struct pollfd *fds, nfds_t n, int timeout)
{
    int (*call)(struct pollfd *, nfds_t, int) = find(OLD_POLL);
    count(OLD_POLL, n);
    return call(fds, n, timeout);
}

int ppoll(struct pollfd *fds, nfds_t n, const struct timespec *timeout,
          const sigset_t *mask)
{
    int (*call)(struct pollfd *, nfds_t, const struct timespec *,
                const sigset_t *) = find(PPOLL);
    count(PPOLL, n);
    return call(fds, n, timeout, mask);
}

int __poll_chk(struct pollfd *fds, nfds_t n, int timeout, size_t size)
{
    int (*call)(struct pollfd *, nfds_t, int, size_t) = find(POLL_CHK);
    count(POLL_CHK, n);
    return call(fds, n, timeout, size);
}

int __ppoll_chk(struct pollfd *fds, nfds_t n, const struct timespec *timeout,
                const sigset_t *mask, size_t size)
{
    int (*call)(struct pollfd *, nfds_t, const struct timespec *,
                const sigset_t *, size_t) = find(PPOLL_CHK);
    count(PPOLL_CHK, n);
    return call(fds, n, timeout, mask, size);
}

int select(int n, fd_set *r, fd_set *w, fd_set *x, struct timeval *timeout)
{
    int (*call)(int, fd_set *, fd_set *, fd_set *, struct timeval *) =
        find(SELECT);
    count_sets(SELECT, n, r, w, x);
    return call(n, r, w, x, timeout);
}

int __select(int n, fd_set *r, fd_set *w, fd_set *x, struct timeval *timeout)
{
    int (*call)(int, fd_set *, fd_set *, fd_set *, struct timeval *) =
        find(OLD_SELECT);
    count_sets(OLD_SELECT, n, r, w, x);
    return call(n, r, w, x, timeout);
}

int pselect(int n, fd_set *r, fd_set *w, fd_set *x,
            const struct timespec *timeout, const sigset_t *mask)
{
    int (*call)(int, fd_set *, fd_set *, fd_set *, const struct timespec *,
                const sigset_t *) = find(PSELECT);
    count_sets(PSELECT, n, r, w, x);
    return call(n, r, w, x, timeout, mask);
}

static void leave(int signal_number)
{
    (void)signal_number;
    _exit(0);
}

/* The handler is gone by now: the fault happens again, or abort() goes on. */
static void note_crash(int signal_number)
{
    atomic_store(&tally->crash, (uint64_t)signal_number);
    raise(signal_number);
}

static void watch_for_crashes(void)
{
    static const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};
    struct sigaction action = {.sa_handler = note_crash,
                               .sa_flags = (int)SA_RESETHAND};

    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
        sigaction(signals[i], &action, NULL);
}

/* A process that executes another program keeps its pid: N tells them apart. */
static int create_file(const char *prefix)
{
    char path[4096];
    int fd = -1;

    for (int n = 0; n < 1000 && fd < 0; n++) {
        snprintf(path, sizeof(path), "%s.%d.%d", prefix, (int)getpid(), n);
        fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
        if (fd < 0 && errno != EEXIST)
            break;
    }
    return fd;
}

__attribute__((constructor)) static void start(void)
{
    const char *prefix = getenv("COMPAT_TALLY");
    struct sigaction action = {.sa_handler = leave};
    int saved = errno;
    int fd = prefix ? create_file(prefix) : -1;
    void *memory = MAP_FAILED;

    for (int i = 0; i < SYMBOLS; i++)
        find((enum symbol)i);
    if (fd >= 0 && ftruncate(fd, sizeof(struct tally)) == 0)
        memory = mmap(NULL, sizeof(struct tally), PROT_READ | PROT_WRITE,
                      MAP_SHARED, fd, 0);
    if (fd >= 0)
        close(fd);
    if (memory != MAP_FAILED)
        tally = memory;
    sigaction(SIGRTMAX - 1, &action, NULL);
    watch_for_crashes();
    errno = saved;
}
