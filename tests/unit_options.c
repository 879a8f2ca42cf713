/* SPDX-License-Identifier: MIT */
/*
 * options.c, and log.c, through which it complains: what each variable may
 * be, that everything else is told in exactly one line and changes nothing,
 * and that numbers and lines come out as the C library would print them.
 */
#include "unit.h"

#include "chosen.h"
#include "options.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

/* --- what is written to stderr ----------------------------------------- */

static int kept_stderr, reading_end;

static void catch_stderr(void)
{
    int ends[2];

    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    kept_stderr = dup(2);
    assert_int_equal(dup2(ends[1], 2), 2);
    close(ends[1]);
    eps_log_start();
    reading_end = ends[0];
}

static const char *caught(void)
{
    static char text[4096];
    ssize_t length;

    dup2(kept_stderr, 2);
    close(kept_stderr);
    length = read(reading_end, text, sizeof(text) - 1);
    close(reading_end);
    assert_true(length >= 0);
    text[length] = '\0';
    return text;
}

static const struct eps_options defaults = {
    .policy = EPS_POLICY_AUTO,
    .min_fds = EPS_DEFAULT_MIN_FDS,
    .log = EPS_LOG_OFF,
};

static void read_entries(const char *const entries[], bool secure)
{
    eps_options = defaults;
    eps_options_read((char *const *)entries, secure);
}

/* Returns what was complained of. */
static const char *read_one(const char *entry)
{
    const char *const entries[] = {"HOME=/", entry, "EPOLL=1", NULL};

    catch_stderr();
    read_entries(entries, false);
    return caught();
}

static void check_policy(const char *entry, enum eps_policy policy)
{
    assert_string_equal(read_one(entry), "");
    assert_int_equal(eps_options.policy, policy);
}

static void check_min_fds(const char *entry, uint32_t min_fds)
{
    assert_string_equal(read_one(entry), "");
    assert_int_equal(eps_options.min_fds, min_fds);
}

static void check_log(const char *entry, enum eps_log_level level)
{
    assert_string_equal(read_one(entry), "");
    assert_int_equal(eps_options.log, level);
}

/* Exactly one line, which names the variable; nothing else happens. */
static void check_refused(const char *entry)
{
    static const char start[] = "libepollshim: ignored ";
    const char *said = read_one(entry);

    assert_memory_equal(said, start, strlen(start));
    assert_memory_equal(said + strlen(start), entry, strcspn(entry, "="));
    assert_ptr_equal(strchr(said, '\n'), said + strlen(said) - 1);
    assert_int_equal(eps_options.policy, defaults.policy);
    assert_int_equal(eps_options.min_fds, defaults.min_fds);
    assert_int_equal(eps_options.log, defaults.log);
    assert_int_equal(eps_options.verify, defaults.verify);
    assert_null(eps_options.stats);
    assert_null(eps_options.only);
    assert_null(eps_options.skip);
    assert_int_equal(eps_options.pid, 0);
}

static void check_verify(const char *entry, enum eps_verify verify)
{
    assert_string_equal(read_one(entry), "");
    assert_int_equal(eps_options.verify, verify);
}

static void good_values_are_taken(void **state)
{
    (void)state;
    check_policy("EPOLLSHIM_POLICY=auto", EPS_POLICY_AUTO);
    check_policy("EPOLLSHIM_POLICY=always", EPS_POLICY_ALWAYS);
    check_policy("EPOLLSHIM_POLICY=never", EPS_POLICY_NEVER);
    check_min_fds("EPOLLSHIM_MIN_FDS=0", 0);
    check_min_fds("EPOLLSHIM_MIN_FDS=007", 7);
    check_min_fds("EPOLLSHIM_MIN_FDS=99999999", 99999999);
    check_log("EPOLLSHIM_LOG=off", EPS_LOG_OFF);
    check_log("EPOLLSHIM_LOG=error", EPS_LOG_ERROR);
    check_log("EPOLLSHIM_LOG=warn", EPS_LOG_WARN);
    check_log("EPOLLSHIM_LOG=info", EPS_LOG_INFO);
    check_log("EPOLLSHIM_LOG=debug", EPS_LOG_DEBUG);
    check_verify("EPOLLSHIM_VERIFY=0", EPS_VERIFY_OFF);
    check_verify("EPOLLSHIM_VERIFY=1", EPS_VERIFY_ON);
    check_verify("EPOLLSHIM_VERIFY=abort", EPS_VERIFY_ABORT);
    assert_string_equal(read_one("EPOLLSHIM_STATS=/tmp/a=b"), "");
    assert_string_equal(eps_options.stats, "/tmp/a=b");
    assert_string_equal(read_one("EPOLLSHIM_STATS=-"), "");
    assert_string_equal(eps_options.stats, "-");
    assert_string_equal(read_one("EPOLLSHIM_ONLY=a,b"), "");
    assert_string_equal(eps_options.only, "a,b");
    assert_string_equal(read_one("EPOLLSHIM_ONLY=my server,b"), "");
    assert_string_equal(eps_options.only, "my server,b");
    assert_string_equal(read_one("EPOLLSHIM_SKIP=sh"), "");
    assert_string_equal(eps_options.skip, "sh");
    assert_string_equal(read_one("EPOLLSHIM_PID=4194304"), "");
    assert_int_equal(eps_options.pid, 4194304);
}

