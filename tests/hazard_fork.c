/* SPDX-License-Identifier: MIT */
/*
 * A forked child shares the parent's epoll instance, not only its descriptor:
 * what the child does to it happens to the parent (fact F4). Whatever way the
 * child was made, it must leave the parent's set alone and go on with its own.
 */
#define _GNU_SOURCE
#include "harness/harness.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum {
    ROW = 12
};

static pid_t child_start_Fork(void (*fn)(void *), void *arg)
{
    pid_t pid = _Fork();
    if (!pid) {
        fn(arg);
        _exit(0);
    }
    return pid;
}

typedef pid_t (*start_fn)(void (*fn)(void *), void *arg);

static const struct {
    const char *name;
    start_fn start;
} starts[] = {
    {"fork", child_start},
    {"clone, by the instruction", child_start_raw},
    {"_Fork", child_start_Fork},
};

static void with_each_start(void (*fn)(void *), bool answered)
{
    for (size_t i = 0; i < ARRAY_SIZE(starts); i++) {
        struct watch w;
        print_message("made by %s\n", starts[i].name);
        assert_true(watch_open(&w, ROW));
        assert_true(watch_works(&w));
        pid_t pid = starts[i].start(fn, &w);
        child_join(pid);
        if (answered && (starts[i].start == child_start || child_raw_is_told()))
            assert_epoll_answered(pid, 1);
        assert_true(watch_works(&w));
        watch_close(&w);
    }
}

/* The child polls the array the parent polled, then a part of it. */
static void goes_on(void *arg)
{
    struct watch *w = arg;
    require(watch_works(w));
    w->n /= 2;
    require(watch_works(w));
}

static void child_goes_on_polling_the_same_array(void **state)
{
    (void)state;
    with_each_start(goes_on, true);
}

/*
 * A library that deletes a closed number from the epoll set it inherited
 * deletes it from the parent's.
 */
static void closes_all(void *arg)
{
    watch_close(arg);
}

static void child_that_only_closes_leaves_parent_alone(void **state)
{
    (void)state;
    with_each_start(closes_all, false);
}

static void replaces_all(void *arg)
{
    struct watch *w = arg, mine;
    require(watch_open(&mine, ROW));
    for (size_t i = 0; i < ROW; i++)
        require(dup2(mine.fds[i].fd, w->fds[i].fd) == w->fds[i].fd);
    for (size_t i = 0; i < ROW; i++)
        w->peers[i] = mine.peers[i];
    require(watch_works(w));
    close_range(3, ~0U, 0);
    require(watch_open(w, ROW));
    require(watch_works(w));
}

static void child_that_reuses_the_numbers_leaves_parent_alone(void **state)
{
    (void)state;
    with_each_start(replaces_all, true);
}

/*
 * The parent closes what the child still holds open, and uses the number
 * again: the child's copy must not speak through the parent's new descriptor.
 */
static void keeps_writing(void *arg)
{
    struct watch *w = arg;
    for (;;) {
        for (size_t i = 0; i < w->n; i++)
            if (write(w->peers[i], "", 1) == 1)
                continue;
        clock_sleep_ms(1);
    }
}

static void files_kept_alive_by_a_child_are_not_the_parents(void **state)
{
    struct watch w;
    (void)state;
    assert_true(watch_open(&w, ROW));
    assert_true(watch_works(&w));
    pid_t pid = child_start(keeps_writing, &w);
    watch_close(&w);
    assert_true(watch_open(&w, ROW));
    double end = clock_ms() + 100;
    do
        assert_true(watch_works(&w));
    while (clock_ms() < end);
    kill(pid, SIGKILL);
    child_wait(pid);
    assert_true(watch_works(&w));
    watch_close(&w);
}

/* Both go on at the same time, each reusing numbers. */
static void churns(void *arg)
{
    (void)arg;
    for (int i = 0; i < 30; i++) {
        struct watch w;
        close_range(3, ~0U, 0);
        require(watch_open(&w, ROW));
        require(watch_works(&w));
    }
}

