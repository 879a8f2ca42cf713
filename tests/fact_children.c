/* SPDX-License-Identifier: MIT */
/*
 * Fact F4: parent and child after a fork of any kind. Each goes on with the
 * same memory and with answers of its own.
 */
#include "fact_common.h"

#include <sys/mman.h>
#include <sys/wait.h>

static void watch(struct pollfd *entry, int fd)
{
    *entry = (struct pollfd){.fd = fd, .events = POLLIN};
}

/*
 * F4: what a child does to its descriptors and its waits is its own affair.
 * Parent and child go on with the same memory, each with its own answers.
 */
static struct pollfd shared_set[2 + CROWD];
static nfds_t shared_n;
static int one[2], two[2];
static _Atomic bool *changed; /* by the child, in memory of both */

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
    *changed = true;
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

/* It may have failed, and is then still to be waited for. */
static bool child_is_alive(pid_t pid)
{
    siginfo_t info = {.si_pid = 0};
    return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           info.si_pid == 0;
}

static void F4_a_child_does_not_change_its_parents_waits(void **state)
{
    (void)state;
    open_shared();
    changed = mmap(NULL, sizeof(*changed), PROT_READ | PROT_WRITE,
                   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    holds(changed != MAP_FAILED);
    pid_t pid = start_story(child_changes_everything);
    /* What is sent from here on, the child's copies would tell it, too. */
    while (!*changed && child_is_alive(pid))
        same(poll(shared_set, shared_n, 20), 0);
    check_parent();
    same(child_wait(pid), 0);
    munmap(changed, sizeof(*changed));
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
    settle(&poll_calls[0], shared_set, shared_n);
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
            /* Wants less than its parent, and then closes it too. */
            shared_set[0].fd = -1;
            if (poll(shared_set, shared_n, 0) != 0)
                _exit(1);
            close_pair(one);
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

static const struct suite_test tests[] = {
    TEST(F4_a_child_does_not_change_its_parents_waits),
    TEST(F4_the_childs_copies_are_nothing_to_the_parent),
    TEST(F4_a_vfork_childs_closes_are_its_own),
    TEST(F4_children_made_without_handlers),
};

SUITE(tests)
