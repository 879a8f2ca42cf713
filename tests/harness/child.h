/* SPDX-License-Identifier: MIT */
/*
 * Children of a test, and what they may do: an assertion of CMocka jumps back
 * into the runner, which in a child (or in a second thread) is the wrong one.
 * Children and threads therefore check with require(), which ends the process.
 */
#ifndef HARNESS_CHILD_H
#define HARNESS_CHILD_H

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>
#include <unistd.h>

/* Ends the process with status 1 and one line if the condition is false. */
#define require(condition)                                                     \
    do {                                                                       \
        if (!(condition)) {                                                    \
            dprintf(2, "%s:%d: require(%s): %m\n", __FILE__, __LINE__,         \
                    #condition);                                               \
            _exit(1);                                                          \
        }                                                                      \
    } while (0)

/* Forks; the child runs fn(arg) and ends by _exit(0). */
pid_t child_start(void (*fn)(void *), void *arg);

/*
 * As child_start(), but made by the clone system call itself, which neither
 * libc nor a preload library sees.
 */
pid_t child_start_raw(void (*fn)(void *), void *arg);

/*
 * A child that libc runs no handlers in learns from the kernel that it is one:
 * from a page that is wiped at a fork (Linux 4.14). On older kernels it stays
 * native.
 */
bool child_raw_is_told(void);

/* Starts this program again in a role (see suite.h). */
pid_t child_start_role(const char *role, const char *arg);

/*
 * The path of this program: not /proc/self/exe, which under a checker is the
 * checker for the kernel.
 */
void child_own_path(char path[PATH_MAX]);

/* In a child: becomes this program in a role. */
void child_become_role(const char *role, const char *arg)
    __attribute__((noreturn));

/* Waits for the child; fails the running test unless it ended with 0. */
void child_join(pid_t pid);

/* Waits for the child and returns its wait status. */
int child_wait(pid_t pid);

/* Whether the kernel shows a process, or a thread of this one, as asleep. */
bool child_is_asleep(pid_t pid);

#endif
