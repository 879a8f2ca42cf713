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

static const struct suite_test tests[] = {
    TEST(table_of_its_own_by_unshare),
    TEST(table_of_its_own_by_syscall_unshare),
    TEST(table_of_its_own_by_close_range),
    TEST(unshare_in_a_single_thread),
    TEST(child_that_shares_the_table),
    TEST(child_that_shares_the_table_and_has_no_kcmp),
};

SUITE(tests)
