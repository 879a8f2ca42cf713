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
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
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

/*
 * Without a clock that user space can read, as on many a virtual machine, the
 * clock is a system call, which the filter forbids: a sleeper that looked at
 * it when it woke was killed. Here it always is one, for the library, too.
 */
int clock_gettime(clockid_t clock, struct timespec *now)
{
#ifdef SYS_clock_gettime64
    int number = sizeof(now->tv_sec) > sizeof(long) ? SYS_clock_gettime64
                                                    : SYS_clock_gettime;
#else
    int number = SYS_clock_gettime;
#endif
    long ret = raw_syscall3(number, clock, now, 0);
    if (ret < 0)
        errno = (int)-ret;
    return ret < 0 ? -1 : 0;
}

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

/* What a daemon may still do to its descriptors. */
static const int allowed_of_descriptors[] = {
#ifdef SYS_dup2
    SYS_dup2,
#endif
#ifdef SYS_socketcall
    SYS_socketcall,
#endif
#ifdef SYS_setsockopt
    SYS_setsockopt,
#endif
#ifdef SYS_close_range
    SYS_close_range,
#endif
    SYS_dup3,        SYS_unshare, SYS_exit_group};

enum {
    HIGH = 40, /* to the end of a small table: the library's are there */
    TABLE = 64
};

/* Its maker is asked who it is, the next time that it matters. */
static void make_a_child(void)
{
    pid_t pid = vfork();
    if (!pid)
        _exit(0);
    require(child_wait(pid) == 0);
}

