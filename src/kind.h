/* SPDX-License-Identifier: MIT */
/*
 * Whether epoll tells a descriptor's readiness as poll does. Only kinds
 * known to be faithful are; doubt is residual.
 */
#ifndef EPS_KIND_H
#define EPS_KIND_H

#include "fdwatch.h"

/* Looks at the file behind `fd` (one fstat, rarely a readlink). */
enum eps_kind eps_kind_look(int fd);

#endif
