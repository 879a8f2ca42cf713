/* SPDX-License-Identifier: MIT */
/*
 * The kind of file behind a number. Owns nothing; safe anywhere.
 *
 * Kernel notes:
 * (a) Pipes, FIFOs and the usual sockets tell epoll what they tell poll (P5),
 *     but for AF_UNIX datagrams: whose peer's queue is full has room again as
 *     soon as the peer connects to it, and nobody is woken (W3). Of others,
 *     poll itself may move the data (AF_XDP: W6), or rings in memory tell.
 * (b) Regular files are refused by epoll, or consume their event when looked
 *     at (/proc/self/mounts); a tun device armed before TUNSETIFF has no
 *     wait queue yet; a signalfd is armed for the task that adds it; an
 *     epoll descriptor inside ours can make the program's own next nesting
 *     fail with ELOOP. All these are residual.
 * (c) Anonymous inodes have mode 0600 and no type; their name tells them
 *     apart. Without /proc they stay residual.
 */
#include "kind.h"

#include "process.h"
#include "sys.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

/* The type bits of the mode; 0 for an anonymous inode; -1 if not open. */
static int type_of(int fd)
{
#ifdef SYS_fstat64
#ifdef __GLIBC__
    struct stat64 info;
#else
    struct stat info;
#endif
    long ret = EPS_SYS2(SYS_fstat64, fd, &info);
#elif defined(SYS_fstat) && defined(__LP64__) && !defined(__mips__)
    struct stat info;
    long ret = EPS_SYS2(SYS_fstat, fd, &info);
#else
    /* The kernel's layout is not libc's. */
    struct stat info;
    int saved = errno;
    int ret = fstat(fd, &info);
    errno = saved;
#endif
    if (ret < 0)
        return -1;
    return info.st_mode & S_IFMT;
}

int eps_kind_option(int fd, int name)
{
    int value = -1;
    socklen_t length = sizeof(value);
#ifdef SYS_getsockopt
    EPS_SYS5(SYS_getsockopt, fd, SOL_SOCKET, name, &value, &length);
#else
    /* The kernel has it under another number's number. */
    int saved = errno;
    getsockopt(fd, SOL_SOCKET, name, &value, &length);
    errno = saved;
#endif
    return value;
}

static const char *digits_of(int fd, char *end)
{
    *--end = '\0';
    do
        *--end = (char)('0' + fd % 10);
    while (fd /= 10);
    return end;
}

/* What /proc calls the file; false if it does not say. */
static bool read_name(int fd, char name[64])
{
    char path[40] = "/proc/self/fd/", digits[12];
    long length;

    strcat(path, digits_of(fd, digits + sizeof(digits)));
    length = EPS_SYS4(SYS_readlinkat, AT_FDCWD, path, name, 64);
    if (length <= 0 || length >= 64)
        return false;
    name[length] = '\0';
    return true;
}

/* Note (c). The list is of what was tried, not of what should work. */
static bool is_faithful_anonymous(int fd)
{
    static const char *const names[] = {
        "anon_inode:[eventfd]",
        "anon_inode:[timerfd]",
        "anon_inode:[pidfd]",
        "anon_inode:inotify",
    };
    char name[64];

    if (!read_name(fd, name))
        return false;
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

/* SOCK_RAW is a name of SOCK_DGRAM's there: note (a). */
static enum eps_kind kind_of_local(int type)
{
    return type == SOCK_STREAM || type == SOCK_SEQPACKET ? EPS_KIND_FAITHFUL
                                                         : EPS_KIND_READABLE;
}

/* SCTP, MPTCP and SMC were not tried, nor what SOCK_PACKET is a name of. */
static enum eps_kind kind_of_internet(int type, int protocol)
{
    switch (protocol) {
    case 0: /* what is usual for the type */
        return type == SOCK_STREAM || type == SOCK_DGRAM ? EPS_KIND_FAITHFUL
                                                         : EPS_KIND_RESIDUAL;
    case IPPROTO_TCP:
    case IPPROTO_UDP:
    case IPPROTO_ICMP:
    case IPPROTO_ICMPV6:
        return EPS_KIND_FAITHFUL;
    default:
        return EPS_KIND_RESIDUAL;
    }
}

enum eps_kind eps_kind_of_socket(int domain, int type, int protocol)
{
    type &= ~(SOCK_CLOEXEC | SOCK_NONBLOCK);
    switch (domain) {
    case AF_UNIX:
        return kind_of_local(type);
    case AF_INET:
    case AF_INET6:
        return kind_of_internet(type, protocol);
    case AF_NETLINK:
        return EPS_KIND_FAITHFUL;
    default:
        return EPS_KIND_RESIDUAL;
    }
}

enum eps_kind eps_kind_look(int fd)
{
    int domain = eps_kind_option(fd, SO_DOMAIN);

    if (domain == AF_UNIX)
        return kind_of_local(eps_kind_option(fd, SO_TYPE));
    if (domain >= 0) /* whose protocol, once made, tells the type as well */
        return eps_kind_of_socket(domain, 0, eps_kind_option(fd, SO_PROTOCOL));
    switch (type_of(fd)) {
    case S_IFIFO:
        return EPS_KIND_FAITHFUL;
    case 0:
        return is_faithful_anonymous(fd) ? EPS_KIND_FAITHFUL
                                         : EPS_KIND_RESIDUAL;
    default:
        return EPS_KIND_RESIDUAL;
    }
}

/* It may have been made before there was any set, and stand in none. */
static enum eps_kind kind_of_listener(int listener)
{
    uint32_t generation = eps_fdwatch_generation(listener);
    enum eps_kind kind = eps_fdwatch_kind(listener);

    if (kind == EPS_KIND_UNKNOWN && !eps_process_is_sandboxed() &&
        eps_process_is_ours()) {
        kind = eps_kind_look(listener);
        eps_fdwatch_learn(listener, generation, kind);
    }
    return kind;
}

enum eps_kind eps_kind_of_accepted_slow(int listener)
{
    bool is_told = eps_fdwatch_covers(listener) &&
                   kind_of_listener(listener) == EPS_KIND_FAITHFUL;

    return is_told ? EPS_KIND_FAITHFUL : EPS_KIND_UNKNOWN;
}
