/* SPDX-License-Identifier: MIT */
/* epollshim scan: which of the running programs would gain. */
#include "command.h"

#include "costs.h"
#include "json.h"
#include "options.h"
#include "pages.h"
#include "program.h"
#include "sample.h"
#include "say.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BUSY 0.3   /* of a CPU in the kernel: worth a trace */
#define SHORT 0.05 /* seconds: seen once, at the end; no rate comes of it */

enum letter {
    LETTER_JSON = 256
};

static const struct cmd_option options[] = {
    {"time", 't', "SECONDS", "how long to look; 3"},
    {"all", 'a', NULL, "also those with few descriptors"},
    {"json", LETTER_JSON, NULL, "print JSON"},
    {NULL, 0, NULL, NULL},
};

/* What is made of one process's samples. */
struct finding {
    const struct cmd_sampled *of;
    double seconds;      /* from the first look at it to the last */
    double user, system; /* of a CPU */
    double calls;        /* a second; at least, since sleeps are counted */
    double saving;       /* of a CPU */
    bool spins;          /* it burns, and its calls are not seen */
    bool loaded;
    const char *obstacle; /* NULL: it can be preloaded */
    const char *why;
};

/* One call on so many, of which one is ready after a sleep. */
static double saving_of_call(double count)
{
    struct cmd_work work = {.calls = 1, .slept = 1, .asked = count, .told = 1};

    return (cmd_costs_native(&work) - cmd_costs_epoll(&work)) / 1e9;
}

static double share_saved(double count)
{
    struct cmd_work work = {.calls = 1, .asked = count, .told = 1};

    return 1 - cmd_costs_epoll(&work) / cmd_costs_native(&work);
}

static struct finding judge(const struct cmd_sampled *process)
{
    double seconds = process->last - process->first;
    struct finding found = {.of = process, .seconds = seconds};

    if (seconds < SHORT)
        return found;
    found.user = (process->user - process->user_before) / seconds;
    found.system = (process->system - process->system_before) / seconds;
    if (process->switches > process->switches_before)
        found.calls =
            (double)(process->switches - process->switches_before) / seconds;
    found.spins = found.system > BUSY && process->running > process->looks / 2;
    if (process->most >= EPS_DEFAULT_MIN_FDS) {
        double busy =
            found.spins ? found.system * share_saved(process->most) : 0;
        found.saving = found.calls * saving_of_call(process->most);
        found.saving = found.saving > busy ? found.saving : busy;
    }
    if (found.saving > found.system)
        found.saving = found.system;
    if (found.saving < 0)
        found.saving = 0;
    return found;
}

static bool is_of_interest(const struct finding *found, bool all)
{
    const struct cmd_sampled *process = found->of;

    if (process->waiting && (all || process->most >= EPS_DEFAULT_MIN_FDS))
        return true;
    return found->spins && !process->epolling;
}

static void look_closer(struct finding *found)
{
    struct cmd_program *program = cmd_alloc(NULL, sizeof(*program));

    found->loaded = cmd_pages_is_loaded(found->of->pid);
    cmd_program_find_running(program, found->of->pid, NULL);
    if (program->obstacle != CMD_FREE) {
        found->obstacle = cmd_obstacle_name(program->obstacle);
        found->why = program->why;
    }
}

static int compare(const void *a, const void *b)
{
    const struct finding *one = a, *other = b;

    if (one->saving != other->saving)
        return one->saving < other->saving ? 1 : -1;
    if (one->of->most != other->of->most)
        return one->of->most < other->of->most ? 1 : -1;
    return one->of->pid - other->of->pid;
}

static const char *preloadable(const struct finding *found)
{
    return found->loaded ? "loaded" : found->obstacle ? found->obstacle : "yes";
}

static void show_row(const struct finding *found)
{
    const struct cmd_sampled *process = found->of;
    long looks = process->looks ? process->looks : 1;
    char count[16] = "?", saving[16] = "?";

    if (process->call) {
        snprintf(count, sizeof(count), "%u", process->most);
        snprintf(saving, sizeof(saving), "%.1f%%", 100 * found->saving);
    }
    printf("%7d %-15.15s %-7s %6s %5.0f%% %5.1f%% %8.0f %7s  %s\n",
           process->pid, process->command, process->call ? process->call : "?",
           count, 100.0 * (double)process->waiting / (double)looks,
           100 * (found->user + found->system), found->calls, saving,
           preloadable(found));
}

