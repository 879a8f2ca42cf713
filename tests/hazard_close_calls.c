/* SPDX-License-Identifier: MIT */
/*
 * libc closes descriptors in many ways, most of which never call the symbol
 * close() (the table below has a row for each). After each, the number may at
 * once stand for another object. An epoll item belongs to
 * the open file, so that a library which misses the close goes on answering
 * for the dead object: it would never see the new one's data (fact F1).
 *
 * The number is taken again by the kernel's own call, which no hook sees, so
 * that each row stands for itself.
 */
#define _GNU_SOURCE
#include "harness/harness.h"

#include <dirent.h>
#include <errno.h>
#include <mntent.h>
#include <mqueue.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    ROW = 6,
    VICTIM = 3
};

/*
 * adopt() makes the open pipe end `fd` the descriptor of some object of libc
 * and returns its number; end() closes it in the way of the row. It may at
 * the same time put the file of `next` in its place, and then says so.
 */
struct closer {
    int (*adopt)(int fd);
    bool (*end)(int fd, int next);
};

static union {
    FILE *file;
    DIR *dir;
    mqd_t queue;
} handle;

static int keep(int fd)
{
    return fd;
}

/* Puts fd's file in the place of `number`, which some object of libc owns. */
static int move_to(int fd, int number)
{
    require(number >= 0);
    require(raw_dup3(fd, number) == number);
    require(!raw_close(fd));
    return number;
}

static int adopt_as_file(int fd)
{
    handle.file = fdopen(fd, "r");
    require(handle.file);
    return fd;
}

static int adopt_as_pipe_of_popen(int fd)
{
    handle.file = popen("exec true", "r");
    require(handle.file);
    return move_to(fd, fileno(handle.file));
}

static int adopt_as_directory(int fd)
{
    handle.dir = opendir("/");
    require(handle.dir);
    return move_to(fd, dirfd(handle.dir));
}

static int adopt_as_mount_table(int fd)
{
    handle.file = setmntent("/proc/self/mounts", "r");
    require(handle.file);
    return move_to(fd, fileno(handle.file));
}

static int adopt_as_message_queue(int fd)
{
    char name[32];
    snprintf(name, sizeof(name), "/hazard.%d", (int)getpid());
    handle.queue = mq_open(name, O_CREAT | O_RDWR, 0600, NULL);
    require(handle.queue >= 0);
    mq_unlink(name);
    return move_to(fd, handle.queue);
}

/* closefrom() needs the victim to be the highest of the program's numbers. */
static int adopt_as_highest(int fd)
{
    int high = raw_fcntl(fd, F_DUPFD, 100);
    require(high >= 100 && !raw_close(fd));
    return high;
}

static bool end_close(int fd, int next)
{
    (void)next;
    require(!close(fd));
    return false;
}

static bool end_dup2(int fd, int next)
{
    require(dup2(next, fd) == fd);
    return true;
}

static bool end_dup3(int fd, int next)
{
    require(dup3(next, fd, O_CLOEXEC) == fd);
    return true;
}

/* libc's other names for the same. */
int __close(int fd);
int __dup2(int from, int to);
int _IO_fclose(FILE *file);

static bool end___close(int fd, int next)
{
    (void)next;
    require(!__close(fd));
    return false;
}

static bool end___dup2(int fd, int next)
{
    require(__dup2(next, fd) == fd);
    return true;
}

static bool end__IO_fclose(int fd, int next)
{
    (void)fd, (void)next;
    require(!_IO_fclose(handle.file));
    return false;
}

static bool end_close_range(int fd, int next)
{
    (void)next;
    require(!close_range((unsigned)fd, (unsigned)fd, 0));
    return false;
}

static bool end_close_range_unshare(int fd, int next)
{
    (void)next;
    require(!close_range((unsigned)fd, (unsigned)fd, CLOSE_RANGE_UNSHARE));
    return false;
}

static bool end_closefrom(int fd, int next)
{
    (void)next;
    closefrom(fd);
    return false;
}

static bool end_fclose(int fd, int next)
{
    (void)fd, (void)next;
    require(!fclose(handle.file));
    return false;
}

static void reopen_path(char path[32], int next)
{
    snprintf(path, 32, "/proc/self/fd/%d", next);
}

