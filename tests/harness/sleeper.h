/* SPDX-License-Identifier: MIT */
/*
 * A thread that sleeps in poll or select on a row of sockets while the test
 * does something to them. How exactly a change under a sleeper is told differs
 * between kernels, so each scene is played twice at the same time, by the
 * kernel's own calls and by libc's, and both must tell the same.
 */
#ifndef HARNESS_SLEEPER_H
#define HARNESS_SLEEPER_H

#include <pthread.h>
#include <stdbool.h>
#include <sys/types.h>

#include "watch.h"

enum {
    SCENE_ROW = 6,
    VICTIM = 2,
    OTHER = 4
};

/* What a sleeper saw. */
struct outcome {
    int ret; /* -errno if it failed */
    short revents[SCENE_ROW];
    bool bits[SCENE_ROW];
    bool early; /* before the timeout was over */
};

struct scene {
    struct pollfd fds[SCENE_ROW]; /* one end of each socket pair, for POLLIN */
    int peers[SCENE_ROW];
    struct bits in;
    int timeout_ms;
    int earlier_calls; /* by the sleeper on the same array */
    bool use_select;
    bool kernel;           /* by the kernel's own call */
    _Atomic pid_t sleeper; /* the thread, once nothing but the sleep is left */
    struct outcome seen;
};

/* What the test does to a scene while its sleeper sleeps. */
typedef void (*scene_act)(struct scene *s, pthread_t sleeper);

struct play {
    int earlier_calls;
    int asleep_ms; /* how long it sleeps at least before the act */
    int timeout_ms;
    scene_act act;
    /*
     * The act first makes the victim readable and hung up, then closes it: a
     * sleeper that looks in between rightly tells the one for the other.
     */
    bool two_steps;
};

void scene_open(struct scene *s);
void scene_close(struct scene *s);

/* A thread's main function: sleeps once in the scene `arg`. */
void *scene_sleep(void *arg);

/*
 * On a busy machine a thread may come to its call long after it was created,
 * and would then be told at once what was done meanwhile.
 */
void scene_wait_until_asleep(struct scene *s);

/*
 * Plays it twice and fails the running test if libc's sleeper saw anything
 * else than the kernel's. Returns what they saw.
 */
struct outcome scene_play(const struct play *play, bool use_select);

#endif