static void show(const struct cmd_samples *samples, double seconds,
                 const struct finding *all, size_t count)
{
    printf("epollshim scan: %zu processes looked at for %.1f s", samples->count,
           seconds);
    if (samples->denied)
        printf("; %ld more could not be: try %s", samples->denied,
               geteuid() == 0 ? "outside of the container" : "as root");
    puts("");
    if (!count) {
        printf(
            "None of them waits in select or poll on %d descriptors or "
            "more.\n",
            EPS_DEFAULT_MIN_FDS);
        return;
    }
    printf("\n%7s %-15s %-7s %6s %6s %6s %8s %7s  %s\n", "PID", "COMMAND",
           "CALL", "DESCR", "WAITS", "CPU", "CALLS/s", "SAVES", "PRELOAD");
    for (size_t i = 0; i < count; i++)
        show_row(&all[i]);
    puts(
        "\nCALLS/s: at least. SAVES: an estimate by the cost model, in % of "
        "a CPU.\n"
        "Next: epollshim check PID tells more, epollshim trace measures.");
}

static void tell(const struct cmd_samples *samples, double seconds,
                 const struct finding *all, size_t count)
{
    struct cmd_json json = {.depth = 0};

    cmd_json_open(&json, NULL, '{');
    cmd_json_real(&json, "seconds", seconds);
    cmd_json_number(&json, "processes", (int64_t)samples->count);
    cmd_json_number(&json, "denied", samples->denied);
    cmd_json_open(&json, "found", '[');
    for (size_t i = 0; i < count; i++) {
        const struct cmd_sampled *process = all[i].of;
        cmd_json_open(&json, NULL, '{');
        cmd_json_number(&json, "pid", process->pid);
        cmd_json_text(&json, "command", process->command);
        cmd_json_text(&json, "call", process->call);
        cmd_json_number(&json, "descriptors", process->most);
        cmd_json_number(&json, "open", process->open);
        cmd_json_number(&json, "looks", process->looks);
        cmd_json_number(&json, "waiting", process->waiting);
        cmd_json_number(&json, "running", process->running);
        cmd_json_number(&json, "epoll", process->epolling);
        cmd_json_real(&json, "seconds", all[i].seconds);
        cmd_json_real(&json, "user_cpu", all[i].user);
        cmd_json_real(&json, "system_cpu", all[i].system);
        cmd_json_real(&json, "calls_per_second", all[i].calls);
        cmd_json_real(&json, "saved_cpu_estimate", all[i].saving);
        cmd_json_bool(&json, "loaded", all[i].loaded);
        cmd_json_bool(&json, "preloadable", !all[i].obstacle);
        cmd_json_text(&json, "obstacle", all[i].why);
        cmd_json_close(&json, '}');
    }
    cmd_json_close(&json, ']');
    cmd_json_close(&json, '}');
}

static double read_seconds(const char *text)
{
    char *end;
    double seconds = strtod(text, &end);

    if (*end || end == text || !(seconds >= 0.1) || seconds > 86400)
        cmd_die("--time=%s: it takes a number of seconds, from 0.1 to 86400",
                text);
    return seconds;
}

static int run(const struct cmd_command *self, int argc, char *argv[])
{
    struct cmd_samples samples = {.count = 0};
    bool everybody = false, json = false;
    double seconds = 3;
    struct finding *all;
    size_t count = 0;
    int letter;

    while ((letter = cmd_next_option(self, argc, argv)) >= 0) {
        if (letter == 't')
            seconds = read_seconds(optarg);
        everybody = everybody || letter == 'a';
        json = json || letter == LETTER_JSON;
    }
    if (optind < argc)
        cmd_die(
            "scan takes no operand, got %s: epollshim check %s may be "
            "meant",
            argv[optind], argv[optind]);
    cmd_sample(&samples, seconds);
    all = cmd_alloc(NULL, samples.count * sizeof(*all));
    for (size_t i = 0; i < samples.count; i++) {
        all[count] = judge(&samples.all[i]);
        if (is_of_interest(&all[count], everybody))
            look_closer(&all[count++]);
    }
    qsort(all, count, sizeof(*all), compare);
    (json ? tell : show)(&samples, seconds, all, count);
    return 0;
}

const struct cmd_command cmd_scan = {
    .name = "scan",
    .operands = "",
    .summary = "Find running programs that would gain, from outside",
    .details =
        "Looks at every process's present system call and its CPU time, and "
        "touches none.\nListed are those that wait in select or poll on many "
        "descriptors, or burn in the\nkernel in calls that can't be seen.",
    .options = options,
    .run = run,
};
