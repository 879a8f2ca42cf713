/* SPDX-License-Identifier: MIT */
/*
 * Loads a server as a busy day does: many connections that stay open and
 * quiet, a few that ask all the time. Every reply is compared to the byte,
 * those of the quiet connections too, before and after the measurement.
 */
#include "cputime.h"
#include "latency.h"
#include "loop.h"
#include "options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define SPARE_DESCRIPTORS 32
#define AT_ONCE 64 /* idle connections that ask at the same time */

/* Names each idle connection once. */
struct roll_call {
    struct conn *next;
    struct conn *end;
};

static struct conn *next_in_roll(void *state, struct conn *answered)
{
    struct roll_call *roll = state;

    (void)answered;
    return roll->next < roll->end ? roll->next++ : NULL;
}

static bool ask_all(struct loop *loop, struct conn *conns, unsigned count)
{
    unsigned first = count < AT_ONCE ? count : AT_ONCE;
    struct roll_call roll = {conns + first, conns + count};

    return loop_run(loop, conns, first, next_in_roll, &roll);
}

/* What happens between `opens` and `shuts` is measured; before, the
 * connections ask to warm up, and after it they fall quiet. */
struct window {
    const struct options *options;
    uint64_t opens;
    uint64_t shuts;
    uint64_t opened; /* 0 until it was; likewise the next */
    uint64_t shut;
    int64_t cpu;
    struct latency latency;
};

static int64_t server_time(const struct window *window)
{
    return window->options->pid == 0 ? 0 : cputime_of(window->options->pid);
}

static struct conn *next_in_window(void *state, struct conn *answered)
{
    struct window *window = state;
    uint64_t now = conn_clock();

    if (window->opened == 0 && now >= window->opens) {
        window->cpu = server_time(window);
        window->opened = now;
    } else if (window->opened != 0 && window->shut == 0) {
        latency_add(&window->latency, now - answered->asked);
        if (now >= window->shuts) {
            window->cpu = server_time(window) - window->cpu;
            window->shut = now;
        }
    }
    return window->shut == 0 ? answered : NULL;
}

static bool measure(struct loop *loop, const struct options *options,
                    struct conn *conns, struct window *window)
{
    if (options->pid != 0 && cputime_of(options->pid) < 0) {
        fprintf(stderr, "load: the processor time of process %d: %s\n",
                (int)options->pid, strerror(errno));
        return false;
    }
    window->options = options;
    latency_clear(&window->latency);
    window->opened = 0;
    window->shut = 0;
    window->opens = conn_clock() + (uint64_t)(options->warm_up * 1e9);
    window->shuts = window->opens + (uint64_t)(options->seconds * 1e9);
    loop->pause = (uint64_t)(options->pause * 1e9);
    bool right = loop_run(loop, conns, options->active, next_in_window, window);
    loop->pause = 0;
    return right;
}

static void report(const struct options *options, const struct window *window)
{
    const struct latency *latency = &window->latency;
    double seconds = (double)(window->shut - window->opened) / 1e9;
    double requests = (double)latency->count;

    printf("idle %u\n", options->idle);
    printf("active %u\n", options->active);
    printf("requests %.0f\n", requests);
    printf("seconds %.3f\n", seconds);
    printf("requests_per_second %.0f\n", requests / seconds);
    printf("p50_us %.1f\n", (double)latency_percentile(latency, 0.50) / 1e3);
    printf("p99_us %.1f\n", (double)latency_percentile(latency, 0.99) / 1e3);
    if (options->pid != 0) {
        printf("cpu_us_per_request %.2f\n",
               (double)window->cpu / 1e3 / requests);
    }
}

/* Progress goes to stderr, a line for each phase. */
static bool run(struct loop *loop, const struct options *options,
                struct conn *conns)
{
    static struct window window;
    struct conn *idle = conns + options->active;

    fprintf(stderr, "  opening %u idle connections\n", options->idle);
    if (!ask_all(loop, idle, options->idle))
        return false;
    fprintf(stderr, "  measuring %g s with %u active connections\n",
            options->seconds, options->active);
    if (!measure(loop, options, conns, &window))
        return false;
    fprintf(stderr, "  asking once more on each idle connection\n");
    if (!ask_all(loop, idle, options->idle))
        return false;
    report(options, &window);
    return true;
}

static bool allow_descriptors(rlim_t needed)
{
    struct rlimit limit;

    getrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur >= needed)
        return true;
    limit.rlim_cur = needed;
    if (limit.rlim_cur <= limit.rlim_max &&
        setrlimit(RLIMIT_NOFILE, &limit) == 0)
        return true;
    fprintf(stderr,
            "load: %ju descriptors are needed, %ju allowed: ask for "
            "fewer connections or raise ulimit -n\n",
            (uintmax_t)needed, (uintmax_t)limit.rlim_max);
    return false;
}

/* The active connections come first, then the idle ones. */
static struct conn *start_conns(const struct options *options,
                                const struct protocol *asking,
                                const struct protocol *lasting)
{
    unsigned count = options->active + options->idle;
    struct conn *conns = calloc(count, sizeof(*conns));

    for (unsigned i = 0; conns != NULL && i < count; i++) {
        if (!conn_start(&conns[i], i < options->active ? asking : lasting))
            return NULL;
    }
    return conns;
}

static bool start_protocols(const struct options *options,
                            struct protocol *asking, struct protocol *lasting)
{
    return protocol_start(asking, options->protocol, options->path,
                          options->body_file) &&
           protocol_start_lasting(lasting, options->protocol, options->path,
                                  options->body_file);
}

/* What is still open or allocated at the end, the system takes back. */
int main(int argc, char **argv)
{
    struct options options;
    struct protocol asking;
    struct protocol lasting;
    struct loop loop;

    if (!options_parse(&options, argc, argv) ||
        !start_protocols(&options, &asking, &lasting) ||
        !allow_descriptors(options.active + options.idle + SPARE_DESCRIPTORS))
        return EXIT_FAILURE;
    struct conn *conns = start_conns(&options, &asking, &lasting);
    if (conns == NULL || !loop_start(&loop, options.port))
        return EXIT_FAILURE;
    return run(&loop, &options, conns) ? EXIT_SUCCESS : EXIT_FAILURE;
}
