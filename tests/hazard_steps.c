/* SPDX-License-Identifier: MIT */
/*
 * A handler may run between any two instructions of a call. Waiting for a
 * timer to hit the moment takes luck: here a tracer steps through the call and
 * gives the signal every few instructions. Another thread's close may come
 * between two system calls of a call as well.
 */
#define _GNU_SOURCE
#include "harness/filter.h"
#include "harness/harness.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SYS_poll
#define SYS_poll SYS_ppoll
#endif

#if defined(SYS__newselect)
#define SYS_SELECT SYS__newselect
#elif defined(SYS_select)
#define SYS_SELECT SYS_select
#else
#define SYS_SELECT SYS_pselect6
#endif

enum {
    ROW = 12,
    STRIDE = 4, /* instructions from one signal to the next */
    JUMP_STRIDE = 5,
    QUIET_STRIDE = 40,
    MOST_STEPS = 1000000,
};

/* One call that is stepped through; shared with the traced process. */
struct call {
    bool is_select;
    bool masked;  /* pselect() or ppoll(), under an empty mask */
    int wait_ms;  /* ... that may wait so long, */
    bool quiet;   /* ... and has to: nothing is ready */
    bool changed; /* the row is not that of the call before */
    void (*handler)(int);
    _Atomic bool over;
    _Atomic pid_t closer;
};

static struct watch w;

static volatile sig_atomic_t is_child;

/* Its child comes back into the call; the tracer goes on when that is gone. */
static void fork_in_a_handler(int number)
{
    int error = errno;
    pid_t pid = fork();

    (void)number;
    is_child = pid == 0;
    require(is_child || child_wait(pid) == 0);
    require(is_child || raise(SIGSTOP) == 0);
    errno = error;
}

static int ask_masked(const struct call *call)
{
    struct timespec time = {0, call->wait_ms * 1000000L};
    sigset_t none;

    sigemptyset(&none);
    if (!call->is_select)
        return ppoll(w.fds, w.n, &time, &none);
    w.in = (struct bits){{0}};
    for (size_t i = 0; i < w.n; i++)
        bits_set(&w.in, w.fds[i].fd);
    return pselect(w.fds[w.n - 1].fd + 1, BITS(&w.in), NULL, NULL, &time,
                   &none);
}

static int ask(const struct call *call)
{
    if (call->masked)
        return ask_masked(call);
    return call->is_select ? watch_select(&w, 0) : watch_poll(&w, 0);
}

/* The traced process: it and each of its children have to get the answer. */
static void call_traced(void *arg)
{
    struct call *call = arg;

    require(signal(SIGALRM, call->handler) != SIG_ERR);
    for (int i = 0; i < 3; i++)
        require(ask(call) == 1);
    if (call->changed)
        w.fds[5].fd = w.fds[6].fd; /* select has one fewer, poll one twice */
    require(ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0);
    require(raise(SIGSTOP) == 0);
    require(ask(call) == 1);
    if (!is_child)
        atomic_store(&call->over, true);
    require(ask(call) == 1);
    _exit(0);
}

/* Returns the signal that the tracer is told of. */
static int wait_for_stop(pid_t pid)
{
    int status = child_wait(pid);
    assert_true(WIFSTOPPED(status));
    return WSTOPSIG(status);
}

static void step(pid_t pid)
{
    assert_return_code(ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL), errno);
    wait_for_stop(pid);
}

/* In the handler, and where the library holds all signals back. */
static bool is_held_back(pid_t pid)
{
    uint64_t mask = 0;
    assert_return_code(
        ptrace(PTRACE_GETSIGMASK, pid, (void *)sizeof(mask), &mask), errno);
    return mask >> (SIGALRM - 1) & 1;
}

/* To the handler's end, which stops itself; SIGCHLD comes before. */
static void give_signal(pid_t pid)
{
    int signal = SIGALRM;

    do
        assert_return_code(ptrace(PTRACE_CONT, pid, NULL, signal), errno);
    while ((signal = wait_for_stop(pid)) != SIGSTOP);
}

