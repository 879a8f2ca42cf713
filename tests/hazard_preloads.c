/* SPDX-License-Identifier: MIT */
/*
 * Other preload libraries stand on either side: one that wraps the same calls
 * must be called and must call, whichever comes first, and one that denies
 * epoll to the program denies it to the program alone.
 *
 * The libraries are modules beside this program; it starts itself again with
 * LD_PRELOAD changed.
 */
#define _GNU_SOURCE
#include "harness/harness.h"

#include <dlfcn.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    ROW = 8
};

struct preload_counts {
    int poll, select, close;
};

static struct preload_counts counts_now(void)
{
    struct preload_counts (*count)(void) =
        (struct preload_counts(*)(void))dlsym(RTLD_DEFAULT, "preload_count");
    require(count);
    return count();
}

/* arg: whether the other library stands before ours and sees every call. */
ROLE(polls_and_is_counted)
{
    struct watch w;
    bool first = !strcmp(arg, "first");
    require(watch_open(&w, ROW));
    struct preload_counts before = counts_now();
    require(watch_works(&w));
    watch_close(&w);
    struct preload_counts after = counts_now();
    /* watch_works() looks 2 * ROW + 1 times, by each of the two calls. */
    /* What goes on to the next in line is the library's choice. */
    if (first || !(way_is_always() || way_is_other())) {
        require(after.poll - before.poll == 2 * ROW + 1);
        require(after.select - before.select == 2 * ROW + 1);
    }
    require(after.close - before.close == 2 * ROW);
    return 0;
}

ROLE(is_denied_epoll)
{
    struct watch w;
    (void)arg;
    require(epoll_create1(0) == -1);
    require(watch_open(&w, ROW));
    for (int i = 0; i < 3; i++)
        require(watch_works(&w));
    require(watch_poll(&w, 5) == 0);
    watch_close(&w);
    return 0;
}

static void let_sleep_and_shut_down(int fd)
{
    clock_sleep_ms(200);
    shutdown(fd, SHUT_RDWR);
}

static void *close_it(void *fd)
{
    close(*(int *)fd);
    return NULL;
}

/*
 * A close has passed our hook, or is about to, when another thread begins to
 * wait on the number: the shutdown that comes before the real close has to
 * wake it.
 */
