/* SPDX-License-Identifier: MIT */
/*
 * poll() and select() are async-signal-safe: a handler may call them, and
 * close() and fork(), in the midst of another such call of the same thread
 * and on the same array. The interrupted call goes on as if nothing had been.
 */
#define _GNU_SOURCE
#include "harness/harness.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

enum {
    ROW = 8
};

static struct watch main_row, handler_row;
static volatile sig_atomic_t handled;
static _Atomic long pause_us; /* from the end of one to the next; 0: none */
static void (*volatile handler_work)(void);

static void arm_timer(void)
{
    struct itimerval timer = {.it_value = {0, pause_us}};
    require(setitimer(ITIMER_REAL, &timer, NULL) == 0);
}

static void on_signal(int signal)
{
    int saved = errno;
    (void)signal;
    handler_work();
    handled++;
    if (pause_us)
        arm_timer();
    errno = saved;
}

static void catch_signal(int signal, int flags)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = flags};
    assert_int_equal(sigaction(signal, &action, NULL), 0);
}

/*
 * A signal `us` microseconds from now, and after each one's handler, which may
 * take longer than that on a slow machine; 0 ends it.
 */
static void beat(long us)
{
    pause_us = us;
    arm_timer();
}

static void open_rows(void (*work)(void))
{
    assert_true(watch_open(&main_row, ROW));
    assert_true(watch_open(&handler_row, ROW));
    assert_true(watch_works(&main_row));
    assert_true(watch_works(&handler_row));
    handler_work = work;
    handled = 0;
}

static void close_rows(void)
{
    assert_true(watch_works(&main_row));
    watch_close(&main_row);
    watch_close(&handler_row);
}

/* --- what a handler may do ----------------------------------------------- */

static void look_at_own_row(void)
{
    require(watch_works(&handler_row));
}

/* The array of the interrupted call itself; its answer is told there too. */
static void look_at_interrupted_row(void)
{
    int ret = watch_poll(&main_row, 0);
    require(ret == 0 || ret == 1);
    ret = watch_select(&main_row, 0);
    require(ret == 0 || ret == 1);
}

static void look_at_a_copy(void)
{
    struct watch copy = main_row;
    int ret = watch_poll(&copy, 0);
    require(ret == 0 || ret == 1);
}

static void open_and_close_a_row(void)
{
    struct watch w;
    require(watch_open(&w, 2));
    require(watch_works(&w));
    watch_close(&w);
}

/* A watched number changes hands inside the handler. */
static void replace_one(void)
{
    struct watch fresh;
    int fd = main_row.fds[ROW - 1].fd;
    require(watch_open(&fresh, 1));
    close(fd);
    require(dup2(fresh.fds[0].fd, fd) == fd);
    close(fresh.fds[0].fd);
    close(main_row.peers[ROW - 1]);
    main_row.peers[ROW - 1] = fresh.peers[0];
}

static void fork_and_poll(void)
{
    pid_t pid = fork();
    if (!pid) {
        struct watch w;
        require(watch_open(&w, 2));
        require(watch_works(&w));
        _exit(0);
    }
    require(child_wait(pid) == 0);
}

static void do_nothing(void)
{
}

/*
 * The interrupted loop: a row is looked at, some calls wait and may end with
 * EINTR, and what is written is seen. Answers given after a signal must be
 * the truth: nothing but entry `which` is readable.
 */
static void look_for(double ms)
{
    double end = clock_ms() + ms;
    int enough = handled + 4;
    char byte = 'x';
    for (size_t i = 0; clock_ms() < end || handled < enough;
         i = (i + 1) % (ROW - 1)) {
        int ret = watch_poll(&main_row, i % 3 ? 0 : 1);
        assert_true(ret == 0 || (ret == -1 && errno == EINTR));
        assert_int_equal(write(main_row.peers[i], &byte, 1), 1);
        while ((ret = watch_poll(&main_row, -1)) == -1)
            assert_int_equal(errno, EINTR);
        assert_int_equal(ret, 1);
        while ((ret = watch_select(&main_row, -1)) == -1)
            assert_int_equal(errno, EINTR);
        assert_int_equal(ret, 1);
        assert_true(bits_test(&main_row.in, main_row.fds[i].fd));
        assert_int_equal(read(main_row.fds[i].fd, &byte, 1), 1);
    }
}

