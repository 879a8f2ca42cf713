/* SPDX-License-Identifier: MIT */
/*
 * The library knows a set by the array it came in. Programs copy arrays, move
 * them, build them anew for each call, use two in turns, and name the same
 * descriptor twice; and natively a bad address is EFAULT, not a crash.
 */
#define _GNU_SOURCE
#include "harness/harness.h"
#include "harness/raw.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
    ROW = 12
};

static struct watch w;

static void open_row(void)
{
    assert_true(watch_open(&w, ROW));
    assert_true(watch_works(&w));
}

static void close_row(void)
{
    assert_true(watch_works(&w));
    watch_close(&w);
}

/* Asks for `which` with an array that fn has made. */
static void assert_array_sees(struct pollfd *fds, size_t n, int fd)
{
    int wanted = 0;
    for (size_t i = 0; i < n; i++)
        wanted += fds[i].fd == fd;
    assert_int_equal(poll(fds, n, 0), wanted);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(fds[i].revents, fds[i].fd == fd ? POLLIN : 0);
}

/* Runs look() with each descriptor in turn readable, and with none. */
static void with_each_readable(void (*look)(int fd))
{
    char byte = 'x';
    for (size_t i = 0; i < ROW; i++) {
        look(-2);
        assert_int_equal(write(w.peers[i], &byte, 1), 1);
        look(w.fds[i].fd);
        assert_int_equal(read(w.fds[i].fd, &byte, 1), 1);
    }
}

/* --- where the array is --------------------------------------------------- */

static void look_with_fresh_array(int fd)
{
    struct pollfd *fds = malloc(sizeof(w.fds));
    assert_non_null(fds);
    memcpy(fds, w.fds, sizeof(w.fds));
    assert_array_sees(fds, ROW, fd);
    memset(fds, 0x55, sizeof(w.fds));
    free(fds);
}

static void fresh_array_for_each_call(void **state)
{
    (void)state;
    open_row();
    with_each_readable(look_with_fresh_array);
    close_row();
}

static void look_with_moving_array(int fd)
{
    static struct pollfd room[3 * WATCH_MAX];
    static size_t at;
    at = (at + 17) % (2 * WATCH_MAX);
    memmove(room + at, w.fds, sizeof(w.fds));
    assert_array_sees(room + at, ROW, fd);
    assert_array_sees(room + at, ROW, fd);
}

static void moving_array(void **state)
{
    (void)state;
    open_row();
    with_each_readable(look_with_moving_array);
    close_row();
}

/* An array on the stack, at another depth each time. */
static __attribute__((noinline)) void look_at_depth(int fd, int depth)
{
    struct pollfd fds[ROW];
    memcpy(fds, w.fds, sizeof(fds));
    assert_array_sees(fds, ROW, fd);
    if (depth)
        look_at_depth(fd, depth - 1);
    assert_array_sees(fds, ROW, fd);
}

static void look_at_depths(int fd)
{
    look_at_depth(fd, 5);
}

static void arrays_on_the_stack(void **state)
{
    (void)state;
    open_row();
    with_each_readable(look_at_depths);
    close_row();
}

/* Two loops in one thread, each with its part. */
static void look_with_two_arrays(int fd)
{
    static struct pollfd odd[ROW / 2], even[ROW / 2], all[ROW];
    for (size_t i = 0; i < ROW; i++)
        (i % 2 ? odd : even)[i / 2] = all[i] = w.fds[i];
    for (int i = 0; i < 3; i++) {
        assert_array_sees(odd, ROW / 2, fd);
        assert_array_sees(even, ROW / 2, fd);
        assert_array_sees(all, ROW, fd);
    }
}

static void several_arrays_in_turns(void **state)
{
    (void)state;
    open_row();
    with_each_readable(look_with_two_arrays);
    close_row();
}

/* More arrays than anybody would keep a set for. */
static void look_with_many_arrays(int fd)
{
    static struct pollfd arrays[40][ROW];
    for (size_t i = 0; i < ARRAY_SIZE(arrays); i++) {
        for (size_t k = 0; k < ROW; k++)
            arrays[i][k] = w.fds[(k + i) % ROW];
        assert_array_sees(arrays[i], ROW - i % 3, fd);
    }
}

static void many_arrays_in_turns(void **state)
{
    (void)state;
    open_row();
    with_each_readable(look_with_many_arrays);
    close_row();
}

/* --- what is in it ------------------------------------------------------- */

