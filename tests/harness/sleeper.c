/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "sleeper.h"

#include <errno.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

#include "child.h"
#include "clock.h"
#include "raw.h"
#include "suite.h"

enum {
    LONGEST_MS = 20000 /* no sleep of a scene is asked to be longer */
};

static struct timespec timespec_of(int ms)
{
    return (struct timespec){ms / 1000, ms % 1000 * 1000000L};
}

static int sleep_in_poll(struct scene *s, int timeout_ms)
{
    struct timespec timeout = timespec_of(timeout_ms);
    if (s->kernel)
        return raw_ppoll(s->fds, SCENE_ROW, &timeout);
    int ret = poll(s->fds, SCENE_ROW, timeout_ms);
    return ret < 0 ? -errno : ret;
}

static int sleep_in_select(struct scene *s, int timeout_ms)
{
    struct timespec timeout = timespec_of(timeout_ms);
    int nfds = 0;
    memset(&s->in, 0, sizeof(s->in));
    for (int i = 0; i < SCENE_ROW; i++) {
        bits_set(&s->in, s->fds[i].fd);
        if (nfds <= s->fds[i].fd)
            nfds = s->fds[i].fd + 1;
    }
    if (s->kernel)
        return raw_pselect6(nfds, BITS(&s->in), NULL, NULL, &timeout);
    int ret = pselect(nfds, BITS(&s->in), NULL, NULL, &timeout, NULL);
    return ret < 0 ? -errno : ret;
}

static int sleep_once(struct scene *s, int timeout_ms)
{
    return s->use_select ? sleep_in_select(s, timeout_ms)
                         : sleep_in_poll(s, timeout_ms);
}

void *scene_sleep(void *arg)
{
    struct scene *s = arg;
    for (int i = 0; i < s->earlier_calls; i++)
        sleep_once(s, 1);
    s->sleeper = gettid();
    double start = clock_ms();
    s->seen.ret = sleep_once(s, s->timeout_ms);
    s->seen.early = clock_ms() - start < s->timeout_ms - 5;
    for (int i = 0; i < SCENE_ROW; i++)
        if (s->use_select)
            s->seen.bits[i] = bits_test(&s->in, s->fds[i].fd);
        else
            s->seen.revents[i] = s->fds[i].revents;
    return NULL;
}

void scene_open(struct scene *s)
{
    for (int i = 0; i < SCENE_ROW; i++) {
        int ends[2];
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
        s->fds[i] = (struct pollfd){.fd = ends[0], .events = POLLIN};
        s->peers[i] = ends[1];
    }
}

void scene_close(struct scene *s)
{
    for (int i = 0; i < SCENE_ROW; i++) {
        close(s->fds[i].fd);
        close(s->peers[i]);
    }
}

void scene_wait_until_asleep(struct scene *s)
{
    double start = clock_ms();
    while ((!s->sleeper || !child_is_asleep(s->sleeper)) &&
           clock_ms() - start < s->timeout_ms)
        clock_sleep_ms(1);
}

static void print_outcome(const char *who, const struct outcome *seen)
{
    print_message("%s: returned %d, %s;", who, seen->ret,
                  seen->early ? "woken" : "at the timeout");
    for (int i = 0; i < SCENE_ROW; i++)
        print_message(" %#x/%d", (unsigned)seen->revents[i], seen->bits[i]);
    print_message("\n");
}

/*
 * Between the two steps a sleeper may look and find the end of the stream: the
 * half that it reads, or both (the kernel does not end them at one moment).
 */
static void forgive_early_look(struct outcome *seen)
{
    int victim = seen->revents[VICTIM];

    if (victim == POLLIN || victim == (POLLIN | POLLHUP))
        seen->revents[VICTIM] = POLLNVAL;
}

/* Returns whether the act came in time: before any timeout was over. */
static bool play_once(const struct play *play, bool use_select,
                      struct scene scenes[2])
{
    pthread_t threads[2];
    double start = clock_ms();
    memset(scenes, 0, 2 * sizeof(*scenes));
    for (int i = 0; i < 2; i++) {
        scenes[i].timeout_ms = play->timeout_ms;
        scenes[i].earlier_calls = play->earlier_calls;
        scenes[i].use_select = use_select;
        scenes[i].kernel = i == 0;
        scene_open(&scenes[i]);
    }
    for (int i = 0; i < 2; i++)
        assert_int_equal(
            pthread_create(&threads[i], NULL, scene_sleep, &scenes[i]), 0);
    for (int i = 0; i < 2; i++)
        scene_wait_until_asleep(&scenes[i]);
    clock_sleep_ms(play->asleep_ms);
    for (int i = 0; i < 2; i++)
        play->act(&scenes[i], threads[i]);
    bool in_time = clock_ms() - start < play->timeout_ms;
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    for (int i = 0; i < 2; i++)
        scene_close(&scenes[i]);
    return in_time;
}

struct outcome scene_play(const struct play *play, bool use_select)
{
    struct play longer = *play;
    struct scene scenes[2];

    /* A machine that is busy elsewhere shows nothing; all sleep again. */
    while (!play_once(&longer, use_select, scenes)) {
        longer.timeout_ms *= 2;
        if (longer.timeout_ms > LONGEST_MS)
            fail_msg("no act came within %d ms", longer.timeout_ms / 2);
    }
    for (int i = 0; i < 2 && play->two_steps; i++)
        forgive_early_look(&scenes[i].seen);

    if (memcmp(&scenes[0].seen, &scenes[1].seen, sizeof(struct outcome))) {
        print_outcome("the kernel", &scenes[0].seen);
        print_outcome("libc", &scenes[1].seen);
        fail_msg("%s under a sleeper", use_select ? "select" : "poll");
    }
    return scenes[1].seen;
}