/* Daemons go to / at once, and the report once went there, or nowhere. */
static void a_report_is_named_from_where_we_start(void **state)
{
    static char longest[PATH_MAX + 16] = "EPOLLSHIM_STATS=";
    char here[PATH_MAX], wanted[PATH_MAX + 8];

    (void)state;
    assert_non_null(getcwd(here, sizeof(here)));
    snprintf(wanted, sizeof(wanted), "%s/a/b", here);
    assert_string_equal(read_one("EPOLLSHIM_STATS=a/b"), "");
    assert_string_equal(eps_options.stats, wanted);
    /* What has no room behind the directory's name is as it was. */
    memset(longest + 16, 'x', PATH_MAX - 1);
    assert_string_equal(read_one(longest), "");
    assert_string_equal(eps_options.stats, longest + 16);
}

static void bad_values_are_told_in_one_line(void **state)
{
    static const char *const bad[] = {
        "EPOLLSHIM_POLICY=",
        "EPOLLSHIM_POLICY=Auto",
        "EPOLLSHIM_POLICY=always ",
        "EPOLLSHIM_POLICY",
        "EPOLLSHIM_MIN_FDS=",
        "EPOLLSHIM_MIN_FDS=-1",
        "EPOLLSHIM_MIN_FDS= 5",
        "EPOLLSHIM_MIN_FDS=5x",
        "EPOLLSHIM_MIN_FDS=0x10",
        "EPOLLSHIM_MIN_FDS=123456789",
        "EPOLLSHIM_STATS=",
        "EPOLLSHIM_LOG=",
        "EPOLLSHIM_LOG=verbose",
        "EPOLLSHIM_LOGS=debug",
        "EPOLLSHIM_VERIFY=",
        "EPOLLSHIM_VERIFY=yes",
        "EPOLLSHIM_ONLY=",
        "EPOLLSHIM_SKIP=",
        "EPOLLSHIM_ONLY=/usr/bin/server",
        "EPOLLSHIM_ONLY=a, b",
        "EPOLLSHIM_SKIP=a ,b",
        "EPOLLSHIM_SKIP=a,,b",
        "EPOLLSHIM_SKIP=a,",
        "EPOLLSHIM_SKIP=,a",
        "EPOLLSHIM_PID=0",
        "EPOLLSHIM_PID=self",
        "EPOLLSHIM_=",
        "EPOLLSHIM_policy=always",
        "EPOLLSHIM_POLICY_=always",
        "EPOLLSHIM_MIN_FDS=4294967312",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        check_refused(bad[i]);
}

/* The command asks what is wrong before it sets a variable. */
static void what_is_wrong_is_told_before(void **state)
{
    (void)state;
    eps_options = defaults;
    assert_null(eps_options_judge("POLICY=never"));
    assert_string_equal(eps_options_judge("POLICY=Never"),
                        "auto, always or never");
    assert_string_equal(eps_options_judge("POLICIES=never"), "");
}

/* A name is a whole one, and case counts. */
static void names_are_found_in_lists(void **state)
{
    (void)state;
    assert_true(eps_chosen_lists("one", "one"));
    assert_true(eps_chosen_lists("two,one", "one"));
    assert_true(eps_chosen_lists("one,two", "one"));
    assert_true(eps_chosen_lists(",,one,", "one"));
    assert_false(eps_chosen_lists("on,ones,One, one", "one"));
    assert_false(eps_chosen_lists("one", "on"));
    assert_false(eps_chosen_lists(",", ""));
    assert_false(eps_chosen_lists("one,two", "one,two"));
}

/* The line would be cut behind it, and what the variable takes be lost. */
static void a_long_value_is_cut(void **state)
{
    static const char end[] = "xxx...: it takes auto, always or never\n";
    static char entry[2000] = "EPOLLSHIM_POLICY=";
    const char *line;

    (void)state;
    memset(entry + strlen(entry), 'x', sizeof(entry) - strlen(entry) - 1);
    check_refused(entry);
    line = read_one(entry);
    assert_true(strlen(line) <= sizeof((struct eps_line *)0)->text);
    assert_true(strlen(line) >= sizeof(end));
    assert_string_equal(line + strlen(line) - strlen(end), end);
}

static void nothing_is_heard_in_secure_mode(void **state)
{
    const char *const entries[] = {
        "EPOLLSHIM_POLICY=never", "EPOLLSHIM_NONSENSE=1",
        "EPOLLSHIM_STATS=/etc/passwd", "EPOLLSHIM_LIVE=1", NULL};

    (void)state;
    catch_stderr();
    read_entries(entries, true);
    assert_string_equal(caught(), "");
    assert_int_equal(eps_options.policy, EPS_POLICY_AUTO);
    assert_int_equal(eps_options.live, EPS_LIVE_OFF);
    assert_null(eps_options.stats);
}

static void the_last_of_two_settings_counts(void **state)
{
    const char *const entries[] = {"EPOLLSHIM_MIN_FDS=5", "EPOLLSHIM_MIN_FDS=6",
                                   NULL};

    (void)state;
    read_entries(entries, false);
    assert_int_equal(eps_options.min_fds, 6);
    read_entries(NULL, false);
    assert_int_equal(eps_options.min_fds, EPS_DEFAULT_MIN_FDS);
}

/* --- lines ------------------------------------------------------------- */

static void check_number(int64_t number)
{
    struct eps_line line = {.length = 0};
    char expected[32];

    eps_line_number(&line, number);
    snprintf(expected, sizeof(expected), "%" PRId64, number);
    assert_int_equal(line.length, strlen(expected));
    assert_memory_equal(line.text, expected, line.length);
}

static void numbers_are_printed_as_printf_does(void **state)
{
    struct rng rng = unit_rng();

    (void)state;
    check_number(0);
    check_number(INT64_MIN);
    check_number(INT64_MAX);
    for (int i = 0; i < 10000; i++)
        check_number((int64_t)(rng_next(&rng) >> rng_below(&rng, 64)));
    for (int i = 0; i < 10000; i++)
        check_number(-(int64_t)(rng_next(&rng) >> rng_range(&rng, 1, 63)));
}

static void the_level_decides_what_is_said(void **state)
{
    (void)state;
    for (int level = EPS_LOG_OFF; level <= EPS_LOG_DEBUG; level++)
        for (int said = EPS_LOG_ERROR; said <= EPS_LOG_DEBUG; said++) {
            eps_options.log = (enum eps_log_level)level;
            catch_stderr();
            eps_log((enum eps_log_level)said, "one ", "two");
            assert_string_equal(caught(),
                                said <= level ? "libepollshim: one two\n" : "");
        }
}

static void a_line_that_cannot_be_written_is_told(void **state)
{
    struct eps_line line = {.length = 0};

    (void)state;
    eps_line_text(&line, "nowhere");
    assert_false(eps_line_write(&line, -1));
}

UNIT_MAIN(cmocka_unit_test(good_values_are_taken),
          cmocka_unit_test(a_report_is_named_from_where_we_start),
          cmocka_unit_test(bad_values_are_told_in_one_line),
          cmocka_unit_test(what_is_wrong_is_told_before),
          cmocka_unit_test(names_are_found_in_lists),
          cmocka_unit_test(a_long_value_is_cut),
          cmocka_unit_test(nothing_is_heard_in_secure_mode),
          cmocka_unit_test(the_last_of_two_settings_counts),
          cmocka_unit_test(numbers_are_printed_as_printf_does),
          cmocka_unit_test(the_level_decides_what_is_said),
          cmocka_unit_test(a_line_that_cannot_be_written_is_told))
