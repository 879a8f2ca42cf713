/* SPDX-License-Identifier: MIT */
/*
 * Facts F1 to F4 and F6 to F8: descriptors that are closed, reused, copied
 * and inherited.
 *
 * To poll() a number means whatever is open there now. A set that remembers
 * files must not be told apart from it. Who is woken when a descriptor is
 * closed under a sleeper is in fact_sleepers.c.
 */
#include "fact_common.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static void watch(struct pollfd *entry, int fd)
{
    *entry = (struct pollfd){.fd = fd, .events = POLLIN};
}

/* F1: the number of a closed descriptor, used again, is the new file. */
static void reused_poll(const struct poll_call *c)
{
    int old[2], pair[2];
    struct pollfd set[1 + CROWD];
    nfds_t n = gather(set, 1);
    stream_pair(old);
    int number = old[0];
    watch(&set[0], number);
    settle(c, set, n);
    for (EACH_ROUND) {
        close_pair(old);
        same(poll_for(c, set, n, 0), 1);
        same(set[0].revents, POLLNVAL);
        stream_pair(pair);
        same(pair[0], number);
        same(poll_for(c, set, n, 0), 0);
        send_byte(pair[1]);
        same(poll_for(c, set, n, -1), 1);
        same(set[0].revents, POLLIN);
        close_pair(pair);
        /* And with no call between the close and the reuse. */
        stream_pair(old);
        same(poll_for(c, set, n, 0), 0);
        send_byte(old[1]);
        same(poll_for(c, set, n, -1), 1);
    }
    close_pair(old);
}

static void reused_select(const struct select_call *c)
{
    int pair[2];
    struct sets b, got;
    stream_pair(pair);
    gather_bits(&b);
    want(&b, pair[0], "r");
    settle_bits(c, &b, &got);
    for (EACH_ROUND) {
        int number = pair[0];
        close_pair(pair);
        same(select_for(c, &b, &got, 0), -1);
        same(errno, EBADF);
        stream_pair(pair);
        same(pair[0], number);
        same(select_for(c, &b, &got, 0), 0);
        close_pair(pair);
        stream_pair(pair);
        send_byte(pair[1]);
        same(select_for(c, &b, &got, -1), 1);
        same(told(&got, number), 4);
    }
    close_pair(pair);
}

static void F1_a_reused_number_is_the_new_file(void **state)
{
    (void)state;
    each_poll(reused_poll);
    each_select(reused_select);
}

/*
 * F2: a file that lives on in a copy is nothing to the number it was closed
 * at: not when the number is closed, not when it is somebody else's.
 */
static void copied_poll(const struct poll_call *c)
{
    int old[2], pair[2];
    struct pollfd set[1 + CROWD];
    nfds_t n = gather(set, 1);
    for (EACH_ROUND) {
        stream_pair(old);
        int number = old[0], copy = fcntl(number, F_DUPFD, 150);
        watch(&set[0], number);
        settle(c, set, n);
        close(number);
        send_byte(old[1]);
        same(poll_for(c, set, n, 0), 1);
        same(set[0].revents, POLLNVAL);
        stream_pair(pair);
        same(pair[0], number);
        same(poll_for(c, set, n, 0), 0);
        same(poll_for(c, set, n, 5), 0);
        send_byte(pair[1]);
        same(poll_for(c, set, n, -1), 1);
        take_byte(number);
        same(poll_for(c, set, n, 5), 0);
        /* The same file may come back to its number. */
        same(dup2(copy, number), number);
        same(poll_for(c, set, n, -1), 1);
        take_byte(number);
        same(poll_for(c, set, n, 0), 0);
        close_pair(pair);
        close(copy);
        close(old[1]);
    }
}

static void copied_select(const struct select_call *c)
{
    int old[2], pair[2];
    struct sets b, got;
    for (EACH_ROUND) {
        stream_pair(old);
        int number = old[0], copy = fcntl(number, F_DUPFD, 150);
        gather_bits(&b);
        want(&b, number, "r");
        settle_bits(c, &b, &got);
        close(number);
        send_byte(old[1]);
        same(select_for(c, &b, &got, 0), -1);
        same(errno, EBADF);
        stream_pair(pair);
        same(pair[0], number);
        same(select_for(c, &b, &got, 5), 0);
        send_byte(pair[1]);
        same(select_for(c, &b, &got, -1), 1);
        take_byte(number);
        same(select_for(c, &b, &got, 5), 0);
        close_pair(pair);
        close(copy);
        close(old[1]);
    }
}

