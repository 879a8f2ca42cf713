/* SPDX-License-Identifier: MIT */
/*
 * Where the library can't have what it needs, a descriptor, memory, a place
 * in the kernel's epoll accounts, the call is the kernel's, silently and with
 * the right answer. What the program set the limit for goes on as before.
 */
#define _GNU_SOURCE
#include "harness/filter.h"
#include "harness/harness.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    ROW = 8
};

static void limit_descriptors(rlim_t n)
{
    struct rlimit limit;
    require(!getrlimit(RLIMIT_NOFILE, &limit));
    limit.rlim_cur = n;
    require(!setrlimit(RLIMIT_NOFILE, &limit));
}

/* Everything below happens in a child, whose limits end with it. */
static void in_child(void (*fn)(void *), bool answered)
{
    struct watch w;
    assert_true(watch_open(&w, ROW));
    assert_true(watch_works(&w));
    pid_t pid = child_start(fn, &w);
    child_join(pid);
    if (answered)
        assert_epoll_answered(pid, 1);
    assert_true(watch_works(&w));
    watch_close(&w);
}

/* --- no descriptor to be had -------------------------------------------- */

/*
 * The table is full before the child's first poll: there is no room for an
 * epoll descriptor (EMFILE).
 */
static void fills_the_table_first(void *arg)
{
    struct watch *w = arg;
    limit_descriptors(2 * ROW + 10);
    while (dup(0) >= 0)
        continue;
    require(errno == EMFILE);
    require(watch_works(w));
    require(dup(0) == -1 && errno == EMFILE);
    close(2 * ROW + 5);
    require(watch_works(w));
}

static void no_room_for_an_epoll_descriptor(void **state)
{
    (void)state;
    in_child(fills_the_table_first, false);
}

/* Full after it: what the library holds doesn't take the program's numbers. */
static void fills_the_table_later(void *arg)
{
    struct watch *w = arg;
    limit_descriptors(400);
    require(watch_works(w));
    int last = 2, fd, own = (int)fdcheck_count_internal(), got = 0;
    for (; (fd = dup(0)) >= 0; got++)
        last = fd;
    require(errno == EMFILE);
    /* All that natively are the program's, but for the library's few. */
    require(got >= 400 - (2 * ROW + 3) - own);
    require(watch_works(w));
    for (fd = 2 * ROW + 3; fd <= last; fd++)
        close(fd);
    require(watch_works(w));
}

static void table_full_after_polling(void **state)
{
    (void)state;
    in_child(fills_the_table_later, true);
}

/* A limit below what is open: poll with more entries is EINVAL (P2). */
static void lowers_the_limit(void *arg)
{
    struct watch *w = arg;
    require(watch_works(w));
    limit_descriptors(ROW - 1);
    for (int i = 0; i < 3; i++)
        require(watch_poll(w, 0) == -1 && errno == EINVAL);
    w->n = ROW - 1;
    require(watch_works(w));
    w->n = ROW;
    require(watch_select(w, 0) == 0);
    limit_descriptors(ROW);
    require(watch_works(w));
    limit_descriptors(100);
}

static void limit_below_the_arrays_length(void **state)
{
    (void)state;
    in_child(lowers_the_limit, true);
}

static void lowers_the_limit_by_prlimit(void *arg)
{
    struct watch *w = arg;
    struct rlimit limit;
    require(watch_works(w));
    require(!prlimit(0, RLIMIT_NOFILE, NULL, &limit));
    limit.rlim_cur = ROW - 1;
    require(!prlimit(0, RLIMIT_NOFILE, &limit, NULL));
    for (int i = 0; i < 3; i++)
        require(watch_poll(w, 0) == -1 && errno == EINVAL);
    limit.rlim_cur = ROW;
    require(!prlimit(getpid(), RLIMIT_NOFILE, &limit, NULL));
    require(watch_works(w));
    limit_descriptors(100);
}

static void limit_below_the_arrays_length_by_prlimit(void **state)
{
    (void)state;
    in_child(lowers_the_limit_by_prlimit, true);
}

#ifdef SYS_setrlimit
/* It was not seen, but as a function and as prlimit() by number. */
static void lowers_the_limit_by_number(void *arg)
{
    struct watch *w = arg;
    unsigned long limit[2] = {ROW - 1, 100}; /* as this call has it */
    limit_descriptors(100);
    require(watch_works(w));
    require(!syscall(SYS_setrlimit, RLIMIT_NOFILE, limit));
    for (int i = 0; i < 3; i++)
        require(watch_poll(w, 0) == -1 && errno == EINVAL);
    limit[0] = 100;
    require(!syscall(SYS_setrlimit, RLIMIT_NOFILE, limit));
    require(watch_works(w));
}

static void limit_below_the_arrays_length_by_number(void **state)
{
    (void)state;
    in_child(lowers_the_limit_by_number, true);
}
#endif

