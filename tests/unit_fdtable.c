/* SPDX-License-Identifier: MIT */
/*
 * fdtable.c against what /proc tells of the same table: its size, and that a
 * descriptor which is put away takes the highest free number in it, while the
 * table stays as large as it was.
 */
#include "unit.h"

#include "fdtable.h"
#include "fdwatch.h"
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

struct eps_process eps_process; /* process.c would bring all the rest along */

/* FDSize in /proc/self/status. */
static int table_size(void)
{
    char line[256];
    int size = -1;
    FILE *status = fopen("/proc/self/status", "re");

    if (!status)
        abort();
    while (size < 0 && fgets(line, sizeof(line), status))
        sscanf(line, "FDSize: %d", &size);
    fclose(status);
    return size;
}

static bool is_open(int fd)
{
    return fcntl(fd, F_GETFD) >= 0;
}

/* A fresh descriptor, and nothing known from the test before. */
static int begin(void)
{
    eps_fdtable_reset();
    eps_fdwatch_reset();
    atomic_store(&eps_process.open_limit, 1 << 20);
    int fd = open("/dev/null", O_RDONLY);
    assert_true(fd >= 0);
    return fd;
}

/* As what was opened is: it stands on the lowest number for a moment. */
static int put_away(int fd)
{
    int place = eps_fdtable_place(fd, eps_fdtable_own_size());

    close(fd);
    return place;
}

static bool size_is_right(void)
{
    int size = table_size();

    return eps_fdtable_contains(0) && eps_fdtable_contains(size - 1) &&
           !eps_fdtable_contains(size) && !eps_fdtable_contains(size * 2) &&
           !eps_fdtable_contains(EPS_FD_LIMIT - 1) && table_size() == size;
}

/* Where the table's growth ends here: many a system allows 1,024 numbers. */
static int numbers_allowed(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        abort();
    return limit.rlim_cur < 5000 ? (int)limit.rlim_cur : 5000;
}

/* A number that is asked about may be closed, or open and quiet. */
static bool size_is_right_while_it_grows(void)
{
    int quiet[2];
    bool right = size_is_right();

    if (pipe(quiet) < 0)
        return false;
    for (int number = 64; number < numbers_allowed(); number *= 2) {
        int fd = fcntl(quiet[0], F_DUPFD, number);
        right = right && table_size() > number && size_is_right();
        eps_fdtable_reset();
        right = right && size_is_right();
        close(fd);
        eps_fdtable_reset();
        right = right && size_is_right();
    }
    return right;
}

/* Only in a child a table is as small as it can be. */
static void the_size_is_the_kernels(void **state)
{
    pid_t child;
    int status;

    (void)state;
    close(begin());
    child = fork();
    if (child == 0)
        _exit(size_is_right_while_it_grows() ? 0 : 1);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

/* The search for what is open there took 8 ms in one of 19,000 numbers. */
static void an_empty_table_is_not_searched_to_its_end(void **state)
{
    pid_t child;
    int status, fd = begin();

    (void)state;
    close(fd);
    if (numbers_allowed() < 4096)
        skip();
    child = fork();
    if (child == 0) {
        close(fcntl(0, F_DUPFD, 4095)); /* the table grows, and stays so */
        _exit(eps_fdtable_own_size() == table_size() ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static int highest_free(void)
{
    int number = table_size() - 1;

    while (is_open(number))
        number--;
    return number;
}

/* The table may be larger than what is open in it needs: then not there. */
static void a_place_is_the_highest_free_number(void **state)
{
    int expected[3], places[3], size = table_size();

    (void)state;
    int lowest = begin();
    int highest = fcntl(lowest, F_DUPFD, size - 1);
    close(lowest);
    for (int i = 0; i < 3; i++) {
        int fd = open("/dev/null", O_RDONLY);
        assert_int_equal(fd, lowest);
        expected[i] = highest_free();
        places[i] = put_away(fd);
        assert_int_equal(places[i], expected[i]);
        assert_false(is_open(lowest));
        assert_int_equal(fcntl(places[i], F_GETFD), FD_CLOEXEC);
        assert_true(eps_fdwatch_is_internal(places[i]));
    }
    assert_int_equal(table_size(), size);
    for (int i = 0; i < 3; i++)
        close(places[i]);
    close(highest);
}

/* A closed number that the program watches is not free to us. */
static void a_watched_number_is_passed_over(void **state)
{
    int fd = begin();
    int watched = highest_free();

    (void)state;
    eps_fdwatch_hold(watched, 1);
    int place = put_away(fd);
    assert_in_range(place, fd + 1, watched - 1);
    assert_false(is_open(watched));
    close(place);
    eps_fdwatch_reset();
}

/* The program may still ask about it, in a call that goes native. */
static void a_used_number_is_the_last_choice(void **state)
{
    int fd = begin();
    int used = highest_free();

    (void)state;
    eps_fdwatch_end(used);
    int place = put_away(fd);
    assert_in_range(place, fd + 1, used - 1);
    close(place);
    eps_fdwatch_reset();
    fd = begin();
    for (int number = fd; number <= used; number++)
        eps_fdwatch_end(number);
    assert_int_equal(put_away(fd), used);
    close(used);
    eps_fdwatch_reset();
}

static void the_limit_is_kept(void **state)
{
    int fd = begin();

    (void)state;
    atomic_store(&eps_process.open_limit, (uint64_t)fd + 5);
    assert_int_equal(put_away(fd), fd + 4);
    close(fd + 4);
}

static void a_full_table_has_no_place(void **state)
{
    int fd = begin();

    (void)state;
    atomic_store(&eps_process.open_limit, (uint64_t)fd + 1);
    assert_int_equal(put_away(fd), -EMFILE);
    assert_false(is_open(fd));
}

static int reserve(void **state)
{
    (void)state;
    return eps_fdwatch_start() ? 0 : -1;
}

UNIT_MAIN(cmocka_unit_test_setup(the_size_is_the_kernels, reserve),
          cmocka_unit_test(an_empty_table_is_not_searched_to_its_end),
          cmocka_unit_test(a_place_is_the_highest_free_number),
          cmocka_unit_test(a_watched_number_is_passed_over),
          cmocka_unit_test(a_used_number_is_the_last_choice),
          cmocka_unit_test(the_limit_is_kept),
          cmocka_unit_test(a_full_table_has_no_place))
