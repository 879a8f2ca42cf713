/* SPDX-License-Identifier: MIT */
/*
 * Measures one cell of the grid: a call, a shape, a number of descriptors of
 * a kind, and how many of them are ready. Prints lines `name value`.
 *
 * Run under the library: its figures are of what the program's own calls
 * come to, the native ones of libc's functions, in the same process and in
 * turn. Without a library both are the same, which shows the noise.
 */
#include "calls.h"
#include "fail.h"
#include "loop.h"
#include "sample.h"
#include "settings.h"

#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Three times as many descriptors fit below the usual limit of 20,000. */
#define OWN_STAGES_MOST 5000

/* Both threads of shape wake inherit it. */
static void pin(int processor)
{
    cpu_set_t set;

    if (processor < 0)
        return;
    CPU_ZERO(&set);
    CPU_SET((unsigned)processor, &set);
    if (sched_setaffinity(0, sizeof(set), &set) < 0)
        fail_errno("processor %d", processor);
}

/* A call that sleeps enters every descriptor's wait queue, and would meet
 * there the entries of another party's epoll set, which a program of its own
 * never has: so each party gets descriptors of its own, or, where there would
 * be too many, native does. The second stage is for shape two otherwise. */
static unsigned stages_of(const struct settings *settings)
{
    if (settings->shape->sleeps)
        return settings->n <= OWN_STAGES_MOST ? 3 : 2;
    return settings->shape->two ? 2 : 1;
}

static unsigned open_stages(const struct settings *settings,
                            struct stage stages[3])
{
    unsigned ready = 0;

    for (unsigned i = 0; i < stages_of(settings); i++) {
        ready = stage_open(&stages[i], settings->kind, settings->n,
                           settings->shape->acting, settings->ready);
    }
    return ready;
}

static void open_loops(const struct settings *settings,
                       const struct stage *stages, struct loop loops[PARTIES])
{
    waiter_open *way = settings->selects ? waiter_select : waiter_poll;
    const struct stage *second = stages + settings->shape->sleeps;
    const struct stage *last = stages;

    if (settings->shape->sleeps)
        last = stages + stages_of(settings) - 1;
    const struct {
        waiter_open *way;
        const struct calls *calls;
        const struct stage *stages;
    } parties[PARTIES] = {
        [NATIVE] = {way, &calls_native, stages},
        [LIBRARY] = {way, &calls_hooked, second},
        [EPOLL] = {waiter_epoll, &calls_native, last},
        [IDLE] = {way, &calls_idle, stages},
        [IDLE_EPOLL] = {waiter_epoll, &calls_idle, last},
    };

    for (int i = 0; i < PARTIES; i++) {
        loop_open(&loops[i], settings->shape, parties[i].way, parties[i].calls,
                  parties[i].stages);
        loops[i].walks = settings->walks;
    }
}

/* All three must say the same of every slot, turn by turn, or their times
 * can't be compared. */
static void check_answers(struct loop loops[PARTIES], unsigned n)
{
    short *native = allocate(n, sizeof(*native));
    short *other = allocate(n, sizeof(*other));

    for (int turn = 0; turn < 3 * TENTHS; turn++) {
        loop_provide(&loops[NATIVE], 1);
        int ready = loop_answer(&loops[NATIVE], native);
        for (int party = LIBRARY; party <= EPOLL; party++) {
            loop_provide(&loops[party], 1);
            int returned = loop_answer(&loops[party], other);
            if (memcmp(native, other, n * sizeof(*native)) != 0 ||
                (party == LIBRARY && returned != ready))
                fail("turn %d: %s does not answer as native does", turn,
                     party == LIBRARY ? "the library" : "epoll");
        }
    }
    free(native);
    free(other);
}

/* What it costs to compare what is asked, an array or a set, with a copy:
 * nobody who is handed it can be quicker. */
static double time_memcmp(size_t bytes)
{
    char *one = allocate(bytes, 1);
    char *other = allocate(bytes, 1);
    unsigned times = 20000000 / (unsigned)bytes + 1;

    double start = sample_clock();
    for (unsigned i = 0; i < times; i++) {
        if (memcmp(one, other, bytes) != 0)
            fail("memory changed");
        __asm__ volatile("" ::: "memory");
    }
    double end = sample_clock();
    free(one);
    free(other);
    return (end - start) / times;
}

/* The work of the loop itself is in all times and is taken off; but not
 * from a turn that changes threads, where it can't be told apart. */
static double own_work(const struct settings *settings,
                       const struct samples *samples, int party, unsigned round)
{
    if (settings->shape->sleeps)
        return 0;
    return samples->ns[party == EPOLL ? IDLE_EPOLL : IDLE][round];
}

static void take_off_own_work(const struct settings *settings,
                              struct samples *samples)
{
    for (unsigned round = 0; round < samples->rounds; round++) {
        for (int party = NATIVE; party <= EPOLL; party++) {
            samples->ns[party][round] -=
                own_work(settings, samples, party, round);
        }
    }
}

static void report(const struct samples *samples)
{
    static const char *const names[PARTIES] = {
        [NATIVE] = "native_ns",        [LIBRARY] = "library_ns",
        [EPOLL] = "epoll_ns",          [IDLE] = "own_ns",
        [IDLE_EPOLL] = "own_epoll_ns",
    };
    static double speedup[ROUNDS_AT_MOST];
    static double loss[ROUNDS_AT_MOST];
    static double to_epoll[ROUNDS_AT_MOST];

    for (unsigned i = 0; i < samples->rounds; i++) {
        speedup[i] = samples->ns[NATIVE][i] / samples->ns[LIBRARY][i];
        loss[i] = samples->ns[LIBRARY][i] - samples->ns[NATIVE][i];
        to_epoll[i] = samples->ns[LIBRARY][i] / samples->ns[EPOLL][i];
    }
    for (int i = 0; i < PARTIES; i++)
        printf("%s %.1f\n", names[i],
               sample_median(samples->ns[i], samples->rounds));
    printf("speedup %.4f\n", sample_median(speedup, samples->rounds));
    printf("loss_ns %.1f\n", sample_median(loss, samples->rounds));
    printf("to_epoll %.4f\n", sample_median(to_epoll, samples->rounds));
    printf("rounds %u\n", samples->rounds);
}

/* What the library is seen to have been asked must be this number. */
static uint64_t library_calls(const struct loop *loop)
{
    return loop->turn * (loop->shape->single ? 2 : 1);
}

int main(int argc, char **argv)
{
    static struct samples samples;
    static struct loop loops[PARTIES];
    struct stage stages[3];
    struct settings settings;

    settings_parse(&settings, argc, argv);
    pin(settings.processor);
    calls_start();
    unsigned ready = open_stages(&settings, stages);
    open_loops(&settings, stages, loops);
    check_answers(loops, settings.n);
    sample_warm_up(&loops[LIBRARY], settings.warm_up);
    sample_take(&samples, loops, settings.seconds);
    take_off_own_work(&settings, &samples);

    report(&samples);
    printf("memcmp_ns %.1f\n", time_memcmp(loops[LIBRARY].waiter->bytes));
    printf("ready %u\n", ready);
    printf("calls %" PRIu64 "\n", library_calls(&loops[LIBRARY]));
    return EXIT_SUCCESS;
}
