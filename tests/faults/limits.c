/* SPDX-License-Identifier: MIT */
/* Limits that the kernel itself enforces: descriptors, address space. */
#include "../harness/raw.h"
#include "ask.h"
#include "scenes.h"

#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    DESCRIPTORS = 40,
    MEMORY_STEPS = 40,
    STEP_BYTES = 32 * 1024
};

static void set_limit(int resource, rlim_t soft)
{
    struct rlimit limit;

    require(getrlimit((__rlimit_resource_t)resource, &limit) == 0);
    limit.rlim_cur = soft;
    require(setrlimit((__rlimit_resource_t)resource, &limit) == 0);
}

/* The row grows and shrinks, becomes ready and quiet; all numbers are open. */
static void use_row(void)
{
    int length = row_length;

    ask_all();
    for (row_length = 1; row_length < length; row_length++)
        ask_all();
    for (int i = 0; i < 4; i++) {
        make_ready(i);
        ask_all();
        make_quiet(i);
    }
    ask_and_wait(1);
}

static void open_row(void)
{
    for (int i = 0; i < 6; i++)
        add_pipe();
    require(raw_dup3(row[0].fd, 38) == 38);
    row_add(38);
    require(raw_dup3(row[1].fd, 60) == 60);
    row_add(60);
}

void scene_descriptors(void)
{
    open_row();
    for (int limit = 0; limit <= DESCRIPTORS; limit++) {
        pid_t pid = fork();
        if (pid == 0) {
            set_limit(RLIMIT_NOFILE, (rlim_t)limit);
            ask_all();
            row_length = limit < row_length ? limit : row_length;
            if (row_length)
                ask_all();
            set_limit(RLIMIT_NOFILE, 100);
            ask_all();
            _exit(0);
        }
        end_well(pid);
    }
    /* The same after the set is there; the limit falls, and rises. */
    use_row();
    for (int limit = DESCRIPTORS; limit >= 0; limit--) {
        set_limit(RLIMIT_NOFILE, (rlim_t)limit);
        ask_all();
    }
    set_limit(RLIMIT_NOFILE, 100);
    use_row();
}

static rlim_t address_space(void)
{
    char text[32] = "";
    int fd = raw_open("/proc/self/statm", O_RDONLY);

    require(fd >= 0 && read(fd, text, sizeof(text) - 1) > 0);
    raw_close(fd);
    return strtoul(text, NULL, 10) * (rlim_t)sysconf(_SC_PAGESIZE);
}

static void use_row_in(rlim_t more)
{
    pid_t pid = fork();

    if (pid == 0) {
        set_limit(RLIMIT_AS, address_space() + more);
        use_row();
        for (int i = 0; i < 150; i++)
            row_add(row[i % 8].fd);
        use_row();
        _exit(0);
    }
    end_well(pid);
}

void scene_memory(void)
{
    open_row();
    for (int i = 0; i < MEMORY_STEPS; i++)
        use_row_in((rlim_t)i * STEP_BYTES);
    use_row();
    for (int i = 0; i < MEMORY_STEPS; i++)
        use_row_in((rlim_t)i * STEP_BYTES);
}