static void F2_a_copy_elsewhere_is_not_this_number(void **state)
{
    (void)state;
    each_poll(copied_poll);
    each_select(copied_select);
}

/* F3: dup2() onto a watched number puts another file there. */
static void replaced_poll(const struct poll_call *c)
{
    int first[2], second[2];
    struct pollfd set[1 + CROWD];
    nfds_t n = gather(set, 1);
    stream_pair(first);
    stream_pair(second);
    int number = dup(first[0]);
    watch(&set[0], number);
    settle(c, set, n);
    for (EACH_ROUND) {
        same(dup2(second[0], number), number);
        send_byte(first[1]);
        same(poll_for(c, set, n, 5), 0);
        send_byte(second[1]);
        same(poll_for(c, set, n, -1), 1);
        same(set[0].revents, POLLIN);
        take_byte(second[0]);
        same(poll_for(c, set, n, 0), 0);
        same(dup3(first[0], number, O_CLOEXEC), number);
        same(poll_for(c, set, n, -1), 1);
        take_byte(first[0]);
        same(poll_for(c, set, n, 0), 0);
    }
    close(number);
    close_pair(first);
    close_pair(second);
}

static void replaced_select(const struct select_call *c)
{
    int first[2], second[2];
    struct sets b, got;
    stream_pair(first);
    stream_pair(second);
    int number = dup(first[0]);
    gather_bits(&b);
    want(&b, number, "r");
    settle_bits(c, &b, &got);
    for (EACH_ROUND) {
        same(dup2(second[0], number), number);
        send_byte(first[1]);
        same(select_for(c, &b, &got, 5), 0);
        send_byte(second[1]);
        same(select_for(c, &b, &got, -1), 1);
        take_byte(second[0]);
        same(dup2(first[0], number), number);
        same(select_for(c, &b, &got, -1), 1);
        take_byte(first[0]);
        same(select_for(c, &b, &got, 0), 0);
    }
    close(number);
    close_pair(first);
    close_pair(second);
}

static void F3_dup2_puts_another_file_at_the_number(void **state)
{
    (void)state;
    each_poll(replaced_poll);
    each_select(replaced_select);
}

/*
 * F4: what a child does to its descriptors and its waits is its own affair.
 * Parent and child go on with the same memory, each with its own answers.
 */
static struct pollfd shared_set[2 + CROWD];
static nfds_t shared_n;
static int one[2], two[2];

static void child_changes_everything(void)
{
    struct sets b, got;
    int pair[2];
    same(poll(shared_set, shared_n, 0), 0);
    shared_set[0].events = 0;
    same(poll(shared_set, shared_n, 0), 0);
    close_pair(one);
    shared_set[0].fd = -1;
    stream_pair(pair);
    shared_set[0].fd = pair[0];
    shared_set[0].events = POLLIN;
    for (EACH_ROUND) {
        same(poll(shared_set, shared_n, 0), 0);
        send_byte(pair[1]);
        same(poll(shared_set, shared_n, -1), 1);
        same(shared_set[0].revents, POLLIN);
        take_byte(pair[0]);
    }
    gather_bits(&b);
    want(&b, pair[0], "r");
    send_byte(pair[1]);
    for (EACH_ROUND)
        same(select_for(&select_calls[0], &b, &got, -1), 1);
    /* Stays alive with its copies open and readable. */
    clock_sleep_ms(150);
}

static void check_parent(void)
{
    for (EACH_ROUND) {
        same(poll(shared_set, shared_n, 20), 0);
        send_byte(one[1]);
        same(poll(shared_set, shared_n, -1), 1);
        same(shared_set[0].revents, POLLIN);
        same(shared_set[1].revents, 0);
        take_byte(one[0]);
        send_byte(two[1]);
        same(poll(shared_set, shared_n, -1), 1);
        same(shared_set[1].revents, POLLIN);
        take_byte(two[0]);
    }
}

static void open_shared(void)
{
    shared_n = gather(shared_set, 2);
    stream_pair(one);
    stream_pair(two);
    watch(&shared_set[0], one[0]);
    watch(&shared_set[1], two[0]);
    settle(&poll_calls[0], shared_set, shared_n);
}

static void F4_a_child_does_not_change_its_parents_waits(void **state)
{
    (void)state;
    open_shared();
    pid_t pid = start_story(child_changes_everything);
    check_parent();
    same(child_wait(pid), 0);
    holds(!way_is_always() || stats_of(pid, "answered") >= 1);
    check_parent();
    close_pair(one);
    close_pair(two);
}