static void parent_and_child_go_on_side_by_side(void **state)
{
    struct watch w;
    pid_t pids[ARRAY_SIZE(starts)];
    (void)state;
    assert_true(watch_open(&w, ROW));
    assert_true(watch_works(&w));
    for (size_t i = 0; i < ARRAY_SIZE(starts); i++)
        pids[i] = starts[i].start(churns, NULL);
    for (int i = 0; i < 30; i++)
        assert_true(watch_works(&w));
    for (size_t i = 0; i < ARRAY_SIZE(starts); i++)
        child_join(pids[i]);
    watch_close(&w);
}

/* Father, son, grandson: each generation goes on after its own fork. */
static void has_a_child(void *arg)
{
    require(watch_works(arg));
    int status = child_wait(child_start_raw(goes_on, arg));
    require(status == 0);
    require(watch_works(arg));
}

static void grandchild_goes_on_polling(void **state)
{
    (void)state;
    with_each_start(has_a_child, true);
}

/* A thread sleeps in poll while another forks; the child has only the other. */
static void *sleeps(void *arg)
{
    struct watch *w = arg;
    return (void *)(long)watch_poll(w, 20000);
}

static void fork_beside_a_sleeping_thread(void **state)
{
    struct watch slept, w;
    pthread_t thread;
    void *woken;
    (void)state;
    assert_true(watch_open(&slept, ROW));
    assert_true(watch_open(&w, ROW));
    assert_true(watch_works(&w));
    assert_int_equal(pthread_create(&thread, NULL, sleeps, &slept), 0);
    clock_sleep_ms(50);
    for (size_t i = 0; i < ARRAY_SIZE(starts); i++) {
        child_join(starts[i].start(replaces_all, &w));
        child_join(starts[i].start(closes_all, &slept));
    }
    assert_true(watch_works(&w));
    assert_int_equal(write(slept.peers[ROW - 1], "", 1), 1);
    assert_int_equal(pthread_join(thread, &woken), 0);
    assert_int_equal((long)woken, 1);
    assert_int_equal(slept.fds[ROW - 1].revents, POLLIN);
    watch_close(&slept);
    watch_close(&w);
}

/*
 * After an exec nothing of the library's is open: the new program would carry
 * a descriptor it never asked for.
 */
ROLE(finds_no_foreign_descriptors)
{
    size_t wanted = (size_t)atoi(arg);
    size_t open = fdcheck_count() + fdcheck_count_internal();
    if (open == wanted)
        return 0;
    fprintf(stderr, "%zu descriptors open after exec, wanted %zu\n", open,
            wanted);
    return 1;
}

static void exec_with_count(void *arg)
{
    child_become_role("finds_no_foreign_descriptors", arg);
}

static void exec_closes_the_librarys_descriptors(void **state)
{
    struct watch w;
    char count[16];
    pid_t pid;
    (void)state;
    assert_true(watch_open(&w, ROW));
    assert_true(watch_works(&w));
    snprintf(count, sizeof(count), "%zu", fdcheck_count());
    child_join(child_start(exec_with_count, count));
    child_join(child_start_raw(exec_with_count, count));

    char role[] = "finds_no_foreign_descriptors", option[] = "--role";
    char *argv[] = {option, option, role, count, NULL}, path[PATH_MAX];
    child_own_path(path);
    assert_int_equal(posix_spawn(&pid, path, NULL, NULL, argv, environ), 0);
    child_join(pid);
    assert_true(watch_works(&w));
    watch_close(&w);
}

/* The process that polled becomes another program itself. */
static void polls_then_execs(void *arg)
{
    struct watch w;
    char count[16];
    (void)arg;
    require(watch_open(&w, ROW));
    require(watch_works(&w));
    snprintf(count, sizeof(count), "%zu", fdcheck_count());
    child_become_role("finds_no_foreign_descriptors", count);
}

static void exec_after_polling_closes_the_librarys_descriptors(void **state)
{
    struct watch w;
    (void)state;
    assert_true(watch_open(&w, ROW));
    assert_true(watch_works(&w));
    child_join(child_start(polls_then_execs, NULL));
    watch_close(&w);
}

/* popen, system and posix_spawn make their children in libc's own way. */
static void children_made_inside_libc_leave_parent_alone(void **state)
{
    struct watch w;
    (void)state;
    assert_true(watch_open(&w, ROW));
    for (int i = 0; i < 3; i++) {
        assert_true(watch_works(&w));
        assert_int_equal(system("exec 3>&- 4>&- 5<&-"), 0);
        assert_true(watch_works(&w));
        FILE *out = popen("exec 3>&- 4>&- 5<&-; true", "r");
        assert_non_null(out);
        assert_true(watch_works(&w));
        assert_int_equal(pclose(out), 0);
        assert_true(watch_works(&w));
    }
    watch_close(&w);
}

