/* SPDX-License-Identifier: MIT */
/*
 * The random differential test: the poll- and select-like calls of whatever
 * is preloaded, or of libc alone, against the kernel's own answers.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "execute.h"
#include "shrink.h"
#include "tally.h"
#include "trial.h"
#include "worker.h"

static const char usage[] =
    "usage: diff [OPTION...]\n"
    "  --seed=N        what is run is a function of this number [the time]\n"
    "  --calls=N       calls to compare [10000]\n"
    "  --fds=N         descriptors of the largest episodes, to 2000 [2000]\n"
    "  --mode=MODE     calm, blocking, raw, threads or fork [calm]\n"
    "  --threads=N     threads in mode threads [4]\n"
    "  --episode=N     only that episode of the run\n"
    "  --script=FILE   these ops instead; - is the standard input\n"
    "  --break=N       falsify an answer from the N-th call on\n"
    "  --patience=N    seconds without progress until a run is hung [30]\n"
    "  --stop          stop at a difference, for a debugger to attach\n"
    "  --shrink=N      seconds spent on shortening a failing run [60]\n"
    "  --print         print the ops, run nothing\n";

struct options {
    struct plan plan;
    const char *script;
    unsigned long broken;
    int patience;
    int shrink;
    int worker;
    bool stop;
    bool print;
};

static const struct option long_options[] = {
    {"seed", required_argument, NULL, 's'},
    {"calls", required_argument, NULL, 'c'},
    {"fds", required_argument, NULL, 'f'},
    {"mode", required_argument, NULL, 'm'},
    {"threads", required_argument, NULL, 't'},
    {"episode", required_argument, NULL, 'e'},
    {"script", required_argument, NULL, 'S'},
    {"break", required_argument, NULL, 'b'},
    {"patience", required_argument, NULL, 'p'},
    {"stop", no_argument, NULL, 'T'},
    {"shrink", required_argument, NULL, 'k'},
    {"worker", required_argument, NULL, 'w'},
    {"print", no_argument, NULL, 'P'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static void refuse(const char *what)
{
    fprintf(stderr, "diff: %s; --help lists the options\n", what);
    exit(2);
}

static int64_t number(const char *word, int64_t low, int64_t high,
                      const char *what)
{
    char *end;
    errno = 0;
    int64_t n = strtoll(word, &end, 10);
    if (errno || end == word || *end || n < low || n > high)
        refuse(what);
    return n;
}

static void take_option(struct options *o, int letter)
{
    struct plan *p = &o->plan;
    switch (letter) {
    case 's':
        p->seed = (uint64_t)number(optarg, 0, INT64_MAX, "no seed");
        break;
    case 'c':
        p->calls = (int)number(optarg, 1, INT32_MAX, "no number of calls");
        break;
    case 'f':
        p->fds = (int)number(optarg, 2, 2000, "--fds takes 2 to 2000");
        break;
    case 'm':
        if (!mode_parse(optarg, &p->mode))
            refuse("unknown mode");
        break;
    case 't':
        p->threads = (int)number(optarg, 1, 64, "--threads takes 1 to 64");
        break;
    case 'e':
        p->episode = (int)number(optarg, -1, INT32_MAX, "no episode");
        break;
    case 'S':
        o->script = optarg;
        break;
    case 'b':
        o->broken = (unsigned long)number(optarg, 0, INT32_MAX, "no call");
        break;
    case 'p':
        o->patience = (int)number(optarg, 1, 3600, "no patience");
        break;
    case 'T':
        o->stop = true;
        o->patience = 3600;
        break;
    case 'k':
        o->shrink = (int)number(optarg, 0, 3600, "no time to shrink");
        break;
    case 'w':
        o->worker = (int)number(optarg, 0, INT32_MAX, "no tally");
        break;
    case 'P':
        o->print = true;
        break;
    case 'h':
        fputs(usage, stdout);
        exit(0);
    default:
        fputs(usage, stderr);
        exit(2);
    }
}

static struct op_list read_script(const char *name)
{
    struct op_list ops = {0};
    FILE *in = strcmp(name, "-") ? fopen(name, "re") : stdin;
    if (!in) {
        fprintf(stderr, "diff: %s: %s\n", name, strerror(errno));
        exit(2);
    }
    if (!op_read(in, &ops))
        exit(2);
    if (in != stdin)
        fclose(in);
    return ops;
}

static int print_ops(const struct plan *plan, const struct op_list *script)
{
    struct op_list ops = {0};
    if (!script) {
        plan_episode(plan, plan->mode == MODE_THREADS,
                     plan->episode < 0 ? 0 : plan->episode, &ops);
        script = &ops;
    }
    for (size_t i = 0; i < script->n; i++)
        op_print(stdout, &script->op[i]);
    return 0;
}

static int work(const struct options *o, const struct op_list *script)
{
    tally_open(o->worker);
    trial_break_at(o->broken);
    if (o->stop)
        trial_stop_at_difference();
    bool good = run_plan(&o->plan, script);
    fflush(NULL);
    return good ? 0 : 1;
}

static void print_replay(const struct options *o)
{
    const struct plan *p = &o->plan;
    if (o->script)
        printf("diff: replay with --mode=%s --script=%s\n", mode_name(p->mode),
               o->script);
    else
        printf(
            "diff: replay with --seed=%ju --mode=%s --calls=%d --fds=%d "
            "--threads=%d\n",
            (uintmax_t)p->seed, mode_name(p->mode), p->calls, p->fds,
            p->threads);
}

/* A run that compared little has shown little. */
static bool ran_in_full(const struct options *o, const struct tally *t)
{
    bool whole = !o->script && o->plan.episode < 0;
    if (whole && t->calls + (unsigned long)o->plan.threads <=
                     (unsigned long)o->plan.calls)
        printf("diff: FAILED: the run ended before its last call\n");
    else if (t->moved * 50 > t->calls)
        printf("diff: FAILED: too much moved for the calls to be compared\n");
    else
        return true;
    return false;
}