/* F4: what the parent closes lives on in the child, and is gone here. */
static void live_on(void)
{
    clock_sleep_ms(150);
}

static void F4_the_childs_copies_are_nothing_to_the_parent(void **state)
{
    (void)state;
    int pair[2];
    open_shared();
    pid_t pid = start_story(live_on);
    int number = one[0];
    close(number);
    same(poll(shared_set, shared_n, 0), 1);
    same(shared_set[0].revents, POLLNVAL);
    stream_pair(pair);
    same(pair[0], number);
    /* The child still holds the old file, which becomes readable. */
    send_byte(one[1]);
    for (EACH_ROUND)
        same(poll(shared_set, shared_n, 5), 0);
    send_byte(pair[1]);
    for (EACH_ROUND)
        same(poll(shared_set, shared_n, -1), 1);
    same(child_wait(pid), 0);
    close_pair(pair);
    close(one[1]);
    close_pair(two);
}

/* F4: a vfork child shares all memory, but not the descriptor table. */
static void F4_a_vfork_childs_closes_are_its_own(void **state)
{
    (void)state;
    open_shared();
    for (int i = 0; i < ROUNDS; i++) {
        pid_t pid = vfork();
        if (pid == 0) {
            close(one[0]);
            dup2(one[1], two[0]);
            _exit(0);
        }
        same(child_wait(pid), 0);
        check_parent();
    }
    close_pair(one);
    close_pair(two);
}

/* F4: _Fork() and bare clone run no handlers, and fork all the same. */
static void F4_children_made_without_handlers(void **state)
{
    (void)state;
    open_shared();
    for (int how = 0; how < 2; how++) {
        pid_t pid = how ? (pid_t)raw_syscall6(SYS_clone, SIGCHLD, 0, 0, 0, 0, 0)
                        : _Fork();
        if (pid == 0) {
            close_pair(one);
            shared_set[0].fd = -1;
            if (poll(shared_set, shared_n, 0) != 0)
                _exit(1);
            if (write(two[1], "x", 1) != 1)
                _exit(2);
            if (poll(shared_set, shared_n, 5000) != 1)
                _exit(3);
            char byte;
            _exit(read(two[0], &byte, 1) != 1);
        }
        same(child_wait(pid), 0);
        check_parent();
    }
    close_pair(one);
    close_pair(two);
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
static void close_all_others(const int *keep, int kept)
{
    for (int fd = 3; fd < table_size(); fd++)
        if (!mine(fd, keep, kept))
            close(fd);
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
    close_all_others(pair, 2);
    answers_are_right(pair);
    high = pair[1] + 1;
    same(close_range((unsigned)high, ~0U, 0), 0);
    answers_are_right(pair);
    closefrom(high);
    answers_are_right(pair);
    syscall(SYS_close_range, (unsigned)high, ~0U, 0);
    answers_are_right(pair);
    for (int fd = high; fd < table_size(); fd++)
        raw_close(fd);
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
    struct rlimit limit;
    stream_pair(pair);
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = 200;
    same(setrlimit(RLIMIT_NOFILE, &limit), 0);
    while (dup(0) >= 0)
        continue;
    same(errno, EMFILE);
    answers_are_right(pair);
    settle_all();
}

/* F7: and with the limit lowered under what is open already. */
static void limit_below_all(void)
{
    int pair[2];
    struct rlimit limit;
    stream_pair(pair);
    answers_are_right(pair);
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = CROWD + 1; /* as many entries as are asked for */
    same(setrlimit(RLIMIT_NOFILE, &limit), 0);
    answers_are_right(pair);
    settle_all();
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
    TEST(F1_a_reused_number_is_the_new_file),
    TEST(F2_a_copy_elsewhere_is_not_this_number),
    TEST(F3_dup2_puts_another_file_at_the_number),
    TEST(F4_a_child_does_not_change_its_parents_waits),
    TEST(F4_the_childs_copies_are_nothing_to_the_parent),
    TEST(F4_a_vfork_childs_closes_are_its_own),
    TEST(F4_children_made_without_handlers),
    TEST(F6_a_program_may_close_all_numbers),
    TEST(F6_the_programs_own_epoll_may_have_any_number),
    TEST(F6_pipes_may_have_any_number),
    TEST(F7_at_the_limit_of_open_files),
    TEST(F8_threads_leave_nothing_open),
    TEST(F8_nothing_is_inherited_over_exec),
};

SUITE(tests)
