/* SPDX-License-Identifier: MIT */
/*
 * Each thread that polls owns an epoll set. It must go when the thread goes:
 * a server with a thread per request starts thousands.
 */
#define _GNU_SOURCE
#include "harness/harness.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum {
    ROW = 4
};

static struct watch shared;

static void *polls_shared_pipes(void *arg)
{
    struct watch w = shared;
    (void)arg;
    require(watch_sees(&w, -1));
    require(watch_sees(&w, -1));
    return NULL;
}

static void run_threads(size_t n, void *(*fn)(void *))
{
    for (size_t i = 0; i < n; i++) {
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, fn, NULL), 0);
        assert_int_equal(pthread_join(thread, NULL), 0);
    }
}

/* A line of /proc/self/status, in kB or a plain number. */
static long status_line(const char *name)
{
    char line[256];
    long value = -1;
    FILE *file = fopen("/proc/self/status", "re");
    assert_non_null(file);
    while (fgets(line, sizeof(line), file))
        if (!strncmp(line, name, strlen(name)))
            value = atol(line + strlen(name));
    fclose(file);
    assert_true(value > 0);
    return value;
}

static void *does_nothing(void *arg)
{
    return arg;
}

struct memory {
    long resident, size; /* kB */
};

static struct memory memory_grown_by(size_t n, void *(*fn)(void *))
{
    struct memory before = {status_line("VmRSS:"), status_line("VmSize:")};
    run_threads(n, fn);
    return (struct memory){status_line("VmRSS:") - before.resident,
                           status_line("VmSize:") - before.size};
}

/*
 * After a warm-up more threads that poll cost no descriptor, and no more
 * memory than threads that do nothing. A leak of a page a thread would show as
 * MORE pages; an eighth of that is allowed for chance.
 */
static void thousands_of_short_threads_leave_nothing(void **state)
{
    enum {
        WARM_UP = 300,
        MORE = 4000,
        PAGE_KB = 4
    };
    (void)state;
    assert_true(watch_open(&shared, ROW));
    run_threads(WARM_UP, polls_shared_pipes);
    assert_true(watch_sees(&shared, -1));
    size_t internal = fdcheck_count_internal();
    struct memory idle = memory_grown_by(MORE, does_nothing);
    struct memory polling = memory_grown_by(MORE, polls_shared_pipes);
    assert_int_equal(fdcheck_count_internal(), internal);
    assert_true(polling.resident - idle.resident < MORE * PAGE_KB / 8);
    assert_true(polling.size - idle.size < MORE * PAGE_KB / 8);
    assert_true(watch_works(&shared));
    watch_close(&shared);
}

static pthread_barrier_t barrier;

static void *polls_beside_others(void *arg)
{
    pthread_barrier_wait(&barrier);
    polls_shared_pipes(arg);
    pthread_barrier_wait(&barrier);
    return NULL;
}

/*
 * Two threads that opened their sets at once could have the same low number,
 * one after the other. The second gave back, behind its close, what a third had
 * reserved on it meanwhile: that set was known as nobody's, and left open.
 */
static void many_threads_at_once_leave_nothing(void **state)
{
    enum {
        MANY = 100,
        ROUNDS = 5
    };
    pthread_t threads[MANY];
    (void)state;
    assert_true(watch_open(&shared, ROW));
    assert_true(watch_sees(&shared, -1));
    size_t internal = fdcheck_count_internal();
    assert_int_equal(pthread_barrier_init(&barrier, NULL, MANY), 0);
    for (int round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < MANY; i++)
            assert_int_equal(
                pthread_create(&threads[i], NULL, polls_beside_others, NULL),
                0);
        for (size_t i = 0; i < MANY; i++)
            assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_true(watch_works(&shared));
    }
    pthread_barrier_destroy(&barrier);
    assert_int_equal(fdcheck_count_internal(), internal);
    watch_close(&shared);
}

/*
 * A destructor of the program's own thread-specific data may poll after the
 * library has cleaned up behind the thread.
 */
static pthread_key_t key;

static void polls_and_comes_again(void *value)
{
    struct watch w = shared;
    require(watch_sees(&w, -1));
    long left = (long)value - 1;
    pthread_setspecific(key, (void *)left);
}

static void *leaves_work_to_a_destructor(void *arg)
{
    polls_shared_pipes(arg);
    require(!pthread_setspecific(key, (void *)3L));
    return NULL;
}

