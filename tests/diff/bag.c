/* SPDX-License-Identifier: MIT */
/*
 * fd_sets larger than FD_SETSIZE, as programs with many descriptors make them:
 * plain words, without libc's macros.
 */
#define _GNU_SOURCE
#include "bag.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "../harness/raw.h"
#include "trial.h"
#include "world.h"

static void set_bits(struct bag *b, int which, int fd, bool on)
{
    if (fd < 0 || fd >= MAX_FD)
        return;
    for (int i = 0; i < 3; i++) {
        if (!(which >> i & 1))
            continue;
        unsigned long bit = 1ul << fd % 64;
        if (on)
            b->master[i][fd / 64] |= bit;
        else
            b->master[i][fd / 64] &= ~bit;
    }
}

/* on BAG WHICH SLOT END */
void do_on(struct world *w, const int32_t *arg)
{
    set_bits(&w->bag[arg[0]], arg[1], w->slot[arg[2]][arg[3]].fd, true);
}

/* off BAG WHICH SLOT END */
void do_off(struct world *w, const int32_t *arg)
{
    set_bits(&w->bag[arg[0]], arg[1], w->slot[arg[2]][arg[3]].fd, false);
}

/* bit BAG WHICH NUMBER: a number of any meaning. */
void do_bit(struct world *w, const int32_t *arg)
{
    set_bits(&w->bag[arg[0]], arg[1], arg[2], true);
}

static void clean(struct bag *b)
{
    for (int i = 0; i < 3; i++) {
        for (int word = 0; word < SET_WORDS; word++) {
            unsigned long bits = b->master[i][word];
            for (; bits; bits &= bits - 1) {
                int fd = word * 64 + __builtin_ctzl(bits);
                if (!owned(fd))
                    b->master[i][word] &= ~(1ul << fd % 64);
            }
        }
    }
}

/* The highest number in any of the three, plus one. */
static int needed(unsigned long (*set)[SET_WORDS])
{
    for (int word = SET_WORDS - 1; word >= 0; word--) {
        unsigned long any = set[0][word] | set[1][word] | set[2][word];
        if (any)
            return word * 64 + 64 - __builtin_clzl(any);
    }
    return 0;
}

/* thin BAG: takes out what the kernel finds ready, so that a call sleeps. */
void do_thin(struct world *w, const int32_t *arg)
{
    unsigned long ready[3][SET_WORDS];
    struct bag *b = &w->bag[arg[0]];
    struct timespec zero = {0};
    clean(b);
    memcpy(ready, b->master, sizeof(ready));
    if (raw_pselect6(needed(ready), (fd_set *)ready[0], (fd_set *)ready[1],
                     (fd_set *)ready[2], &zero) < 0)
        return;
    for (int i = 0; i < 3; i++)
        for (int word = 0; word < SET_WORDS; word++)
            b->master[i][word] &= ~ready[i][word];
}

static int bent(int n, int how)
{
    switch (how) {
    case NFDS_NEGATIVE:
        return -1;
    case NFDS_LEAST:
        return INT_MIN;
    case NFDS_ZERO:
        return 0;
    case NFDS_MOST:
        return INT_MAX;
    }
    if (how <= NFDS_FEWER)
        return n > NFDS_FEWER - how ? n + how - NFDS_FEWER : 0;
    return n + how < MAX_FD ? n + how : MAX_FD;
}

static void lay_out(struct call *c, int layout)
{
    static const int shared[][3] = {
        {0, 1, 2}, {0, 0, 2}, {0, 1, 0}, {0, 1, 1}, {0, 0, 0}};
    int gone = layout & LAYOUT_NULL ? layout & 7 : 0;
    for (int i = 0; i < 3; i++)
        c->set[i] = gone >> i & 1 ? -1
                    : layout & LAYOUT_NULL || layout > LAYOUT_ALL
                        ? i
                        : shared[layout][i];
}

static void prepare(struct bag *b, int flags)
{
    if (flags & SELECT_CLEAN)
        clean(b);
    if (flags & SELECT_MOVE) {
        void *old = b->live;
        b->live = malloc(sizeof(b->master));
        if (!b->live)
            abort();
        memcpy(b->live, old, sizeof(b->master));
        free(old);
    }
    if (!(flags & SELECT_KEEP))
        memcpy(b->live, b->master, sizeof(b->master));
}

/* select BAG SYMBOL TIMEOUT MASK FLAGS LAYOUT NFDS; mask as for poll. */
void do_select(struct world *w, const int32_t *arg)
{
    struct bag *b = &w->bag[arg[0]];
    struct call call = {
        .symbol = (enum symbol)arg[1], .timeout = arg[2], .mask = arg[3] & 7};
    if (arg[3] & 8)
        call.pending = SIGUSR1;
    else if (arg[3] & 16)
        call.pending = SIGURG;
    prepare(b, arg[4]);
    lay_out(&call, arg[5]);
    call.nfds = bent(needed(b->live), arg[6]);
    w->failed |= trial_run(w, &call, b->live, sizeof(b->master));
}
