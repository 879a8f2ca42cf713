/* SPDX-License-Identifier: MIT */
/*
 * Section 10: poll() and select() are async-signal-safe. A handler may call
 * them, over the same memory too, may leave by siglongjmp(), fork, or change
 * the descriptors under the call it interrupts.
 */
#include "fact_common.h"

#include <setjmp.h>
#include <sys/time.h>

enum {
    TICK_US = 300, /* how often the handler runs where it runs at random */
    RUN_MS = 300,  /* at least, until the handler has run so often: */
    ENOUGH = 10
};

static struct pollfd set[2 + CROWD];
static nfds_t n;
static struct sets b;
static int quiet[2], ready[2];
static volatile sig_atomic_t wrong, handled;

/* set[0] is quiet, set[1] readable; so are the two in the descriptor sets. */
static void open_both(void)
{
    n = gather(set, 2);
    stream_pair(quiet);
    stream_pair(ready);
    send_byte(ready[1]);
    set[0] = (struct pollfd){.fd = quiet[0], .events = POLLIN};
    set[1] = (struct pollfd){.fd = ready[0], .events = POLLIN};
    gather_bits(&b);
    want(&b, quiet[0], "r");
    want(&b, ready[0], "r");
    wrong = handled = 0;
}

static void close_both(void)
{
    close_pair(quiet);
    close_pair(ready);
}

/* Whether all is as it should be; errno is the interrupted code's. */
static bool looks_right(struct pollfd *where)
{
    struct sets got;
    return poll(where, n, 0) == 1 && where[0].revents == 0 &&
           where[1].revents == POLLIN &&
           select_for(&select_calls[0], &b, &got, 0) == 1 &&
           told(&got, ready[0]) == 4;
}

/* Over the same memory, and over its own, of which it wants other things. */
static void look_again(int signo)
{
    static struct pollfd own[2 + CROWD];
    int saved = errno;
    (void)signo;
    handled++;
    if (!looks_right(set))
        wrong++;
    memcpy(own, set, sizeof(set));
    own[0].events = POLLOUT;
    own[1].events = POLLPRI;
    if (poll(own, 2 + handled % CROWD, 0) != 1 || own[0].revents != POLLOUT)
        wrong++;
    errno = saved;
}

static void on_tick(void (*handler)(int), int flags)
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
    same(sigaction(SIGALRM, &action, NULL), 0);
}

static void tick(int us)
{
    struct itimerval timer = {{0, us}, {0, us}};
    same(setitimer(ITIMER_REAL, &timer, NULL), 0);
}

/* R1: the handler asks over the array that is being waited for. */
static void R1_a_handler_polls_what_the_sleeper_polls(void **state)
{
    (void)state;
    open_both();
    on_tick(look_again, 0);
    for (EACH_ROUND) {
        holds(looks_right(set));
        /* The handler asks for both; the sleeper for the quiet one alone. */
        struct pollfd sleeping[1 + CROWD];
        nfds_t m = gather(sleeping, 1);
        sleeping[0] = set[0];
        settle(&poll_calls[0], sleeping, m);
        tick(20000);
        same(poll(sleeping, m, 20000), -1);
        same(errno, EINTR);
        tick(0);
        holds(looks_right(set));
        same(wrong, 0);
        holds(handled >= 1);
    }
    close_both();
}

/* R2: at any moment of a busy loop whose interest changes all the time. */
static void R2_a_handler_polls_at_any_moment(void **state)
{
    (void)state;
    open_both();
    on_tick(look_again, SA_RESTART);
    tick(TICK_US);
    double end = clock_ms() + RUN_MS;
    for (int i = 0; clock_ms() < end || handled <= ENOUGH; i++) {
        struct pollfd own[2 + CROWD];
        memcpy(own, set, sizeof(set));
        /* Entries come and go, so that the set is changed, not only asked. */
        for (int k = 2; k < 2 + CROWD; k += 1 + i % 7)
            own[k].events = (short)(i & 1 ? POLLIN : POLLPRI);
        int ret = poll(own, n, 0);
        same(ret, 1);
        same(own[0].revents, 0);
        same(own[1].revents, POLLIN);
        struct sets got;
        same(select_for(&select_calls[0], &b, &got, 0), 1);
        same(told(&got, ready[0]), 4);
    }
    tick(0);
    same(wrong, 0);
    close_both();
}

/* R3: the handler does not come back: siglongjmp() out of the call. */
static sigjmp_buf out;

static void jump_out(int signo)
{
    (void)signo;
    handled++;
    siglongjmp(out, 1);
}