/* At a high rate, on the thread's own stack and on another. */
static void interrupt_loop_with(void (*work)(void), long us)
{
    static char stack[128 * 1024];
    stack_t other = {.ss_sp = stack, .ss_size = sizeof(stack)},
            none = {.ss_flags = SS_DISABLE};
    open_rows(work);
    catch_signal(SIGALRM, 0);
    beat(us);
    look_for(200);
    catch_signal(SIGALRM, SA_RESTART);
    look_for(200);
    assert_int_equal(sigaltstack(&other, NULL), 0);
    catch_signal(SIGALRM, SA_ONSTACK);
    look_for(200);
    beat(0);
    catch_signal(SIGALRM, 0);
    assert_int_equal(sigaltstack(&none, NULL), 0);
    assert_true(handled > 10);
    close_rows();
}

static void handler_that_does_nothing(void **state)
{
    (void)state;
    interrupt_loop_with(do_nothing, 300);
}

static void handler_that_polls_its_own_array(void **state)
{
    (void)state;
    interrupt_loop_with(look_at_own_row, 700);
}

static void handler_that_polls_a_copy_of_the_array(void **state)
{
    (void)state;
    interrupt_loop_with(look_at_a_copy, 400);
}

static void handler_that_opens_polls_and_closes(void **state)
{
    (void)state;
    interrupt_loop_with(open_and_close_a_row, 700);
}

static void handler_that_replaces_a_watched_descriptor(void **state)
{
    (void)state;
    interrupt_loop_with(replace_one, 700);
}

static void handler_that_forks_and_polls(void **state)
{
    (void)state;
    interrupt_loop_with(fork_and_poll, 8000);
}

/*
 * The handler's call on the very same memory overwrites the answer that is
 * being made, natively as well; so that only what must hold is asked.
 */
static void handler_that_polls_the_interrupted_array(void **state)
{
    (void)state;
    open_rows(look_at_interrupted_row);
    catch_signal(SIGALRM, 0);
    beat(400);
    double end = clock_ms() + 500;
    while (clock_ms() < end || handled <= 10) {
        int ret = watch_poll(&main_row, 1);
        assert_true(ret == 0 || (ret == -1 && errno == EINTR));
        ret = watch_select(&main_row, 1);
        assert_true(ret == 0 || (ret == -1 && errno == EINTR));
    }
    beat(0);
    close_rows();
}

/* --- EINTR --------------------------------------------------------------- */

/* A waiting call ends with EINTR, with SA_RESTART as well (fact G4). */
static void ends_with_eintr(int flags)
{
    open_rows(do_nothing);
    catch_signal(SIGALRM, flags);
    for (int i = 0; i < 3; i++) {
        main_row.fds[0].revents = POLLIN;
        beat(20000);
        assert_int_equal(watch_poll(&main_row, 10000), -1);
        assert_int_equal(errno, EINTR);
        assert_int_equal(main_row.fds[0].revents, 0);
        assert_int_equal(watch_select(&main_row, 10000), -1);
        assert_int_equal(errno, EINTR);
        beat(0);
        assert_int_equal(watch_poll(&main_row, 0), 0);
    }
    close_rows();
}

static void signal_ends_a_wait(void **state)
{
    (void)state;
    ends_with_eintr(0);
}

static void signal_ends_a_wait_despite_sa_restart(void **state)
{
    (void)state;
    ends_with_eintr(SA_RESTART);
}

/* Another thread's signal ends the wait of the thread it is sent to. */
static _Atomic pid_t waiter;

static void *waits_in_poll(void *arg)
{
    struct watch *w = arg;
    atomic_store(&waiter, gettid());
    return (void *)(long)(watch_poll(w, 20000) == -1 && errno == EINTR);
}