static void look_at_duplicates(int fd)
{
    struct pollfd fds[3 * ROW];
    for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
        fds[i] = w.fds[i * 7 % ROW];
        if (i % 5 == 4)
            fds[i].fd = -1;
    }
    assert_array_sees(fds, ARRAY_SIZE(fds), fd);
}

static void descriptor_named_several_times(void **state)
{
    (void)state;
    open_row();
    with_each_readable(look_at_duplicates);
    close_row();
}

/* Each entry of a descriptor is answered by its own mask. */
static void several_entries_with_different_masks(void **state)
{
    struct pollfd fds[4];
    (void)state;
    open_row();
    for (int readable = 0; readable < 2; readable++) {
        for (int i = 0; i < 4; i++)
            fds[i].fd = w.fds[0].fd;
        fds[0].events = 0;
        fds[1].events = POLLIN;
        fds[2].events = POLLRDNORM;
        fds[3].events = POLLPRI;
        for (int i = 0; i < 3; i++) {
            assert_int_equal(poll(fds, 4, 0), 2 * readable);
            assert_int_equal(fds[1].revents, readable ? POLLIN : 0);
            assert_int_equal(fds[2].revents, readable ? POLLRDNORM : 0);
        }
        assert_int_equal(write(w.peers[0], "x", 1), 1);
    }
    char byte;
    assert_int_equal(read(w.fds[0].fd, &byte, 1), 1);
    assert_int_equal(read(w.fds[0].fd, &byte, 1), 1);
    close_row();
}

/* Entries swapped, removed by moving the last into the gap, put back. */
static void look_at_shuffled(int fd)
{
    static struct pollfd fds[ROW];
    static size_t n;
    n = n > ROW / 2 ? n - 1 : ROW;
    memcpy(fds, w.fds, sizeof(fds));
    fds[0] = w.fds[n - 1];
    fds[n - 1] = w.fds[0];
    assert_array_sees(fds, n, fd);
}

static void entries_swapped_and_removed(void **state)
{
    (void)state;
    open_row();
    for (size_t n = 1; n <= ROW; n++)
        with_each_readable(look_at_shuffled);
    close_row();
}

/* poll and select on the same descriptors, in turns. */
static void look_both_ways(int fd)
{
    int which = -1;
    for (size_t i = 0; i < ROW; i++)
        if (w.fds[i].fd == fd)
            which = (int)i;
    for (int i = 0; i < 4; i++)
        assert_true(watch_sees(&w, which));
}

static void poll_and_select_in_turns(void **state)
{
    (void)state;
    open_row();
    with_each_readable(look_both_ways);
    close_row();
}

/* select's sets at other addresses each time, and the same set twice. */
static void look_with_fresh_bits(int fd)
{
    struct bits *in = calloc(3, sizeof(*in));
    assert_non_null(in);
    for (size_t i = 0; i < ROW; i++) {
        bits_set(&in[0], w.fds[i].fd);
        bits_set(&in[1], w.peers[i]);
        bits_set(&in[2], w.fds[i].fd);
    }
    int ret = select(w.peers[ROW - 1] + 1, BITS(&in[0]), BITS(&in[1]),
                     BITS(&in[2]), &(struct timeval){0, 0});
    assert_int_equal(ret, ROW + (fd >= 0));
    for (size_t i = 0; i < ROW; i++) {
        assert_int_equal(bits_test(&in[0], w.fds[i].fd), w.fds[i].fd == fd);
        assert_true(bits_test(&in[1], w.peers[i]));
        assert_false(bits_test(&in[2], w.fds[i].fd));
    }
    free(in);
}

static void fresh_sets_for_each_select(void **state)
{
    (void)state;
    open_row();
    with_each_readable(look_with_fresh_bits);
    close_row();
}

/* --- bad memory ----------------------------------------------------------- */

static size_t page;

static struct pollfd *map_array(void)
{
    page = (size_t)sysconf(_SC_PAGESIZE);
    struct pollfd *fds = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(fds, MAP_FAILED);
    return fds;
}

static void assert_is_efault(struct pollfd *fds, size_t n)
{
    errno = 0;
    assert_int_equal(poll(fds, n, 0), -1);
    assert_int_equal(errno, EFAULT);
}

/* Also where the same was asked about before, at a good address. */
static void assert_efault(struct pollfd *fds, size_t n)
{
    for (int i = 0; i < 3; i++) {
        for (int calls = 0; calls < 40; calls++)
            assert_array_sees(w.fds, n, -2);
        assert_is_efault(fds, n);
    }
}

