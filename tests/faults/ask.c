/* SPDX-License-Identifier: MIT */
#include "ask.h"

#include "../harness/raw.h"
#include "plan.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

enum {
    NUMBERS = 8192, /* the highest descriptor that select() is asked about */
    PATIENCE_MS = 10000
};

struct pollfd row[ROW_MAX];
int row_length;
extern struct fault_plan *plan;

static unsigned long bits[NUMBERS / (8 * sizeof(long))];
#define BITS(words) ((fd_set *)(void *)(words))
#define WORD(fd) ((unsigned)(fd) / (8 * sizeof(long)))
#define BIT(fd) (1ul << (unsigned)(fd) % (8 * sizeof(long)))

void wrong(const char *what, int line)
{
    dprintf(2, "line %d: %s: %m\n", line, what);
    _exit(1);
}

int row_add(int fd)
{
    require(fd >= 0 && fd < NUMBERS && row_length < ROW_MAX);
    row[row_length] = (struct pollfd){.fd = fd, .events = POLLIN};
    return row_length++;
}

bool was_interrupted(void)
{
    static unsigned seen;

    if (!plan || atomic_load(&plan->interruptions) == seen)
        return false;
    seen++;
    return true;
}

/* -errno, or what it returned; asked anew where the injector interrupts. */
#define ASK(call)                                                              \
    ({                                                                         \
        int ret_;                                                              \
        do {                                                                   \
            errno = 0;                                                         \
            ret_ = (call);                                                     \
        } while (ret_ < 0 && errno == EINTR && was_interrupted());             \
        ret_ < 0 ? -errno : ret_;                                              \
    })

static int fill_bits(void)
{
    int nfds = 0;

    memset(bits, 0, sizeof(bits));
    for (int i = 0; i < row_length; i++) {
        if (row[i].fd < 0)
            continue;
        bits[WORD(row[i].fd)] |= BIT(row[i].fd);
        nfds = row[i].fd >= nfds ? row[i].fd + 1 : nfds;
    }
    return nfds;
}

static int call_poll(int ms)
{
    return poll(row, (nfds_t)row_length, ms);
}

static int call_ppoll(int ms)
{
    struct timespec time = {ms / 1000, ms % 1000 * 1000000L};
    sigset_t mask;

    sigemptyset(&mask);
    return ppoll(row, (nfds_t)row_length, &time, &mask);
}

static int call_select(int ms)
{
    struct timeval time = {ms / 1000, ms % 1000 * 1000};

    return select(fill_bits(), BITS(bits), NULL, NULL, &time);
}

static int call_pselect(int ms)
{
    struct timespec time = {ms / 1000, ms % 1000 * 1000000L};
    sigset_t mask;

    sigemptyset(&mask);
    return pselect(fill_bits(), BITS(bits), NULL, NULL, &time, &mask);
}

static void compare_poll(int (*call)(int))
{
    struct pollfd native[ROW_MAX];
    struct timespec now = {0, 0};

    memcpy(native, row, sizeof(row));
    int wanted = raw_ppoll(native, (size_t)row_length, &now);
    int ret = ASK(call(0));
    if (ret != wanted)
        dprintf(2, "%s: %d, the kernel says %d\n",
                call == call_poll ? "poll" : "ppoll", ret, wanted);
    for (int i = 0; i < row_length; i++)
        if (native[i].revents != row[i].revents)
            dprintf(2, "entry %d, fd %d: %#x, the kernel says %#x\n", i,
                    row[i].fd, row[i].revents, native[i].revents);
    require(ret == wanted);
    require(!memcmp(native, row, (size_t)row_length * sizeof(*row)));
}

static void compare_select(int (*call)(int))
{
    unsigned long native[NUMBERS / (8 * sizeof(long))];
    struct timespec now = {0, 0};
    int nfds = fill_bits();

    memcpy(native, bits, sizeof(bits));
    int wanted = raw_pselect6(nfds, BITS(native), NULL, NULL, &now);
    int ret = ASK(call(0));
    if (ret != wanted)
        dprintf(2, "%s: %d, the kernel says %d\n",
                call == call_select ? "select" : "pselect", ret, wanted);
    require(ret == wanted);
    require(!memcmp(native, bits, sizeof(bits)));
}

void ask_poll(void)
{
    compare_poll(call_poll);
    compare_poll(call_ppoll);
}

void ask_all(void)
{
    ask_poll();
    compare_select(call_select);
    compare_select(call_pselect);
}

static long now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Interrupted sleeps begin anew, so only the last one has to be whole. */
static void wait_with(int (*call)(int), int ms)
{
    long begun;
    int ret = ASK((begun = now_ms(), call(ms)));

    require(ret == 0);
    require(now_ms() - begun >= ms - 1);
}

void ask_and_wait(int ms)
{
    wait_with(call_poll, ms);
    wait_with(call_ppoll, ms);
    wait_with(call_select, ms);
    wait_with(call_pselect, ms);
}

void ask_until_ready(int place)
{
    long begun = now_ms();

    require(ASK(call_poll(PATIENCE_MS)) >= 1);
    require(row[place].revents & POLLIN);
    require(ASK(call_select(PATIENCE_MS)) >= 1);
    require(bits[WORD(row[place].fd)] & BIT(row[place].fd));
    require(now_ms() - begun < PATIENCE_MS / 2);
}
