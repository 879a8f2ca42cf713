/* SPDX-License-Identifier: MIT */
/*
 * Whether epoll tells a descriptor's readiness as poll does. Only kinds
 * known to be faithful are; doubt is residual.
 */
#ifndef EPS_KIND_H
#define EPS_KIND_H

#include "fdwatch.h"

/* Looks at the file behind `fd` (an fstat, and what that leaves open). */
enum eps_kind eps_kind_look(int fd);

/* The kind of what socket() and socketpair() make of these arguments. */
enum eps_kind eps_kind_of_socket(int domain, int type);

#endif
