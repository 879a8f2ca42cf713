/* SPDX-License-Identifier: MIT */
/*
 * A test program: a list of named tests, each run in a process of its own.
 *
 *   program            run all tests, one after the other, in this process
 *   program NAME       run one test
 *   program --list     print one line per test: NAME EXPECTATION
 *
 * The expectation is what the script three-ways demands of the library's
 * counters when it runs the test with EPOLLSHIM_POLICY=always: `epoll` (at
 * least one call was answered from an epoll set; the rule) or `native` (none
 * was: the test is about a situation which must be left to the kernel).
 */
#ifndef HARNESS_SUITE_H
#define HARNESS_SUITE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

/* CMocka wants those before it. */
#include <cmocka.h>

struct suite_test {
    const char *name;
    CMUnitTestFunction body;
    const char *expectation;
};

/* clang-format off */

/* The test's calls must be answered from an epoll set. */
#define TEST(body) {#body, body, "epoll"}

/* No call of the test may be answered from an epoll set. */
#define TEST_NATIVE(body) {#body, body, "native"}

/* clang-format on */

#define SUITE(tests)                                                           \
    int main(int argc, char **argv)                                            \
    {                                                                          \
        return suite_main(argc, argv, tests,                                   \
                          sizeof(tests) / sizeof((tests)[0]));                 \
    }

/* The main function of every test program; returns its exit status. */
int suite_main(int argc, char **argv, const struct suite_test *tests,
               size_t count);

/*
 * A program that has to start itself again as somebody else (after an exec,
 * under a filter) writes that part as a role: `program --role NAME ARG` runs
 * its body and ends with the status it returns.
 *
 *     ROLE(polls_once) { return poll(NULL, 0, atoi(arg)); }
 */
typedef int (*suite_role_fn)(const char *arg);
void suite_add_role(const char *name, suite_role_fn fn);

#define ROLE(fn)                                                               \
    static int fn(const char *arg);                                            \
    __attribute__((constructor)) static void add_role_##fn(void)               \
    {                                                                          \
        suite_add_role(#fn, fn);                                               \
    }                                                                          \
    static int fn(const char *arg)

#endif
