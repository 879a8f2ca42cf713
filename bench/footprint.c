/* SPDX-License-Identifier: MIT */
/*
 * Runs loops of several shapes in one thread and prints, along the way, what
 * memory and how many descriptors the process has. Run with the library and
 * without it, the difference is the library's.
 */
#include "calls.h"
#include "fail.h"
#include "loop.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STEPS 10

/* Memory that is no file's; also what is still shared with the process that
 * holds the far ends. */
static uint64_t anonymous_bytes(void)
{
    char line[256];
    uint64_t kilobytes = 0;
    FILE *file = fopen("/proc/self/smaps_rollup", "re");

    if (file == NULL)
        fail_errno("/proc/self/smaps_rollup");
    while (fgets(line, sizeof(line), file) != NULL &&
           sscanf(line, "Anonymous: %" SCNu64, &kilobytes) != 1)
        continue;
    fclose(file);
    if (kilobytes == 0)
        fail("/proc/self/smaps_rollup does not tell anonymous memory");
    return kilobytes * 1024;
}

static unsigned open_descriptors(void)
{
    unsigned count = 0;
    DIR *directory = opendir("/proc/self/fd");

    if (directory == NULL)
        fail_errno("/proc/self/fd");
    while (readdir(directory) != NULL)
        count++;
    closedir(directory);
    return count;
}

static void report(uint64_t calls)
{
    printf("%" PRIu64 " %" PRIu64 " %u\n", calls, anonymous_bytes(),
           open_descriptors());
    fflush(stdout);
}

static void run_in_portions(struct loop *loop, uint64_t turns)
{
    unsigned most = loop->shape->at_most > 0 ? loop->shape->at_most : 65536;

    while (turns > 0) {
        unsigned portion = turns < most ? (unsigned)turns : most;
        loop_provide(loop, portion);
        loop_run(loop, portion);
        turns -= portion;
    }
}

static uint64_t parse(const char *text)
{
    char *end;
    long long value = strtoll(text, &end, 10);

    if (end == text || *end != '\0' || value <= 0)
        fail("usage: footprint N CALLS SHAPE...: '%s' is no number", text);
    return (uint64_t)value;
}

/* Every step gives each shape its share of a tenth of the calls; the line
 * before the first step is of a process that has not called yet. */
int main(int argc, char **argv)
{
    struct stage stage;

    if (argc < 4)
        fail("usage: footprint N CALLS SHAPE...");
    unsigned n = (unsigned)parse(argv[1]);
    uint64_t calls = parse(argv[2]);
    unsigned shapes = (unsigned)argc - 3;
    struct loop *loops = allocate(shapes, sizeof(*loops));

    calls_start();
    stage_open(&stage, KIND_UNIX, n, true, 1);
    for (unsigned i = 0; i < shapes; i++) {
        const struct shape *shape = shape_find(argv[3 + i]);
        if (shape == NULL || shape->two || shape->sleeps)
            fail("'%s' is no shape that can be run here", argv[3 + i]);
        loop_open(&loops[i], shape, waiter_poll, &calls_hooked, &stage);
    }
    report(0);
    for (unsigned step = 1; step <= STEPS; step++) {
        for (unsigned i = 0; i < shapes; i++)
            run_in_portions(&loops[i], calls / STEPS / shapes);
        report(calls / STEPS * step);
    }
    return EXIT_SUCCESS;
}
