/* SPDX-License-Identifier: MIT */
/* ld.so's cache of libraries, /etc/ld.so.cache, as glibc writes it. Pure. */
#ifndef CMD_LDCACHE_H
#define CMD_LDCACHE_H

#include <stddef.h>

/*
 * The path of the `index`-th library of that name, one for each class there
 * is; NULL behind the last, or if the bytes are no such cache.
 */
const char *cmd_ldcache_find(const void *bytes, size_t size, const char *name,
                             size_t index);

#endif
