/* SPDX-License-Identifier: MIT */
/*
 * Facts F6 to F8: the descriptor numbers are the program's. It may close any,
 * use any, run out of them, and finds none that it did not open.
 */
#include "fact_common.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/syscall.h>

static void watch(struct pollfd *entry, int fd)
{
    *entry = (struct pollfd){.fd = fd, .events = POLLIN};
}

/* The program's own: below the crowd's end, and `keep` behind it. */
static bool mine(int fd, const int *keep, int kept)
{
    struct pollfd set[CROWD];
    nfds_t n = gather(set, 0);
    for (nfds_t i = 0; i < n; i++)
        if (set[i].fd == fd)
            return true;
    for (int i = 0; i < kept; i++)
        if (keep[i] == fd)
            return true;
    return fd < 3;
}

/* As daemons do: close whatever may be open that is not one's own. */
static void by_close(int fd)
{
    close(fd);
}

static void by_close_range(int fd)
{
    close_range((unsigned)fd, (unsigned)fd, 0);
}

static void by_system_call(int fd)
{
    syscall(SYS_close, fd);
}

static void unseen(int fd)
{
    raw_close(fd);
}

static void by_dup2(int fd)
{
    same(dup2(0, fd), fd);
    same(close(fd), 0);
}

static void (*const ways_to_close[])(int) = {
    by_close, by_close_range, by_system_call, by_dup2, unseen,
};

static void close_all_others(void (*how)(int), const int *keep, int kept)
{
    int size = table_size();
    for (int fd = 3; fd < size; fd++)
        if (!mine(fd, keep, kept))
            how(fd);
}

static void answers_are_right(int pair[2])
{
    struct pollfd set[1 + CROWD];
    struct sets b, got;
    nfds_t n = gather(set, 1);
    watch(&set[0], pair[0]);
    gather_bits(&b);
    want(&b, pair[0], "r");
    for (EACH_ROUND) {
        same(poll(set, n, 0), 0);
        same(select_for(&select_calls[0], &b, &got, 0), 0);
        send_byte(pair[1]);
        same(poll(set, n, -1), 1);
        same(set[0].revents, POLLIN);
        same(select_for(&select_calls[0], &b, &got, -1), 1);
        same(told(&got, pair[0]), 4);
        take_byte(pair[0]);
    }
}

/*
 * F6: a program may close every number it did not open, in any way, and open
 * its own files there. Its waits go on, and its files stay its own.
 */
static void close_in_every_way(void)
{
    int pair[2], high;
    stream_pair(pair);
    settle_all();
    answers_are_right(pair);
    for (size_t i = 0; i < ARRAY_SIZE(ways_to_close); i++) {
        close_all_others(ways_to_close[i], pair, 2);
        answers_are_right(pair);
    }
    high = pair[1] + 1;
    same(close_range((unsigned)high, ~0U, 0), 0);
    answers_are_right(pair);
    closefrom(high);
    answers_are_right(pair);
    syscall(SYS_close_range, (unsigned)high, ~0U, 0);
    answers_are_right(pair);
    close_pair(pair);
}

static void F6_a_program_may_close_all_numbers(void **state)
{
    (void)state;
    in_child(close_in_every_way);
}

/* F6: then every number is the program's: here all with its own epoll. */
static void fill_with_own_epoll(void)
{
    int pair[2], own[2], epoll = epoll_create1(0), size = table_size();
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = 4711};
    struct epoll_event got[8];
    stream_pair(pair);
    stream_pair(own);
    answers_are_right(pair);
    same(epoll_ctl(epoll, EPOLL_CTL_ADD, own[0], &event), 0);
    int keep[] = {pair[0], pair[1], own[0], own[1], epoll};
    for (int fd = 3; fd < size; fd++)
        if (!mine(fd, keep, ARRAY_SIZE(keep)))
            same(dup2(epoll, fd), fd);
    answers_are_right(pair);
    send_byte(pair[1]);
    same(epoll_wait(epoll, got, 8, 5), 0);
    take_byte(pair[0]);
    send_byte(own[1]);
    for (int fd = 3; fd < size; fd++)
        if (!mine(fd, keep, ARRAY_SIZE(keep) - 1)) {
            same(epoll_wait(fd, got, 8, 0), 1);
            same(got[0].data.u64, 4711);
        }
    answers_are_right(pair);
}

static void F6_the_programs_own_epoll_may_have_any_number(void **state)
{
    (void)state;
    in_child(fill_with_own_epoll);
}