/* What a sandboxing daemon does: no new descriptors ever again. */
static void sets_the_limit_to_zero(void *arg)
{
    struct watch *w = arg;
    char byte;
    require(watch_works(w));
    require(!setrlimit(RLIMIT_NOFILE, &(struct rlimit){0, 0}));
    for (int i = 0; i < 3; i++) {
        require(watch_poll(w, 0) == -1 && errno == EINVAL);
        require(poll(w->fds, 0, 0) == 0);
        require(write(w->peers[i], "", 1) == 1);
        require(watch_select(w, 0) == 1 && bits_test(&w->in, w->fds[i].fd));
        require(read(w->fds[i].fd, &byte, 1) == 1);
        require(watch_select(w, 0) == 0);
    }
}

static void limit_of_zero(void **state)
{
    (void)state;
    /* It can't open the file to tell its counters, either. */
    in_child(sets_the_limit_to_zero, false);
}

static void starts_with_limit_zero(void *arg)
{
    struct watch *w = arg;
    limit_descriptors(0);
    for (int i = 0; i < 3; i++)
        require(watch_poll(w, 0) == -1 && errno == EINVAL);
    require(watch_select(w, 0) == 0);
    limit_descriptors(100);
    require(watch_works(w));
}

static void limit_of_zero_from_the_first_call(void **state)
{
    (void)state;
    in_child(starts_with_limit_zero, false);
}

/* --- the kernel says no to epoll ----------------------------------------- */

static void refuse(const int *calls, size_t count, int error)
{
    struct filter filter;
    filter_refuse(&filter, calls, count, error);
    require(filter_install(&filter) == 0);
}

static const int creating[] = {
#ifdef SYS_epoll_create
    SYS_epoll_create,
#endif
    SYS_epoll_create1};

/*
 * The program is started under the filter, so that nothing of epoll was ever
 * there. arg is the errno.
 */
ROLE(polls_without_epoll)
{
    struct watch w;
    refuse(creating, ARRAY_SIZE(creating), atoi(arg));
    require(watch_open(&w, ROW));
    for (int i = 0; i < 3; i++)
        require(watch_works(&w));
    require(watch_poll(&w, 10) == 0);
    watch_close(&w);
    return 0;
}

static void epoll_create_fails(void **state)
{
    static const char *const errors[] = {"23" /* ENFILE */, "24" /* EMFILE */,
                                         "12" /* ENOMEM */, "38" /* ENOSYS */,
                                         "1" /* EPERM */};
    (void)state;
    _Static_assert(ENFILE == 23 && EMFILE == 24 && ENOMEM == 12 &&
                       ENOSYS == 38 && EPERM == 1,
                   "the numbers above");
    for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
        pid_t pid = child_start_role("polls_without_epoll", errors[i]);
        child_join(pid);
        if (way_is_always())
            assert_true(stats_of(pid, "answered") <= 0);
    }
    /* This process is not under the filter. */
    struct watch w;
    assert_true(watch_open(&w, ROW));
    assert_true(watch_works(&w));
    watch_close(&w);
}

/*
 * A ghost wakes poll() in the midst of its time, and its set can't be made
 * anew: the native call then waited all of the time once more.
 */
static void wakes_without_epoll(void *arg)
{
    struct watch *w = arg;
    int copy = dup(w->fds[1].fd);
    char byte;
    for (int i = 0; i < 3; i++)
        require(watch_poll(w, 10) == 0); /* the scrub is done with it */
    close(w->fds[1].fd);
    w->fds[1].fd = -1;
    require(copy >= 0 && watch_poll(w, 10) == 0);
    refuse(creating, ARRAY_SIZE(creating), ENFILE);
    pid_t pid = fork();
    if (pid == 0) {
        clock_sleep_ms(350);
        require(write(w->peers[1], "x", 1) == 1);
        clock_sleep_ms(300);
        require(write(w->peers[2], "x", 1) == 1); /* 250 ms too late */
        _exit(0);
    }
    require(watch_poll(w, 400) == 0);
    require(child_wait(pid) == 0);
    require(read(copy, &byte, 1) == 1 && read(w->fds[2].fd, &byte, 1) == 1);
}

static void epoll_create_fails_in_the_midst_of_a_wait(void **state)
{
    (void)state;
    in_child(wakes_without_epoll, true);
}

/* Registered some, then refused for the rest: half a set is no set. */
static int refused_op, refused_errno;

static void goes_on_after_refusal(void *arg)
{
    struct watch *w = arg, more;
    struct filter filter;
    require(watch_works(w));
    filter_refuse_epoll_ctl(&filter, refused_op, refused_errno);
    require(filter_install(&filter) == 0);
    require(watch_works(w));
    /* A larger row, a smaller one, other numbers, other masks. */
    require(watch_open(&more, 2 * ROW));
    require(watch_works(&more));
    w->n = ROW / 2;
    require(watch_works(w));
    w->n = ROW;
    for (size_t i = 0; i < ROW; i++)
        w->fds[i].events = POLLIN | POLLPRI;
    require(watch_works(w));
    int fd = w->fds[0].fd;
    close(fd);
    require(dup2(more.fds[0].fd, fd) == fd);
    w->peers[0] = more.peers[0];
    require(watch_works(w));
}