static void changes_descriptors(void *arg)
{
    struct filter filter;
    int ends[2], one = 1;
    require(watch_works(arg));
    require(!socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
    make_a_child();
    filter_allow_only(&filter, allowed_of_descriptors,
                      ARRAY_SIZE(allowed_of_descriptors));
    require(!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    require(!by_prctl(&filter));
    require(!setsockopt(ends[0], SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one)));
    for (int to = HIGH; to < TABLE; to++)
        require(dup2(ends[0], to) == to);
#ifdef SYS_close_range
    syscall(SYS_close_range, HIGH, TABLE - 1, 0); /* or a kernel before 5.9 */
#endif
    require(!unshare(CLONE_FILES));
    leave(0);
}

/*
 * Who had made a child before the filter, and sets a socket's option after it,
 * or closes a range, was killed for the library's getpid(); and who put a file
 * on a number of the library's, for moving that away.
 */
static void sandboxed_process_changes_descriptors(void **state)
{
    struct watch w;
    (void)state;
    assert_true(watch_open(&w, ROW));
    assert_true(watch_works(&w));
    child_join(child_start(changes_descriptors, &w));
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

/* --- threads asleep while another sandboxes the whole process --- */

static struct timespec timespec_of(int ms)
{
    return (struct timespec){ms / 1000, ms % 1000 * 1000000L};
}

static int by_poll(struct watch *w, int ms)
{
    return watch_poll(w, ms);
}

static int by_ppoll(struct watch *w, int ms)
{
    struct timespec timeout = timespec_of(ms);
    return ppoll(w->fds, w->n, &timeout, NULL);
}

static int by_select(struct watch *w, int ms)
{
    return watch_select(w, ms);
}

static int by_pselect(struct watch *w, int ms)
{
    struct timespec timeout = timespec_of(ms);
    struct bits in = {{0}};
    for (size_t i = 0; i < w->n; i++)
        bits_set(&in, w->fds[i].fd);
    return pselect(w->fds[w->n - 1].fd + 1, BITS(&in), NULL, NULL, &timeout,
                   NULL);
}

enum {
    SLEEPERS = 4
};

static struct sleeper {
    int (*way)(struct watch *w, int ms);
    struct watch watch;
    _Atomic pid_t tid; /* once it is about to sleep */
} sleepers[SLEEPERS] = {{.way = by_poll},
                        {.way = by_ppoll},
                        {.way = by_select},
                        {.way = by_pselect}};
static int sleep_ms, found; /* what each asks, and is to find */
static int over[2];         /* it says here that it is done */

/* A thread's end would be more system calls. */
static void *sleeps(void *arg)
{
    struct sleeper *s = arg;
    require(watch_works(&s->watch));
    s->tid = gettid();
    require(s->way(&s->watch, sleep_ms) == found);
    require(s->way(&s->watch, 0) == found);
    require(write(over[1], "x", 1) == 1);
    for (;;)
        poll(NULL, 0, 1000);
}

static void start_sleepers(void *(*function)(void *))
{
    pthread_t thread;
    require(!pipe(over));
    for (size_t i = 0; i < SLEEPERS; i++) {
        require(watch_open(&sleepers[i].watch, ROW));
        require(!pthread_create(&thread, NULL, function, &sleepers[i]));
    }
    for (size_t i = 0; i < SLEEPERS; i++)
        while (!sleepers[i].tid || !child_is_asleep(sleepers[i].tid))
            clock_sleep_ms(1);
}

static void allow_all_threads_only(const int *calls, size_t count)
{
    struct filter filter;
    filter_allow_only(&filter, calls, count);
    require(!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    require(!syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
                     SECCOMP_FILTER_FLAG_TSYNC, &filter.program));
}

/*
 * All sleep, and are sandboxed after so many milliseconds: one that was still
 * on its way there, on a busy machine, was killed at the next thing it did.
 */
static void sandbox_sleepers(int after_ms)
{
    start_sleepers(sleeps);
    clock_sleep_ms(after_ms);
    allow_all_threads_only(allowed, ARRAY_SIZE(allowed));
}

static void join_sleepers(void) __attribute__((noreturn));

static void join_sleepers(void)
{
    char byte;
    for (size_t i = 0; i < SLEEPERS; i++)
        require(read(over[0], &byte, 1) == 1);
    leave(0);
}

static void sleepers_are_woken(void *arg)
{
    (void)arg;
    sleep_ms = 20000;
    found = 1;
    sandbox_sleepers(60);
    for (size_t i = 0; i < SLEEPERS; i++)
        require(write(sleepers[i].watch.peers[0], "x", 1) == 1);
    join_sleepers();
}

/* Epoll has answered in this process, where it is to be counted. */
static void play(void (*scene)(void *))
{
    struct watch w;
    assert_true(watch_open(&w, ROW));
    assert_true(watch_works(&w));
    child_join(child_start(scene, NULL));
    watch_close(&w);
}

static void sandbox_entered_beside_a_sleeper(void **state)
{
    (void)state;
    play(sleepers_are_woken);
}

enum {
    TIME_MS = 1500,
    LATE_MS = 1200
};

static void sleepers_time_is_over(void *arg)
{
    (void)arg;
    sleep_ms = TIME_MS;
    found = 0;
    sandbox_sleepers(LATE_MS);
    join_sleepers();
}

/*
 * Sleepers that find themselves in a sandbox go on natively: for what is left
 * of their time. It was the whole time once more.
 */
static void sandboxed_sleepers_wait_for_the_rest_alone(void **state)
{
    double start = clock_ms();
    (void)state;
    play(sleepers_time_is_over);
    assert_true(clock_ms() - start >= TIME_MS);
    assert_true(clock_ms() - start < LATE_MS + TIME_MS);
}

static void *sleeps_until_a_signal(void *arg)
{
    struct sleeper *s = arg;
    require(watch_works(&s->watch));
    s->tid = gettid();
    require(s->way(&s->watch, 20000) == -1 && errno == EINTR);
    require(write(over[1], "x", 1) == 1);
    for (;;)
        poll(NULL, 0, 1000);
}

static void ignore_it(int number)
{
    (void)number;
}

static void sleepers_are_interrupted(void *arg)
{
    int calls[ARRAY_SIZE(allowed) + 1], quiet[2];
    pid_t pid = getpid();
    (void)arg;
    memcpy(calls, allowed, sizeof(allowed));
    calls[ARRAY_SIZE(allowed)] = SYS_tgkill;
    require(signal(SIGUSR1, ignore_it) != SIG_ERR && !pipe(quiet));
    start_sleepers(sleeps_until_a_signal);
    clock_sleep_ms(20); /* all sleep by now, and in their first slice */
    for (size_t i = 0; i < SLEEPERS; i++)
        require(dup2(quiet[0], sleepers[i].watch.fds[1].fd) >= 0);
    allow_all_threads_only(calls, ARRAY_SIZE(calls));
    for (size_t i = 0; i < SLEEPERS; i++)
        require(!raw_syscall3(SYS_tgkill, pid, sleepers[i].tid, SIGUSR1));
    join_sleepers();
}

/*
 * A signal ended the sleep of a thread that had been sandboxed in it, and one
 * of its descriptors had changed hands before that: the library looked at what
 * kind of file it was by now, and the process was killed for it.
 */
static void sandboxed_sleepers_are_interrupted(void **state)
{
    (void)state;
    play(sleepers_are_interrupted);
}

/* --- a thread that is changing its sets meanwhile --- */

enum {
    ARRAYS = 5, /* one more than there are sets: all calls make one */
    ENTRIES = 600
};

static _Atomic bool going;
static int quiet;

/* Many entries of one file each, under numbers of their own. */
static void *makes_sets(void *unused)
{
    static struct pollfd arrays[ARRAYS][ENTRIES];
    (void)unused;
    for (size_t i = 0; i < ARRAYS * ENTRIES; i++) {
        int fd = dup(quiet);
        require(fd >= 0);
        arrays[i / ENTRIES][i % ENTRIES] =
            (struct pollfd){.fd = fd, .events = POLLIN};
    }
    going = true;
    for (;;)
        for (size_t j = 0; j < ARRAYS; j++)
            require(poll(arrays[j], ENTRIES, 0) == 0);
}

/* It may do what it likes but change an epoll set. */
static void sandboxes_a_busy_thread(void *arg)
{
    const int forbidden = SYS_epoll_ctl;
    struct filter filter;
    pthread_t thread;
    struct watch *w = arg;
    quiet = w->fds[0].fd;
    require(!pthread_create(&thread, NULL, makes_sets, NULL));
    while (!going)
        clock_sleep_ms(1);
    clock_sleep_ms(20);
    filter_kill(&filter, &forbidden, 1);
    require(!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    require(!syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
                     SECCOMP_FILTER_FLAG_TSYNC, &filter.program));
    clock_sleep_ms(20);
    leave(0);
}

/*
 * Whether there is a filter was asked once a turn, and thousands of
 * epoll_ctl() followed: the process was killed at the next one.
 */
static void sandbox_entered_beside_a_busy_thread(void **state)
{
    struct watch w;
    struct rlimit limit;
    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_true(watch_open(&w, ROW));
    assert_true(watch_works(&w));
    for (int i = 0; i < 8; i++)
        child_join(child_start(sandboxes_a_busy_thread, &w));
    watch_close(&w);
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
    TEST(sandboxed_process_changes_descriptors),
    TEST_NATIVE(small_sets_need_no_other_system_call),
    TEST(sandbox_entered_beside_a_sleeper),
    TEST(sandboxed_sleepers_wait_for_the_rest_alone),
    TEST(sandboxed_sleepers_are_interrupted),
    TEST(sandbox_entered_beside_a_busy_thread),
    TEST(filter_that_was_refused),
};

SUITE(tests)