static struct call *call_open(struct call as)
{
    struct call *call = mmap(NULL, sizeof(*call), PROT_READ | PROT_WRITE,
                             MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    assert_true(call != MAP_FAILED);
    *call = as;
    assert_true(watch_open(&w, ROW));
    assert_int_equal(write(w.peers[3], "x", 1), 1);
    assert_int_equal(ask(call), 1);
    return call;
}

static void call_close(struct call *call)
{
    watch_close(&w);
    assert_int_equal(munmap(call, sizeof(*call)), 0);
}

static void step_through(struct call as)
{
    int signals = 0, steps = 0;
    struct call *call = call_open(as);
    pid_t pid = child_start(call_traced, call);
    wait_for_stop(pid);
    for (int i = 0; !atomic_load(&call->over); i++) {
        assert_true(i < MOST_STEPS);
        step(pid);
        if (is_held_back(pid) || ++steps % STRIDE)
            continue;
        give_signal(pid);
        signals++;
    }
    assert_return_code(ptrace(PTRACE_DETACH, pid, NULL, NULL), errno);
    child_join(pid);
    assert_true(signals > 0);
    call_close(call);
}

static sigjmp_buf out;
static volatile sig_atomic_t is_in_call;

/* A sanitizer may hand a signal on later, when there is nothing to leave. */
static void jump_out_of_a_handler(int number)
{
    (void)number;
    if (is_in_call)
        siglongjmp(out, 1);
}

static void make_quiet(int entry)
{
    char byte;
    require(read(w.fds[entry].fd, &byte, 1) == 1);
}

/*
 * One call after another is left where the tracer has come to. What the call
 * was about to tell is true no more then, and must not be left in the array.
 */
static void calls_jumped_out_of(void *arg)
{
    struct call *call = arg;

    require(signal(SIGALRM, call->handler) != SIG_ERR);
    require(ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0);
    while (!atomic_load(&call->over)) {
        for (int i = 0; i < 3; i++)
            require(ask(call) == 1);
        if (call->changed)
            w.n = w.n == ROW ? ROW - 1 : ROW;
        if (!sigsetjmp(out, 1)) {
            is_in_call = 1;
            require(kill(getpid(), SIGSTOP) == 0); /* no call comes after it */
            require(ask(call) == 1);
            atomic_store(&call->over, true);
        }
        is_in_call = 0;
        make_quiet(3);
        require(ask(call) == 0 && watch_sees(&w, -1));
        require(write(w.peers[3], "x", 1) == 1);
        require(watch_sees(&w, 3));
    }
    _exit(0);
}

/* To where the kernel has answered, and what it said is about to be told. */
static void finish_system_call(pid_t pid)
{
    for (int i = 0; i < 2; i++) {
        assert_return_code(ptrace(PTRACE_SYSCALL, pid, NULL, NULL), errno);
        assert_int_equal(wait_for_stop(pid), SIGTRAP);
    }
}

/* So many steps on, or some more if the signal would not be taken there. */
static void step_on(pid_t pid, int steps, const struct call *call)
{
    for (; (steps > 0 || is_held_back(pid)) && !atomic_load(&call->over);
         steps--)
        step(pid);
}

static void jump_out_everywhere(bool is_select, bool changed)
{
    int steps = 0;
    struct call *call =
        call_open((struct call){.is_select = is_select,
                                .changed = changed,
                                .handler = jump_out_of_a_handler});
    pid_t pid = child_start(calls_jumped_out_of, call);

    while (wait_for_stop(pid) == SIGSTOP) {
        /* Each call is stepped through anew: longer ones in longer strides. */
        steps += JUMP_STRIDE + steps / 64 * (steps / 256);
        finish_system_call(pid);
        step_on(pid, steps, call);
        if (atomic_load(&call->over))
            break;
        assert_true(steps < MOST_STEPS);
        assert_return_code(ptrace(PTRACE_CONT, pid, NULL, SIGALRM), errno);
    }
    assert_return_code(ptrace(PTRACE_DETACH, pid, NULL, NULL), errno);
    child_join(pid);
    call_close(call);
}

static volatile sig_atomic_t replaced;

/* A readable file takes the place of a readable one, whose end that is. */
static void replace_in_a_handler(int number)
{
    int error = errno, ends[2];

    (void)number;
    replaced += is_in_call;
    require(pipe(ends) == 0 && write(ends[1], "x", 1) == 1);
    require(dup2(ends[0], w.fds[3].fd) == w.fds[3].fd);
    require(dup2(ends[1], w.peers[3]) == w.peers[3]);
    require(close(ends[0]) == 0 && close(ends[1]) == 0);
    errno = error;
}

/* So many calls until what is new to a set is like all others. */
static void calls_replaced_under(void *arg)
{
    enum {
        SETTLED = 12
    };
    struct call *call = arg;

    require(signal(SIGALRM, call->handler) != SIG_ERR);
    require(ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0);
    require(write(w.peers[7], "x", 1) == 1);
    for (int before = -1; before != replaced;) {
        for (int i = 0; i < SETTLED; i++)
            require(ask(call) == 2);
        before = replaced;
        w.n = call->changed ? ROW - 1 : ROW;
        is_in_call = 1;
        require(kill(getpid(), SIGSTOP) == 0);
        require(ask(call) == 2);
        is_in_call = 0;
        w.n = ROW;
    }
    make_quiet(7);
    require(watch_sees(&w, 3));
    atomic_store(&call->over, true);
    require(kill(getpid(), SIGSTOP) == 0);
    _exit(0);
}

/* One call after another gets the signal, each some steps later. */
static void signal_everywhere(void (*calls)(void *), struct call as)
{
    int steps = 0;
    struct call *call = call_open(as);
    pid_t pid = child_start(calls, call);

    while (wait_for_stop(pid) == SIGSTOP && !atomic_load(&call->over)) {
        steps +=
            as.quiet ? QUIET_STRIDE * (1 + steps / 4096)
                     : JUMP_STRIDE + steps / 64 * (steps / 256);
        step_on(pid, steps, call);
        if (atomic_load(&call->over))
            break;
        assert_true(steps < MOST_STEPS);
        assert_return_code(ptrace(PTRACE_CONT, pid, NULL, SIGALRM), errno);
    }
    assert_return_code(ptrace(PTRACE_DETACH, pid, NULL, NULL), errno);
    child_join(pid);
    call_close(call);
}

static void replace_everywhere(struct call as)
{
    as.handler = replace_in_a_handler;
    signal_everywhere(calls_replaced_under, as);
}

enum {
    CLOSED = 5, /* the entry that a handler closes */
};

static volatile sig_atomic_t closed;

static void close_in_a_handler(int number)
{
    int error = errno;

    (void)number;
    if (is_in_call)
        closed = close(w.fds[CLOSED].fd) == 0;
    errno = error;
}

static void open_again(void)
{
    int ends[2];

    require(pipe(ends) == 0);
    require(dup2(ends[1], w.peers[CLOSED]) == w.peers[CLOSED]);
    require(close(ends[1]) == 0);
    if (ends[0] == w.fds[CLOSED].fd)
        return;
    require(dup2(ends[0], w.fds[CLOSED].fd) == w.fds[CLOSED].fd);
    require(close(ends[0]) == 0);
}

/* It was closed before the call, or was open when that looked. */
static void selects_closed_under(void *arg)
{
    struct call *call = arg;
    int ready = !call->quiet;
    bool went_on;

    require(signal(SIGALRM, call->handler) != SIG_ERR);
    require(ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0);
    if (call->quiet)
        make_quiet(3);
    do {
        for (int i = 0; i < 3; i++)
            require(ask(call) == ready);
        closed = 0;
        is_in_call = 1;
        require(kill(getpid(), SIGSTOP) == 0);
        int ret = ask(call);
        bool interrupted = call->quiet && errno == EINTR;
        require(ret == ready ||
                (ret == -1 && (errno == EBADF || interrupted) && closed));
        require(ret < 1 || bits_test(&w.in, w.fds[3].fd));
        is_in_call = 0;
        went_on = closed;
        if (closed)
            open_again();
    } while (went_on);
    /* As many steps as the tracer may make beyond the call. */
    for (int i = 0; i < 3; i++)
        require(ask(call) == ready);
    atomic_store(&call->over, true);
    require(kill(getpid(), SIGSTOP) == 0);
    _exit(0);
}

enum {
    QUIET_ROW = 24,
    PATIENCE = 700,   /* ms; longer than a slice of a sleep */
    MOST_LOOKS = 100, /* by then, two slices and what is between them */
};

static volatile sig_atomic_t rung;

static void ring(int number)
{
    (void)number;
    rung++;
}

static void *idle_thread(void *unused)
{
    for (;;)
        pause();
    return unused;
}

/* Calls that wait, after a while of doing nothing, beside another thread. */
static void waits_signalled(void *arg)
{
    struct call *call = arg;
    pthread_t thread;

    require(signal(SIGALRM, call->handler) != SIG_ERR);
    require(pthread_create(&thread, NULL, idle_thread, NULL) == 0);
    require(ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0);
    for (;;) {
        for (int i = 0; i < 4; i++)
            require(ask(call) == 0);
        require(watch_poll(&w, 1) == 0);
        clock_sleep_ms(20);
        require(kill(getpid(), SIGSTOP) == 0);
        if (atomic_load(&call->over))
            _exit(0);
        rung = 0;
        int ret =
            call->is_select ? watch_select(&w, 4000) : watch_poll(&w, 4000);
        require(ret == -1 && errno == EINTR && rung == 1);
    }
}

/*
 * False if it sleeps, and so has not come to its next system call, or back from
 * it. One that is only slow does not sleep.
 */
static bool next_stop(pid_t pid)
{
    double end = clock_ms() + PATIENCE;
    int status = 0;

    assert_return_code(
        ptrace(PTRACE_SETOPTIONS, pid, NULL, PTRACE_O_TRACESYSGOOD), errno);
    assert_return_code(ptrace(PTRACE_SYSCALL, pid, NULL, NULL), errno);
    while (clock_ms() < end || !child_is_asleep(pid)) {
        if (waitpid(pid, &status, WNOHANG) == pid) {
            assert_true(WIFSTOPPED(status));
            return true;
        }
        usleep(100);
    }
    return false;
}

/* The system call that it has come to, but has not begun; or -1. */
static long call_ahead(pid_t pid)
{
    struct __ptrace_syscall_info info = {.op = 0};

    assert_true(
        ptrace(PTRACE_GET_SYSCALL_INFO, pid, (void *)sizeof(info), &info) > 0);
    return info.op == PTRACE_SYSCALL_INFO_ENTRY ? (long)info.entry.nr : -1;
}

/* False if it sleeps before so many looks. */
static bool come_to_look(pid_t pid, int looks)
{
    while (looks > 0) {
        if (!next_stop(pid))
            return false;
        /* What a look for unseen closes is made of; natively none is made. */
        looks -= call_ahead(pid) == SYS_epoll_ctl;
    }
    return true;
}

static void signal_between_looks(bool is_select)
{
    bool asleep = false;
    struct call *call =
        call_open((struct call){.is_select = is_select, .handler = ring});
    pid_t pid;

    watch_close(&w);
    assert_true(watch_open(&w, QUIET_ROW));
    pid = child_start(waits_signalled, call);
    for (int looks = 1; wait_for_stop(pid) == SIGSTOP; looks += 1 + looks / 2) {
        if (asleep || looks > MOST_LOOKS)
            break;
        asleep = !come_to_look(pid, looks);
        assert_return_code(syscall(SYS_tgkill, pid, pid, SIGALRM), errno);
        if (!asleep)
            assert_return_code(ptrace(PTRACE_CONT, pid, NULL, NULL), errno);
        while (wait_for_stop(pid) != SIGALRM) /* at the end of its sleep */
            assert_return_code(ptrace(PTRACE_CONT, pid, NULL, NULL), errno);
        assert_return_code(ptrace(PTRACE_CONT, pid, NULL, SIGALRM), errno);
    }
    atomic_store(&call->over, true);
    assert_return_code(ptrace(PTRACE_DETACH, pid, NULL, NULL), errno);
    child_join(pid);
    call_close(call);
}

enum {
    ENDING = 2, /* the entry that is readable, and closed by another thread */
    MANY_ROW = 100,  /* more than are worked on before signals are held back */
    FOR_LONG = 8000, /* ms */
    NOT_LONG = 4000,
};

/* Who it is may be told: from when on it can be waited for. */
static void be_traced(_Atomic pid_t *told)
{
    require(ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0);
    if (told)
        atomic_store(told, (pid_t)syscall(SYS_gettid));
    require(raise(SIGSTOP) == 0);
}

/* A call whose set the kernel has no room for. */
static void waits_without_a_set(void *arg)
{
    struct filter filter;
    struct call *call = arg;
    int ret;

    filter_refuse_epoll_ctl(&filter, EPOLL_CTL_ADD, ENOSPC);
    require(filter_install(&filter) == 0);
    require(signal(SIGALRM, call->handler) != SIG_ERR);
    be_traced(NULL);
    ret = call->is_select ? watch_select(&w, 4000) : watch_poll(&w, 4000);
    require(ret == -1 && errno == EINTR && rung == 1);
    for (size_t i = 0; call->is_select && i < w.n; i++)
        require(bits_test(&w.in, w.fds[i].fd));
    _exit(0);
}

/* At its first try, or natively asleep. */
static void signal_as_a_set_fails(bool is_select)
{
    struct call *call =
        call_open((struct call){.is_select = is_select, .handler = ring});
    pid_t pid;
    bool asleep;

    watch_close(&w);
    assert_true(watch_open(&w, MANY_ROW));
    pid = child_start(waits_without_a_set, call);
    wait_for_stop(pid);
    asleep = !come_to_look(pid, 1);
    assert_return_code(syscall(SYS_tgkill, pid, pid, SIGALRM), errno);
    if (!asleep)
        assert_return_code(ptrace(PTRACE_CONT, pid, NULL, NULL), errno);
    while (wait_for_stop(pid) != SIGALRM)
        assert_return_code(ptrace(PTRACE_CONT, pid, NULL, NULL), errno);
    assert_return_code(ptrace(PTRACE_DETACH, pid, NULL, SIGALRM), errno);
    child_join(pid);
    call_close(call);
}

static void *close_a_range(void *arg)
{
    struct call *call = arg;
    unsigned fd = (unsigned)w.fds[ENDING].fd;

    be_traced(&call->closer);
    require(close_range(fd, fd, 0) == 0);
    atomic_store(&call->over, true);
    return NULL;
}

/* A wait after others, for one entry more, whose file nobody else has open. */
static void waits_beside_a_closer(void *arg)
{
    pthread_t thread;
    int ends[2];

    for (int i = 0; i < 3; i++)
        require(poll(w.fds, ENDING, 1) == 0);
    require(pipe(ends) == 0 && write(ends[1], "x", 1) == 1);
    w.fds[ENDING].fd = ends[0];
    require(pthread_create(&thread, NULL, close_a_range, arg) == 0);
    be_traced(NULL);
    double begun = clock_ms();
    require(poll(w.fds, ENDING + 1, FOR_LONG) == 1);
    require(clock_ms() - begun < NOT_LONG);
    require(pthread_join(thread, NULL) == 0);
    _exit(0);
}

static void *close_one(void *arg)
{
    struct call *call = arg;

    be_traced(&call->closer);
    require(close(w.fds[1].fd) == 0);
    atomic_store(&call->over, true);
    return NULL;
}

/* An event of a file whose number is closed: items are deleted from then on. */
static void meet_a_ghost(void)
{
    int copy = dup(w.fds[1].fd);

    require(poll(w.fds, ENDING, 1) == 0);
    require(close(w.fds[1].fd) == 0 && write(w.peers[1], "x", 1) == 1);
    require(poll(w.fds, ENDING, 1) == 1);
    require(dup2(copy, w.fds[1].fd) == w.fds[1].fd && close(copy) == 0);
    make_quiet(1);
}

/* A wait after others, that asks for more of what another thread closes. */
static void asks_for_more_beside_a_closer(void *arg)
{
    pthread_t thread;
    int ends[2];

    meet_a_ghost();
    require(pipe(ends) == 0 && dup2(ends[0], w.fds[1].fd) == w.fds[1].fd);
    require(close(ends[0]) == 0);
    for (int i = 0; i < 3; i++)
        require(poll(w.fds, ENDING, 1) == 0);
    require(write(ends[1], "x", 1) == 1);
    w.fds[1].events |= POLLPRI;
    require(pthread_create(&thread, NULL, close_one, arg) == 0);
    be_traced(NULL);
    double begun = clock_ms();
    require(poll(w.fds, ENDING, FOR_LONG) == 1);
    require(clock_ms() - begun < NOT_LONG);
    require(pthread_join(thread, NULL) == 0);
    _exit(0);
}

/* To where it asks the kernel for one of these, which has not begun: which. */
static long come_to(pid_t pid, long number, long other)
{
    long next;

    do {
        assert_true(next_stop(pid));
        next = call_ahead(pid);
    } while (next != number && next != other);
    return next;
}

/*
 * A wait for the same numbers after others, with files on them that epoll is
 * not asked about. Interrupted, it leaves the set alone, and tells what is left
 * of the time.
 */
static void selects_when_nothing_is_left(void *arg)
{
    struct timeval left = {FOR_LONG / 1000, 0};
    struct bits asked;

    (void)arg;
    require(signal(SIGALRM, ring) != SIG_ERR);
    for (int i = 0; i < 3; i++)
        require(watch_select(&w, 1) == 0);
    require(watch_make_residual(&w));
    for (size_t i = 0; i < w.n; i++)
        bits_set(&w.in, w.fds[i].fd);
    asked = w.in;
    be_traced(NULL);
    require(select(w.fds[w.n - 1].fd + 1, BITS(&w.in), NULL, NULL, &left) ==
            -1);
    require(errno == EINTR && rung == 1);
    require(memcmp(&asked, &w.in, sizeof(asked)) == 0);
#ifdef __GLIBC__
    require(left.tv_sec < FOR_LONG / 1000 && left.tv_sec >= NOT_LONG / 1000);
#endif
    require(watch_select(&w, 0) == 0);
    _exit(0);
}

/* To the first system call of many with signals held back, or to its wait. */
static void come_to_work(pid_t pid)
{
    long next;

    do {
        assert_true(next_stop(pid));
        next = call_ahead(pid);
    } while (next != SYS_SELECT && next != SYS_pselect6 && !is_held_back(pid));
}

/* Until the closer has closed, and the other has seen what came of it. */
static void let_both_go(struct call *call, pid_t pid)
{
    assert_return_code(ptrace(PTRACE_DETACH, call->closer, NULL, NULL), errno);
    while (!atomic_load(&call->over))
        clock_sleep_ms(1);
    assert_return_code(ptrace(PTRACE_DETACH, pid, NULL, NULL), errno);
    child_join(pid);
    call_close(call);
}

static void wait_for_both(const struct call *call, pid_t pid)
{
    wait_for_stop(pid);
    while (!atomic_load(&call->closer))
        clock_sleep_ms(1);
    wait_for_stop(call->closer);
}

/*
 * The cost model was told of a call what it had done to a set; but the child
 * had no set any more, and died.
 */
static void handlers_fork_at_any_instruction_of_poll(void **state)
{
    (void)state;
    step_through((struct call){.handler = fork_in_a_handler});
    step_through((struct call){.changed = true, .handler = fork_in_a_handler});
}

static void handlers_fork_at_any_instruction_of_select(void **state)
{
    (void)state;
    step_through(
        (struct call){.is_select = true, .handler = fork_in_a_handler});
    step_through((struct call){
        .is_select = true, .changed = true, .handler = fork_in_a_handler});
}

/*
 * An answer that was told to the copy, but not on the list of what is to be
 * cleared yet, was told for ever.
 */
static void handlers_jump_out_at_any_instruction_of_poll(void **state)
{
    (void)state;
    jump_out_everywhere(false, false);
    jump_out_everywhere(false, true);
}

static void handlers_jump_out_at_any_instruction_of_select(void **state)
{
    (void)state;
    jump_out_everywhere(true, false);
    jump_out_everywhere(true, true);
}

/*
 * A call that does not wait found one ready descriptor less, where that was
 * replaced between its looks at what has ended and at what is ready: epoll's
 * item had gone with the old file. Replaced a little later, its event was taken
 * for that of a former owner, and left out of the answer.
 */
static void handlers_replace_at_any_instruction_of_poll(void **state)
{
    (void)state;
    replace_everywhere((struct call){.is_select = false});
}

static void handlers_replace_at_any_instruction_of_changed_poll(void **state)
{
    (void)state;
    replace_everywhere((struct call){.changed = true});
}

static void handlers_replace_at_any_instruction_of_ppoll(void **state)
{
    (void)state;
    replace_everywhere((struct call){.masked = true});
}

static void handlers_replace_at_any_instruction_of_select(void **state)
{
    (void)state;
    replace_everywhere((struct call){.is_select = true});
}

static void handlers_replace_at_any_instruction_of_pselect(void **state)
{
    (void)state;
    replace_everywhere((struct call){.is_select = true, .masked = true});
}

/*
 * A number that a handler closes after the wait was told by its bit, as if
 * another thread had closed it meanwhile: natively all has been looked at
 * before a handler runs, and where it was closed before that, EBADF.
 */
static void handlers_close_at_any_instruction_of_pselect(void **state)
{
    (void)state;
    signal_everywhere(selects_closed_under,
                      (struct call){.is_select = true,
                                    .masked = true,
                                    .wait_ms = 900,
                                    .handler = close_in_a_handler});
}

/* So it was, at first, where it came after the last look for closed numbers. */
static void handlers_close_at_any_instruction_of_quiet_pselect(void **state)
{
    (void)state;
    signal_everywhere(selects_closed_under,
                      (struct call){.is_select = true,
                                    .masked = true,
                                    .wait_ms = 3,
                                    .quiet = true,
                                    .handler = close_in_a_handler});
}

/*
 * A handler ran while the library looked for what no hook can see, before its
 * wait or between two slices of it, and the call slept on, for ever if it had
 * no timeout: natively a signal in the midst of a call ends it.
 */
static void signals_while_it_looks_end_poll(void **state)
{
    (void)state;
    signal_between_looks(false);
}

static void signals_while_it_looks_end_select(void **state)
{
    (void)state;
    signal_between_looks(true);
}

/*
 * Signals are held back while many numbers are taken in. Where the kernel had
 * no room for them, what had come was let in, and the call made natively then:
 * select() slept on.
 */
static void signal_as_a_set_fails_ends_poll(void **state)
{
    (void)state;
    signal_as_a_set_fails(false);
}

static void signal_as_a_set_fails_ends_select(void **state)
{
    (void)state;
    signal_as_a_set_fails(true);
}

/*
 * A range of numbers is looked through for sleepers before its close, and one
 * that came to wait after that, but before the close, was not rung for: it
 * slept on a file that was readable until it was gone.
 */
static void range_is_closed_before_a_wait_begins(void **state)
{
    struct call *call = call_open((struct call){.is_select = false});
    pid_t pid = child_start(waits_beside_a_closer, call);

    (void)state;
    wait_for_both(call, pid);
    come_to(call->closer, SYS_close_range, SYS_close_range);
    come_to(pid, SYS_poll, SYS_poll);
    let_both_go(call, pid);
}

/*
 * A closer deletes the item before the close; a set that then had it changed
 * took that for a missed end, which wiped out that the file was about to go. So
 * it was taken in again, and slept on when it went.
 */
static void item_is_deleted_before_it_is_changed(void **state)
{
    struct call *call = call_open((struct call){.is_select = false});
    pid_t pid = child_start(asks_for_more_beside_a_closer, call);
    long first;

    (void)state;
    wait_for_both(call, pid);
    first = come_to(pid, SYS_epoll_ctl, SYS_poll);
    come_to(call->closer, SYS_close, SYS_close);
    if (first == SYS_epoll_ctl) /* natively it waits already */
        come_to(pid, SYS_poll, SYS_poll);
    let_both_go(call, pid);
}

/*
 * A handler whose signal had been held back did not end a select() that went
 * on natively: with nothing left that epoll is asked about, it slept on.
 */
static void signal_when_nothing_is_left_ends_select(void **state)
{
    struct call *call = call_open((struct call){.is_select = true});
    pid_t pid;

    (void)state;
    watch_close(&w);
    assert_true(watch_open(&w, MANY_ROW));
    pid = child_start(selects_when_nothing_is_left, NULL);
    wait_for_stop(pid);
    come_to_work(pid);
    assert_return_code(syscall(SYS_tgkill, pid, pid, SIGALRM), errno);
    assert_return_code(ptrace(PTRACE_DETACH, pid, NULL, NULL), errno);
    child_join(pid);
    call_close(call);
}

static const struct suite_test tests[] = {
    TEST(range_is_closed_before_a_wait_begins),
    TEST(item_is_deleted_before_it_is_changed),
    TEST(signals_while_it_looks_end_poll),
    TEST(signals_while_it_looks_end_select),
    TEST(signal_when_nothing_is_left_ends_select),
    TEST(signal_as_a_set_fails_ends_poll),
    TEST(signal_as_a_set_fails_ends_select),
    TEST(handlers_fork_at_any_instruction_of_poll),
    TEST(handlers_fork_at_any_instruction_of_select),
    TEST(handlers_jump_out_at_any_instruction_of_poll),
    TEST(handlers_jump_out_at_any_instruction_of_select),
    TEST(handlers_replace_at_any_instruction_of_poll),
    TEST(handlers_replace_at_any_instruction_of_changed_poll),
    TEST(handlers_replace_at_any_instruction_of_ppoll),
    TEST(handlers_replace_at_any_instruction_of_select),
    TEST(handlers_replace_at_any_instruction_of_pselect),
    TEST(handlers_close_at_any_instruction_of_pselect),
    TEST(handlers_close_at_any_instruction_of_quiet_pselect),
};

SUITE(tests)
