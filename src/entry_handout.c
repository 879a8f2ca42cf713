/* SPDX-License-Identifier: MIT */
/*
 * The exported functions that hand out descriptors. A number that we still
 * believe to hold proves that its close was missed. Most wrappers are made
 * from their rows in symbols.def.
 */
#include "entry.h"

#include "kind.h"
#include "setlife.h"

#include <errno.h>

#define EPS_ROW(ret, name, params)
#define EPS_HANDS(type, name, params, args, kind)                              \
    EPS_EXPORT type name params                                                \
    {                                                                          \
        type ret = EPS_NEXT(name) args;                                        \
        eps_closing_handed_out(ret, kind);                                     \
        return ret;                                                            \
    }
#define EPS_PAIR(type, name, params, args, pair, kind)                         \
    EPS_EXPORT type name params                                                \
    {                                                                          \
        type ret = EPS_NEXT(name) args;                                        \
        for (int i = 0; ret == 0 && i < 2; i++)                                \
            eps_closing_handed_out((pair)[i], kind);                           \
        return ret;                                                            \
    }
#include "symbols.def"
#undef EPS_ROW

EPS_EXPORT int dup(int fd)
{
    int ret;

    if (eps_closing_hides(fd)) {
        errno = EBADF;
        return -1;
    }
    ret = EPS_NEXT(dup)(fd);
    eps_closing_handed_out(ret, EPS_KIND_UNKNOWN);
    return ret;
}

bool eps_begin_dupfd(int command, int least)
{
    bool is_dup = command == F_DUPFD || command == F_DUPFD_CLOEXEC;

    if (is_dup && eps_closing_hides(least))
        eps_set_give_way(least);
    return is_dup;
}

int eps_do_fcntl(int (*real)(int, int, ...), int fd, int command,
                 unsigned long argument)
{
    bool is_dup;
    int ret;

    if (eps_closing_hides(fd)) {
        errno = EBADF;
        return -1;
    }
    is_dup = eps_begin_dupfd(command, (int)argument);
    ret = real(fd, command, argument);
    if (is_dup)
        eps_closing_handed_out(ret, EPS_KIND_UNKNOWN);
    return ret;
}

EPS_EXPORT int fcntl(int fd, int command, ...)
{
    return eps_do_fcntl(EPS_NEXT(fcntl), fd, command, EPS_ARGUMENT(command));
}

#ifdef EPS_HAVE_LFS
EPS_EXPORT int fcntl64(int fd, int command, ...)
{
    return eps_do_fcntl(EPS_NEXT(fcntl64), fd, command, EPS_ARGUMENT(command));
}

EPS_EXPORT int __fcntl(int fd, int command, ...)
{
    return eps_do_fcntl(EPS_NEXT(__fcntl), fd, command, EPS_ARGUMENT(command));
}
#endif

#define OPENS(name)                                                            \
    EPS_EXPORT int name(const char *path, int flags, ...)                      \
    {                                                                          \
        int ret = EPS_NEXT(name)(path, flags, (mode_t)EPS_ARGUMENT(flags));    \
        eps_closing_handed_out(ret, EPS_KIND_UNKNOWN);                         \
        return ret;                                                            \
    }
OPENS(open)
OPENS(__open)
#ifdef EPS_HAVE_LFS
OPENS(open64)
OPENS(__open64)
#endif

#define OPENS_AT(name)                                                         \
    EPS_EXPORT int name(int at, const char *path, int flags, ...)              \
    {                                                                          \
        int ret =                                                              \
            EPS_NEXT(name)(at, path, flags, (mode_t)EPS_ARGUMENT(flags));      \
        eps_closing_handed_out(ret, EPS_KIND_UNKNOWN);                         \
        return ret;                                                            \
    }
OPENS_AT(openat)
#ifdef EPS_HAVE_LFS
OPENS_AT(openat64)
#endif

/* Every descriptor that came in the message's control data. */
static void received(struct msghdr *message)
{
    struct cmsghdr *part = CMSG_FIRSTHDR(message);

    for (; part; part = CMSG_NXTHDR(message, part)) {
        size_t bytes = part->cmsg_len - CMSG_LEN(0);
        const unsigned char *data = CMSG_DATA(part);
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS)
            continue;
        for (size_t i = 0; i + sizeof(int) <= bytes; i += sizeof(int)) {
            int fd;
            __builtin_memcpy(&fd, data + i, sizeof(fd));
            eps_closing_handed_out(fd, EPS_KIND_UNKNOWN);
        }
    }
}

ssize_t eps_do_recvmsg(ssize_t (*real)(int, struct msghdr *, int), int fd,
                       struct msghdr *message, int flags)
{
    ssize_t ret = real(fd, message, flags);

    if (ret >= 0 && message->msg_controllen)
        received(message);
    return ret;
}

void eps_received(struct mmsghdr *messages, int count)
{
    for (int i = 0; i < count; i++)
        if (messages[i].msg_hdr.msg_controllen)
            received(&messages[i].msg_hdr);
}

EPS_EXPORT ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
    return eps_do_recvmsg(EPS_NEXT(recvmsg), fd, message, flags);
}

EPS_EXPORT int recvmmsg(int fd, struct mmsghdr *messages, unsigned int count,
                        EPS_RECVMMSG_FLAGS flags, struct timespec *timeout)
{
    int ret = EPS_NEXT(recvmmsg)(fd, messages, count, flags, timeout);

    eps_received(messages, ret);
    return ret;
}