static void signal_from_another_thread_ends_a_wait(void **state)
{
    pthread_t thread;
    void *interrupted;
    (void)state;
    open_rows(do_nothing);
    catch_signal(SIGUSR1, SA_RESTART);
    assert_int_equal(pthread_create(&thread, NULL, waits_in_poll, &main_row),
                     0);
    while (!atomic_load(&waiter) || !child_is_asleep(atomic_load(&waiter)))
        clock_sleep_ms(1);
    assert_int_equal(pthread_kill(thread, SIGUSR1), 0);
    assert_int_equal(pthread_join(thread, &interrupted), 0);
    assert_true(interrupted);
    close_rows();
}

/* A signal that is ignored, or whose default is nothing, ends no wait (G5). */
static void *sends_ignored_signals(void *arg)
{
    pthread_t thread = *(pthread_t *)arg;
    for (int i = 0; i < 20; i++) {
        clock_sleep_ms(5);
        pthread_kill(thread, i % 2 ? SIGWINCH : SIGUSR2);
    }
    return NULL;
}

static void ignored_signal_ends_no_wait(void **state)
{
    pthread_t self = pthread_self(), thread;
    (void)state;
    open_rows(do_nothing);
    signal(SIGUSR2, SIG_IGN);
    assert_int_equal(
        pthread_create(&thread, NULL, sends_ignored_signals, &self), 0);
    double start = clock_ms();
    assert_int_equal(watch_poll(&main_row, 150), 0);
    assert_int_equal(watch_select(&main_row, 50), 0);
    assert_true(clock_ms() - start >= 199);
    assert_int_equal(pthread_join(thread, NULL), 0);
    close_rows();
}

/*
 * pselect's and ppoll's mask: a blocked signal which is pending is let in by
 * the mask even when the call would not wait (G2), unless something is ready,
 * which is told first (G3).
 */
static void pending_signal_is_let_in(void **state)
{
    sigset_t block, empty;
    (void)state;
    open_rows(do_nothing);
    catch_signal(SIGUSR1, 0);
    sigemptyset(&empty);
    sigemptyset(&block);
    sigaddset(&block, SIGUSR1);
    assert_int_equal(sigprocmask(SIG_BLOCK, &block, NULL), 0);
    for (int i = 0; i < 3; i++) {
        struct timespec zero = {0, 0};
        int before = handled;
        raise(SIGUSR1);
        assert_int_equal(ppoll(main_row.fds, ROW, &zero, &empty), -1);
        assert_int_equal(errno, EINTR);
        assert_int_equal(handled, before + 1);
        assert_int_equal(ppoll(main_row.fds, ROW, &zero, &empty), 0);

        raise(SIGUSR1);
        assert_int_equal(write(main_row.peers[0], "x", 1), 1);
        assert_int_equal(ppoll(main_row.fds, ROW, &zero, &empty), 1);
        assert_int_equal(handled, before + 1);
        char byte;
        assert_int_equal(read(main_row.fds[0].fd, &byte, 1), 1);
        assert_int_equal(ppoll(main_row.fds, ROW, NULL, &empty), -1);
        assert_int_equal(handled, before + 2);
    }
    assert_int_equal(sigprocmask(SIG_UNBLOCK, &block, NULL), 0);
    close_rows();
}

/*
 * What epoll has no words for, here another epoll descriptor, is looked
 * at natively. A handler that runs at that very look makes it EINTR, and so
 * once the whole call, though something else was ready: the kernel says EINTR
 * only where it found nothing.
 */
static void a_look_beside_it_does_not_hide_what_is_ready(void **state)
{
    struct pollfd set[WATCH_MAX];
    struct watch w;
    (void)state;
    int quiet = epoll_create1(EPOLL_CLOEXEC);
    assert_true(quiet >= 0);
    assert_true(watch_open(&w, 40));
    assert_int_equal(write(w.peers[7], "x", 1), 1);
    memcpy(set, w.fds, 40 * sizeof(*set));
    set[40] = (struct pollfd){.fd = quiet, .events = POLLIN};
    handler_work = do_nothing;
    catch_signal(SIGALRM, SA_RESTART);
    beat(50);
    double end = clock_ms() + 400;
    while (clock_ms() < end) {
        struct bits in = {0};
        bits_set(&in, w.fds[7].fd);
        bits_set(&in, quiet);
        for (int i = 8; i < 40; i++)
            bits_set(&in, w.fds[i].fd);
        struct timeval now = {0, 0};
        assert_int_equal(poll(set, 41, 0), 1);
        assert_int_equal(set[7].revents, POLLIN);
        assert_int_equal(select(1024, BITS(&in), NULL, NULL, &now), 1);
    }
    beat(0);
    close(quiet);
    watch_close(&w);
}