static void array_that_is_not_mapped(void **state)
{
    (void)state;
    open_row();
    struct pollfd *fds = map_array();
    munmap(fds, 2 * page);
    assert_efault(fds, ROW);
    assert_efault(NULL, ROW);
    assert_efault((struct pollfd *)8, 1);
    close_row();
}

static void array_in_read_only_memory(void **state)
{
    (void)state;
    open_row();
    struct pollfd *fds = map_array();
    memcpy(fds, w.fds, ROW * sizeof(*fds));
    assert_int_equal(mprotect(fds, page, PROT_READ), 0);
    assert_efault(fds, ROW);
    assert_int_equal(mprotect(fds, page, PROT_READ | PROT_WRITE), 0);
    assert_array_sees(fds, ROW, -2);
    munmap(fds, 2 * page);
    close_row();
}

/* The array's second half lies in a page that is not there. */
static void array_half_mapped(void **state)
{
    (void)state;
    open_row();
    char *room = (char *)map_array();
    struct pollfd *fds = (struct pollfd *)(room + page) - ROW / 2;
    memcpy(fds, w.fds, ROW * sizeof(*fds));
    for (size_t i = 0; i < ROW; i++)
        fds[i].revents = 0x55;
    munmap(room + page, page);
    assert_efault(fds, ROW);
    for (size_t i = 0; i < ROW / 2; i++)
        assert_int_equal(fds[i].revents, 0x55);
    assert_array_sees(fds, ROW / 2, -2);
    munmap(room, page);
    close_row();
}

