/* SPDX-License-Identifier: MIT */
/*
 * usage: faults [--full] [--seed N] [--replay FAULT] [SCENE...]
 *
 * Plays each scene of the target natively, then under the library with
 * nothing failing, then again and again, each time with another system call
 * failing in another way, until no call is left. The environment names the
 * library (LIBEPOLLSHIM), and what is built here (FAULTS_TARGET,
 * FAULTS_INJECTOR) if it stands elsewhere.
 */
#include "errors.h"
#include "play.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

enum {
    FIRST = 6, /* calls of a kind, in the short form */
    ONE_IN = 20,
    SEEDS = 12,
    SEEDS_FULL = 1000,
    STRANGERS = 2,
    STRANGERS_FULL = 50,
    NOT_LOADED = 127, /* the dynamic loader's own end, before any of ours */
    ROWS_MAX = 100,
    SKIPPED = 77 /* to automake */
};

static const char *const fault_scenes[] = {
    "start",    "kinds",     "ends", "numbers", "sleepers",
    "children", "growth",    "live", "limits",  "descriptors",
    "memory",   "strangers", NULL};

static struct {
    bool full;
    const char *replay; /* a fault as a failure's line names it, or NULL */
    const char *scene;
    unsigned long runs, injected, failures;
    unsigned long by_row[ROWS_MAX];
} run;

static void fail(int status, const char *how)
{
    run.failures++;
    printf("not ok - %s: %s: ", run.scene, how);
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
        printf("hung\n");
    else if (WIFSIGNALED(status))
        printf("ended by signal %d\n", WTERMSIG(status));
    else
        printf("status %d\n", WEXITSTATUS(status));
    printf("%s", play_said);
    fflush(stdout);
}

static int play_way(enum play_way way)
{
    struct play one = {.way = way, .scene = run.scene, .resource = -1};

    run.runs++;
    return play(&one);
}

/* --- one fault ------------------------------------------------------------ */

static const char *describe(void)
{
    static char text[200];
    static const char *const modes[] = {"none", "once", "lasting", "random",
                                        "a lie"};
    const struct fault_plan *plan = play_plan;
    int row = plan->row;

    snprintf(text, sizeof(text),
             "%s, call %u, %s: %s (--replay %d:%u:%u:%u:%lu)",
             modes[plan->mode], plan->at,
             row < 0 ? "no call" : fault_row_at(row)->name,
             row < 0 ? "" : strerror(plan->error), plan->mode, plan->at,
             plan->choice, plan->one_in, (unsigned long)plan->seed);
    return text;
}

/* Plays it with this fault. False if nothing failed: there is no such call. */
static bool inject(void)
{
    int status = play_way(PLAY_FAULTS);

    if (status != 0)
        fail(status, describe());
    run.injected += play_plan->injected;
    if (play_plan->row >= 0)
        run.by_row[play_plan->row]++;
    return play_plan->injected > 0;
}

/* One fault alone, with a line for each call. */
static void replay(void)
{
    unsigned long seed;
    unsigned mode;

    if (sscanf(run.replay, "%u:%u:%u:%u:%lu", &mode, &play_plan->at,
               &play_plan->choice, &play_plan->one_in, &seed) != 5 ||
        mode > FAULT_RANDOM || !play_plan->one_in)
        play_die("--replay takes five numbers from a failure's line");
    play_plan->seed = seed;
    play_plan->mode = (enum fault_mode)mode;
    play_plan->trace = true;
    inject();
    printf("%s", play_said);
}

/* --- each call ------------------------------------------------------------ */

/*
 * Call number `at` fails in each of its ways, the short form: in one of them.
 * Returns its row, -1 if it can't fail, -2 if there is no such call.
 */
static int fail_call(uint32_t at)
{
    int row = -2, count = 1;
    uint32_t begin = run.full ? 0 : at * 7;

    play_plan->at = at;
    for (int i = 0; i < count; i++) {
        play_plan->mode = FAULT_ONCE;
        play_plan->choice =
            row < 0 ? 0 : (begin + (uint32_t)i) % (uint32_t)count;
        if (!inject()) {
            if (row >= 0) /* not in this way */
                continue;
            return play_plan->calls < at ? -2 : -1;
        }
        row = play_plan->row;
        count = fault_count_errors(row);
        play_plan->mode = FAULT_LASTING;
        inject();
        if (!run.full)
            break;
    }
    return row;
}

/*
 * The short form takes the first calls of a kind, and then one in some: the
 * hundredth EPOLL_CTL_ADD of a row is like the ninetieth.
 */
static bool is_taken(uint32_t at, uint32_t seen[])
{
    uint32_t before;

    if (run.full || at >= FAULT_SEQUENCE)
        return true;
    before = seen[(int)play_plan->sequence[at]]++;
    return before < FIRST || before % ONE_IN == 0;
}

static void fail_each(void)
{
    uint32_t seen[ROWS_MAX] = {0};

    for (uint32_t at = 1;; at++)
        if (is_taken(at, seen) && fail_call(at) == -2)
            return;
}

static void fail_at_random(void)
{
    static const uint32_t rates[] = {2, 5, 20, 100};
    unsigned long seeds = run.full ? SEEDS_FULL : SEEDS;

    play_plan->mode = FAULT_RANDOM;
    play_plan->at = play_plan->choice = 0;
    for (unsigned long i = 0; i < seeds; i++) {
        play_plan->seed = play_seed + i;
        play_plan->one_in = rates[i % 4];
        inject();
    }
    play_plan->mode = FAULT_NONE;
}

