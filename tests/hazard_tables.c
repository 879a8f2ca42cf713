/* SPDX-License-Identifier: MIT */
/*
 * Threads share one descriptor table, until one takes a copy of its own by
 * unshare(CLONE_FILES) or close_range(CLOSE_RANGE_UNSHARE): from then on the
 * same number means one file in this thread and another in that. And a process
 * may share its table with one that shares no memory with it.
 */
#define _GNU_SOURCE
#include "harness/filter.h"
#include "harness/harness.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    ROW = 6
};

static pthread_barrier_t turn;

static void step(void)
{
    pthread_barrier_wait(&turn);
}

/* Takes a copy of the table, and says whether that worked. */
typedef bool (*separate_fn)(void);

static bool by_unshare(void)
{
    return !unshare(CLONE_FILES);
}

static bool by_syscall_unshare(void)
{
    return !syscall(SYS_unshare, CLONE_FILES);
}

/* Numbers beyond all that is open: the table is copied, nothing is closed. */
static bool by_close_range(void)
{
    return !close_range(5000, 6000, CLOSE_RANGE_UNSHARE);
}

struct hermit {
    struct watch *w;
    separate_fn separate;
};

/*
 * The thread's own table still holds what the others close, and what it
 * closes is still open for the others.
 */
static void *lives_apart(void *arg)
{
    struct hermit *hermit = arg;
    struct watch mine = *hermit->w;
    require(watch_works(&mine));
    require(hermit->separate());
    step();
    /* The other has replaced the row's numbers by now. */
    step();
    require(watch_works(&mine));
    for (size_t i = 0; i < ROW; i++) {
        require(!close(mine.fds[i].fd));
        require(watch_poll(&mine, 0) == (int)i + 1);
        require(mine.fds[i].revents == POLLNVAL);
    }
    step();
    /* And the other looks at its own. */
    step();
    return NULL;
}

static void thread_with_a_table_of_its_own(separate_fn separate)
{
    struct watch w, old, fresh;
    pthread_t thread;
    assert_true(watch_open(&w, ROW));
    assert_true(watch_open(&fresh, ROW));
    assert_true(watch_works(&w));
    struct hermit hermit = {&w, separate};
    assert_int_equal(pthread_barrier_init(&turn, NULL, 2), 0);
    old = w;
    assert_int_equal(pthread_create(&thread, NULL, lives_apart, &hermit), 0);
    step();
    for (size_t i = 0; i < ROW; i++) {
        assert_int_equal(dup2(fresh.fds[i].fd, w.fds[i].fd), w.fds[i].fd);
        w.peers[i] = fresh.peers[i];
    }
    assert_true(watch_works(&w));
    step();
    step();
    assert_true(watch_works(&w));
    step();
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(watch_works(&w));
    pthread_barrier_destroy(&turn);
    for (size_t i = 0; i < ROW; i++) {
        close(old.peers[i]);
        close(fresh.fds[i].fd);
    }
    watch_close(&w);
}

static void table_of_its_own_by_unshare(void **state)
{
    (void)state;
    thread_with_a_table_of_its_own(by_unshare);
}

static void table_of_its_own_by_syscall_unshare(void **state)
{
    (void)state;
    thread_with_a_table_of_its_own(by_syscall_unshare);
}

static void table_of_its_own_by_close_range(void **state)
{
    (void)state;
    thread_with_a_table_of_its_own(by_close_range);
}

/*
 * Threads that are made after it share the table of the one that made them.
 * That one's closes and dup2s were not heard, as if they were in a table of its
 * own, while the new thread went on with epoll.
 */
static void *sees_what_its_maker_does(void *arg)
{
    struct watch mine = *(struct watch *)arg;
    require(watch_works(&mine));
    step();
    step(); /* the first number is closed, the second one replaced */
    require(watch_poll(&mine, 0) == 2);
    require(mine.fds[0].revents == POLLNVAL && mine.fds[1].revents == POLLIN);
    return NULL;
}

static void thread_made_after_unsharing(separate_fn separate)
{
    struct watch w, ready;
    pthread_t thread;
    assert_true(watch_open(&w, ROW));
    assert_true(watch_open(&ready, 1));
    assert_true(watch_works(&w));
    assert_int_equal(pthread_barrier_init(&turn, NULL, 2), 0);
    assert_true(separate());
    assert_int_equal(
        pthread_create(&thread, NULL, sees_what_its_maker_does, &w), 0);
    step();
    assert_int_equal(write(ready.peers[0], "x", 1), 1);
    assert_int_equal(close(w.fds[0].fd), 0);
    assert_int_equal(dup2(ready.fds[0].fd, w.fds[1].fd), w.fds[1].fd);
    step();
    assert_int_equal(pthread_join(thread, NULL), 0);
    pthread_barrier_destroy(&turn);
    watch_close(&ready);
    watch_close(&w);
}

