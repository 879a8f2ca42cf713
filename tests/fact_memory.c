/* SPDX-License-Identifier: MIT */
/*
 * Facts E4 and E7 to E9: where an argument's memory ends, what libc itself
 * checks of it, memory that is mapped anew, and memory that is taken away from
 * a call that sleeps.
 */
#include "fact_common.h"

#include <pthread.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "harness/wide.h"

static int ready[2]; /* one end of a pair, with a byte to read */

static void open_ready(void)
{
    stream_pair(ready);
    send_byte(ready[1]);
}

/*
 * E4: no more of a set is touched than its length needs, so a short one may
 * end where memory ends.
 */
static void short_set(const struct select_call *c)
{
    struct timespec zero = {0, 0};
    size_t word = (size_t)ready[0] / NFDBITS, size = (word + 1) * sizeof(long);
    long bit = 1L << ready[0] % NFDBITS;
    char *border[3];
    fd_set *set[3];
    for (int i = 0; i < 3; i++) {
        border[i] = page_before_nothing();
        set[i] = (fd_set *)(void *)(border[i] - size);
    }
    for (EACH_ROUND) {
        for (int i = 0; i < 3; i++) {
            memset(set[i], 0, size);
            set[i]->fds_bits[word] |= bit;
        }
        same(c->call(ready[0] + 1, set[0], set[1], set[2], &zero, NULL), 2);
        for (int i = 0; i < 3; i++)
            same((set[i]->fds_bits[word] & bit) != 0, i < 2);
    }
    for (int i = 0; i < 3; i++)
        give_back(border[i]);
}

static void short_array(const struct poll_call *c)
{
    char *border = page_before_nothing();
    struct pollfd *set = (struct pollfd *)border - CROWD;
    gather(set, 0);
    for (EACH_ROUND) {
        same(poll_for(c, set, CROWD, 0), 0);
        same(poll_for(c, set + 1, CROWD - 1, 0), 0);
        same(poll_for(c, set + CROWD - 1, 1, 0), 0);
        same(poll_for(c, set, CROWD - 1, 0), 0);
    }
    give_back(border);
}

static void E4_memory_may_end_where_the_argument_ends(void **state)
{
    (void)state;
    open_ready();
    each_poll(short_array);
    each_select(short_set);
    close_pair(ready);
}

static void dies_of(void (*story)(void), int signo)
{
    int status = child_status(story);
    holds(WIFSIGNALED(status));
    same(WTERMSIG(status), signo);
}

/* E7: the fortified calls end a program whose array is too short. */
int __poll_chk(struct pollfd *, nfds_t, int, size_t);
#ifndef WIDE_TIMES
int __ppoll_chk(struct pollfd *, nfds_t, const struct timespec *,
                const sigset_t *, size_t);
#endif

static void overflow_poll(void)
{
    struct pollfd set[CROWD];
    nfds_t n = gather(set, 0);
    close(2); /* libc says why, but a test that passes is quiet */
    for (int i = 0; i < ROUNDS; i++)
        same(__poll_chk(set, n, 0, sizeof(set)), 0);
    __poll_chk(set, n, 0, sizeof(set) - 1);
}

static void overflow_ppoll(void)
{
    struct pollfd set[CROWD];
    nfds_t n = gather(set, 0);
    close(2);
    for (int i = 0; i < ROUNDS; i++)
        same(__ppoll_chk(set, n, &(struct timespec){0, 0}, NULL, sizeof(set)),
             0);
    __ppoll_chk(set, n, &(struct timespec){0, 0}, NULL, sizeof(set) - 1);
}

static void E7_fortified_calls_end_an_overflow(void **state)
{
    (void)state;
    dies_of(overflow_poll, SIGABRT);
    dies_of(overflow_ppoll, SIGABRT);
}

/* E8: other memory at the same address is another array, with its contents. */
static void remapped(const struct poll_call *c)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *at = NULL;
    for (EACH_ROUND) {
        at = mmap(at, page, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | (at ? MAP_FIXED : 0), -1, 0);
        holds(at != MAP_FAILED);
        struct pollfd *set = (struct pollfd *)(void *)at;
        /* Fresh zeroed memory: entries of descriptor 0 that ask nothing. */
        same(poll_for(c, set, 8, 0), 0);
        nfds_t n = gather(set, 1);
        same(poll_for(c, set, n, 0), 0);
        set[0] = (struct pollfd){.fd = ready[0], .events = POLLIN};
        same(poll_for(c, set, n, -1), 1);
        same(set[0].revents, POLLIN);
    }
    same(munmap(at, page), 0);
}

static void E8_memory_mapped_anew_is_read_anew(void **state)
{
    (void)state;
    open_ready();
    each_poll(remapped);
    close_pair(ready);
}

/* What another thread takes from a sleeper, before something is ready. */
static void *taken_away;

static void *take_away(void *read_only)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    clock_sleep_ms(60);
    if (read_only)
        require(mprotect(taken_away, page, PROT_READ) == 0);
    else
        require(munmap(taken_away, page) == 0);
    clock_sleep_ms(20);
    send_byte(ready[1]);
    return NULL;
}

static void *open_page(void)
{
    taken_away =
        mmap(NULL, (size_t)sysconf(_SC_PAGESIZE), PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    holds(taken_away != MAP_FAILED);
    stream_pair(ready);
    return taken_away;
}

static pthread_t start_taker(bool read_only)
{
    pthread_t thread;
    holds(pthread_create(&thread, NULL, take_away, read_only ? ready : NULL) ==
          0);
    return thread;
}

static void close_page(pthread_t thread)
{
    pthread_join(thread, NULL);
    munmap(taken_away, (size_t)sysconf(_SC_PAGESIZE));
    close_pair(ready);
}

static void array_taken_away(const struct poll_call *c)
{
    for (int read_only = 0; read_only < 2; read_only++) {
        struct pollfd *set = open_page();
        nfds_t n = gather(set, 1);
        set[0] = (struct pollfd){.fd = ready[0], .events = POLLIN};
        settle(c, set, n);
        pthread_t thread = start_taker(read_only);
        same(poll_for(c, set, n, 3000), -1);
        same(errno, EFAULT);
        close_page(thread);
    }
}

static void set_taken_away(const struct select_call *c)
{
    for (int read_only = 0; read_only < 2; read_only++) {
        fd_set *in = open_page();
        struct sets b;
        struct timespec zero = {0, 0}, wait = {3, 0};
        gather_bits(&b);
        want(&b, ready[0], "r");
        for (EACH_ROUND) {
            *in = b.in;
            same(c->call(b.n, in, NULL, NULL, &zero, NULL), 0);
        }
        *in = b.in;
        pthread_t thread = start_taker(read_only);
        same(c->call(b.n, in, NULL, NULL, &wait, NULL), -1);
        same(errno, EFAULT);
        close_page(thread);
    }
}

/*
 * E9: what can't be written at the end of a sleep is EFAULT. The library wrote
 * there as it had before the sleep, which was the program's end.
 */
static void E9_memory_taken_away_from_a_sleeper_is_EFAULT(void **state)
{
    (void)state;
    each_poll(array_taken_away);
    each_select(set_taken_away);
}

static const struct suite_test tests[] = {
    TEST(E4_memory_may_end_where_the_argument_ends),
    TEST(E7_fortified_calls_end_an_overflow),
    TEST(E8_memory_mapped_anew_is_read_anew),
    TEST(E9_memory_taken_away_from_a_sleeper_is_EFAULT),
};

SUITE(tests)
