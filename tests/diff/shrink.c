/* SPDX-License-Identifier: MIT */
/*
 * Each attempt is a run of its own with some ops left out. What still fails
 * is kept: first halves, then ever smaller pieces, then single ops.
 */
#define _GNU_SOURCE
#include "shrink.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../harness/clock.h"

struct search {
    struct job job;
    enum outcome outcome;
    double deadline;
    int runs;
};

static bool in_time(const struct search *s)
{
    return clock_ms() < s->deadline;
}

static bool fails(struct search *s, const struct op_list *ops)
{
    struct tally result;
    s->job.script = ops;
    s->runs++;
    return worker_run(&s->job, &result) == s->outcome;
}

/* The list without n ops from the first on. */
static struct op_list without(const struct op_list *ops, size_t first, size_t n)
{
    struct op_list shorter = {0};
    for (size_t i = 0; i < ops->n; i++)
        if (i < first || i >= first + n)
            op_append(&shorter, ops->op[i]);
    return shorter;
}

/* Tries to do without each piece of that size; from the end, which is near. */
static bool leave_out(struct search *s, struct op_list *ops, size_t piece)
{
    bool any = false;
    for (size_t end = ops->n; end > 0 && in_time(s);) {
        size_t first = end > piece ? end - piece : 0;
        struct op_list shorter = without(ops, first, end - first);
        bool good = fails(s, &shorter);
        if (good) {
            struct op_list old = *ops;
            *ops = shorter;
            shorter = old;
        }
        any |= good;
        op_free(&shorter);
        end = first;
    }
    return any;
}

static void minimize(struct search *s, struct op_list *ops)
{
    for (size_t piece = ops->n / 2 + 1; piece > 1; piece = (piece + 1) / 2)
        leave_out(s, ops, piece);
    while (in_time(s) && leave_out(s, ops, 1))
        continue;
}

/* The ops of the episode that failed, up to where, after so many before it. */
static struct op_list history(const struct job *job, const struct tally *where,
                              int episodes)
{
    struct op_list ops = {0};
    int last = where->episode;
    int first = last > episodes ? last - episodes : 0;
    for (int episode = first; episode < last; episode++) {
        plan_episode(job->plan, where->thread, episode, &ops);
        op_append(&ops, (struct op){.code = OP_reset});
    }
    size_t before = ops.n;
    plan_episode(job->plan, where->thread, last, &ops);
    if (ops.n > before + (size_t)where->op + 1)
        ops.n = before + (size_t)where->op + 1;
    return ops;
}

/* What was given as a script, or as much of the run as it takes to fail. */
static bool find_failing(struct search *s, const struct job *job,
                         const struct tally *where, struct op_list *ops)
{
    if (job->script) {
        *ops = without(job->script, 0, 0);
        return fails(s, ops);
    }
    for (int before = 0; in_time(s); before = before ? 4 * before : 1) {
        *ops = history(job, where, before);
        if (fails(s, ops))
            return true;
        op_free(ops);
        if (before > where->episode)
            break;
    }
    return false;
}

static void print_result(struct search *s, size_t from,
                         const struct op_list *ops)
{
    struct tally result;
    printf("diff: %zu ops are left of %zu, after %d runs; as a script:\n",
           ops->n, from, s->runs);
    for (size_t i = 0; i < ops->n; i++)
        op_print(stdout, &ops->op[i]);
    printf(
        "diff: end of the script; keep it in a file and replay it with "
        "--mode=%s --script=FILE. It gives:\n",
        mode_name(s->job.plan->mode));
    s->job.quiet = false;
    s->job.script = ops;
    enum outcome outcome = worker_run(&s->job, &result);
    printf("diff: the script %s\n", outcome_name(outcome));
}

void shrink(const struct job *job, enum outcome outcome,
            const struct tally *where, int seconds)
{
    struct search s = {*job, outcome, clock_ms() + 1e3 * seconds, 0};
    struct op_list ops;
    unsetenv("EPOLLSHIM_STATS");
    s.job.quiet = true;
    s.job.stop = false;
    s.job.patience = job->patience < 6 ? job->patience : 6;
    printf("diff: looking for a shorter run that fails too...\n");
    fflush(stdout);
    if (!find_failing(&s, job, where, &ops)) {
        printf("diff: it does not fail again when repeated alone\n");
        return;
    }
    size_t from = ops.n;
    minimize(&s, &ops);
    print_result(&s, from, &ops);
    op_free(&ops);
}
