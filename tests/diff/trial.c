/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "trial.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../harness/clock.h"
#include "../harness/raw.h"
#include "quiet.h"
#include "tally.h"

/* Room for the largest array and for three bitmaps. */
#define MEMORY 32768

/* A number that is not open: beyond any limit we run with. */
#define NOWHERE 1000000000

#define ATTEMPTS 6

static atomic_ulong break_at;

static bool stops;

void trial_stop_at_difference(void)
{
    stops = true;
}

void trial_break_at(unsigned long call)
{
    break_at = call;
}

/*
 * A descriptor that this program did not open is a library's own. To the
 * program it is closed, and the kernel is asked accordingly.
 */
static void hide_foreign(const struct trial *t)
{
    struct pollfd *p = t->kernel_memory;
    for (size_t i = 0; !t->shows_foreign && i < t->bytes / sizeof(*p); i++)
        if (p[i].fd >= 0 && !owned(p[i].fd))
            p[i].fd = NOWHERE;
}

static void show_foreign(const struct trial *t)
{
    struct pollfd *p = t->kernel_memory;
    const struct pollfd *before = t->before;
    for (size_t i = 0; i < t->bytes / sizeof(*p); i++)
        p[i].fd = before[i].fd;
}

static bool names_foreign(const unsigned long *bitmap, int nfds)
{
    for (int word = 0; word * 64 < nfds && word < SET_WORDS; word++) {
        for (unsigned long bits = bitmap[word]; bits; bits &= bits - 1) {
            int fd = word * 64 + __builtin_ctzl(bits);
            if (fd < nfds && !owned(fd) && raw_fcntl(fd, F_GETFD, 0) >= 0)
                return true;
        }
    }
    return false;
}

/* An open descriptor is inside the table, so a closed one would be EBADF. */
static void refuse_foreign(struct trial *t)
{
    const unsigned long(*bitmap)[SET_WORDS] = t->before;
    if (t->shows_foreign || (t->kernel.ret < 0 && t->kernel.error != EINTR))
        return;
    for (int i = 0; i < 3; i++) {
        int set = t->call.set[i];
        if (set < 0 || !names_foreign(bitmap[set], t->call.nfds))
            continue;
        t->kernel.ret = -1;
        t->kernel.error = EBADF;
        t->kernel.handled = false;
        t->kernel.pending = t->call.pending;
        memcpy(t->kernel_memory, t->before, t->bytes);
        return;
    }
}

void trial_ask_kernel(struct trial *t)
{
    memcpy(t->kernel_memory, t->before, t->bytes);
    if (symbol_is_select(t->call.symbol)) {
        t->kernel = call_kernel(&t->call, t->kernel_memory);
        refuse_foreign(t);
        return;
    }
    hide_foreign(t);
    t->kernel = call_kernel(&t->call, t->kernel_memory);
    show_foreign(t);
}

/* A harness that can't find a difference would be no test. */
static void falsify(struct trial *t)
{
    unsigned char *bytes = t->live;
    if (!break_at || tally->calls < break_at || t->bytes < 8)
        return;
    break_at = 0;
    bytes[6] ^= 1;
}

void trial_ask_library(struct trial *t)
{
    memcpy(t->live, t->before, t->bytes);
    t->library = call_library(&t->call, t->live);
    falsify(t);
}

