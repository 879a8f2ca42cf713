/* SPDX-License-Identifier: MIT */
/*
 * Poll arrays as programs keep them: appended to, swapped, compacted, moved.
 * Entries are named by an index that is taken modulo the length.
 */
#define _GNU_SOURCE
#include "array.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "../harness/raw.h"
#include "trial.h"
#include "world.h"

/* Stands behind the last entry, and must stay what it is. */
static const struct pollfd guard = {INT_MIN, 0x5a5a, 0x2d2d};

/* New memory while the old is still there, so never the same address. */
static void move(struct array *a, int room)
{
    size_t size = ((size_t)room + 1) * sizeof(*a->entry);
    struct pollfd *entry = malloc(size);
    if (!entry)
        abort();
    if (a->n)
        memcpy(entry, a->entry, (size_t)a->n * sizeof(*entry));
    free(a->entry);
    a->entry = entry;
    a->room = room;
}

/* The entry with that index, or NULL in an empty array. */
static struct pollfd *entry_at(struct world *w, int array, int index)
{
    struct array *a = &w->array[array];
    return a->n ? &a->entry[index % a->n] : NULL;
}

static void append(struct array *a, int fd, int events)
{
    if (a->n == ARRAY_MAX)
        return;
    if (a->n == a->room)
        move(a, a->room ? 2 * a->room : 8);
    a->entry[a->n++] = (struct pollfd){fd, (short)events, 0};
}

/* put ARRAY SLOT END EVENTS: appends an entry. */
void do_put(struct world *w, const int32_t *arg)
{
    int fd = w->slot[arg[1]][arg[2]].fd;
    if (fd >= 0)
        append(&w->array[arg[0]], fd, arg[3]);
}

/* lit ARRAY NUMBER EVENTS: appends an entry with a number of any meaning. */
void do_lit(struct world *w, const int32_t *arg)
{
    append(&w->array[arg[0]], arg[1], arg[2]);
}

/* twin ARRAY ENTRY EVENTS: appends the entry's descriptor once more. */
void do_twin(struct world *w, const int32_t *arg)
{
    const struct pollfd *p = entry_at(w, arg[0], arg[1]);
    if (p)
        append(&w->array[arg[0]], p->fd, arg[2]);
}

/* set ARRAY ENTRY SLOT END EVENTS: another descriptor in this place. */
void do_set(struct world *w, const int32_t *arg)
{
    struct pollfd *p = entry_at(w, arg[0], arg[1]);
    int fd = w->slot[arg[2]][arg[3]].fd;
    if (p && fd >= 0)
        *p = (struct pollfd){fd, (short)arg[4], p->revents};
}

/* mask ARRAY ENTRY EVENTS */
void do_mask(struct world *w, const int32_t *arg)
{
    struct pollfd *p = entry_at(w, arg[0], arg[1]);
    if (p)
        p->events = (short)arg[2];
}

/* flip ARRAY ENTRY: switches an entry off by a negative number, or back on. */
void do_flip(struct world *w, const int32_t *arg)
{
    struct pollfd *p = entry_at(w, arg[0], arg[1]);
    if (p)
        p->fd = ~p->fd;
}

/* rest ARRAY STEP FIRST: every STEP-th is switched off, all others on. */
void do_rest(struct world *w, const int32_t *arg)
{
    struct array *a = &w->array[arg[0]];
    for (int i = 0; i < a->n; i++) {
        bool off = i % arg[1] == arg[2];
        if (off != (a->entry[i].fd < 0))
            a->entry[i].fd = ~a->entry[i].fd;
    }
}

/* swap ARRAY ENTRY ENTRY */
void do_swap(struct world *w, const int32_t *arg)
{
    struct pollfd *p = entry_at(w, arg[0], arg[1]);
    struct pollfd *q = entry_at(w, arg[0], arg[2]);
    if (!p)
        return;
    struct pollfd kept = *p;
    *p = *q;
    *q = kept;
}

/* drop ARRAY ENTRY: the last one takes its place. */
void do_drop(struct world *w, const int32_t *arg)
{
    struct pollfd *p = entry_at(w, arg[0], arg[1]);
    struct array *a = &w->array[arg[0]];
    if (p)
        *p = a->entry[--a->n];
}

/* compact ARRAY: takes out what is closed or switched off, in order. */
void do_compact(struct world *w, const int32_t *arg)
{
    struct array *a = &w->array[arg[0]];
    int kept = 0;
    for (int i = 0; i < a->n; i++)
        if (owned(a->entry[i].fd))
            a->entry[kept++] = a->entry[i];
    a->n = kept;
}

/* trim ARRAY N: only the first N entries stay. */
void do_trim(struct world *w, const int32_t *arg)
{
    struct array *a = &w->array[arg[0]];
    if (a->n > arg[1])
        a->n = arg[1];
}

/* move ARRAY: the same entries at another address. */
void do_move(struct world *w, const int32_t *arg)
{
    struct array *a = &w->array[arg[0]];
    if (a->entry)
        move(a, a->room);
}

/* stain ARRAY REVENTS: leaves garbage where the answer will be. */
void do_stain(struct world *w, const int32_t *arg)
{
    struct array *a = &w->array[arg[0]];
    for (int i = 0; i < a->n; i++)
        a->entry[i].revents = (short)arg[1];
}

/* weed ARRAY: takes out what the kernel finds ready, so that a call sleeps. */
void do_weed(struct world *w, const int32_t *arg)
{
    struct array *a = &w->array[arg[0]];
    struct timespec zero = {0};
    int kept = 0;
    if (!a->n || raw_ppoll(a->entry, (size_t)a->n, &zero) < 0)
        return;
    for (int i = 0; i < a->n; i++)
        if (!a->entry[i].revents)
            a->entry[kept++] = a->entry[i];
    a->n = kept;
}

static nfds_t bent(nfds_t n, enum quirk quirk)
{
    struct rlimit limit;
    switch (quirk) {
    case QUIRK_HIGH_BIT:
        return n | (nfds_t)(UINT64_C(1) << 32); /* if there is one */
    case QUIRK_TOO_MANY:
        getrlimit(RLIMIT_NOFILE, &limit);
        return (nfds_t)limit.rlim_cur + 1;
    case QUIRK_ZERO:
        return 0;
    case QUIRK_HALF:
        return n / 2;
    default:
        return n;
    }
}

/* poll ARRAY SYMBOL TIMEOUT MASK QUIRK; mask: + 8 SIGUSR1, + 16 SIGURG. */
void do_poll(struct world *w, const int32_t *arg)
{
    struct array *a = &w->array[arg[0]];
    struct call call = {.symbol = (enum symbol)arg[1],
                        .timeout = arg[2],
                        .mask = arg[3] & 7,
                        .promised = SIZE_MAX};
    int skip = arg[4] == QUIRK_TAIL && a->n > 1;
    if (!a->entry)
        move(a, 1);
    if (arg[3] & 8)
        call.pending = SIGUSR1;
    else if (arg[3] & 16)
        call.pending = SIGURG;
    a->entry[a->n] = guard;
    call.n = bent((nfds_t)(a->n - skip), (enum quirk)arg[4]);
    w->failed |= trial_run(w, &call, a->entry + skip,
                           (size_t)(a->n + 1 - skip) * sizeof(*a->entry));
}
