/* SPDX-License-Identifier: MIT */
/*
 * The exported functions that end descriptors. Most wrappers are made from
 * their rows in symbols.def; written out are those that must hide our own
 * numbers, or end several.
 */
#include "entry.h"

#include "epoll.h"
#include "setlife.h"
#include "sys.h"

#include <errno.h>
#include <pthread.h>

int eps_stream_fd(FILE *stream)
{
    int saved = errno;
    int fd = stream ? fileno(stream) : -1;

    errno = saved;
    return fd;
}

int eps_directory_fd(DIR *directory)
{
    int saved = errno;
    int fd = directory ? dirfd(directory) : -1;

    errno = saved;
    return fd;
}

#define EPS_ROW(ret, name, params)
#define EPS_ENDS(type, name, params, args, ends, done)                         \
    EPS_EXPORT type name params                                                \
    {                                                                          \
        struct eps_closing closing = eps_closing_begin(ends);                  \
        type ret = EPS_NEXT(name) args;                                        \
        eps_closing_end(&closing, done);                                       \
        return ret;                                                            \
    }
#include "symbols.def"
#undef EPS_ROW

int eps_do_close(int (*real)(int), int fd)
{
    struct eps_closing closing;
    int ret;

    if (eps_closing_hides(fd)) {
        errno = EBADF;
        return -1;
    }
    if (eps_closing_matters(fd)) /* a cancelled close ends no number */
        pthread_testcancel();
    closing = eps_closing_begin(fd);
    ret = real(fd);
    /* EINTR and EIO have closed it all the same. */
    eps_closing_end(&closing, ret == 0 || errno != EBADF);
    return ret;
}

EPS_EXPORT int close(int fd)
{
    return eps_do_close(EPS_NEXT(close), fd);
}

EPS_EXPORT int __close(int fd)
{
    return eps_do_close(EPS_NEXT(__close), fd);
}

/* Before a dup onto `to`: one of ours moves elsewhere. */
static struct eps_closing begin_dup(int from, int to)
{
    struct eps_closing closing = {to, false};

    if (from != to) {
        if (eps_closing_hides(to))
            eps_set_give_way(to);
        closing = eps_closing_begin(to);
    }
    return closing;
}

static int end_dup(struct eps_closing *closing, int from, int ret)
{
    if (closing->fd == from)
        return ret;
    eps_closing_end(closing, ret >= 0);
    eps_closing_handed_out(ret, EPS_KIND_UNKNOWN);
    return ret;
}

int eps_do_dup2(int (*real)(int, int), int from, int to)
{
    struct eps_closing closing;

    if (eps_closing_hides(from)) {
        errno = EBADF;
        return -1;
    }
    closing = begin_dup(from, to);
    return end_dup(&closing, from, real(from, to));
}

EPS_EXPORT int dup2(int from, int to)
{
    return eps_do_dup2(EPS_NEXT(dup2), from, to);
}

EPS_EXPORT int __dup2(int from, int to)
{
    return eps_do_dup2(EPS_NEXT(__dup2), from, to);
}

EPS_EXPORT int dup3(int from, int to, int flags)
{
    struct eps_closing closing;

    if (eps_closing_hides(from)) {
        errno = EBADF;
        return -1;
    }
    closing = begin_dup(from, to);
    return end_dup(&closing, from, EPS_NEXT(dup3)(from, to, flags));
}

/* Numbers 0, 1 and 2 come to be another file; often in a child. */
static void standard_streams_replaced(void)
{
    for (int fd = 0; fd <= 2; fd++)
        eps_closing_heard(fd);
}

EPS_EXPORT int daemon(int nochdir, int noclose)
{
    int ret = EPS_NEXT(daemon)(nochdir, noclose);

    if (!noclose)
        standard_streams_replaced();
    return ret;
}

EPS_EXPORT int login_tty(int fd)
{
    struct eps_closing closing = eps_closing_begin(fd);
    int ret = EPS_NEXT(login_tty)(fd);

    eps_closing_end(&closing, ret == 0);
    standard_streams_replaced();
    return ret;
}

EPS_EXPORT int forkpty(int *master, char *name, const struct termios *term,
                       const struct winsize *size)
{
    int ret = EPS_NEXT(forkpty)(master, name, term, size);

    if (ret == 0)
        standard_streams_replaced();
    else if (ret > 0)
        eps_closing_handed_out(*master, EPS_KIND_RESIDUAL);
    return ret;
}

/* It flushes, and closes streams, but no descriptor: nothing to do. */
EPS_EXPORT int fcloseall(void)
{
    return EPS_NEXT(fcloseall)();
}
