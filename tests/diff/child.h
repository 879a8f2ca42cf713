/* SPDX-License-Identifier: MIT */
/* Children that do nothing but be there, and hold what they inherited. */
#ifndef DIFF_CHILD_H
#define DIFF_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * Starts a child that sleeps until it is ended. It keeps its copies of all
 * descriptors, so that files outlive their close in the parent, or it has
 * closed them when this returns.
 */
pid_t child_start(bool keep);

int child_pidfd(pid_t pid);

/* Ends the child and returns when it has ended; reaps it, or does not. */
void child_end(pid_t pid, bool reap);

/* The three ways to fork: fork(), _Fork(), and the clone system call. */
pid_t child_fork(int way);

/*
 * Whether a library learns that this child is one: fork() runs its handlers,
 * of the others a page that is wiped tells (Linux 4.14). Where nothing does,
 * the child's calls stay native, and are in nobody's counters.
 */
bool child_is_told_of(int way);

#endif
