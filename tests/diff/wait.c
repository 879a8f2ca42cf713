/* SPDX-License-Identifier: MIT */
/*
 * Calls that sleep. Nothing was ready at their entry; then time passes, and
 * at most one thing happens: a write by another thread, a timer, a signal.
 * What the kernel would have answered follows from what it says afterwards,
 * from the clock, and from what the signal handler saw.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "../harness/clock.h"
#include "quiet.h"
#include "signals.h"
#include "tally.h"
#include "trial.h"

/* Timers of a loaded machine are late by less than this. */
#define LATE_MS 30

/* Bound of the time in which a raw step must have been noticed. */
#define HEAL_MS 4000

struct event {
    struct later later;
    pthread_t thread;
    timer_t timer;
    /* When it was complete, or has to be. */
    double done;
    /* The thread had SIGUSR1 blocked; the call alone let it in. */
    bool by_mask;
    /* The runs of the handler before. */
    int handled;
};

static void *write_later(void *arg)
{
    static const char bytes[8] = {1};
    struct event *e = arg;
    clock_sleep_ms(e->later.ms);
    (void)!write(e->later.fd, bytes, sizeof(bytes));
    e->done = clock_ms();
    return NULL;
}

static void arm_signal(struct event *e)
{
    struct sigevent to = {.sigev_notify = SIGEV_THREAD_ID,
                          .sigev_signo = SIGUSR1};
    struct itimerspec spec = {.it_value.tv_nsec = e->later.ms * 1000000 + 1};
    to._sigev_un._tid = gettid();
    if (timer_create(CLOCK_MONOTONIC, &to, &e->timer))
        e->later.how = LATER_NOTHING;
    else
        timer_settime(e->timer, 0, &spec, NULL);
}

static void event_begin(struct event *e, const struct trial *t)
{
    struct itimerspec spec = {0};
    *e = (struct event){.later = t->w->later, .handled = signals_count()};
    e->by_mask = symbol_is_masked(t->call.symbol) && t->call.mask;
    e->done = clock_ms() + e->later.ms;
    switch (e->later.how) {
    case LATER_WRITE:
        if (pthread_create(&e->thread, NULL, write_later, e))
            e->later.how = LATER_NOTHING;
        break;
    case LATER_TIMER:
        spec.it_value.tv_nsec = e->later.ms * 1000000 + 1;
        timerfd_settime(e->later.fd, 0, &spec, NULL);
        break;
    case LATER_SIGNAL:
        arm_signal(e);
        signals_open(!e->by_mask);
        break;
    default:
        break;
    }
}

static void event_end(struct event *e)
{
    if (e->later.how == LATER_WRITE)
        pthread_join(e->thread, NULL);
    if (e->later.how != LATER_SIGNAL)
        return;
    timer_delete(e->timer);
    signals_open(false);
}

/* The call said that its time is up. */
static const char *judge_timeout(struct trial *t, const struct event *e)
{
    struct timespec ts;
    bool finite = call_timeout(&t->call, &ts);
    double limit = (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
    double end = t->library.start + limit;
    double margin = e->later.how == LATER_WRITE ? 0 : LATE_MS;
    if (!finite || t->library.end - t->library.start < limit - 0.001)
        return "the call came back before its time was up";
    if (memcmp(t->live, t->kernel_memory, t->bytes))
        return "the caller's memory differs after a timeout";
    if (e->later.how == LATER_NOTHING || e->done + margin >= end)
        return NULL;
    if (e->later.how == LATER_SIGNAL)
        return signals_count() != e->handled || t->call.mask >= 2
                   ? NULL
                   : "a signal did not reach its handler during the call";
    trial_ask_kernel(t);
    return t->kernel.ret ? "an event during the call was not told" : NULL;
}

/* The call failed: only a handler that ran can be the reason. */
static const char *judge_failure(struct trial *t)
{
    const void *expected = t->kernel_memory;
    if (symbol_is_select(t->call.symbol))
        expected = t->before;
    if (t->library.error != EINTR)
        return "a sleeping call failed with another error than EINTR";
    if (!t->library.handled)
        return "EINTR, but no handler ran";
    return memcmp(t->live, expected, t->bytes)
               ? "the caller's memory differs after EINTR"
               : NULL;
}

/* The call found something, which the kernel must find just so. */
static const char *judge_ready(struct trial *t)
{
    for (int i = 0; i < 5; i++) {
        trial_ask_kernel(t);
        if (t->kernel.ret == t->library.ret &&
            !memcmp(t->live, t->kernel_memory, t->bytes))
            return NULL;
        clock_sleep_ms(1);
    }
    return "what the call found is not what the kernel finds";
}

static const char *judge(struct trial *t, const struct event *e)
{
    const struct answer *l = &t->library;
    bool caught = l->handled && (e->by_mask || signals_interrupted());
    if (caught && l->ret >= 0)
        return "a handler ran during the wait, but the call is not EINTR";
    if (l->ret >= 0 && !l->errno_kept)
        return "errno was touched on success";
    if (l->ret < 0)
        return judge_failure(t);
    return l->ret ? judge_ready(t) : judge_timeout(t, e);
}

enum verdict trial_wait(struct trial *t)
{
    struct event event;
    tally->slept++;
    event_begin(&event, t);
    trial_ask_library(t);
    /* An earlier event, a timer's, may have ended the call before this one. */
    t->why = t->library.ret > 0 ? judge(t, &event) : "not judged yet";
    event_end(&event);
    if (t->why)
        t->why = judge(t, &event);
    signals_take(SIGUSR1);
    if (!t->why)
        return SAME;
    return t->w->raw ? trial_heal(t) : DIFFERENT;
}

enum verdict trial_heal(struct trial *t)
{
    double start = clock_ms();
    t->call.pending = 0;
    while (clock_ms() < start + HEAL_MS) {
        t->call.timeout = 300;
        trial_ask_kernel(t);
        trial_ask_library(t);
        tally->ticks++;
        if (!trial_difference(t)) {
            tally->healed++;
            tally->heal_ms += (unsigned long)(clock_ms() - start);
            return SAME;
        }
    }
    t->why = "a raw step was still not noticed";
    return DIFFERENT;
}
