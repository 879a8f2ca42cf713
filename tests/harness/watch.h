/* SPDX-License-Identifier: MIT */
/*
 * A row of pipes whose read ends are watched, always by the same pollfd array
 * and the same fd_sets, as a server's loop does it. What is asked of it
 * returns a bool and asserts nothing, so that children and threads may ask.
 */
#ifndef HARNESS_WATCH_H
#define HARNESS_WATCH_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

enum {
    WATCH_MAX = 256,
    /* Highest descriptor number, plus one, that bits_* can hold. */
    BITS_MAX = 8192,
};

/* An fd_set beyond FD_SETSIZE. */
struct bits {
    unsigned long words[BITS_MAX / (8 * sizeof(long))];
};

static inline unsigned long bits_mask(int fd)
{
    return 1UL << ((unsigned)fd % (8 * sizeof(long)));
}

static inline void bits_set(struct bits *bits, int fd)
{
    bits->words[(unsigned)fd / (8 * sizeof(long))] |= bits_mask(fd);
}

static inline bool bits_test(const struct bits *bits, int fd)
{
    return bits->words[(unsigned)fd / (8 * sizeof(long))] & bits_mask(fd);
}

#define BITS(bits) ((fd_set *)(void *)(bits))

struct watch {
    size_t n;
    struct pollfd fds[WATCH_MAX]; /* the read ends, asked for POLLIN */
    int peers[WATCH_MAX];         /* the write ends */
    struct bits in;               /* select's readfds of the last call */
};

/* Opens n pipes. False if that failed. */
bool watch_open(struct watch *w, size_t n);

/* Closes both ends of all pipes, those already closed excepted. */
void watch_close(struct watch *w);

/* Puts files in the place of the read ends that epoll is not asked about. */
bool watch_make_residual(const struct watch *w);

/* select() on all read ends; its answer is in w->in. */
int watch_select(struct watch *w, int timeout_ms);

/* poll() on all read ends; its answer is in w->fds. */
int watch_poll(struct watch *w, int timeout_ms);

/*
 * Whether poll and select, asked without waiting, both say that nothing is
 * readable but entry `which` (-1: nothing at all), with no other event.
 */
bool watch_sees(struct watch *w, int which);

/*
 * Makes each entry in turn readable and quiet again and looks each time.
 */
bool watch_works(struct watch *w);

/*
 * Whether poll and select agree with the kernel's own answer now, in return
 * value, errno, and everything they write.
 */
bool watch_agrees(struct watch *w);

#endif
