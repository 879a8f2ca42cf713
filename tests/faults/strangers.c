/* SPDX-License-Identifier: MIT */
/*
 * The program closes the library's epoll descriptors, or puts files of its
 * own in their place, by system calls that no hook sees, at random moments,
 * while one thread asks and another sleeps. An answer may come late, by the
 * time the scrub takes; it may not be wrong for good.
 */
#include "../harness/raw.h"
#include "ask.h"
#include "scenes.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum {
    DEEDS = 60,
    SLEEPER_ROW = 4,
    LATE_MS = 20000
};

static struct pollfd sleeper_row[SLEEPER_ROW];
static int sleeper_peer;
static _Atomic unsigned heard, last_heard;
static _Atomic bool over;
static uint64_t state;

static unsigned draw(unsigned below)
{
    state =
        state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(state >> 33) % below;
}

static long now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Each byte is a token that the main thread waits for. */
static void *sleep_and_hear(void *unused)
{
    char byte;

    while (!atomic_load(&over)) {
        int ret = poll(sleeper_row, SLEEPER_ROW, LATE_MS);
        require(ret == 1 && sleeper_row[0].revents == POLLIN);
        require(read(sleeper_row[0].fd, &byte, 1) == 1);
        atomic_store(&last_heard, (unsigned char)byte);
        atomic_fetch_add(&heard, 1);
    }
    return unused;
}

static void tell_sleeper(unsigned token)
{
    char byte = (char)token;
    unsigned before = atomic_load(&heard);
    long begun = now_ms();

    require(write(sleeper_peer, &byte, 1) == 1);
    while (atomic_load(&heard) == before) {
        require(now_ms() - begun < LATE_MS / 2);
        usleep(200);
    }
    require(atomic_load(&last_heard) == (unsigned char)token);
}

/* A number of the library's, drawn from those there are; -1: none. */
static int find_epoll(int own)
{
    DIR *directory = opendir("/proc/self/fd");
    struct dirent *entry;
    int found = -1, count = 0;

    require(directory);
    while ((entry = readdir(directory))) {
        char name[64] = "";
        int fd = atoi(entry->d_name);
        if (readlinkat(dirfd(directory), entry->d_name, name, 63) < 0 ||
            !strstr(name, "[eventpoll]") || fd == own)
            continue;
        if (draw((unsigned)++count) == 0)
            found = fd;
    }
    closedir(directory);
    return found;
}

/* The program's own epoll, always ready, with data like nobody's. */
static int open_own_epoll(void)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = 0x77};
    int full = eventfd(1, EFD_NONBLOCK), own = epoll_create1(0);

    require(full >= 0 && own >= 0);
    require(epoll_ctl(own, EPOLL_CTL_ADD, full, &event) == 0);
    return own;
}

/* What a program does that takes all numbers for its own. */
static void do_deed(int own)
{
    int fd = find_epoll(own);

    if (fd < 0)
        return;
    switch (draw(4)) {
    case 0:
        raw_close(fd);
        break;
    case 1:
        require(raw_dup3(row[0].fd, fd) == fd);
        break;
    case 2:
        require(raw_dup3(own, fd) == fd);
        break;
    default: /* closed, and opened again as something else */
        raw_close(fd);
        raw_open("/proc/self/exe", O_RDONLY);
    }
}

/* Until poll() says what the kernel says. */
static void ask_until_right(void)
{
    long begun = now_ms();
    int ready;

    do {
        struct pollfd native[ROW_MAX];
        struct timespec now = {0, 0};
        memcpy(native, row, sizeof(row));
        raw_ppoll(native, (size_t)row_length, &now);
        ready = poll(row, (nfds_t)row_length, 0);
        if (ready >= 0 &&
            !memcmp(native, row, (size_t)row_length * sizeof(*row)))
            return;
        require(now_ms() - begun < LATE_MS / 2);
        poll(row, (nfds_t)row_length, 5);
    } while (1);
}

static void open_sleeper_row(void)
{
    for (int i = 0; i < SLEEPER_ROW; i++) {
        int ends[2];
        require(raw_pipe(ends) == 0);
        sleeper_row[i] = (struct pollfd){.fd = ends[0], .events = POLLIN};
        if (i == 0)
            sleeper_peer = ends[1];
    }
}

static bool is_own_well(int own)
{
    struct epoll_event event;

    return epoll_wait(own, &event, 1, 0) == 1 && event.data.u64 == 0x77;
}

void scene_strangers(void)
{
    pthread_t thread;
    int own;

    state = scene_seed;
    for (int i = 0; i < 5; i++)
        add_pipe();
    open_sleeper_row();
    own = open_own_epoll();
    ask_all();
    require(!pthread_create(&thread, NULL, sleep_and_hear, NULL));
    for (unsigned i = 0; i < DEEDS; i++) {
        unsigned place = 1 + draw(4);
        if (draw(2))
            usleep(draw(3000));
        do_deed(own);
        if (draw(2))
            tell_sleeper(i);
        make_ready((int)place);
        ask_until_right();
        make_quiet((int)place);
        ask_until_right();
        require(is_own_well(own));
    }
    atomic_store(&over, true);
    tell_sleeper(DEEDS);
    pthread_join(thread, NULL);
}