static void polling_in_a_thread_destructor_leaves_nothing(void **state)
{
    (void)state;
    assert_true(watch_open(&shared, ROW));
    assert_int_equal(pthread_key_create(&key, polls_and_comes_again), 0);
    assert_true(watch_sees(&shared, -1));
    run_threads(20, leaves_work_to_a_destructor);
    size_t internal = fdcheck_count_internal();
    run_threads(200, leaves_work_to_a_destructor);
    assert_int_equal(fdcheck_count_internal(), internal);
    pthread_key_delete(key);
    assert_true(watch_works(&shared));
    watch_close(&shared);
}

static void *exits_detached(void *arg)
{
    polls_shared_pipes(arg);
    pthread_exit(NULL);
}

static size_t settled_internal(size_t wanted)
{
    size_t now;
    for (int i = 0; (now = fdcheck_count_internal()) != wanted && i < 200; i++)
        clock_sleep_ms(10);
    return now;
}

static void detached_threads_leave_nothing(void **state)
{
    (void)state;
    assert_true(watch_open(&shared, ROW));
    assert_true(watch_sees(&shared, -1));
    size_t internal = fdcheck_count_internal();
    for (int i = 0; i < 200; i++) {
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, exits_detached, NULL),
                         0);
        assert_int_equal(pthread_detach(thread), 0);
    }
    while (status_line("Threads:") > 1)
        clock_sleep_ms(1);
    assert_int_equal(settled_internal(internal), internal);
    assert_true(watch_works(&shared));
    watch_close(&shared);
}

/* The number of a watched pipe is closed and used again by other threads. */
static void *replaces_one(void *arg)
{
    struct watch *w = arg;
    for (size_t i = 0; i < ROW; i++) {
        struct watch fresh;
        require(watch_open(&fresh, 1));
        require(dup2(fresh.fds[0].fd, w->fds[i].fd) == w->fds[i].fd);
        close(fresh.fds[0].fd);
        close(w->peers[i]);
        w->peers[i] = fresh.peers[0];
    }
    return NULL;
}

static void descriptors_replaced_by_another_thread(void **state)
{
    (void)state;
    assert_true(watch_open(&shared, ROW));
    for (int i = 0; i < 50; i++) {
        pthread_t thread;
        assert_true(watch_works(&shared));
        assert_int_equal(pthread_create(&thread, NULL, replaces_one, &shared),
                         0);
        assert_int_equal(pthread_join(thread, NULL), 0);
    }
    assert_true(watch_works(&shared));
    watch_close(&shared);
}

/*
 * Threads that each open, watch and close their own descriptors hand numbers
 * to each other all the time: what was closed in one is opened in the next.
 */
static void *churns(void *arg)
{
    double end = clock_ms() + 300;
    (void)arg;
    do {
        struct watch w;
        require(watch_open(&w, ROW));
        require(watch_works(&w));
        watch_close(&w);
    } while (clock_ms() < end);
    return NULL;
}

static void threads_hand_numbers_to_each_other(void **state)
{
    pthread_t threads[8];
    struct watch w;
    (void)state;
    assert_true(watch_open(&w, ROW));
    assert_true(watch_works(&w));
    size_t internal = fdcheck_count_internal();
    for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, churns, NULL), 0);
    for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(fdcheck_count_internal(), internal);
    assert_true(watch_works(&w));
    watch_close(&w);
}

/* The first thread ends; the process and its other threads go on. */
static void *outlives_the_first_thread(void *arg)
{
    pthread_join(*(pthread_t *)arg, NULL);
    struct watch w;
    require(watch_open(&w, ROW));
    for (int i = 0; i < 3; i++)
        require(watch_works(&w));
    _exit(0);
}

static void first_thread_ends(void *arg)
{
    static pthread_t first;
    pthread_t other;
    first = pthread_self();
    require(watch_works(arg));
    require(!pthread_create(&other, NULL, outlives_the_first_thread, &first));
    pthread_exit(NULL);
}

static void process_outlives_its_first_thread(void **state)
{
    (void)state;
    assert_true(watch_open(&shared, ROW));
    assert_true(watch_works(&shared));
    pid_t pid = child_start(first_thread_ends, &shared);
    child_join(pid);
    assert_epoll_answered(pid, 2);
    watch_close(&shared);
}

/*
 * dup2() is one step: what it replaces is the old file or the new one at any
 * moment, and if both are readable, no call may find it quiet. It did, where
 * dup2() had come between the call's look at what had ended and its look at
 * what was ready; and for long, where it comes all the time.
 */
static atomic_bool enough;

