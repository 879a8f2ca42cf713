/* SPDX-License-Identifier: MIT */
/*
 * Whether epoll tells a descriptor's readiness as poll does. Only kinds
 * known to be faithful are; doubt is residual.
 */
#ifndef EPS_KIND_H
#define EPS_KIND_H

#include "fdwatch.h"
#include "process.h"

/* Looks at the file behind `fd` (two options of a socket, else an fstat). */
enum eps_kind eps_kind_look(int fd);

/* A socket's option; -1 if it can't be had, or this is no socket. */
int eps_kind_option(int fd, int name);

/* The kind of what socket() and socketpair() make of these arguments. */
enum eps_kind eps_kind_of_socket(int domain, int type, int protocol);

/*
 * What is accepted is of its listener's kind, at which this looks if nobody
 * has: faithful, or unknown.
 */
enum eps_kind eps_kind_of_accepted_slow(int listener);

static inline enum eps_kind eps_kind_of_accepted(int listener)
{
    return atomic_load_explicit(&eps_process.active, memory_order_acquire)
               ? eps_kind_of_accepted_slow(listener)
               : EPS_KIND_UNKNOWN;
}

#endif
