/* SPDX-License-Identifier: MIT */
/*
 * The command line of a test program, and the pair around every test that
 * checks for leaked descriptors.
 */
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "fdcheck.h"

enum {
    MAX_TESTS = 200,
    MAX_ROLES = 16
};

static struct {
    const char *name;
    suite_role_fn fn;
} roles[MAX_ROLES];
static size_t role_count;

void suite_add_role(const char *name, suite_role_fn fn)
{
    if (role_count == MAX_ROLES)
        abort();
    roles[role_count].name = name;
    roles[role_count++].fn = fn;
}

static int play_role(const char *name, const char *arg)
{
    for (size_t i = 0; i < role_count; i++)
        if (!strcmp(roles[i].name, name))
            return roles[i].fn(arg);
    fprintf(stderr, "no role \"%s\"\n", name);
    return 2;
}

static int before_test(void **state)
{
    (void)state;
    fdcheck_begin();
    return 0;
}

static int after_test(void **state)
{
    (void)state;
    fdcheck_end();
    return 0;
}

static int list_tests(const struct suite_test *tests, size_t count)
{
    for (size_t i = 0; i < count; i++)
        printf("%s %s\n", tests[i].name, tests[i].expectation);
    return 0;
}

static int run_units(const struct suite_test *tests, size_t count)
{
    struct CMUnitTest units[MAX_TESTS];
    if (count > MAX_TESTS)
        abort();
    for (size_t i = 0; i < count; i++)
        units[i] = (struct CMUnitTest){.name = tests[i].name,
                                       .test_func = tests[i].body,
                                       .setup_func = before_test,
                                       .teardown_func = after_test};
    return _cmocka_run_group_tests("tests", units, count, NULL, NULL) != 0;
}

int suite_main(int argc, char **argv, const struct suite_test *tests,
               size_t count)
{
    /* A crash is told by its signal; a core file would only stay behind. */
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    /* What was printed must be there when a child or a crash cuts it off. */
    setvbuf(stdout, NULL, _IOLBF, 0);

    if (argc == 1)
        return run_units(tests, count);
    if (!strcmp(argv[1], "--list"))
        return list_tests(tests, count);
    if (!strcmp(argv[1], "--role") && argc >= 3)
        return play_role(argv[2], argc > 3 ? argv[3] : "");
    for (size_t i = 0; i < count; i++)
        if (!strcmp(tests[i].name, argv[1]))
            return run_units(&tests[i], 1);
    fprintf(stderr, "%s: no test \"%s\"; see %s --list\n", argv[0], argv[1],
            argv[0]);
    return 2;
}