static void print_totals(const struct options *o, const struct tally *t)
{
    printf("diff: seed %ju mode %s: %lu calls, %lu differences; ",
           (uintmax_t)o->plan.seed, mode_name(o->plan.mode), t->calls,
           t->differences);
    printf("%lu ready, %lu refused, %lu slept, %lu moved, %lu healed", t->ready,
           t->refused, t->slept, t->moved, t->healed);
    if (t->healed)
        printf(" in %lu ms on average", t->heal_ms / t->healed);
    if (t->seen)
        printf(", %lu saw the library's own descriptor", t->seen);
    if (t->untold)
        printf(", %lu untold in a child", t->untold);
    printf("\n");
}

static int supervise(const struct options *o, const struct op_list *script)
{
    struct tally t;
    struct job job = {.plan = &o->plan,
                      .script = script,
                      .broken = o->broken,
                      .stop = o->stop,
                      .patience = o->patience};
    print_replay(o);
    enum outcome outcome = worker_run(&job, &t);
    if (outcome != GOOD) {
        printf("diff: FAILED: the run %s in thread %d, episode %d, op %d\n",
               outcome_name(outcome), t.thread, t.episode, t.op);
        print_replay(o);
        if (o->shrink)
            shrink(&job, outcome, &t, o->shrink);
    }
    print_totals(o, &t);
    return outcome == GOOD && ran_in_full(o, &t) ? 0 : 1;
}

int main(int argc, char **argv)
{
    struct options o = {.plan = {.seed = (uint64_t)time(NULL),
                                 .calls = 10000,
                                 .fds = 2000,
                                 .threads = 4,
                                 .episode = -1},
                        .patience = 30,
                        .shrink = 60,
                        .worker = -1};
    struct op_list ops = {0};
    int letter;
    while ((letter = getopt_long(argc, argv, "", long_options, NULL)) != -1)
        take_option(&o, letter);
    if (optind < argc)
        refuse("an argument that is no option");
    if (o.script)
        ops = read_script(o.script);
    if (o.plan.mode != MODE_THREADS)
        o.plan.threads = 1;
    const struct op_list *script = o.script ? &ops : NULL;
    if (o.print)
        return print_ops(&o.plan, script);
    return o.worker >= 0 ? work(&o, script) : supervise(&o, script);
}
