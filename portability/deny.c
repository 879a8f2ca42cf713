/* SPDX-License-Identifier: MIT */
/*
 * usage: deny ERROR CALL... -- COMMAND [ARGUMENT...]
 *
 * Runs a command on a kernel that lacks some calls: a seccomp filter, which
 * all its children inherit, answers them with ERROR (ENOSYS or EINVAL). A CALL
 * is one of the table's names, or `all` of them.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Numbers for headers that don't know the calls; alike on all processors. */
enum {
    NR_PIDFD_SEND_SIGNAL = 424,
    NR_PIDFD_OPEN = 434,
    NR_CLONE3 = 435,
    NR_CLOSE_RANGE = 436,
    NR_OPENAT2 = 437,
    NR_PIDFD_GETFD = 438,
    NR_FACCESSAT2 = 439,
    NR_EPOLL_PWAIT2 = 441,
    NR_FUTEX_WAITV = 449,
    WIPEONFORK = 18,
    POPULATE_WRITE = 23
};

/* What came after Linux 3.10, and when. */
static const struct {
    const char *name;
    int number;
    int advice; /* only with this third argument; 0: always */
} table[] = {
    {"seccomp", SYS_seccomp, 0},                          /* 3.17 */
    {"getrandom", SYS_getrandom, 0},                      /* 3.17 */
    {"memfd_create", SYS_memfd_create, 0},                /* 3.17 */
    {"execveat", SYS_execveat, 0},                        /* 3.19 */
    {"membarrier", SYS_membarrier, 0},                    /* 4.3 */
    {"copy_file_range", SYS_copy_file_range, 0},          /* 4.5 */
    {"statx", SYS_statx, 0},                              /* 4.11 */
    {"MADV_WIPEONFORK", SYS_madvise, WIPEONFORK},         /* 4.14 */
    {"rseq", SYS_rseq, 0},                                /* 4.18 */
    {"pidfd_send_signal", NR_PIDFD_SEND_SIGNAL, 0},       /* 5.1 */
    {"pidfd_open", NR_PIDFD_OPEN, 0},                     /* 5.3 */
    {"clone3", NR_CLONE3, 0},                             /* 5.3 */
    {"openat2", NR_OPENAT2, 0},                           /* 5.6 */
    {"pidfd_getfd", NR_PIDFD_GETFD, 0},                   /* 5.6 */
    {"faccessat2", NR_FACCESSAT2, 0},                     /* 5.8 */
    {"close_range", NR_CLOSE_RANGE, 0},                   /* 5.9 */
    {"epoll_pwait2", NR_EPOLL_PWAIT2, 0},                 /* 5.11 */
    {"MADV_POPULATE_WRITE", SYS_madvise, POPULATE_WRITE}, /* 5.14 */
    {"futex_waitv", NR_FUTEX_WAITV, 0},                   /* 5.16 */
    /* Older than 3.10, but left out of many a kernel's configuration. */
    {"kcmp", SYS_kcmp, 0},
};

enum {
    CALLS = sizeof(table) / sizeof(table[0])
};

static struct sock_filter code[6 * CALLS * CALLS + 2];
static struct sock_fprog program = {.filter = code};

static void die(const char *what, const char *which)
{
    fprintf(stderr, "deny: %s%s; see the top of deny.c\n", what, which);
    exit(125);
}

static void add(struct sock_filter statement)
{
    code[program.len++] = statement;
}

static void load(size_t offset)
{
    add((struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
                                     (uint32_t)offset));
}

static void answer(uint32_t verdict)
{
    add((struct sock_filter)BPF_STMT(BPF_RET | BPF_K, verdict));
}

/* Goes on, or past so many statements. */
static void unless_past(uint32_t value, uint8_t past)
{
    add((struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0,
                                     past));
}

/* The number is in the accumulator before and after; advice is an int. */
static void deny(int number, int advice, uint32_t error)
{
    const size_t low =
        __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? sizeof(uint32_t) : 0;

    if (!advice) {
        unless_past((uint32_t)number, 1);
        answer(SECCOMP_RET_ERRNO | error);
        return;
    }
    load(offsetof(struct seccomp_data, args[2]) + low);
    unless_past((uint32_t)advice, 3);
    load(offsetof(struct seccomp_data, nr));
    unless_past((uint32_t)number, 1);
    answer(SECCOMP_RET_ERRNO | EINVAL); /* as a kernel that has madvise */
    load(offsetof(struct seccomp_data, nr));
}

static void deny_named(const char *name, uint32_t error)
{
    int found = 0;

    for (int i = 0; i < CALLS; i++)
        if (!strcmp(name, "all") || !strcmp(name, table[i].name)) {
            deny(table[i].number, table[i].advice, error);
            found++;
        }
    if (!found)
        die("no such call: ", name);
}

static uint32_t error_named(const char *name)
{
    if (!strcmp(name, "ENOSYS"))
        return ENOSYS;
    if (strcmp(name, "EINVAL"))
        die("ENOSYS or EINVAL, not ", name);
    return EINVAL;
}

int main(int argc, char **argv)
{
    int at = 2;

    if (argc < 5)
        die("deny ERROR CALL... -- COMMAND", "");
    load(offsetof(struct seccomp_data, nr));
    for (; at < argc && strcmp(argv[at], "--"); at++) {
        if (at - 2 >= CALLS)
            die("too many calls: ", argv[at]);
        deny_named(argv[at], error_named(argv[1]));
    }
    if (at + 1 >= argc)
        die("no command", "");
    answer(SECCOMP_RET_ALLOW);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
        die("this kernel takes no filter: ", strerror(errno));
    execvp(argv[at + 1], argv + at + 1);
    die("can't run ", argv[at + 1]);
}
