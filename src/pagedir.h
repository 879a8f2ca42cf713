/* SPDX-License-Identifier: MIT */
/*
 * Where live statistics pages stand: in `epollshim` of XDG_RUNTIME_DIR, or
 * else in /dev/shm/epollshim-UID. The directory is the user's own, of mode
 * 0700, and no link; what is not so is not used. Shared by the library and
 * the command: raw system calls only.
 */
#ifndef EPS_PAGEDIR_H
#define EPS_PAGEDIR_H

#include <limits.h>
#include <stdbool.h>

#define EPS_PAGEDIRS 2 /* places, the preferred one first */

/* The path of a place of user `uid`; false if there is none. */
bool eps_pagedir_path(int place, const char *runtime_dir, unsigned uid,
                      char path[PATH_MAX]);

/*
 * A descriptor of the directory, or -errno; `make`: it is made if missing.
 * -EPERM: it is there, but is not one that only `uid` can write to.
 */
int eps_pagedir_open(const char *path, unsigned uid, bool make);

/* Removes pages whose process is gone; of a bounded number of files. */
void eps_pagedir_sweep(int dir);

/*
 * The process number and time of start in a page's name; false if it is no
 * page's name, or one of another namespace.
 */
bool eps_pagedir_parse(const char *name, long long *pid,
                       unsigned long long *start);

#endif
