/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "execute.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "array.h"
#include "bag.h"
#include "child.h"
#include "descriptor.h"
#include "quiet.h"
#include "signals.h"
#include "state.h"
#include "tally.h"
#include "world.h"

static rlim_t usual_limit;

/* hold: a child keeps copies of all descriptors until release. */
static void do_hold(struct world *w, const int32_t *arg)
{
    (void)arg;
    if (w->held)
        return;
    w->held = child_start(true);
    world_adopt(w, w->held);
}

static void do_release(struct world *w, const int32_t *arg)
{
    (void)arg;
    if (w->held > 0)
        world_reap(w, w->held);
    w->held = 0;
}

static void limit_descriptors(rlim_t n)
{
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = n;
    setrlimit(RLIMIT_NOFILE, &limit);
}

/* rlimit N: until the next call but a few; see run_list(). */
static void do_rlimit(struct world *w, const int32_t *arg)
{
    limit_descriptors((rlim_t)arg[0]);
    w->limited = 8;
}

/* reset: what lies between two episodes. */
static void do_reset(struct world *w, const int32_t *arg)
{
    (void)arg;
    world_reset(w);
    w->raw = false;
}

/*
 * fork WAY N: a child executes the next N ops with what it inherited, and is
 * waited for; then we execute them, with what it left.
 */
static void do_fork(struct world *w, const int32_t *arg)
{
    int status = 0;
    if (w->forked)
        return;
    pid_t pid = child_fork(arg[0]);
    if (pid == 0) {
        /* Neither of these is our child. */
        w->children = 0;
        w->held = 0;
        w->forked = arg[1];
        w->untold = !child_is_told_of(arg[0]);
    } else if (pid > 0) {
        waitpid(pid, &status, 0);
        w->failed |= status != 0;
    }
}

static void (*const actions[])(struct world *, const int32_t *) = {
#define OP(name, args) do_##name,
    OP_TABLE(OP)
#undef OP
};

static bool is_call(enum op_code code)
{
    return code == OP_poll || code == OP_select;
}

static void execute(struct world *w, const struct op *op)
{
    tally->ticks++;
    if (is_call(op->code) || op->code == OP_fork) {
        actions[op->code](w, op->arg);
        return;
    }
    quiet_disturb();
    actions[op->code](w, op->arg);
    quiet_settle();
}

/* With its limit lifted: what is preloaded may have a file to write. */
static void end_child(const struct world *w)
{
    limit_descriptors(usual_limit);
    _exit(w->failed);
}

/* What ends after some ops: a lowered limit, a child's share. */
static void count_down(struct world *w)
{
    if (w->limited && --w->limited == 0)
        limit_descriptors(usual_limit);
    if (w->forked && --w->forked == 0)
        end_child(w);
}

/* True if nothing differed; else *at is the op where it did. */
static bool run_list(struct world *w, const struct op_list *ops, size_t *at)
{
    for (*at = 0; *at < ops->n && !w->failed; ++*at) {
        if (w->thread == 0)
            tally->op = (int)*at;
        execute(w, &ops->op[*at]);
        if (w->forked && w->failed)
            end_child(w);
        if (!w->failed)
            count_down(w);
    }
    if (w->forked)
        end_child(w);
    if (w->limited)
        limit_descriptors(usual_limit);
    return !w->failed;
}

static void note_failure(int thread, int episode, size_t at)
{
    int none = 0;
    if (!atomic_compare_exchange_strong(&tally->failed, &none, 1))
        return;
    tally->thread = thread;
    tally->episode = episode;
    /* A single thread, or the child it forked, has noted it already. */
    if (thread > 0)
        tally->op = (int)at - 1;
}

static bool run_world(const struct plan *plan, int thread, int episode,
                      const struct op_list *ops)
{
    size_t at;
    struct world *w = world_new(thread);
    w->raw_mode = plan->mode == MODE_RAW;
    bool good = run_list(w, ops, &at);
    if (!good)
        note_failure(thread, episode, at);
    quiet_disturb();
    world_free(w);
    quiet_settle();
    return good;
}

/* A thread's share of the calls. */
static bool run_thread(const struct plan *plan, int thread)
{
    int share = plan->calls / plan->threads, calls = 0;
    for (int episode = 0; calls < share && !tally->failed; episode++) {
        struct op_list ops = {0};
        calls += plan_episode(plan, thread, episode, &ops);
        if (thread == 0)
            tally->episode = episode;
        if (plan->episode < 0 || plan->episode == episode)
            run_world(plan, thread, episode, &ops);
        op_free(&ops);
    }
    return !tally->failed;
}

struct share {
    const struct plan *plan;
    int thread;
    pthread_t id;
};

static void *start_thread(void *arg)
{
    struct share *s = arg;
    signals_begin();
    run_thread(s->plan, s->thread);
    return NULL;
}

static bool run_threads(const struct plan *plan)
{
    struct share *share = calloc((size_t)plan->threads, sizeof(*share));
    int started = 0;
    if (!share)
        abort();
    for (; started < plan->threads; started++) {
        share[started].plan = plan;
        share[started].thread = started + 1;
        if (pthread_create(&share[started].id, NULL, start_thread,
                           &share[started]))
            break;
    }
    for (int i = 0; i < started; i++)
        pthread_join(share[i].id, NULL);
    free(share);
    return !tally->failed && started == plan->threads;
}

/* As many descriptors as the plan can need, but no more than may be had. */
static void allow_descriptors(void)
{
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    usual_limit = limit.rlim_max < MAX_FD / 2 ? limit.rlim_max : MAX_FD / 2;
    limit_descriptors(usual_limit);
}

bool run_plan(const struct plan *plan, const struct op_list *script)
{
    allow_descriptors();
    signals_begin();
    owned_begin();
    if (script)
        return run_world(plan, 0, 0, script);
    if (plan->mode == MODE_THREADS)
        return run_threads(plan);
    return run_thread(plan, 0);
}