static void thread_made_after_unshare(void **state)
{
    (void)state;
    thread_made_after_unsharing(by_unshare);
}

static void thread_made_after_close_range(void **state)
{
    (void)state;
    thread_made_after_unsharing(by_close_range);
}

/*
 * What others open is not there in a table of one's own: a number that was our
 * epoll descriptor in the other table stayed open here, though it was another
 * file, when all were closed.
 */
static void *closes_all_it_has(void *arg)
{
    (void)arg;
    require(by_close_range());
    step();
    step(); /* the other has made sets by now */
    for (int closers = 0; closers < 2; closers++) {
        while (dup(0) < 300)
            continue;
        if (closers)
            closefrom(3);
        else
            require(close_range(3, ~0u, 0) == 0);
        for (int fd = 3; fd <= 300; fd++)
            require(fcntl(fd, F_GETFD) == -1);
    }
    return NULL;
}

static void all_closed_in_a_table_of_its_own(void **state)
{
    struct watch w, others;
    pthread_t thread;
    (void)state;
    assert_true(watch_open(&w, ROW));
    assert_true(watch_open(&others, ROW));
    assert_true(watch_works(&w));
    assert_int_equal(pthread_barrier_init(&turn, NULL, 2), 0);
    assert_int_equal(pthread_create(&thread, NULL, closes_all_it_has, NULL), 0);
    step();
    assert_true(watch_works(&others));
    step();
    assert_int_equal(pthread_join(thread, NULL), 0);
    pthread_barrier_destroy(&turn);
    assert_true(watch_works(&w));
    watch_close(&others);
    watch_close(&w);
}

/* It closes nothing here, but takes a copy of the table all the same. */
static void *polls_and_takes_a_copy(void *arg)
{
    struct watch mine = *(struct watch *)arg;
    require(watch_works(&mine));
    require(
        !close_range(5000, 6000, CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC));
    require(watch_works(&mine));
    return NULL;
}

/* The thread's epoll descriptor stayed behind in the table of the others. */
static void thread_that_takes_a_copy_leaves_nothing(void **state)
{
    struct watch w;
    pthread_t thread;
    (void)state;
    assert_true(watch_open(&w, ROW));
    assert_true(watch_works(&w));
    size_t before = fdcheck_count_internal();
    assert_int_equal(pthread_create(&thread, NULL, polls_and_takes_a_copy, &w),
                     0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(fdcheck_count_internal(), before);
    watch_close(&w);
}

/* A thread alone may do it, too: nothing changes for it. */
static void unshare_in_a_single_thread(void **state)
{
    struct watch w;
    (void)state;
    assert_true(watch_open(&w, ROW));
    assert_true(watch_works(&w));
    assert_int_equal(unshare(CLONE_FILES), 0);
    assert_true(watch_works(&w));
    close(w.fds[0].fd);
    assert_true(watch_agrees(&w));
    watch_close(&w);
}

/*
 * A child with its own memory and the parent's table (clone with CLONE_FILES
 * alone): what it polls and closes happens in the parent's table. The child
 * must not unregister the parent's descriptors, and what it opens must work.
 */
static void polls_in_a_shared_table(struct watch *w)
{
    struct watch mine;
    require(watch_works(w));
    require(watch_open(&mine, ROW));
    require(watch_works(&mine));
    watch_close(&mine);
    require(watch_works(w));
}

static void share_the_table_with_a_child(void)
{
    struct watch w;
    assert_true(watch_open(&w, ROW));
    assert_true(watch_works(&w));
    for (int i = 0; i < 3; i++) {
        pid_t pid = (pid_t)raw_syscall6(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0,
                                        0, 0, 0);
        if (!pid) {
            polls_in_a_shared_table(&w);
            _exit(0);
        }
        child_join(pid);
        assert_true(watch_works(&w));
    }
    watch_close(&w);
}

static void child_that_shares_the_table(void **state)
{
    (void)state;
    share_the_table_with_a_child();
}

/* The child took the table for its own where kcmp did not say otherwise. */
static void child_that_shares_the_table_and_has_no_kcmp(void **state)
{
    const int kcmp = SYS_kcmp;
    struct filter filter;
    (void)state;
    filter_refuse(&filter, &kcmp, 1, EPERM);
    assert_int_equal(filter_install(&filter), 0);
    share_the_table_with_a_child();
}

/* --- what the child does in its parent's table --- */

static struct watch common;
static struct watch ready;

static int changes_the_table(void *unused)
{
    (void)unused;
    if (dup2(ready.fds[0].fd, common.fds[0].fd) != common.fds[0].fd ||
        close(common.fds[1].fd))
        _exit(1);
    _exit(0);
}

static char child_stack[256 * 1024] __attribute__((aligned(16)));

static pid_t by_clone(void)
{
    return clone(changes_the_table, child_stack + sizeof(child_stack),
                 CLONE_FILES | SIGCHLD, NULL);
}

static pid_t by_clone_in_our_memory(void)
{
    return clone(changes_the_table, child_stack + sizeof(child_stack),
                 CLONE_FILES | CLONE_VM | CLONE_VFORK | SIGCHLD, NULL);
}

static pid_t by_syscall_clone(void)
{
#ifdef __s390__
    pid_t pid = (pid_t)syscall(SYS_clone, 0, CLONE_FILES | SIGCHLD, 0, 0, 0);
#else
    pid_t pid = (pid_t)syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);
#endif
    if (!pid)
        changes_the_table(NULL);
    return pid;
}

