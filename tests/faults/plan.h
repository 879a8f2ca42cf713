/* SPDX-License-Identifier: MIT */
/*
 * What shall fail, and what did: a page that the runner shares with the
 * injector and the target, through a file that FAULT_PLAN names.
 */
#ifndef FAULTS_PLAN_H
#define FAULTS_PLAN_H

#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/*
 * Processors on which a call is known as the library's by where its
 * instruction stands, and its registers have names here. On 32-bit x86 all
 * calls enter the kernel from one place, which is the kernel's own.
 */
#if defined(__x86_64__) || defined(__aarch64__)
#define FAULT_TRAPS 1
#endif

enum fault_mode {
    FAULT_NONE,    /* count only */
    FAULT_ONCE,    /* call number `at` fails */
    FAULT_LASTING, /* and with it all of its kind that come after */
    FAULT_RANDOM,  /* one call of `one_in` fails, by `seed` */
    FAULT_LIE,     /* nothing is ever ready: the target has to notice */
};

enum {
    FAULT_SEQUENCE = 4096
};

struct fault_plan {
    /* The runner's. */
    enum fault_mode mode;
    uint32_t at;     /* counted from 1 */
    uint32_t choice; /* which of the errors its manual page names */
    uint32_t one_in;
    uint64_t seed;
    bool trace; /* tell each call on stderr */
    /* The injector's. */
    _Atomic bool armed; /* calls are counted from now on */
    _Atomic uint32_t calls;
    _Atomic uint32_t injected;
    _Atomic uint32_t interruptions; /* EINTR in the place of a sleep */
    _Atomic int row;                /* of the call that failed first, or -1 */
    _Atomic int error;
    signed char sequence[FAULT_SEQUENCE]; /* rows of a run without faults */
};

/* The page, or NULL where there is none: a plain native run. */
static inline struct fault_plan *fault_plan_open(void)
{
    const char *path = getenv("FAULT_PLAN");
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    void *page = MAP_FAILED;

    if (fd >= 0) {
        page = mmap(NULL, sizeof(struct fault_plan), PROT_READ | PROT_WRITE,
                    MAP_SHARED, fd, 0);
        close(fd);
    }
    return page == MAP_FAILED ? NULL : page;
}

#endif