static void jump_at_any_moment(int flags)
{
    static double end;
    static struct pollfd own[2 + CROWD];
    static volatile int i;
    open_both();
    on_tick(jump_out, flags);
    end = clock_ms() + RUN_MS;
    sigsetjmp(out, 1);
    tick(TICK_US);
    while (clock_ms() < end || handled <= ENOUGH) {
        memcpy(own, set, sizeof(set));
        for (int k = 2; k < 2 + CROWD; k += 1 + i % 7)
            own[k].events = (short)(i & 1 ? POLLIN : POLLPRI);
        if (i++ % 3 == 0)
            own[1].fd = -1; /* sleeps, and is left asleep */
        int ret = poll(own, n, i % 3 == 1 ? 50 : 0);
        same(ret, own[1].fd >= 0);
    }
    tick(0);
    for (EACH_ROUND) {
        holds(looks_right(set));
        same(poll(own, 1, 0), 0);
    }
    close_both();
}

static char other_stack[65536];

static void R3_a_handler_may_jump_out_of_the_call(void **state)
{
    (void)state;
    jump_at_any_moment(0);
    stack_t stack = {.ss_sp = other_stack, .ss_size = sizeof(other_stack)};
    same(sigaltstack(&stack, NULL), 0);
    jump_at_any_moment(SA_ONSTACK);
    stack.ss_flags = SS_DISABLE;
    same(sigaltstack(&stack, NULL), 0);
}

/* R4: the handler forks; both go on, each with answers of its own. */
static volatile pid_t forked;

static void fork_in_handler(int signo)
{
    int saved = errno;
    (void)signo;
    handled++;
    forked = fork();
    /* The child wants nothing, and then what its parent wants. */
    if (forked == 0 && (poll(set, 0, 0) != 0 || !looks_right(set)))
        _exit(1);
    errno = saved;
}

static void R4_a_handler_may_fork(void **state)
{
    (void)state;
    open_both();
    on_tick(fork_in_handler, 0);
    for (EACH_ROUND) {
        struct pollfd sleeping[1 + CROWD];
        nfds_t m = gather(sleeping, 1);
        sleeping[0] = set[0];
        holds(looks_right(set));
        settle(&poll_calls[0], sleeping, m);
        /* The call has begun by then, on a slow machine too. */
        struct itimerval once = {{0, 0}, {0, 200000}};
        same(setitimer(ITIMER_REAL, &once, NULL), 0);
        int ret = poll(sleeping, m, 20000);
        /* Both come back from the handler, and out of the same call. */
        if (forked == 0)
            _exit(ret != -1 || errno != EINTR || !looks_right(set));
        same(ret, -1);
        same(errno, EINTR);
        holds(looks_right(set));
        same(child_wait(forked), 0);
        holds(looks_right(set));
    }
    close_both();
}

/*
 * R5: the handler replaces a descriptor under the call it interrupts: a quiet
 * one by a quiet one, a readable by a readable, so that the answer stays.
 */
static int quiets[2][2], readies[2][2];

static void swap_descriptors(int signo)
{
    int saved = errno;
    (void)signo;
    int turn = ++handled % 2;
    if (dup2(quiets[turn][0], quiet[0]) != quiet[0] ||
        dup2(readies[turn][0], ready[0]) != ready[0])
        wrong++;
    errno = saved;
}

static void R5_a_handler_may_replace_descriptors(void **state)
{
    (void)state;
    open_both();
    for (int i = 0; i < 2; i++) {
        stream_pair(quiets[i]);
        stream_pair(readies[i]);
        send_byte(readies[i][1]);
    }
    on_tick(swap_descriptors, SA_RESTART);
    tick(TICK_US);
    struct sets got;
    double end = clock_ms() + RUN_MS;
    while (clock_ms() < end || handled <= ENOUGH) {
        same(poll(set, n, handled % 2 ? 20 : 0), 1);
        same(set[0].revents, 0);
        same(set[1].revents, POLLIN);
        same(select_for(&select_calls[0], &b, &got, handled % 2 ? 20 : 0), 1);
        same(told(&got, quiet[0]), 0);
        same(told(&got, ready[0]), 4);
    }
    tick(0);
    same(wrong, 0);
    holds(looks_right(set));
    take_byte(ready[0]);
    same(poll(set, n, 0), 0);
    send_byte(quiets[handled % 2][1]);
    same(poll(set, n, -1), 1);
    same(set[0].revents, POLLIN);
    for (int i = 0; i < 2; i++) {
        close_pair(quiets[i]);
        close_pair(readies[i]);
    }
    close_both();
}

static const struct suite_test tests[] = {
    TEST(R1_a_handler_polls_what_the_sleeper_polls),
    TEST(R2_a_handler_polls_at_any_moment),
    TEST(R3_a_handler_may_jump_out_of_the_call),
    TEST(R4_a_handler_may_fork),
    TEST(R5_a_handler_may_replace_descriptors),
};

SUITE(tests)
