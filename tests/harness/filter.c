/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "filter.h"

#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/prctl.h>

#include "raw.h"

#define LOAD(field)                                                            \
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
/* Goes on `yes` or `no` statements further. */
#define IF_EQUAL(value, yes, no)                                               \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), (yes), (no))
#define ANSWER(verdict) BPF_STMT(BPF_RET | BPF_K, (verdict))

/* The low half of a 64-bit argument. */
#define LOW_HALF(field)                                                        \
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS,                                         \
             offsetof(struct seccomp_data, field) +                            \
                 (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? 4 : 0))

static void add(struct filter *filter, struct sock_filter statement)
{
    if (filter->program.len == FILTER_MAX)
        abort();
    filter->code[filter->program.len++] = statement;
}

static void begin(struct filter *filter)
{
    filter->program = (struct sock_fprog){.filter = filter->code};
    add(filter, (struct sock_filter)LOAD(nr));
}

/* One verdict for the listed calls, another for the rest. */
static void by_number(struct filter *filter, const int *calls, size_t count,
                      uint32_t listed, uint32_t rest)
{
    begin(filter);
    for (size_t i = 0; i < count; i++) {
        add(filter, (struct sock_filter)IF_EQUAL((uint32_t)calls[i], 0, 1));
        add(filter, (struct sock_filter)ANSWER(listed));
    }
    add(filter, (struct sock_filter)ANSWER(rest));
}

void filter_allow_only(struct filter *filter, const int *calls, size_t count)
{
    by_number(filter, calls, count, SECCOMP_RET_ALLOW,
              SECCOMP_RET_KILL_PROCESS);
}

void filter_kill(struct filter *filter, const int *calls, size_t count)
{
    by_number(filter, calls, count, SECCOMP_RET_KILL_PROCESS,
              SECCOMP_RET_ALLOW);
}

void filter_refuse(struct filter *filter, const int *calls, size_t count,
                   int error)
{
    by_number(filter, calls, count, SECCOMP_RET_ERRNO | (uint32_t)error,
              SECCOMP_RET_ALLOW);
}

void filter_refuse_epoll_ctl(struct filter *filter, int op, int error)
{
    begin(filter);
    add(filter, (struct sock_filter)IF_EQUAL(SYS_epoll_ctl, 0, 3));
    add(filter, (struct sock_filter)LOW_HALF(args[1]));
    add(filter, (struct sock_filter)IF_EQUAL((uint32_t)op, 0, 1));
    add(filter,
        (struct sock_filter)ANSWER(SECCOMP_RET_ERRNO | (uint32_t)error));
    add(filter, (struct sock_filter)ANSWER(SECCOMP_RET_ALLOW));
}

int filter_install(struct filter *filter)
{
    long ret = raw_syscall6(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0, 0);
    if (ret)
        return (int)ret;
    return (int)raw_syscall6(SYS_prctl, PR_SET_SECCOMP, SECCOMP_MODE_FILTER,
                             (long)&filter->program, 0, 0, 0);
}