/* --- a thread that ends --------------------------------------------------- */

enum {
    ENDING_THREADS = 150,
    SIGNALS_EACH = 150
};

/* Nothing is ready; a signal that is pending ends a look, natively too. */
static void look_at_stack_arrays(void)
{
    struct watch w = main_row;
    int ret = watch_poll(&w, 0);
    require(ret == 0 || (ret < 0 && errno == EINTR));
    ret = watch_select(&w, 0);
    require(ret == 0 || (ret < 0 && errno == EINTR));
}

static void *polls_and_ends(void *arg)
{
    look_at_stack_arrays();
    atomic_store((_Atomic bool *)arg, true);
    return NULL;
}

/*
 * Handlers run to a thread's very end, while what the library has for the
 * thread is taken down. A handler's select() found a set half gone and ended
 * the program by SIGSEGV; a handler that came while a thread got its block
 * made it lose one.
 */
static void handler_while_a_thread_ends(void **state)
{
    pthread_t thread;
    (void)state;
    assert_true(watch_open(&main_row, ROW));
    assert_true(watch_works(&main_row));
    handler_work = look_at_stack_arrays;
    catch_signal(SIGUSR1, SA_RESTART);
    for (int i = 0; i < ENDING_THREADS; i++) {
        _Atomic bool ending = false;
        assert_int_equal(pthread_create(&thread, NULL, polls_and_ends, &ending),
                         0);
        while (!atomic_load(&ending))
            pthread_kill(thread, SIGUSR1);
        for (int j = 0; j < SIGNALS_EACH; j++)
            pthread_kill(thread, SIGUSR1);
        pthread_join(thread, NULL);
    }
    watch_close(&main_row);
}

/* --- stacks that are not what they seem ---------------------------------- */

#ifndef SS_AUTODISARM
#define SS_AUTODISARM (1u << 31)
#endif

enum {
    STACK = 1 << 22, /* so far apart that valgrind sees two stacks */
    WIDE = 40
};

static void mask_alarm(int how)
{
    sigset_t alarm;
    sigemptyset(&alarm);
    sigaddset(&alarm, SIGALRM);
    require(!pthread_sigmask(how, &alarm, NULL));
}

