/* SPDX-License-Identifier: MIT */
/*
 * The world of one thread: its descriptors, arrays and fd_sets. What the
 * process owns of descriptors is known to all threads.
 */
#ifndef DIFF_WORLD_H
#define DIFF_WORLD_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "kind.h"

#define SLOTS 1024
#define ARRAYS 4
#define BAGS 3
#define CHILDREN 64

/* Numbers that can be owned; above is only what nobody ever opens. */
#define MAX_FD 8192

/* A bitmap with room for each number, and for what select() may overwrite. */
#define SET_WORDS (MAX_FD / 64)

/* An array of the program's: room entries and one more, a guard. */
struct array {
    struct pollfd *entry;
    int n;
    int room;
};

/*
 * Three bitmaps as a program keeps them: those it maintains, and those it
 * hands to select().
 */
struct bag {
    unsigned long master[3][SET_WORDS];
    unsigned long (*live)[SET_WORDS];
};

/* What is to happen while the next call waits. */
struct later {
    enum {
        LATER_NOTHING,
        LATER_WRITE,
        LATER_TIMER,
        LATER_SIGNAL
    } how;
    int fd;
    int ms;
};

struct world {
    int thread;
    struct end slot[SLOTS][2];
    struct array array[ARRAYS];
    struct bag bag[BAGS];
    struct later later;
    /* Children that were started and not reaped; held: those of op hold. */
    pid_t child[CHILDREN];
    int children;
    pid_t held;
    /* A descriptor was ended or replaced where no library could see it. */
    bool raw;
    /* Raw steps are allowed at all. */
    bool raw_mode;
    /* Ops until a lowered limit is lifted; until a forked child ends. */
    int limited;
    int forked;
    bool untold; /* it is a child that no library learns of */
    /* A comparison has failed. */
    bool failed;
    /* All is being closed. */
    bool ending;
};

struct world *world_new(int thread);

/* Closes everything, so that a new episode can begin; or frees it as well. */
void world_reset(struct world *w);
void world_free(struct world *w);

/* Marks a number as ours, of that kind, or as closed. */
void owned_set(int fd, enum kind kind);
void owned_clear(int fd);
bool owned(int fd);

/* Marks what this process had open before the run began. */
void owned_begin(void);

/* What the number is, for reports. */
const char *owned_name(int fd);

/* An open number that is not ours, so a library's own; or -1. */
int foreign_fd(int after);

/* Puts an end into its place; what was there must be closed before. */
void world_place(struct world *w, int slot, int end, struct end new_end);

/* The ways to close; raw is the only one a library can't see. */
enum close_how {
    CLOSE_PLAIN,
    CLOSE_STREAM,
    CLOSE_SYSCALL,
    CLOSE_RANGE,
    CLOSE_RAW,
    CLOSE_HOWS
};

/* Closes the end if there is one. */
void world_close(struct world *w, int slot, int end, enum close_how how);

/* Remembers a child for the end, or ends and forgets one. */
void world_adopt(struct world *w, pid_t pid);
void world_reap(struct world *w, pid_t pid);

#endif
