/* SPDX-License-Identifier: MIT */
/*
 * Some daemons forbid themselves all but a few system calls after start. The
 * process is killed at the first other one, be it the program's or the
 * library's: from the moment a filter is asked for, every call is exactly the
 * native one (tenet: the host is sacred).
 */
#define _GNU_SOURCE
#include "harness/filter.h"
#include "harness/harness.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <unistd.h>

enum {
    ROW = 8
};

/* libc's poll and select are ppoll and pselect6 on some machines. */
static const int allowed[] = {
#ifdef SYS_poll
    SYS_poll,
#endif
#ifdef SYS_select
    SYS_select,
#endif
    SYS_ppoll,  SYS_pselect6,   SYS_read,
    SYS_write,  SYS_exit_group, SYS_rt_sigreturn};

/* The ways a program has to ask for its filter through libc. */
static int by_prctl(struct filter *filter)
{
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter->program);
}

static int by_syscall_seccomp(struct filter *filter)
{
    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0,
                        &filter->program);
}

static int by_syscall_prctl(struct filter *filter)
{
    return (int)syscall(SYS_prctl, PR_SET_SECCOMP, SECCOMP_MODE_FILTER,
                        &filter->program, 0, 0);
}

static int (*install)(struct filter *filter);

static void enter_sandbox(void)
{
    struct filter filter;
    filter_allow_only(&filter, allowed, ARRAY_SIZE(allowed));
    require(!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    require(!install(&filter));
}

static void leave(int status) __attribute__((noreturn));

/* At the very end nothing but exit_group is left to call. */
static void leave(int status)
{
    raw_syscall3(SYS_exit_group, status, 0, 0);
    __builtin_unreachable();
}

static void polls_sandboxed(struct watch *w)
{
    struct watch copy = *w;
    struct timespec zero = {0, 0};
    for (int i = 0; i < 100; i++) {
        require(watch_works(w));
        require(watch_works(&copy));
        require(watch_poll(w, 1) == 0);
        require(watch_select(w, 1) == 0);
        require(ppoll(w->fds, w->n, &zero, NULL) == 0);
        w->n = i % 2 ? ROW : ROW / 2;
    }
}

static void polls_then_is_sandboxed(void *arg)
{
    require(watch_works(arg));
    enter_sandbox();
    polls_sandboxed(arg);
    leave(0);
}

static void sandboxed_after_polling(int (*way)(struct filter *))
{
    struct watch w;
    install = way;
    assert_true(watch_open(&w, ROW));
    assert_true(watch_works(&w));
    child_join(child_start(polls_then_is_sandboxed, &w));
    assert_true(watch_works(&w));
    watch_close(&w);
}

static void sandbox_entered_by_prctl(void **state)
{
    (void)state;
    sandboxed_after_polling(by_prctl);
}

static void sandbox_entered_by_syscall_seccomp(void **state)
{
    (void)state;
    sandboxed_after_polling(by_syscall_seccomp);
}

static void sandbox_entered_by_syscall_prctl(void **state)
{
    (void)state;
    sandboxed_after_polling(by_syscall_prctl);
}

/* exit() and _exit() themselves must do with what is allowed. */
static void leaves_by_exit(void *arg)
{
    require(watch_works(arg));
    enter_sandbox();
    require(watch_works(arg));
    _exit(0);
}

static void sandboxed_process_ends_by_exit(void **state)
{
    struct watch w;
    (void)state;
    install = by_prctl;
    assert_true(watch_open(&w, ROW));
    assert_true(watch_works(&w));
    child_join(child_start(leaves_by_exit, &w));
    watch_close(&w);
}

/*
 * A filter put in force where no library can see it, before the first poll: a
 * call on a small set makes no other system call than the native one, not
 * even to set something up. Under policy always such a call is a set to build
 * for the library, so this is asked of the default policy; the program starts
 * anew for it.
 */
ROLE(polls_small_sets_sandboxed)
{
    struct watch w;
    (void)arg;
    require(watch_open(&w, ROW));
    install = filter_install;
    enter_sandbox();
    polls_sandboxed(&w);
    leave(0);
}

static void start_with_default_policy(void *arg)
{
    unsetenv("EPOLLSHIM_POLICY");
    child_become_role("polls_small_sets_sandboxed", arg);
}

static void small_sets_need_no_other_system_call(void **state)
{
    (void)state;
    child_join(child_start(start_with_default_policy, NULL));
}

/* A thread sleeps in poll while another sandboxes the whole process. */
static struct watch slept;

static void *sleeps(void *arg)
{
    (void)arg;
    require(watch_poll(&slept, 20000) == 1);
    require(watch_poll(&slept, 0) == 1);
    leave(0);
}

static void is_sandboxed_asleep(void *arg)
{
    pthread_t thread;
    struct filter filter;
    (void)arg;
    require(!pthread_create(&thread, NULL, sleeps, NULL));
    clock_sleep_ms(60);
    filter_allow_only(&filter, allowed, ARRAY_SIZE(allowed));
    require(!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    require(!syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
                     SECCOMP_FILTER_FLAG_TSYNC, &filter.program));
    require(write(slept.peers[0], "x", 1) == 1);
    for (;;)
        poll(NULL, 0, 1000);
}

static void sandbox_entered_beside_a_sleeper(void **state)
{
    (void)state;
    assert_true(watch_open(&slept, ROW));
    assert_true(watch_works(&slept));
    child_join(child_start(is_sandboxed_asleep, NULL));
    watch_close(&slept);
}

/* A filter that is refused may cost speed, never an answer. */
static void asks_in_vain(void *arg)
{
    struct watch *w = arg;
    require(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL) == -1);
    for (int i = 0; i < 10; i++)
        require(watch_works(w));
}

static void filter_that_was_refused(void **state)
{
    struct watch w;
    (void)state;
    assert_true(watch_open(&w, ROW));
    assert_true(watch_works(&w));
    child_join(child_start(asks_in_vain, &w));
    watch_close(&w);
}

static const struct suite_test tests[] = {
    TEST(sandbox_entered_by_prctl),
    TEST(sandbox_entered_by_syscall_seccomp),
    TEST(sandbox_entered_by_syscall_prctl),
    TEST(sandboxed_process_ends_by_exit),
    TEST_NATIVE(small_sets_need_no_other_system_call),
    TEST(sandbox_entered_beside_a_sleeper),
    TEST(filter_that_was_refused),
};

SUITE(tests)
