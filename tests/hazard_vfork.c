/* SPDX-License-Identifier: MIT */
/*
 * A vfork child runs in the parent's memory, but has its own copy of the
 * descriptor table: a close in the child changes what the library remembers
 * of the parent, although nothing happened to the parent's descriptors. And
 * fact F4: its epoll_ctl reaches the parent's set.
 */
#define _GNU_SOURCE
#include "harness/harness.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* vfork() is what is tested. */
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

enum {
    ROW = 12
};

struct scene {
    struct watch w;
    int spare; /* a quiet read end that is not watched */
    int spare_peer;
};

static void open_scene(struct scene *s)
{
    int ends[2];
    assert_true(watch_open(&s->w, ROW));
    assert_int_equal(pipe(ends), 0);
    s->spare = ends[0];
    s->spare_peer = ends[1];
    assert_true(watch_works(&s->w));
}

static void close_scene(struct scene *s)
{
    watch_close(&s->w);
    close(s->spare);
    close(s->spare_peer);
}

/* What the child does before it ends; it returns its exit status. */
typedef int (*child_fn)(struct scene *s);

struct shared_memory_job {
    child_fn fn;
    struct scene *s;
};

static int run_job(void *arg)
{
    struct shared_memory_job *job = arg;
    return job->fn(job->s);
}

/* As posix_spawn makes its children: vfork with a stack of its own. */
static pid_t run_clone(child_fn fn, struct scene *s)
{
    static char stack[256 * 1024] __attribute__((aligned(16)));
    struct shared_memory_job job = {fn, s};
    return clone(run_job, stack + sizeof(stack),
                 CLONE_VM | CLONE_VFORK | SIGCHLD, &job);
}

static __attribute__((noinline)) pid_t run_vfork(child_fn fn, struct scene *s)
{
    pid_t pid = vfork();
    if (!pid)
        _exit(fn(s));
    return pid;
}

static void with_vfork_child(child_fn fn)
{
    struct scene s;
    open_scene(&s);
    for (int i = 0; i < 3; i++) {
        child_join(run_vfork(fn, &s));
        assert_true(watch_works(&s.w));
        child_join(run_clone(fn, &s));
        assert_true(watch_works(&s.w));
    }
    close_scene(&s);
}

static int closes(struct scene *s)
{
    for (size_t i = 0; i < ROW; i++)
        if (close(s->w.fds[i].fd))
            return 1;
    return 0;
}

static void vfork_child_closes(void **state)
{
    (void)state;
    with_vfork_child(closes);
}

static int replaces(struct scene *s)
{
    for (size_t i = 0; i < ROW; i++) {
        int fd = s->w.fds[i].fd;
        int got = i % 2 ? dup2(s->spare, fd) : dup3(s->spare, fd, O_CLOEXEC);
        if (got != fd)
            return 1;
    }
    return 0;
}

static void vfork_child_dup2s(void **state)
{
    (void)state;
    with_vfork_child(replaces);
}

static int closes_range(struct scene *s)
{
    (void)s;
    return close_range(3, ~0U, 0) != 0;
}

static void vfork_child_closes_a_range(void **state)
{
    (void)state;
    with_vfork_child(closes_range);
}

static int closes_from(struct scene *s)
{
    (void)s;
    closefrom(3);
    return 0;
}

static void vfork_child_closes_from(void **state)
{
    (void)state;
    with_vfork_child(closes_from);
}

/* What a shell or a daemon does between vfork and exec. */
static int closes_and_execs(struct scene *s)
{
    dup2(s->spare, 0);
    for (int fd = 3; fd < 1024; fd++)
        close(fd);
    execl("/bin/true", "true", (char *)NULL);
    return 127;
}

static void vfork_child_closes_and_execs(void **state)
{
    (void)state;
    with_vfork_child(closes_and_execs);
}

/* The child looks at its own, changed, table: closed numbers are POLLNVAL. */
static int polls(struct scene *s)
{
    struct pollfd fds[3] = {{.fd = s->w.fds[0].fd, .events = POLLIN},
                            {.fd = s->w.fds[1].fd, .events = POLLIN},
                            {.fd = s->w.fds[2].fd, .events = POLLIN}};
    if (poll(fds, 3, 0) != 0)
        return 1;
    close(fds[0].fd);
    dup2(s->w.peers[1], fds[1].fd);
    fds[1].events = POLLOUT;
    if (poll(fds, 3, 0) != 2 || fds[0].revents != POLLNVAL ||
        fds[1].revents != POLLOUT || fds[2].revents)
        return 2;
    return 0;
}

static void vfork_child_polls_its_own_table(void **state)
{
    (void)state;
    with_vfork_child(polls);
}

/* The same on the very array of the parent. */
static int polls_parents_array(struct scene *s)
{
    close(s->w.fds[ROW - 1].fd);
    if (poll(s->w.fds, ROW, 0) != 1 || s->w.fds[ROW - 1].revents != POLLNVAL)
        return 1;
    return 0;
}

static void vfork_child_polls_the_parents_array(void **state)
{
    (void)state;
    with_vfork_child(polls_parents_array);
}