/* Two stacks in one mapping, so that it is known which one is above. */
static char *two_stacks(void)
{
    char *both = mmap(NULL, 2 * STACK, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    require(both != MAP_FAILED);
    return both;
}

/* Entries change their places, so that sets are changed all the time. */
static bool finds_the_ready_one(const struct watch *row, size_t turned)
{
    struct pollfd fds[WIDE];
    int ret;
    for (size_t i = 0; i < WIDE; i++)
        fds[i] = (struct pollfd){.fd = row->fds[(i + turned) % WIDE].fd,
                                 .events = POLLIN};
    do
        ret = poll(fds, WIDE, turned % 7 ? 0 : 1);
    while (ret == -1 && errno == EINTR);
    return ret == 1;
}

static void open_wide_row(void)
{
    assert_true(watch_open(&main_row, WIDE));
    assert_true(watch_works(&main_row));
    assert_int_equal(write(main_row.peers[3], "x", 1), 1);
    handled = 0;
}

static void look_at_many(void)
{
    for (size_t i = 0; i < 6; i++)
        require(finds_the_ready_one(&main_row, 5 * i));
}

static void *polls_below_its_signal_stack(void *both)
{
    stack_t above = {.ss_sp = (char *)both + STACK,
                     .ss_size = STACK,
                     .ss_flags = (int)SS_AUTODISARM};
    require(!sigaltstack(&above, NULL));
    for (size_t i = 0; i < 4000 || handled < 100; i++)
        require(finds_the_ready_one(&main_row, i / 3));
    return NULL;
}

/*
 * A signal stack that disarms itself does not say that a handler is on it.
 * Where it stands above the thread's own, the interrupted call was taken for
 * one that a jump had left, and its set was freed.
 */
static void handler_on_a_stack_that_disarms_itself(void **state)
{
    char *both = two_stacks();
    pthread_attr_t attributes;
    pthread_t thread;
    (void)state;
    open_wide_row();
    handler_work = look_at_many;
    catch_signal(SIGALRM, SA_ONSTACK);
    assert_int_equal(pthread_attr_init(&attributes), 0);
    assert_int_equal(pthread_attr_setstack(&attributes, both, STACK), 0);
    assert_int_equal(pthread_create(&thread, &attributes,
                                    polls_below_its_signal_stack, both),
                     0);
    mask_alarm(SIG_BLOCK);
    beat(100);
    assert_int_equal(pthread_join(thread, NULL), 0);
    beat(0);
    mask_alarm(SIG_UNBLOCK);
    assert_int_equal(munmap(both, 2 * STACK), 0);
    watch_close(&main_row);
}

#ifdef __GLIBC__

static ucontext_t first, contexts[2];
static volatile int current;
static volatile long looks[2];

static void go_on_in_the_other(void)
{
    int from = current;
    current = !from;
    if (pause_us)
        arm_timer();
    swapcontext(&contexts[from], &contexts[!from]);
}

static void polls_in_its_context(void)
{
    mask_alarm(SIG_UNBLOCK);
    for (size_t i = 0; looks[0] < 4000 || looks[1] < 4000; i++) {
        require(finds_the_ready_one(&main_row, i / 3));
        looks[current]++;
    }
    pause_us = 0;
    setcontext(&first);
}

/*
 * A timer's handler goes on in another context, as some runtimes let threads of
 * their own take turns: the interrupted call is half done, and is neither left
 * nor above the next one on any stack. Contexts begin with the signal held
 * back, and so does what follows them: swapcontext() takes over the mask before
 * the registers, and a handler in between would run on the stack that is left.
 */
static void handler_that_goes_on_in_another_context(void **state)
{
    char *both = two_stacks();
    volatile bool done = false;
    (void)state;
    open_wide_row();
    handler_work = go_on_in_the_other;
    catch_signal(SIGALRM, 0);
    mask_alarm(SIG_BLOCK);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(getcontext(&contexts[i]), 0);
        contexts[i].uc_stack.ss_sp = both + i * STACK;
        contexts[i].uc_stack.ss_size = STACK;
        makecontext(&contexts[i], polls_in_its_context, 0);
    }
    assert_int_equal(getcontext(&first), 0);
    if (!done) {
        done = true;
        beat(100);
        setcontext(&contexts[0]);
    }
    beat(0);
    assert_true(signal(SIGALRM, SIG_IGN) != SIG_ERR); /* one may be pending */
    mask_alarm(SIG_UNBLOCK);
    assert_int_equal(munmap(both, 2 * STACK), 0);
    watch_close(&main_row);
}

#endif

enum {
    PAGE = 4096,
    ENTRIES = 2 * PAGE / (int)sizeof(struct pollfd),
    TO_SLEEP = 4000, /* ms */
};

/* An array whose second page is missing until somebody comes to read it. */
static struct {
    struct pollfd *array;
    char second[PAGE]; /* what is there then */
    pthread_t reader;
    int faults; /* userfaultfd */
} lazy;

static char *second_page(void)
{
    return (char *)lazy.array + PAGE;
}

/* A signal for the reader, and after that what it waits for. */
static void *give_page(void *unused)
{
    struct uffdio_copy copy = {.dst = (uintptr_t)second_page(),
                               .src = (uintptr_t)lazy.second,
                               .len = PAGE};
    struct uffd_msg message;

    require(read(lazy.faults, &message, sizeof(message)) == sizeof(message));
    require(pthread_kill(lazy.reader, SIGUSR1) == 0);
    clock_sleep_ms(20);
    require(ioctl(lazy.faults, UFFDIO_COPY, &copy) == 0);
    return unused;
}