static bool end_freopen(int fd, int next)
{
    char path[32];
    reopen_path(path, next);
    require(freopen(path, "r", handle.file) && fileno(handle.file) == fd);
    return true;
}

static bool end_freopen64(int fd, int next)
{
    char path[32];
    reopen_path(path, next);
    require(freopen64(path, "r", handle.file) && fileno(handle.file) == fd);
    return true;
}

/* When it can't open the new file, freopen still closes the old one. */
static bool end_freopen_failing(int fd, int next)
{
    (void)fd, (void)next;
    require(!freopen("/nonexistent/file", "r", handle.file));
    return false;
}

static bool end_pclose(int fd, int next)
{
    (void)fd, (void)next;
    require(pclose(handle.file) == 0);
    return false;
}

static bool end_closedir(int fd, int next)
{
    (void)fd, (void)next;
    require(!closedir(handle.dir));
    return false;
}

static bool end_mq_close(int fd, int next)
{
    (void)fd, (void)next;
    require(!mq_close(handle.queue));
    return false;
}

static bool end_endmntent(int fd, int next)
{
    (void)fd, (void)next;
    endmntent(handle.file);
    return false;
}

static bool end_syscall_close(int fd, int next)
{
    (void)next;
    require(!syscall(SYS_close, fd));
    return false;
}

static bool end_syscall_dup3(int fd, int next)
{
    require(syscall(SYS_dup3, next, fd, 0) == fd);
    return true;
}

static bool end_syscall_close_range(int fd, int next)
{
    (void)next;
    require(!syscall(SYS_close_range, fd, fd, 0));
    return false;
}

#ifdef SYS_dup2
static bool end_syscall_dup2(int fd, int next)
{
    require(syscall(SYS_dup2, next, fd) == fd);
    return true;
}
#endif

/* freopen leaves the stream open: without this its memory would leak. */
static void forget_stream(const struct closer *closer, int fd)
{
    if (closer->end != end_freopen && closer->end != end_freopen64)
        return;
    int kept = raw_dup(fd);
    fclose(handle.file);
    require(raw_dup3(kept, fd) == fd);
    raw_close(kept);
}

static void look_some_times(struct watch *w, int which)
{
    for (int i = 0; i < 3; i++)
        assert_true(watch_sees(w, which));
}

/*
 * The victim is watched while it is readable (or quiet), ends, and its number
 * passes to a pipe which is quiet (or readable).
 */
static void replace_victim(const struct closer *closer, bool readable)
{
    struct watch w, next;
    char byte = 'x';
    assert_true(watch_open(&w, ROW));
    assert_true(watch_open(&next, 1));
    int fd = w.fds[VICTIM].fd = closer->adopt(w.fds[VICTIM].fd);

    look_some_times(&w, -1);
    assert_int_equal(
        write(readable ? w.peers[VICTIM] : next.peers[0], &byte, 1), 1);
    look_some_times(&w, readable ? VICTIM : -1);
    if (!closer->end(fd, next.fds[0].fd))
        assert_int_equal(raw_dup3(next.fds[0].fd, fd), fd);
    look_some_times(&w, readable ? -1 : VICTIM);

    forget_stream(closer, fd);
    close(w.peers[VICTIM]);
    w.peers[VICTIM] = next.peers[0];
    close(next.fds[0].fd);
    if (!readable)
        assert_int_equal(read(fd, &byte, 1), 1);
    assert_true(watch_works(&w));
    watch_close(&w);
}

/* What ends must be seen to have ended: POLLNVAL, and EBADF from select. */
static void end_victim(const struct closer *closer)
{
    struct watch w, next;
    assert_true(watch_open(&w, ROW));
    assert_true(watch_open(&next, 1));
    int fd = w.fds[VICTIM].fd = closer->adopt(w.fds[VICTIM].fd);
    look_some_times(&w, -1);
    if (!closer->end(fd, next.fds[0].fd))
        for (int i = 0; i < 3; i++) {
            assert_int_equal(watch_poll(&w, 1000), 1);
            assert_int_equal(w.fds[VICTIM].revents, POLLNVAL);
            assert_int_equal(watch_select(&w, 1000), -1);
            assert_int_equal(errno, EBADF);
        }
    forget_stream(closer, fd);
    watch_close(&w);
    watch_close(&next);
}