static pid_t by_syscall_clone3(void)
{
    uint64_t arguments[8] = {[0] = CLONE_FILES, [4] = SIGCHLD};
    pid_t pid = (pid_t)syscall(SYS_clone3, arguments, sizeof(arguments));
    if (!pid)
        changes_the_table(NULL);
    return pid;
}

/*
 * What such a child closes or replaces in the common table was told by no hook:
 * the library there is another process's, or takes itself for a vfork child.
 */
static void child_changes_the_table(pid_t (*start)(void))
{
    assert_true(watch_open(&common, ROW));
    assert_true(watch_open(&ready, 1));
    assert_int_equal(write(ready.peers[0], "x", 1), 1);
    assert_true(watch_works(&common));
    child_join(start());
    assert_int_equal(watch_poll(&common, 0), 2);
    assert_int_equal(common.fds[0].revents, POLLIN);
    assert_int_equal(common.fds[1].revents, POLLNVAL);
    watch_close(&ready);
    watch_close(&common);
}

static void child_of_clone_changes_the_table(void **state)
{
    (void)state;
    child_changes_the_table(by_clone);
}

static void child_in_our_memory_changes_the_table(void **state)
{
    (void)state;
    child_changes_the_table(by_clone_in_our_memory);
}

static void child_of_syscall_clone_changes_the_table(void **state)
{
    (void)state;
    child_changes_the_table(by_syscall_clone);
}

static void child_of_clone3_changes_the_table(void **state)
{
    (void)state;
    if (syscall(SYS_clone3, NULL, 0) == -1 && errno == ENOSYS) {
        fprintf(stderr, "skipped: there is no clone3 here\n");
        skip();
    }
    child_changes_the_table(by_syscall_clone3);
}

/* The library read the struct itself, and crashed. */
static void clone3_of_nothing_is_efault(void **state)
{
    struct watch w;
    (void)state;
    assert_true(watch_open(&w, ROW));
    assert_true(watch_works(&w));
    assert_int_equal(syscall(SYS_clone3, (void *)8, 88), -1);
    assert_true(errno == EFAULT || errno == ENOSYS);
    assert_true(watch_works(&w));
    watch_close(&w);
}

static const struct suite_test tests[] = {
    TEST(table_of_its_own_by_unshare),
    TEST(table_of_its_own_by_syscall_unshare),
    TEST(table_of_its_own_by_close_range),
    TEST(thread_made_after_unshare),
    TEST(thread_made_after_close_range),
    TEST(all_closed_in_a_table_of_its_own),
    TEST(thread_that_takes_a_copy_leaves_nothing),
    TEST(unshare_in_a_single_thread),
    TEST(child_that_shares_the_table),
    TEST(child_that_shares_the_table_and_has_no_kcmp),
    TEST(child_of_clone_changes_the_table),
    TEST(child_in_our_memory_changes_the_table),
    TEST(child_of_syscall_clone_changes_the_table),
    TEST(child_of_clone3_changes_the_table),
    TEST(clone3_of_nothing_is_efault),
};

SUITE(tests)