/*
 * With a row to watch and a handler. False where the kernel lets nobody have
 * such an array, or not this user.
 */
static bool open_lazy(void)
{
    struct uffdio_api api = {.api = UFFD_API};
    struct uffdio_register second = {.mode = UFFDIO_REGISTER_MODE_MISSING};

    lazy.faults = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
    if (lazy.faults < 0)
        return false;
    lazy.array = mmap(NULL, (size_t)2 * PAGE, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(lazy.array != MAP_FAILED);
    second.range = (struct uffdio_range){(uintptr_t)second_page(), PAGE};
    memset(lazy.array, 0, (size_t)2 * PAGE);
    assert_int_equal(ioctl(lazy.faults, UFFDIO_API, &api), 0);
    assert_int_equal(ioctl(lazy.faults, UFFDIO_REGISTER, &second), 0);
    lazy.reader = pthread_self();
    assert_true(watch_open(&main_row, WATCH_MAX));
    handler_work = do_nothing;
    catch_signal(SIGUSR1, 0);
    return true;
}

static void close_lazy(void)
{
    watch_close(&main_row);
    assert_int_equal(close(lazy.faults), 0);
    assert_int_equal(munmap(lazy.array, (size_t)2 * PAGE), 0);
}

static void change_and_take_away(void)
{
    for (int i = 0; i < ENTRIES; i++)
        lazy.array[i].events ^= POLLPRI;
    memcpy(lazy.second, second_page(), PAGE);
    assert_int_equal(madvise(second_page(), PAGE, MADV_DONTNEED), 0);
}

static void signal_at_the_second_page(void)
{
    pthread_t thread;

    handled = 0;
    for (int i = 0; i < ENTRIES; i++)
        lazy.array[i] = main_row.fds[i % WATCH_MAX];
    for (int i = 0; i < 3; i++)
        assert_int_equal(poll(lazy.array, ENTRIES, 0), 0);
    for (int i = 1; i <= 3; i++) {
        change_and_take_away();
        assert_int_equal(pthread_create(&thread, NULL, give_page, NULL), 0);
        assert_int_equal(poll(lazy.array, ENTRIES, TO_SLEEP), -1);
        assert_int_equal(errno, EINTR);
        assert_int_equal(handled, i);
        assert_int_equal(pthread_join(thread, NULL), 0);
        assert_int_equal(poll(lazy.array, ENTRIES, 0), 0);
    }
}

/* So many entries may be asked about, and numbers be opened. */
static void limit_to(rlim_t most)
{
    struct rlimit limit;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = most;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

/*
 * A handler that ran while an array was compared, of which much had changed,
 * did not end the call: of 5,000 changed entries, one signal in six was lost
 * that came in the call's first 400 us, natively none. Nor did one whose
 * signal had been held back, where nothing was left to epoll then; or where
 * all of it was, as with an entry more than may be asked about at once: the
 * library's own, beside as many as the limit allows.
 */
static void signal_while_the_array_is_read(void **state)
{
    (void)state;
    if (!open_lazy())
        skip();
    limit_to(ENTRIES + 1);
    signal_at_the_second_page();
    assert_true(watch_make_residual(&main_row));
    signal_at_the_second_page();
    limit_to(ENTRIES);
    signal_at_the_second_page();
    close_lazy();
}

/*
 * A handler ran whose signal the call's own mask blocks, and ended the call:
 * natively it runs when that is over. So it was where the signal came while an
 * array was compared, of which much had changed.
 */
static void masked_signal_while_the_array_is_read(void **state)
{
    const struct timespec timeout = {0, 100000000};
    pthread_t thread;
    sigset_t mask;
    (void)state;
    if (!open_lazy())
        skip();
    sigemptyset(&mask);
    sigaddset(&mask, SIGUSR1);
    for (int i = 0; i < ENTRIES; i++)
        lazy.array[i] = main_row.fds[i % WATCH_MAX];
    assert_int_equal(poll(lazy.array, ENTRIES, 0), 0);
    for (int i = 1; i <= 3; i++) {
        change_and_take_away();
        assert_int_equal(pthread_create(&thread, NULL, give_page, NULL), 0);
        assert_int_equal(ppoll(lazy.array, ENTRIES, &timeout, &mask), 0);
        assert_int_equal(handled, i);
        assert_int_equal(pthread_join(thread, NULL), 0);
    }
    close_lazy();
}

static volatile pid_t forked;

static void fork_into_the_call(void)
{
    forked = fork();
}

/* To ThreadSanitizer, its parent's thread is a leak of its own. */
static void leave_child(int status)
{
    raw_syscall3(SYS_exit_group, status, 0, 0);
}

/*
 * A handler forks whose signal was held back, where nothing is left to epoll:
 * the call ended in its parent alone. The child, whose memory of that is wiped,
 * went on to sleep in it.
 */
static void child_of_a_signal_while_the_array_is_read(void **state)
{
    pthread_t thread;
    (void)state;
    if (!open_lazy())
        skip();
    assert_true(watch_make_residual(&main_row));
    handler_work = fork_into_the_call;
    for (int i = 0; i < ENTRIES; i++)
        lazy.array[i] = main_row.fds[i % WATCH_MAX];
    assert_int_equal(poll(lazy.array, ENTRIES, 0), 0);
    change_and_take_away();
    assert_int_equal(pthread_create(&thread, NULL, give_page, NULL), 0);
    int ret = poll(lazy.array, ENTRIES, TO_SLEEP), error = errno;
    if (forked == 0)
        leave_child(ret != -1 || error != EINTR);
    assert_int_equal(ret, -1);
    assert_int_equal(error, EINTR);
    child_join(forked);
    assert_int_equal(pthread_join(thread, NULL), 0);
    close_lazy();
}

/*
 * The same of a call that had not looked yet, since those before it had to
 * wait: its child was told EINTR, though something was ready.
 */
static void child_of_a_signal_is_told_what_is_ready(void **state)
{
    const int ready = ENTRIES / WATCH_MAX;
    pthread_t thread;
    (void)state;
    if (!open_lazy())
        skip();
    handler_work = fork_into_the_call;
    for (int i = 0; i < ENTRIES; i++)
        lazy.array[i] = main_row.fds[i % WATCH_MAX];
    for (int i = 0; i < 3; i++)
        assert_int_equal(poll(lazy.array, ENTRIES, 1), 0);
    assert_int_equal(write(main_row.peers[3], "x", 1), 1);
    change_and_take_away();
    assert_int_equal(pthread_create(&thread, NULL, give_page, NULL), 0);
    int ret = poll(lazy.array, ENTRIES, TO_SLEEP);
    if (forked == 0)
        leave_child(ret != ready || lazy.array[3].revents != POLLIN);
    assert_int_equal(ret, ready);
    child_join(forked);
    assert_int_equal(pthread_join(thread, NULL), 0);
    close_lazy();
}

static const struct suite_test tests[] = {
    TEST(handler_that_does_nothing),
    TEST(handler_that_polls_its_own_array),
    TEST(handler_that_polls_a_copy_of_the_array),
    TEST(handler_that_opens_polls_and_closes),
    TEST(handler_that_replaces_a_watched_descriptor),
    TEST(handler_that_forks_and_polls),
    TEST(handler_that_polls_the_interrupted_array),
    TEST(signal_ends_a_wait),
    TEST(signal_ends_a_wait_despite_sa_restart),
    TEST(signal_from_another_thread_ends_a_wait),
    TEST(ignored_signal_ends_no_wait),
    TEST(pending_signal_is_let_in),
    TEST(signal_while_the_array_is_read),
    TEST(masked_signal_while_the_array_is_read),
    TEST_NATIVE(child_of_a_signal_while_the_array_is_read),
    TEST(child_of_a_signal_is_told_what_is_ready),
    TEST(a_look_beside_it_does_not_hide_what_is_ready),
    TEST(handler_while_a_thread_ends),
    TEST(handler_on_a_stack_that_disarms_itself),
#ifdef __GLIBC__
    TEST(handler_that_goes_on_in_another_context),
#endif
};

SUITE(tests)