#define CLOSER(name, adopts)                                                   \
    static void closed_by_##name(void **state)                                 \
    {                                                                          \
        static const struct closer closer = {adopts, end_##name};              \
        (void)state;                                                           \
        replace_victim(&closer, false);                                        \
        replace_victim(&closer, true);                                         \
        end_victim(&closer);                                                   \
    }

CLOSER(close, keep)
CLOSER(__close, keep)
CLOSER(dup2, keep)
CLOSER(__dup2, keep)
CLOSER(dup3, keep)
CLOSER(close_range, keep)
CLOSER(close_range_unshare, keep)
CLOSER(closefrom, adopt_as_highest)
CLOSER(fclose, adopt_as_file)
CLOSER(_IO_fclose, adopt_as_file)
CLOSER(freopen, adopt_as_file)
CLOSER(freopen64, adopt_as_file)
CLOSER(freopen_failing, adopt_as_file)
CLOSER(pclose, adopt_as_pipe_of_popen)
CLOSER(closedir, adopt_as_directory)
CLOSER(mq_close, adopt_as_message_queue)
CLOSER(endmntent, adopt_as_mount_table)
CLOSER(syscall_close, keep)
CLOSER(syscall_dup3, keep)
CLOSER(syscall_close_range, keep)
#ifdef SYS_dup2
CLOSER(syscall_dup2, keep)
#endif

/* Marking descriptors close-on-exec closes none of them. */
static void close_range_cloexec_closes_nothing(void **state)
{
    struct watch w;
    (void)state;
    assert_true(watch_open(&w, ROW));
    look_some_times(&w, -1);
    assert_int_equal(close_range(3, ~0U, CLOSE_RANGE_CLOEXEC), 0);
    assert_true(watch_works(&w));
    watch_close(&w);
}

/* fcloseall() flushes streams and leaves their descriptors open. */
static void fcloseall_closes_nothing(void **state)
{
    struct watch w;
    (void)state;
    assert_true(watch_open(&w, ROW));
    adopt_as_file(w.fds[VICTIM].fd);
    look_some_times(&w, -1);
    fcloseall();
    assert_true(watch_works(&w));
    watch_close(&w);
}

/* A call that fails closes nothing either. */
static void failing_calls_close_nothing(void **state)
{
    struct watch w;
    (void)state;
    assert_true(watch_open(&w, ROW));
    int fd = w.fds[VICTIM].fd;
    look_some_times(&w, -1);
    assert_int_equal(dup2(4000, fd), -1);
    assert_int_equal(dup3(4000, fd, 0), -1);
    assert_int_equal(dup3(fd, fd, 0), -1);
    assert_int_equal(dup2(fd, fd), fd);
    assert_int_equal(close_range((unsigned)fd, (unsigned)fd, 0x8000), -1);
    assert_int_equal(close_range((unsigned)fd, (unsigned)fd - 1, 0), -1);
    assert_int_equal(close(-1), -1);
    assert_true(watch_works(&w));
    watch_close(&w);
}

static const struct suite_test tests[] = {
    TEST(closed_by_close),
    TEST(closed_by___close),
    TEST(closed_by_dup2),
    TEST(closed_by___dup2),
    TEST(closed_by_dup3),
    TEST(closed_by_close_range),
    TEST(closed_by_close_range_unshare),
    TEST(closed_by_closefrom),
    TEST(closed_by_fclose),
    TEST(closed_by__IO_fclose),
    TEST(closed_by_freopen),
    TEST(closed_by_freopen64),
    TEST(closed_by_freopen_failing),
    TEST(closed_by_pclose),
    TEST(closed_by_closedir),
    TEST(closed_by_mq_close),
    TEST(closed_by_endmntent),
    TEST(closed_by_syscall_close),
    TEST(closed_by_syscall_dup3),
    TEST(closed_by_syscall_close_range),
#ifdef SYS_dup2
    TEST(closed_by_syscall_dup2),
#endif
    TEST(close_range_cloexec_closes_nothing),
    TEST(fcloseall_closes_nothing),
    TEST(failing_calls_close_nothing),
};

SUITE(tests)
