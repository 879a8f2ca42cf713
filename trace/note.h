/* SPDX-License-Identifier: MIT */
/*
 * One call's note: when it began, whom it came from, and after it what it
 * asked, was told and cost. All keep errno. System calls are made for memory
 * at a site's first calls, and of one call in some for the thread's CPU time.
 *
 * A call's duration does not tell whether it slept: it may have been preempted.
 * So one call in some, if it may wait, is made as a look, which is the answer
 * if it finds something, and the wait. Others are timed: with a timeout of 0
 * the kernel enters no queue, and a look is cheaper than the call.
 */
#ifndef EPT_NOTE_H
#define EPT_NOTE_H

#include "memo.h"

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/select.h>
#include <time.h>

struct ept_note {
    enum ept_call call;
    uint64_t address; /* where it returns to */
    bool looks;       /* its timeout is 0 */
    const void *timeout;
    struct ept_turn turn;
    int64_t began;
    int64_t cpu_began;     /* on the thread's own clock, if it is its turn */
    int64_t look_ns;       /* its look took; 0: there was none */
    bool slept;            /* ... and found nothing */
    struct ept_memo *memo; /* select: its bitmaps are known */
    uint32_t count, changed;
    int64_t work; /* of keeping an epoll set up to date; policy.h's costs */
};

struct ept_note ept_note_begin(enum ept_call call, uint64_t address, bool looks,
                               const void *timeout);

/* True if the timeout may be read: the kernel has read one there. */
bool ept_note_may_read_timeout(const struct ept_note *note);

/* After its look, which found that: false if the call has to wait. */
bool ept_note_looked(struct ept_note *note, int found);

/* ns since it began. */
int64_t ept_note_waited(const struct ept_note *note);

/* Before select(), which writes over what it is asked. */
void ept_note_bitmaps(struct ept_note *note, int n, const fd_set *r,
                      const fd_set *w, const fd_set *x);

/* After the call; both return `ret`. */
int ept_note_poll(struct ept_note *note, const struct pollfd *fds, nfds_t n,
                  int ret);
int ept_note_select(struct ept_note *note, int n, const fd_set *r,
                    const fd_set *w, const fd_set *x, int ret);

#endif