/* F6: or with pipes, one number after the other, taken by dup2(). */
static void fill_with_pipes(void)
{
    int pair[2], quiet[2], size = table_size();
    stream_pair(pair);
    open_pipe(quiet);
    answers_are_right(pair);
    int keep[] = {pair[0], pair[1], quiet[0], quiet[1]};
    for (int fd = 3; fd < size; fd++)
        if (!mine(fd, keep, ARRAY_SIZE(keep))) {
            same(dup2(quiet[0], fd), fd);
            if (fd % 32 == 0)
                answers_are_right(pair);
        }
    answers_are_right(pair);
    send_byte(quiet[1]);
    for (int fd = 3; fd < size; fd++)
        if (!mine(fd, keep, 2) && fd != quiet[1]) {
            struct pollfd set = {.fd = fd, .events = POLLIN};
            same(raw_ppoll(&set, 1, &(struct timespec){0, 0}), 1);
            same(set.revents, POLLIN);
        }
}

static void F6_pipes_may_have_any_number(void **state)
{
    (void)state;
    in_child(fill_with_pipes);
}

/* F7: with no number left to open anything, the calls still answer. */
static void no_number_left(void)
{
    int pair[2];
    struct rlimit usual, limit;
    stream_pair(pair);
    getrlimit(RLIMIT_NOFILE, &usual);
    limit = usual;
    limit.rlim_cur = 200;
    same(setrlimit(RLIMIT_NOFILE, &limit), 0);
    while (dup(0) >= 0)
        continue;
    same(errno, EMFILE);
    answers_are_right(pair);
    settle_all();
    same(setrlimit(RLIMIT_NOFILE, &usual), 0);
}

/* F7: and with the limit lowered under what is open already. */
static void limit_below_all(void)
{
    int pair[2];
    struct rlimit usual, limit;
    stream_pair(pair);
    answers_are_right(pair);
    getrlimit(RLIMIT_NOFILE, &usual);
    limit = usual;
    limit.rlim_cur = CROWD + 1; /* as many entries as are asked for */
    same(setrlimit(RLIMIT_NOFILE, &limit), 0);
    answers_are_right(pair);
    settle_all();
    same(setrlimit(RLIMIT_NOFILE, &usual), 0);
}

static void F7_at_the_limit_of_open_files(void **state)
{
    (void)state;
    settle_all();
    same(child_status(no_number_left), 0);
    in_child(limit_below_all);
}

/* F8: a thread that has polled leaves nothing open behind it. */
static int open_numbers(void)
{
    int count = 0;
    DIR *numbers = opendir("/proc/self/fd");
    while (readdir(numbers))
        count++;
    closedir(numbers);
    return count;
}

static char crowd_seen;

static void *poll_in_thread(void *unused)
{
    struct pollfd set[CROWD];
    nfds_t n = gather(set, 0);
    for (int i = 0; i < ROUNDS; i++)
        if (poll(set, n, 0) != 0)
            return &crowd_seen;
    return unused;
}

static void F8_threads_leave_nothing_open(void **state)
{
    (void)state;
    pthread_t thread[20];
    void *result;
    settle_all();
    int before = open_numbers();
    for (EACH_ROUND) {
        for (size_t i = 0; i < ARRAY_SIZE(thread); i++)
            same(pthread_create(&thread[i], NULL, poll_in_thread, NULL), 0);
        for (size_t i = 0; i < ARRAY_SIZE(thread); i++) {
            same(pthread_join(thread[i], &result), 0);
            holds(result == NULL);
        }
        same(open_numbers(), before);
    }
}

/* F8: nothing of a waiting process is open in the program it executes. */
static void F8_nothing_is_inherited_over_exec(void **state)
{
    (void)state;
    int report[2];
    char line[256];
    settle_all();
    open_pipe(report);
    pid_t pid = fork();
    if (pid == 0) {
        unsetenv("LD_PRELOAD");
        settle_all();
        dup2(report[1], 1);
        close_pair(report);
        execl("/bin/ls", "ls", "-l", "/proc/self/fd", (char *)NULL);
        _exit(127);
    }
    close(report[1]);
    FILE *listing = fdopen(report[0], "r");
    while (fgets(line, sizeof(line), listing)) {
        holds(!strstr(line, "eventpoll"));
        holds(!strstr(line, "eventfd"));
    }
    fclose(listing);
    same(child_wait(pid), 0);
}

static const struct suite_test tests[] = {
    TEST(F6_a_program_may_close_all_numbers),
    TEST(F6_the_programs_own_epoll_may_have_any_number),
    TEST(F6_pipes_may_have_any_number),
    TEST(F7_at_the_limit_of_open_files),
    TEST(F8_threads_leave_nothing_open),
    TEST(F8_nothing_is_inherited_over_exec),
};

SUITE(tests)