ROLE(waits_while_a_close_is_under_way)
{
    void (**before_close)(int) =
        (void (**)(int))dlsym(RTLD_DEFAULT, "preload_before_close");
    struct watch w;
    pthread_t closer;
    int ends[2];
    (void)arg;
    require(before_close);
    require(watch_open(&w, ROW));
    require(watch_works(&w));
    require(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    struct pollfd one = {.fd = ends[0], .events = POLLIN};
    *before_close = let_sleep_and_shut_down;
    require(pthread_create(&closer, NULL, close_it, &ends[0]) == 0);
    clock_sleep_ms(50);
    double start = clock_ms();
    int ready = poll(&one, 1, 20000);
    require(clock_ms() - start < 10000);
    require(ready == 1 && one.revents);
    require(pthread_join(closer, NULL) == 0);
    *before_close = NULL;
    close(ends[1]);
    watch_close(&w);
    return 0;
}

static void *sleeps(void *forever)
{
    (void)forever;
    for (;;)
        pause();
    return NULL;
}

/* Sleeps of several threads are made in slices; these have to be several. */
static bool watch_among_threads(struct watch *w)
{
    static pthread_t other;
    return watch_open(w, ROW) && watch_works(w) &&
           pthread_create(&other, NULL, sleeps, NULL) == 0;
}

static int select_for_half_a_second(struct watch *w)
{
    struct timeval timeout = {0, 500000};
    fd_set set;
    FD_ZERO(&set);
    for (int i = 0; i < ROW; i++)
        FD_SET(w->fds[i].fd, &set);
    return select(FD_SETSIZE, &set, NULL, NULL, &timeout);
}

/*
 * libfaketime's select() does not write what is left of the time. Each slice
 * was taken to have used up nothing, and the call never ended.
 */
ROLE(is_not_told_what_is_left)
{
    bool *keeps = (bool *)dlsym(RTLD_DEFAULT, "preload_keeps_time");
    struct watch w;
    (void)arg;
    require(keeps);
    require(watch_among_threads(&w));
    *keeps = true;
    double start = clock_ms();
    require(select_for_half_a_second(&w) == 0);
    require(clock_ms() - start >= 500);
    *keeps = false;
    watch_close(&w);
    return 0;
}

/*
 * libfaketime stops the clock, too, if it is asked to. A poll() in slices
 * waited for a moment that never came.
 */
ROLE(waits_by_a_stopped_clock)
{
    bool *stops = (bool *)dlsym(RTLD_DEFAULT, "preload_stops_clock");
    struct timespec half_a_second = {0, 500000000};
    struct watch w;
    (void)arg;
    require(stops);
    require(watch_among_threads(&w));
    *stops = true;
    require(poll(w.fds, ROW, 500) == 0);
    require(ppoll(w.fds, ROW, &half_a_second, NULL) == 0);
    require(select_for_half_a_second(&w) == 0);
    *stops = false;
    watch_close(&w);
    return 0;
}

static struct watch replaced;

static void replace_by_a_readable_file(int signal)
{
    int ends[2];
    (void)signal;
    require(pipe(ends) == 0 && write(ends[1], "x", 1) == 1);
    require(dup2(ends[0], replaced.fds[3].fd) == replaced.fds[3].fd);
    require(dup2(ends[1], replaced.peers[3]) == replaced.peers[3]);
    require(close(ends[0]) == 0 && close(ends[1]) == 0);
}

static void raise_once(void)
{
    void (**before_wait)(void) =
        (void (**)(void))dlsym(RTLD_DEFAULT, "preload_before_wait");
    *before_wait = NULL;
    require(raise(SIGUSR1) == 0);
}

/*
 * A handler comes when a call has done all but to wait, and puts a readable
 * file on a number of its own call's: that has to end the wait.
 */
ROLE(waits_for_what_a_handler_replaces)
{
    void (**before_wait)(void) =
        (void (**)(void))dlsym(RTLD_DEFAULT, "preload_before_wait");
    char byte;
    (void)arg;
    require(before_wait);
    require(signal(SIGUSR1, replace_by_a_readable_file) != SIG_ERR);
    require(watch_open(&replaced, ROW));
    for (int use_select = 0; use_select < 2; use_select++) {
        for (int i = 0; i < 3; i++)
            require(watch_works(&replaced));
        double start = clock_ms();
        *before_wait = raise_once;
        int ready = use_select ? watch_select(&replaced, 20000)
                               : watch_poll(&replaced, 20000);
        require(clock_ms() - start < 10000);
        require(ready == 1 && watch_sees(&replaced, 3));
        require(read(replaced.fds[3].fd, &byte, 1) == 1);
    }
    watch_close(&replaced);
    return 0;
}

static void close_one(int signal)
{
    (void)signal;
    require(close(replaced.fds[3].fd) == 0);
}

/* The same of a close: EBADF, or EINTR, but no answer. */
ROLE(selects_what_a_handler_closes)
{
    void (**before_wait)(void) =
        (void (**)(void))dlsym(RTLD_DEFAULT, "preload_before_wait");
    (void)arg;
    require(before_wait);
    require(signal(SIGUSR1, close_one) != SIG_ERR);
    require(watch_open(&replaced, ROW));
    for (int i = 0; i < 3; i++)
        require(watch_works(&replaced));
    double start = clock_ms();
    *before_wait = raise_once;
    require(watch_select(&replaced, 20000) == -1);
    require(clock_ms() - start < 10000);
    watch_close(&replaced);
    return 0;
}

/* The path of a module which was built beside this program. */
static void module_path(char path[PATH_MAX], const char *name)
{
    char program[PATH_MAX];
    child_own_path(program);
    *strrchr(program, '/') = '\0';
    int length = snprintf(path, PATH_MAX, "%s/.libs/%s", program, name);
    assert_true(length < PATH_MAX);
    if (access(path, R_OK))
        fail_msg("%s is not there; make check builds it", path);
}

struct start {
    char preload[4 * PATH_MAX];
    const char *role, *arg;
};

static void starts(void *arg)
{
    struct start *start = arg;
    setenv("LD_PRELOAD", start->preload, 1);
    child_become_role(start->role, start->arg);
}

/* LD_PRELOAD with the module beside our library; a sanitizer's stays first. */
static void put_beside_ours(char *preload, size_t size, const char *module,
                            bool first)
{
    const char *list = getenv("LD_PRELOAD");
    const char *ours = getenv("HARNESS_LIBRARY");
    if (!list || !ours) {
        snprintf(preload, size, "%s", module);
        return;
    }
    const char *at = strstr(list, ours);
    assert_non_null(at);
    snprintf(preload, size, "%.*s%s:%s", (int)(at - list), list,
             first ? module : ours, first ? ours : module);
}

static void start_with(const char *module, bool first, const char *role)
{
    struct start start = {.role = role, .arg = first ? "first" : "last"};
    char path[PATH_MAX];
    module_path(path, module);
    put_beside_ours(start.preload, sizeof(start.preload), path, first);
    pid_t pid = child_start(starts, &start);
    child_join(pid);
    assert_epoll_answered(pid, 1);
}

/* What is tested is in the children; this process is to be answered as well. */
static void look_once(void)
{
    struct watch w;
    assert_true(watch_open(&w, ROW));
    assert_true(watch_works(&w));
    watch_close(&w);
}

static void counting_library_before_ours(void **state)
{
    (void)state;
    look_once();
    start_with("preload_count.so", true, "polls_and_is_counted");
}

static void counting_library_behind_ours(void **state)
{
    (void)state;
    look_once();
    start_with("preload_count.so", false, "polls_and_is_counted");
}

static void library_that_denies_epoll_before_ours(void **state)
{
    (void)state;
    look_once();
    start_with("preload_deny.so", true, "is_denied_epoll");
}

static void library_that_denies_epoll_behind_ours(void **state)
{
    (void)state;
    look_once();
    start_with("preload_deny.so", false, "is_denied_epoll");
}

static void close_under_way_behind_ours_wakes(void **state)
{
    (void)state;
    look_once();
    start_with("preload_count.so", false, "waits_while_a_close_is_under_way");
}

static void close_under_way_before_ours_wakes(void **state)
{
    (void)state;
    look_once();
    start_with("preload_count.so", true, "waits_while_a_close_is_under_way");
}

static void select_behind_ours_does_not_tell_the_time(void **state)
{
    (void)state;
    look_once();
    start_with("preload_count.so", false, "is_not_told_what_is_left");
}

static void clock_is_stopped_by_another_library(void **state)
{
    (void)state;
    look_once();
    start_with("preload_count.so", false, "waits_by_a_stopped_clock");
}

/*
 * The set is said to sleep by then, and a handler of the sleeper's own thread
 * was taken for another thread's close, which wakes nobody: the call went on to
 * wait for the file that was gone, to its end, or for ever. Natively the
 * handler comes before the call, or ends it.
 */
static void handler_before_the_wait_wakes(void **state)
{
    (void)state;
    look_once();
    start_with("preload_count.so", false, "waits_for_what_a_handler_replaces");
    start_with("preload_count.so", false, "selects_what_a_handler_closes");
}

static const struct suite_test tests[] = {
    TEST(counting_library_before_ours),
    TEST(counting_library_behind_ours),
    TEST(library_that_denies_epoll_before_ours),
    TEST(library_that_denies_epoll_behind_ours),
    TEST(close_under_way_behind_ours_wakes),
    TEST(close_under_way_before_ours_wakes),
    TEST(select_behind_ours_does_not_tell_the_time),
    TEST(clock_is_stopped_by_another_library),
    TEST(handler_before_the_wait_wakes),
};

SUITE(tests)
