/* SPDX-License-Identifier: MIT */
/*
 * seccomp filters. They are installed by the kernel's own call, so that no
 * library learns of them, unless the test says otherwise.
 */
#ifndef HARNESS_FILTER_H
#define HARNESS_FILTER_H

#include <linux/filter.h>
#include <stddef.h>

enum {
    FILTER_MAX = 64
};

struct filter {
    struct sock_filter code[FILTER_MAX];
    struct sock_fprog program; /* what prctl and seccomp take */
};

/* Kills the process at any system call that is not in the list. */
void filter_allow_only(struct filter *filter, const int *calls, size_t count);

/* Makes the listed system calls fail with `error`. */
void filter_refuse(struct filter *filter, const int *calls, size_t count,
                   int error);

/* Kills the process at the listed system calls. */
void filter_kill(struct filter *filter, const int *calls, size_t count);

/*
 * Makes epoll_ctl fail with `error` when its operation is `op`, and nothing
 * else.
 */
void filter_refuse_epoll_ctl(struct filter *filter, int op, int error);

/* Puts it in force for this thread and what it starts. Returns -errno. */
int filter_install(struct filter *filter);

#endif