static int selects_parents_bits(struct scene *s)
{
    close(s->w.fds[ROW - 1].fd);
    if (watch_select(&s->w, 0) != -1)
        return 1;
    return dup2(s->spare, s->w.fds[ROW - 1].fd) < 0 ||
           watch_select(&s->w, 0) != 0;
}

static void vfork_child_selects_on_the_parents_bits(void **state)
{
    (void)state;
    with_vfork_child(selects_parents_bits);
}

/* The child's descriptors get numbers which the parent watches. */
static int reuses(struct scene *s)
{
    closes(s);
    for (size_t i = 0; i < ROW; i++) {
        int ends[2];
        if (pipe(ends) || write(ends[1], "", 1) != 1)
            return 1;
    }
    return 0;
}

static void vfork_child_reuses_the_numbers(void **state)
{
    (void)state;
    with_vfork_child(reuses);
}

/* A change made by the child must not hide one the parent makes later. */
static void parent_closes_what_the_vfork_child_closed(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s);
    for (int round = 0; round < 3; round++) {
        child_join(run_vfork(closes, &s));
        watch_close(&s.w);
        assert_true(watch_open(&s.w, ROW));
        assert_true(watch_works(&s.w));
    }
    close_scene(&s);
}

/*
 * The child of a bare fork has not called the library yet when its vfork child
 * closes something: that one, in the same memory, did what a new process does
 * first, and let go of descriptors that were not its own.
 */
static void forks_on(void *arg)
{
    struct scene *s = arg;
    require(child_wait(run_vfork(closes, s)) == 0);
    require(poll(NULL, 0, 0) == 0); /* at the latest it begins anew here */
    require(fdcheck_count_internal() == 0);
    require(watch_works(&s->w));
}

static void vfork_child_of_a_bare_forks_child(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s);
    pid_t pid = child_start_raw(forks_on, &s);
    child_join(pid);
    if (child_raw_is_told())
        assert_epoll_answered(pid, 1);
    assert_true(watch_works(&s.w));
    close_scene(&s);
}

/* --- what is a process's own, though its memory is not --- */

/* The parent polls more entries than its own limit allows, and is told so. */
static int allows_itself_more(struct scene *s)
{
    struct rlimit limit;
    (void)s;
    return getrlimit(RLIMIT_NOFILE, &limit) ||
           (limit.rlim_cur = limit.rlim_max,
            setrlimit(RLIMIT_NOFILE, &limit)) != 0;
}

static void vfork_childs_limit_is_not_the_parents(void **state)
{
    enum {
        MOST = 3 * ROW /* as many are open */
    };
    struct rlimit limit;
    struct scene s;
    (void)state;
    open_scene(&s);
    struct pollfd many[MOST + 10];
    for (size_t i = 0; i < MOST + 10; i++)
        many[i] = s.w.fds[i % ROW];
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = MOST;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    child_join(run_vfork(allows_itself_more, &s));
    assert_int_equal(poll(many, MOST + 10, 0), -1);
    assert_int_equal(errno, EINVAL);
    child_join(run_clone(allows_itself_more, &s));
    assert_int_equal(poll(many, MOST + 10, 0), -1);
    assert_int_equal(errno, EINVAL);
    limit.rlim_cur = limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    close_scene(&s);
}

/* select() leaves its timeout alone under STICKY_TIMEOUTS; Linux's own does
 * not. */
static int becomes_linux(struct scene *s)
{
    (void)s;
    return personality(PER_LINUX) < 0;
}

static void vfork_childs_personality_is_not_the_parents(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s);
    assert_true(personality(PER_LINUX | STICKY_TIMEOUTS) >= 0);
    child_join(run_vfork(becomes_linux, &s));
    assert_int_equal(write(s.w.peers[0], "x", 1), 1);
    for (int i = 0; i < 3; i++) {
        struct timeval second = {1, 0};
        struct bits in = {{0}};
        for (size_t j = 0; j < ROW; j++)
            bits_set(&in, s.w.fds[j].fd);
        assert_int_equal(
            select(s.w.fds[ROW - 1].fd + 1, BITS(&in), NULL, NULL, &second), 1);
        assert_true(second.tv_sec == 1 && second.tv_usec == 0);
    }
    assert_true(personality(PER_LINUX) >= 0);
    close_scene(&s);
}

static const struct suite_test tests[] = {
    TEST(vfork_child_closes),
    TEST(vfork_child_dup2s),
    TEST(vfork_child_closes_a_range),
    TEST(vfork_child_closes_from),
    TEST(vfork_child_closes_and_execs),
    TEST(vfork_child_polls_its_own_table),
    TEST(vfork_child_polls_the_parents_array),
    TEST(vfork_child_selects_on_the_parents_bits),
    TEST(vfork_child_reuses_the_numbers),
    TEST(parent_closes_what_the_vfork_child_closed),
    TEST(vfork_child_of_a_bare_forks_child),
    TEST(vfork_childs_limit_is_not_the_parents),
    TEST(vfork_childs_personality_is_not_the_parents),
};

SUITE(tests)