static bool same_time(struct timespec a, struct timespec b)
{
    return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static double in_ms(struct timespec ts)
{
    return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

/*
 * Only select() hands back the time that remains, and only if the kernel was
 * asked at all. Endless ones have none, and centuries are cut to what the
 * kernel can count.
 */
static bool plausible_time(const struct trial *t)
{
    const struct answer *a = &t->library;
    struct timespec limit;
    if ((t->call.symbol != SYMBOL_select &&
         t->call.symbol != SYMBOL_select_alias) ||
        call_timeout_invalid(&t->call) || !call_timeout(&t->call, &limit))
        return same_time(a->before, a->after);
    double left = in_ms(a->after), all = in_ms(limit);
    if (left < 0 || a->after.tv_nsec > 999999999 || left > all)
        return false;
    if (a->ret == 0)
        return left == 0;
    return t->call.timeout == TIMEOUT_HUGE ||
           left >= all - (a->end - a->start) - 0.002;
}

const char *trial_difference(const struct trial *t)
{
    const struct answer *k = &t->kernel, *l = &t->library;
    if (k->ret != l->ret)
        return "the return values differ";
    if (k->ret < 0 && k->error != l->error)
        return "errno differs";
    if (l->ret >= 0 && !l->errno_kept)
        return "errno was touched on success";
    if (memcmp(t->live, t->kernel_memory, t->bytes))
        return "the caller's memory differs";
    if (k->handled != l->handled || k->pending != l->pending)
        return "a pending signal was treated differently";
    if (!plausible_time(t))
        return "the timeout argument is not as it should be";
    return NULL;
}

/*
 * Where nothing is ready a call may sleep for 60 ms, and for ever only if a
 * signal that only the call lets in is sure to end it. Other threads can take
 * away what was ready.
 */
static void limit_timeout(struct trial *t)
{
    struct timespec ts;
    const struct later *later = &t->w->later;
    bool woken = later->how == LATER_SIGNAL && t->call.mask == 1 &&
                 symbol_is_masked(t->call.symbol);
    bool finite = call_timeout(&t->call, &ts);
    if (call_timeout_invalid(&t->call) || (finite && in_ms(ts) <= 60))
        return;
    if (t->kernel.ret == 0 && !woken)
        t->call.timeout = 0;
    else if (t->kernel.ret != 0 && t->w->thread > 0)
        t->call.timeout = 60;
}

static bool may_sleep(const struct trial *t)
{
    struct timespec ts;
    return t->kernel.ret == 0 &&
           (!call_timeout(&t->call, &ts) || in_ms(ts) > 0);
}

/* Whether the kernel gives the same answer again. */
static bool kernel_insists(struct trial *t)
{
    char first[MEMORY];
    struct answer answer = t->kernel;
    memcpy(first, t->kernel_memory, t->bytes);
    trial_ask_kernel(t);
    return answer.ret == t->kernel.ret && answer.error == t->kernel.error &&
           !memcmp(first, t->kernel_memory, t->bytes);
}

/* For the report: does a wrong answer stay, or was it a moment's? */
static void ask_again(struct trial *t, unsigned int mark)
{
    char memory[MEMORY];
    struct call call = t->call;
    struct timespec ts;
    if (!call_timeout(&call, &ts) || in_ms(ts) > 0)
        call.timeout = 0;
    memcpy(memory, t->before, t->bytes);
    t->again = call_library(&call, memory).ret;
    t->stayed = quiet_since(mark);
}

/*
 * A limit that is written down: a call may go native (with policy always, too:
 * memory that can't be written, say), and a native call on a closed number
 * sees what the library has put there.
 */
static bool went_native(struct trial *t)
{
    const char *policy = getenv("EPOLLSHIM_POLICY");
    const char *why = t->why;

    if (!policy)
        return false;
    t->shows_foreign = true;
    trial_ask_kernel(t);
    t->why = trial_difference(t);
    t->shows_foreign = false;
    if (!t->why) {
        tally->seen++;
        return true;
    }
    t->why = why;
    trial_ask_kernel(t);
    return false;
}

static enum verdict compare_at(struct trial *t, unsigned int mark)
{
    trial_ask_kernel(t);
    limit_timeout(t);
    if (may_sleep(t)) {
        enum verdict verdict = trial_wait(t);
        return quiet_since(mark) ? verdict : MOVED;
    }
    trial_ask_library(t);
    t->why = trial_difference(t);
    if (!t->why || went_native(t))
        return SAME;
    if (!kernel_insists(t) || !quiet_since(mark))
        return MOVED;
    return t->w->raw ? trial_heal(t) : DIFFERENT;
}

static enum verdict compare_once(struct trial *t)
{
    unsigned int mark = quiet_mark();
    enum verdict verdict = compare_at(t, mark);
    if (verdict == DIFFERENT)
        ask_again(t, mark);
    return verdict;
}

/*
 * Whether all depends on numbers that are not open, while other threads are
 * in calls too: a library that opens something for one of them may have such
 * a number for a moment.
 */
static bool may_flicker(const struct trial *t)
{
    const struct pollfd *kernel = t->kernel_memory, *live = t->live;
    if (t->w->thread == 0)
        return false;
    if (symbol_is_select(t->call.symbol))
        return (t->kernel.ret < 0 && t->kernel.error == EBADF) ||
               (t->library.ret < 0 && t->library.error == EBADF);
    for (size_t i = 0; i < t->bytes / sizeof(*live); i++)
        if (memcmp(&kernel[i], &live[i], sizeof(*live)) &&
            kernel[i].revents != POLLNVAL && live[i].revents != POLLNVAL)
            return false;
    return true;
}

static void stop_for_debugger(void)
{
    printf("diff: process %d, thread %d stops for a debugger\n", getpid(),
           gettid());
    fflush(stdout);
    raise(SIGSTOP);
}

/* Told at once, while the numbers still are what they were. */
static enum verdict tell(struct trial *t, enum verdict verdict)
{
    if (verdict == DIFFERENT)
        trial_report(t);
    if (verdict == DIFFERENT && stops)
        stop_for_debugger();
    return verdict;
}

/* Until the world stands still; the last attempt sees to it that it does. */
static enum verdict compare(struct trial *t)
{
    enum verdict verdict = MOVED;
    for (int i = 0; verdict == MOVED && i < ATTEMPTS - 1; i++) {
        quiet_enter();
        verdict = compare_once(t);
        if (verdict == DIFFERENT && may_flicker(t))
            verdict = MOVED;
        tell(t, verdict);
        quiet_leave();
        t->w->later.how = LATER_NOTHING;
    }
    if (verdict == MOVED) {
        quiet_enter_alone();
        verdict = tell(t, compare_once(t));
        quiet_leave_alone();
    }
    return verdict;
}

bool trial_run(struct world *w, const struct call *call, void *live,
               size_t bytes)
{
    static __thread _Alignas(16) char before[MEMORY], kernel_memory[MEMORY];
    struct trial t = {.w = w,
                      .call = *call,
                      .live = live,
                      .bytes = bytes,
                      .before = before,
                      .kernel_memory = kernel_memory};
    memcpy(before, live, bytes);
    tally->calls++;
    if (w->untold)
        tally->untold++;
    enum verdict verdict = compare(&t);
    tally->ready += t.library.ret > 0;
    tally->refused += t.library.ret < 0;
    tally->moved += verdict == MOVED;
    tally->differences += verdict == DIFFERENT;
    return verdict == DIFFERENT;
}