/* --- scenes --------------------------------------------------------------- */

/* The kernel is the judge: what is wrong natively is wrong in the scene. */
static bool play_both(void)
{
    int status = play_way(PLAY_NATIVE);

    if (status != 0) {
        fail(status, "natively");
        return false;
    }
    status = play_way(PLAY_PLAIN);
    if (status != 0)
        fail(status, "with no fault");
    else if (!play_answered())
        fail(status, "no call was answered by epoll");
    return true;
}

static void finish_scene(unsigned long failures, const char *what, uint32_t n)
{
    printf("%s - %s: %u %s\n", run.failures == failures ? "ok" : "not ok",
           run.scene, n, what);
    fflush(stdout);
}

static void play_faults(const char *scene)
{
    unsigned long failures = run.failures;
    uint32_t calls;

    run.scene = scene;
    play_live = strcmp(scene, "live") == 0;
    if (run.replay) {
        replay();
        return;
    }
    play_plan->mode = FAULT_NONE;
    if (!play_both())
        return;
    inject();
    calls = play_plan->calls;
    if (!calls)
        fail(0, "the injector saw no call");
    fail_each();
    fail_at_random();
    finish_scene(failures, "calls of the library's own", calls);
    play_live = false;
}

/* Its limits and deeds are its own; all that is wanted is the same end. */
static void play_plain(const char *scene, unsigned long seeds)
{
    unsigned long failures = run.failures, seed = play_seed;

    run.scene = scene;
    for (unsigned long i = 0; i < seeds; i++, play_seed++)
        play_both();
    play_seed = seed;
    finish_scene(failures, "seeds", (uint32_t)seeds);
}

/* A program that can live natively under this limit from its start on. */
static void play_limited(int resource, rlim_t limit, const char *what)
{
    struct play one = {PLAY_NATIVE, run.scene, resource, limit};
    char how[100];
    int native = play(&one), preloaded;

    one.way = PLAY_PLAIN;
    preloaded = play(&one);
    run.runs += 2;
    snprintf(how, sizeof(how), "%s of %lu, natively status %#x", what,
             (unsigned long)limit, native);
    if (WIFEXITED(preloaded) && WEXITSTATUS(preloaded) == NOT_LOADED)
        return;
    if (preloaded != native && (native == 0 || WIFSIGNALED(preloaded)))
        fail(preloaded, how);
}

static void play_limits(void)
{
    unsigned long failures = run.failures;
    unsigned count = 0;

    run.scene = "start";
    for (rlim_t n = 0; n <= 40; n++, count++)
        play_limited(RLIMIT_NOFILE, n, "a descriptor limit");
    for (rlim_t kib = 2048; kib < 20480; kib += run.full ? 64 : 512, count++)
        play_limited(RLIMIT_AS, kib * 1024, "an address space");
    run.scene = "limits from the start on";
    finish_scene(failures, "limits", count);
}

/* A library that is told lies is found out, or all of this proves nothing. */
static void play_lie(void)
{
    unsigned long failures = run.failures;

    run.scene = "kinds";
    play_plan->mode = FAULT_LIE;
    if (play_way(PLAY_FAULTS) == 0)
        fail(0, "wrong answers were not noticed");
    play_plan->mode = FAULT_NONE;
    run.scene = "a lie is found out";
    finish_scene(failures, "run", 1);
}

/* --- the whole ------------------------------------------------------------ */

static int usage(void)
{
    fprintf(stderr,
            "usage: faults [--full] [--seed N] [--replay FAULT] "
            "[SCENE...]\n");
    return 2;
}

static void play_scene(const char *scene)
{
    if (strcmp(scene, "limits") == 0)
        play_limits();
    else if (strcmp(scene, "strangers") == 0)
        play_plain(scene, run.full ? STRANGERS_FULL : STRANGERS);
    else if (strcmp(scene, "descriptors") == 0 || strcmp(scene, "memory") == 0)
        play_plain(scene, 1);
    else
        play_faults(scene);
}

static void play_all(void)
{
    play_lie();
    for (int i = 0; fault_scenes[i]; i++)
        play_scene(fault_scenes[i]);
}

static void show_totals(double seconds)
{
    int rows = 0;

    for (int i = 0; i < fault_count_rows(); i++)
        rows += run.by_row[i] > 0;
    printf(
        "faults: seed %lu: %lu runs, %lu faults in %d kinds of call, %lu "
        "wrong, %.0f s\n",
        play_seed, run.runs, run.injected, rows, run.failures, seconds);
}

int main(int argc, char **argv)
{
    time_t begun = time(NULL);
    int at = 1;

    for (; at < argc && argv[at][0] == '-'; at++)
        if (strcmp(argv[at], "--full") == 0)
            run.full = true;
        else if (strcmp(argv[at], "--seed") == 0 && argv[at + 1])
            play_seed = strtoul(argv[++at], NULL, 10);
        else if (strcmp(argv[at], "--replay") == 0 && argv[at + 1])
            run.replay = argv[++at];
        else
            return usage();
#ifndef FAULT_TRAPS
    puts("skipped: no call is known as the library's on this processor");
    return SKIPPED;
#endif
    play_open();
    if (at == argc)
        play_all();
    for (; at < argc; at++)
        play_scene(argv[at]);
    play_close();
    show_totals(difftime(time(NULL), begun));
    return run.failures ? 1 : 0;
}