/*
 * A handler forks, and the child comes back from it into the very call that
 * the signal has interrupted: the middle of the library, whose sets the fork
 * had just taken apart. It read an answer out of memory that was gone, or
 * slept on a descriptor that was closed.
 */
static volatile sig_atomic_t forked, is_child;

static void fork_once(int number)
{
    int saved = errno;
    (void)number;
    if (forked)
        return;
    pid_t pid = fork();
    is_child = pid == 0;
    forked = is_child ? 1 : pid;
    errno = saved;
}

/* Calls until the handler has forked, and in the child a few more. */
static void call_until_forked(struct watch *w, bool is_select, int timeout_ms)
{
    for (int left = 4; left > 0; left -= forked != 0) {
        int ret =
            is_select ? watch_select(w, timeout_ms) : watch_poll(w, timeout_ms);
        require(timeout_ms ? ret == 0 || errno == EINTR : ret == 1);
        if (forked && !is_child)
            return;
    }
    _exit(0);
}

static void forks_in_calls(bool is_select, int timeout_ms)
{
    struct sigaction action = {.sa_handler = fork_once};
    struct watch w;

    assert_true(watch_open(&w, ROW));
    if (!timeout_ms)
        assert_int_equal(write(w.peers[3], "x", 1), 1);
    assert_int_equal(sigaction(SIGALRM, &action, NULL), 0);
    for (int i = 0; i < 100; i++) {
        struct itimerval soon = {.it_value.tv_usec = 100 + i * 3};
        forked = 0;
        assert_int_equal(setitimer(ITIMER_REAL, &soon, NULL), 0);
        call_until_forked(&w, is_select, timeout_ms);
        child_join(forked);
    }
    assert_int_not_equal(signal(SIGALRM, SIG_DFL), SIG_ERR);
    watch_close(&w);
}

static void child_of_a_handlers_fork_goes_on_inside_the_call(void **state)
{
    (void)state;
    forks_in_calls(false, 0);
    forks_in_calls(true, 0);
    forks_in_calls(false, 2);
    forks_in_calls(true, 2);
}

/* --- what the child's own handlers do --- */

static struct watch *handlers_row;

static void look_in_the_child(void)
{
    if (handlers_row)
        require(watch_works(handlers_row));
}

/* Before the library's own handler was registered. */
static void register_early(void)
{
    pthread_atfork(NULL, NULL, look_in_the_child);
}

__attribute__((section(".preinit_array"),
               used)) static void (*const before_all)(void) = register_early;

static void looks_on(void *arg)
{
    require(watch_works(arg));
    require(watch_works(arg));
}

/*
 * A child that polled there had begun anew, and did so again in our own
 * handler: compared with itself, it was a guest in another's table, native for
 * ever, and its first epoll descriptor stayed open.
 */
static void child_whose_handler_comes_before_ours(void **state)
{
    struct watch w, other;
    (void)state;
    assert_true(watch_open(&w, ROW));
    assert_true(watch_open(&other, ROW));
    assert_true(watch_works(&w));
    handlers_row = &other;
    pid_t pid = child_start(looks_on, &w);
    handlers_row = NULL;
    child_join(pid);
    assert_epoll_answered(pid, ROW * 6);
    watch_close(&other);
    watch_close(&w);
}

static const struct suite_test tests[] = {
    TEST(child_goes_on_polling_the_same_array),
    TEST(child_that_only_closes_leaves_parent_alone),
    TEST(child_that_reuses_the_numbers_leaves_parent_alone),
    TEST(files_kept_alive_by_a_child_are_not_the_parents),
    TEST(parent_and_child_go_on_side_by_side),
    TEST(grandchild_goes_on_polling),
    TEST(fork_beside_a_sleeping_thread),
    TEST(exec_closes_the_librarys_descriptors),
    TEST(exec_after_polling_closes_the_librarys_descriptors),
    TEST(children_made_inside_libc_leave_parent_alone),
    TEST(child_of_a_handlers_fork_goes_on_inside_the_call),
    TEST(child_whose_handler_comes_before_ours),
};

SUITE(tests)
