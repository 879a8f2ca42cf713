/* SPDX-License-Identifier: MIT */
/*
 * A row of descriptors, asked about by libc's calls, whose answers must be
 * those of the kernel's own. The arrays stand in the program's image, where
 * the injector knows them for the program's.
 */
#ifndef FAULTS_ASK_H
#define FAULTS_ASK_H

#include <poll.h>
#include <stdbool.h>

enum {
    ROW_MAX = 600
};

extern struct pollfd row[ROW_MAX];
extern int row_length;

/* Ends the program with a line that says what was wrong. */
#define require(condition)                                                     \
    do {                                                                       \
        if (!(condition))                                                      \
            wrong(#condition, __LINE__);                                       \
    } while (0)

void wrong(const char *what, int line) __attribute__((noreturn));

/* Adds a descriptor, asked for POLLIN; its place. */
int row_add(int fd);

/* True once for each sleep that the injector has interrupted. */
bool was_interrupted(void);

/* All calls, without waiting, against the kernel's own. */
void ask_all(void);
void ask_poll(void);

/* They sleep for that long, and nothing is ready. */
void ask_and_wait(int ms);

/* They sleep for at most a few seconds, until the place is ready. */
void ask_until_ready(int place);

#endif
