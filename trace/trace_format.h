/* SPDX-License-Identifier: MIT */
/*
 * The file that a traced program's processes write into together, and that
 * `epollshim trace` reads when they have ended. The command makes it, with
 * all its room; a process maps it once and its forked children go on with it.
 */
#ifndef EPT_TRACE_FORMAT_H
#define EPT_TRACE_FORMAT_H

#include <stdatomic.h>
#include <stdint.h>

#define EPT_VARIABLE "EPOLLTRACE_FILE" /* names the file */
#define EPT_MAGIC "epstrac"            /* with its 0: eight bytes */
#define EPT_SITES 1024

/* 0, 1, 2-3, 4-7 and so on: the bucket of a number is the bits it has. */
#define EPT_SIZES 24
#define EPT_TIMES 40

/* Shares: none at all, then up to so many in a thousand. */
#define EPT_SHARE_LIMITS                                                       \
    {                                                                          \
        0, 10, 20, 50, 100, 200, 500, 1000                                     \
    }
#define EPT_SHARES 8

enum ept_call {
    EPT_POLL,
    EPT_PPOLL,
    EPT_SELECT,
    EPT_PSELECT,
    EPT_CALLS
};

enum ept_state {
    EPT_FREE,
    EPT_TAKEN, /* what it is of is not written yet */
    EPT_READY
};

enum ept_sum {
    EPT_CALLS_MADE,
    EPT_ERRORS,
    EPT_LOOKS,    /* with a timeout of 0 */
    EPT_TIMEOUTS, /* nothing was ready */
    EPT_UNSEEN,   /* what they asked is not known, and in no sum below */
    EPT_ASKED,    /* descriptors */
    EPT_TOLD,     /* ... that were ready */
    EPT_CHANGED,  /* ... that were other than in the call before */
    EPT_WALL_NS,
    EPT_MODEL_NS,    /* what they cost by the model: a measure, not a time */
    EPT_ANSWERED,    /* calls that the library would answer from epoll */
    EPT_ANSWERED_NS, /* ... what they cost by that measure */
    EPT_EPOLL_NS,    /* ... and from epoll, the making of sets included */
    /* Of some calls, each for as many as it stands for. Those asked whether
     * they would have to wait: */
    EPT_TRIED,
    EPT_TRIED_SLEPT,
    /* ... and those whose CPU was timed: */
    EPT_TIMED_MODEL_NS, /* by that measure */
    EPT_TIMED_LOOKS_NS, /* what epoll would save all of */
    EPT_TIMED_CPU_NS,   /* with what falling asleep takes */
    EPT_SUMS
};

/* One place in a program that calls, in one process. Sums of all threads. */
struct ept_site {
    _Atomic uint32_t state;
    int32_t pid;
    uint32_t call; /* enum ept_call */
    uint32_t unused;
    uint64_t address; /* it returns to */
    uint64_t offset;  /* ... in the file that is mapped there */
    uint64_t within;  /* ... in the symbol */
    char program[32];
    char module[128];
    char symbol[64];
    _Atomic uint64_t sums[EPT_SUMS];
    _Atomic uint64_t sizes[EPT_SIZES];
    _Atomic uint64_t ready[EPT_SHARES];
    _Atomic uint64_t changes[EPT_SHARES];
    _Atomic uint64_t times[EPT_TIMES];
};

struct ept_file {
    char magic[8];
    uint32_t size; /* of this structure: the two were built together */
    _Atomic uint32_t used;
    _Atomic uint64_t lost; /* calls of sites that there was no room for */
    uint64_t sleep_ns;     /* CPU that a sleep takes, awaking included */
    struct ept_site sites[EPT_SITES];
};

static inline int ept_bucket(uint64_t number, int buckets)
{
    int bits = number ? 64 - __builtin_clzll(number) : 0;

    return bits < buckets ? bits : buckets - 1;
}

static inline int ept_share(uint64_t part, uint64_t whole)
{
    static const unsigned limits[EPT_SHARES] = EPT_SHARE_LIMITS;
    uint64_t share =
        whole ? part * 1000 / whole + (part * 1000 % whole > 0) : 0;
    int at = 0;

    while (at < EPT_SHARES - 1 && share > limits[at])
        at++;
    return at;
}

#endif