static void *replaces_all_the_time(void *arg)
{
    struct watch *w = arg;
    while (!atomic_load(&enough)) {
        int ends[2];
        require(pipe(ends) == 0 && write(ends[1], "x", 1) == 1);
        require(dup2(ends[0], w->fds[1].fd) == w->fds[1].fd);
        /* Of the file that is gone now nobody has another descriptor. */
        require(close(ends[0]) == 0 && close(ends[1]) == 0);
    }
    return NULL;
}

static void what_another_thread_replaces_is_never_missing(void **state)
{
    enum {
        RUN_MS = 1000
    };
    pthread_t thread;
    struct watch w;
    (void)state;
    assert_true(watch_open(&w, ROW));
    assert_true(watch_works(&w));
    assert_int_equal(write(w.peers[1], "x", 1), 1);
    atomic_store(&enough, false);
    assert_int_equal(pthread_create(&thread, NULL, replaces_all_the_time, &w),
                     0);
    for (double end = clock_ms() + RUN_MS; clock_ms() < end;) {
        assert_int_equal(watch_poll(&w, 0), 1);
        assert_true(w.fds[1].revents & POLLIN);
        assert_int_equal(watch_select(&w, 0), 1);
        assert_true(bits_test(&w.in, w.fds[1].fd));
    }
    atomic_store(&enough, true);
    pthread_join(thread, NULL);
    watch_close(&w);
}

/* A thread that ends by the system call runs no destructor. */
static void *polls_and_ends_itself(void *arg)
{
    polls_shared_pipes(arg);
    syscall(SYS_exit, 0);
    return NULL;
}

static void threads_that_end_themselves_leave_nothing(void **state)
{
    (void)state;
    assert_true(watch_open(&shared, ROW));
    assert_true(watch_sees(&shared, -1));
    size_t before = fdcheck_count_internal();
    run_threads(20, polls_and_ends_itself);
    assert_int_equal(fdcheck_count_internal(), before);
    watch_close(&shared);
}

/* --- a thread without thread-local storage of its own --- */

enum {
    LOOKS = 30000
};

struct bare {
    struct watch row;
    long wrong;
    _Atomic bool done;
};

static _Atomic int looking;

/* The row is turned now and then, so that the set is always being changed. */
static int looks_on(void *arg)
{
    struct bare *bare = arg;
    struct watch turned = bare->row;
    atomic_fetch_add(&looking, 1);
    while (atomic_load(&looking) < 2)
        continue;
    for (size_t i = 0; i < LOOKS; i++) {
        for (size_t j = 0; j < turned.n; j++)
            turned.fds[j].fd = bare->row.fds[(j + i / 300 * 7) % turned.n].fd;
        bare->wrong += watch_poll(&turned, 0) != 1;
    }
    atomic_store(&bare->done, true);
    return 0;
}

static int ends_bare(void *arg)
{
    looks_on(arg);
    raw_syscall3(SYS_exit, 0, 0, 0);
    return 0;
}

static void open_bare(struct bare *bare)
{
    assert_true(watch_open(&bare->row, 40));
    assert_true(watch_works(&bare->row));
    assert_int_equal(write(bare->row.peers[3], "x", 1), 1);
}

/*
 * One that clone() makes without CLONE_SETTLS uses its maker's: two threads
 * were in one block of the library's, and in each other's sets.
 */
static void thread_with_its_makers_storage(void **state)
{
    static char stack[256 * 1024] __attribute__((aligned(16)));
    static struct bare mine, others;
    (void)state;
    open_bare(&mine);
    open_bare(&others);
    assert_true(clone(ends_bare, stack + sizeof(stack),
                      CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND |
                          CLONE_THREAD | CLONE_SYSVSEM,
                      &others) > 0);
    looks_on(&mine);
    while (!atomic_load(&others.done))
        clock_sleep_ms(1);
    assert_int_equal(mine.wrong, 0);
    assert_int_equal(others.wrong, 0);
    watch_close(&mine.row);
    watch_close(&others.row);
}

static const struct suite_test tests[] = {
    TEST(thousands_of_short_threads_leave_nothing),
    TEST(many_threads_at_once_leave_nothing),
    TEST(polling_in_a_thread_destructor_leaves_nothing),
    TEST(detached_threads_leave_nothing),
    TEST(descriptors_replaced_by_another_thread),
    TEST(what_another_thread_replaces_is_never_missing),
    TEST(threads_hand_numbers_to_each_other),
    TEST(process_outlives_its_first_thread),
    TEST(threads_that_end_themselves_leave_nothing),
    TEST(thread_with_its_makers_storage),
};

SUITE(tests)