/* qemu-user does not, and looks at each page on its way: that takes hours. */
static bool is_room_sought_from_above(void)
{
    char *at[2];

    for (int i = 0; i < 2; i++)
        at[i] = mmap(NULL, page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (int i = 0; i < 2; i++)
        assert_int_equal(munmap(at[i], page), 0);
    return at[1] < at[0];
}

/* So that the kernel's next choice is a hole in there. */
static void fill_holes_above(const char *room)
{
    for (size_t bytes = page << 18; bytes >= page; bytes /= 2) {
        char *at;
        do
            at = mmap(NULL, bytes, PROT_NONE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        while (at != MAP_FAILED && at > room);
        if (at != MAP_FAILED)
            munmap(at, bytes);
    }
}

/*
 * A program unmapped the page behind an array, and the library's first mapping
 * went just there: a poll() beyond the array's end wrote to that, and said
 * nothing. A MAP_FIXED of the program's would have replaced it.
 */
static void holes_are_left_alone(void **state)
{
    (void)state;
    page = (size_t)sysconf(_SC_PAGESIZE);
    if (!is_room_sought_from_above())
        skip();
    open_row();
    const size_t step = 64 * page, holes = 48;
    char *room = mmap(NULL, holes * step, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(room, MAP_FAILED);
    fill_holes_above(room);
    for (size_t i = 0; i < holes; i++)
        assert_int_equal(munmap(room + i * step, (i + 1) * page), 0);
    with_each_readable(look_with_two_arrays);
    with_each_readable(look_with_moving_array);
    for (size_t i = 0; i < holes; i++)
        for (size_t k = 0; k <= i; k++) {
            unsigned char in_core;
            char *hole = room + i * step + k * page;
            assert_int_equal(mincore(hole, page, &in_core), -1);
        }
    close_row();
}

/* Not readable, and readable but not writable; both for the first time. */
static void bad_fd_sets(void **state)
{
    (void)state;
    open_row();
    char *room = (char *)map_array();
    fd_set *in = (fd_set *)(void *)room;
    int nfds = w.fds[ROW - 1].fd + 1;
    struct timeval zero = {0, 0};
    FD_SET(w.fds[0].fd, in);
    for (int i = 0; i < 3; i++) {
        mprotect(room, page, PROT_NONE);
        assert_int_equal(select(nfds, in, NULL, NULL, &zero), -1);
        assert_int_equal(errno, EFAULT);
        mprotect(room, page, PROT_READ);
        assert_int_equal(select(nfds, NULL, in, NULL, &zero), -1);
        assert_int_equal(errno, EFAULT);
    }
    mprotect(room, page, PROT_READ | PROT_WRITE);
    assert_int_equal(select(nfds, in, NULL, NULL, &zero), 0);

    in = (fd_set *)(void *)map_array();
    munmap(in, 2 * page);
    assert_int_equal(select(nfds, in, NULL, NULL, &zero), -1);
    assert_int_equal(errno, EFAULT);
    munmap(room, 2 * page);
    close_row();
}

/* --- memory that goes between two calls ------------------------------------
 */

/*
 * What was polled before need not be there any more, nor be writable: the
 * library once remembered that it was, and natively EFAULT was a crash.
 */
static void unmap_it(void *room)
{
    assert_int_equal(munmap(room, 2 * page), 0);
}

static void make_it_read_only(void *room)
{
    assert_int_equal(mprotect(room, 2 * page, PROT_READ), 0);
}

static void take_all_rights(void *room)
{
    assert_int_equal(mprotect(room, 2 * page, PROT_NONE), 0);
}

static void move_it_away(void *room)
{
    void *place = map_array();
    void *moved =
        mremap(room, 2 * page, 2 * page, MREMAP_MAYMOVE | MREMAP_FIXED, place);
    assert_ptr_equal(moved, place);
}

/* From far away: nothing is known of the memory that moves. */
static char *far_read_only(void)
{
    const size_t bytes = 64 << 20;
    char *far =
        mmap(NULL, bytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(far, MAP_FAILED);
    return far + bytes / 2;
}

/* The array's own place was not heard of, only the place that was left. */
static void move_another_over_it(void *room)
{
    void *moved = mremap(far_read_only(), 2 * page, 2 * page,
                         MREMAP_MAYMOVE | MREMAP_FIXED, room);
    assert_ptr_equal(moved, room);
}

static void move_another_over_it_by_number(void *room)
{
    long moved = syscall(SYS_mremap, far_read_only(), 2 * page, 2 * page,
                         MREMAP_MAYMOVE | MREMAP_FIXED, room);
    assert_ptr_equal((void *)moved, room);
}

static void shrink_it(void *room)
{
    assert_ptr_equal(mremap(room, 2 * page, page, 0), room);
    assert_int_equal(mprotect(room, page, PROT_READ), 0);
}

static void unmap_it_by_number(void *room)
{
    assert_int_equal(syscall(SYS_munmap, room, 2 * page), 0);
}

static void make_it_read_only_by_number(void *room)
{
    assert_int_equal(syscall(SYS_mprotect, room, 2 * page, PROT_READ), 0);
}

static void (*const ways_to_go[])(void *room) = {
    unmap_it,     make_it_read_only,    take_all_rights,
    move_it_away, move_another_over_it, move_another_over_it_by_number,
    shrink_it,    unmap_it_by_number,   make_it_read_only_by_number,
};
enum {
    WAYS_TO_GO = sizeof(ways_to_go) / sizeof(*ways_to_go)
};

/* An array of n goes in each way; the row is asked about beside it, or not. */
static void array_goes(size_t n, bool beside)
{
    open_row();
    for (int i = 0; i < WAYS_TO_GO; i++) {
        struct pollfd *fds = map_array();
        memcpy(fds, w.fds, n * sizeof(*fds));
        for (int calls = 0; calls < 100; calls++) {
            assert_array_sees(fds, n, -2);
            if (beside)
                assert_array_sees(w.fds, ROW, -2);
        }
        ways_to_go[i](fds);
        if (!beside) /* the very next call on that array */
            assert_is_efault(fds, n);
        for (int calls = 0; beside && calls < 100; calls++)
            assert_array_sees(w.fds, ROW, -2);
        assert_efault(fds, n);
        munmap(fds, 2 * page);
    }
    close_row();
}

static void array_goes_between_calls(void **state)
{
    (void)state;
    array_goes(ROW, false);
}

/* Another array, where memory was seen to be there for the first. */
static void neighbour_of_an_array_goes(void **state)
{
    (void)state;
    open_row();
    for (int i = 0; i < WAYS_TO_GO; i++) {
        struct pollfd *fds = map_array();
        struct pollfd *other = fds + ROW;
        for (int calls = 0; calls < 10; calls++) {
            memcpy(fds, w.fds, ROW * sizeof(*fds));
            assert_array_sees(fds, ROW, -2);
            memcpy(other, w.fds, ROW * sizeof(*fds));
            assert_array_sees(other, ROW, -2);
        }
        ways_to_go[i](fds);
        assert_efault(other + 1, ROW);
        assert_efault(fds + 1, ROW);
        munmap(fds, 2 * page);
    }
    close_row();
}

/* The second page goes, and the array that lies in both. */
static void half_of_an_array_goes(void **state)
{
    (void)state;
    open_row();
    char *room = (char *)map_array();
    struct pollfd *fds = (struct pollfd *)(room + page) - ROW / 2;
    memcpy(fds, w.fds, ROW * sizeof(*fds));
    for (int calls = 0; calls < 100; calls++)
        assert_array_sees(fds, ROW, -2);
    munmap(room + page, page);
    assert_efault(fds, ROW);
    assert_array_sees(fds, ROW / 2, -2);
    munmap(room, page);
    close_row();
}

static void assert_sets_efault(int nfds, fd_set *sets)
{
    for (int i = 0; i < 3; i++) {
        errno = 0;
        assert_int_equal(
            select(nfds, sets, NULL, NULL, &(struct timeval){0, 0}), -1);
        assert_int_equal(errno, EFAULT);
    }
}

static void fd_set_goes_between_calls(void **state)
{
    (void)state;
    open_row();
    int nfds = w.fds[ROW - 1].fd + 1;
    for (int i = 0; i < WAYS_TO_GO; i++) {
        fd_set *in = (fd_set *)(void *)map_array();
        for (int calls = 0; calls < 100; calls++) {
            for (int at = 0; at < ROW; at++)
                FD_SET(w.fds[at].fd, in);
            struct timeval zero = {0, 0};
            assert_int_equal(select(nfds, in, NULL, NULL, &zero), 0);
        }
        for (int at = 0; at < ROW; at++)
            FD_SET(w.fds[at].fd, in);
        ways_to_go[i](in);
        assert_sets_efault(nfds, in);
        munmap(in, 2 * page);
    }
    close_row();
}

/* The other one has a set of its own. */
static void array_goes_beside_another(void **state)
{
    (void)state;
    array_goes(ROW / 2, true);
}

/*
 * A thread's stack goes with it, where no hook sees that. What it has seen is
 * not what the next one has, though the library gives it the same block.
 */
static void *polls_where_there_is_memory(void *room)
{
    memcpy(room, w.fds, ROW * sizeof(*w.fds));
    for (int calls = 0; calls < 50; calls++)
        require(poll(room, ROW, 0) == 0);
    return NULL;
}

static void *polls_where_there_is_none(void *room)
{
    struct pollfd fds[ROW];
    memcpy(fds, w.fds, sizeof(fds));
    for (int calls = 0; calls < 50; calls++) {
        require(poll(fds, ROW, 0) == 0);
        require(poll((struct pollfd *)room + 1, ROW, 0) == -1);
        require(errno == EFAULT);
    }
    return NULL;
}

static void new_thread_has_seen_nothing(void **state)
{
    pthread_t thread;
    (void)state;
    open_row();
    struct pollfd *fds = map_array();
    assert_int_equal(
        pthread_create(&thread, NULL, polls_where_there_is_memory, fds), 0);
    pthread_join(thread, NULL);
    assert_int_equal(raw_syscall3(SYS_mprotect, fds, 2 * page, PROT_NONE), 0);
    assert_int_equal(
        pthread_create(&thread, NULL, polls_where_there_is_none, fds), 0);
    pthread_join(thread, NULL);
    munmap(fds, 2 * page);
    close_row();
}

static void array_in_detached_shared_memory(void **state)
{
    (void)state;
    open_row();
    int id = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);
    assert_int_not_equal(id, -1);
    struct pollfd *fds = shmat(id, NULL, 0);
    shmctl(id, IPC_RMID, NULL);
    assert_ptr_not_equal(fds, (void *)-1);
    memcpy(fds, w.fds, ROW * sizeof(*fds));
    for (int calls = 0; calls < 100; calls++)
        assert_array_sees(fds, ROW, -2);
    assert_int_equal(shmdt(fds), 0);
    assert_efault(fds, ROW);
    close_row();
}

static const struct suite_test tests[] = {
    TEST(fresh_array_for_each_call),
    TEST(moving_array),
    TEST(arrays_on_the_stack),
    TEST(several_arrays_in_turns),
    TEST(many_arrays_in_turns),
    TEST(descriptor_named_several_times),
    TEST(several_entries_with_different_masks),
    TEST(entries_swapped_and_removed),
    TEST(poll_and_select_in_turns),
    TEST(fresh_sets_for_each_select),
    TEST(array_that_is_not_mapped),
    TEST(array_in_read_only_memory),
    TEST(array_half_mapped),
    TEST(holes_are_left_alone),
    TEST(bad_fd_sets),
    TEST(array_goes_between_calls),
    TEST(neighbour_of_an_array_goes),
    TEST(half_of_an_array_goes),
    TEST(fd_set_goes_between_calls),
    TEST(array_goes_beside_another),
    TEST(new_thread_has_seen_nothing),
    TEST(array_in_detached_shared_memory),
};

SUITE(tests)