static void with_refusal(int op, int error)
{
    refused_op = op;
    refused_errno = error;
    in_child(goes_on_after_refusal, true);
}

static void epoll_ctl_add_fails(void **state)
{
    static const int errors[] = {ENOSPC, ENOMEM, EPERM, ELOOP, ENOSYS};
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(errors); i++)
        with_refusal(EPOLL_CTL_ADD, errors[i]);
}

static void epoll_ctl_mod_fails(void **state)
{
    (void)state;
    with_refusal(EPOLL_CTL_MOD, ENOMEM);
    with_refusal(EPOLL_CTL_MOD, ENOSYS);
}

static void epoll_ctl_del_fails(void **state)
{
    (void)state;
    with_refusal(EPOLL_CTL_DEL, ENOMEM);
    with_refusal(EPOLL_CTL_DEL, ENOSYS);
}

static const int waiting[] = {
#ifdef SYS_epoll_wait
    SYS_epoll_wait,
#endif
    SYS_epoll_pwait, SYS_epoll_pwait2};

static void cannot_collect(void *arg)
{
    require(watch_works(arg));
    refuse(waiting, ARRAY_SIZE(waiting), ENOSYS);
    require(watch_works(arg));
    require(watch_poll(arg, 10) == 0);
}

static void epoll_wait_fails(void **state)
{
    (void)state;
    in_child(cannot_collect, true);
}

/* No memory for anything new: mmap and brk fail from the first poll on. */
static void has_no_memory(void *arg)
{
    static const int calls[] = {SYS_mmap, SYS_brk, SYS_mremap};
    struct watch *w = arg;
    refuse(calls, ARRAY_SIZE(calls), ENOMEM);
    for (int i = 0; i < 3; i++)
        require(watch_works(w));
}

ROLE(polls_without_memory)
{
    struct watch w;
    (void)arg;
    require(watch_open(&w, ROW));
    has_no_memory(&w);
    watch_close(&w);
    return 0;
}

static void no_memory(void **state)
{
    (void)state;
    in_child(has_no_memory, false);
    child_join(child_start_role("polls_without_memory", ""));
}

/* Kernels without it, and filters that don't know it. */
static void has_no_madvise(void *arg)
{
    static const int calls[] = {SYS_madvise, SYS_kcmp, SYS_close_range};
    refuse(calls, ARRAY_SIZE(calls), ENOSYS);
    for (int i = 0; i < 3; i++)
        require(watch_works(arg));
}

ROLE(polls_without_newer_calls)
{
    struct watch w;
    (void)arg;
    require(watch_open(&w, ROW));
    has_no_madvise(&w);
    watch_close(&w);
    return 0;
}

static void newer_system_calls_missing(void **state)
{
    (void)state;
    in_child(has_no_madvise, false);
    child_join(child_start_role("polls_without_newer_calls", ""));
}

/* --- memory that is locked ------------------------------------------------ */

/*
 * Programs that must not wait for a page lock all memory. MADV_DONTNEED then
 * answers EINVAL, and what is wiped so is not wiped: a set that had an owner
 * before took its old registrations for the new one's, and heard nothing.
 * More arrays than a thread has places for make sets end and begin.
 */
static void locked_memory(void **state)
{
    static struct watch rows[24];
    (void)state;
    assert_true(watch_open(&rows[0], ROW));
    assert_true(watch_works(&rows[0]));
    if (mlockall(MCL_CURRENT | MCL_FUTURE) != 0) {
        fprintf(stderr, "skipped: mlockall: %s\n", strerror(errno));
        watch_close(&rows[0]);
        skip();
    }
    for (size_t i = 1; i < ARRAY_SIZE(rows); i++) {
        rows[i] = rows[0];
        rows[i].n = 1 + i * 3 % ROW; /* each has some of another's numbers */
    }
    for (size_t i = 0; i < 2 * ARRAY_SIZE(rows); i++)
        assert_true(watch_works(&rows[i % ARRAY_SIZE(rows)]));
    munlockall();
    watch_close(&rows[0]);
}

static const struct suite_test tests[] = {
    TEST(no_room_for_an_epoll_descriptor),
    TEST(table_full_after_polling),
    TEST(limit_below_the_arrays_length),
    TEST(limit_below_the_arrays_length_by_prlimit),
#ifdef SYS_setrlimit
    TEST(limit_below_the_arrays_length_by_number),
#endif
    TEST(limit_of_zero),
    TEST(limit_of_zero_from_the_first_call),
    TEST(epoll_create_fails),
    TEST(epoll_create_fails_in_the_midst_of_a_wait),
    TEST(epoll_ctl_add_fails),
    TEST(epoll_ctl_mod_fails),
    TEST(epoll_ctl_del_fails),
    TEST(epoll_wait_fails),
    TEST(no_memory),
    TEST(newer_system_calls_missing),
    TEST(locked_memory),
};

SUITE(tests)
