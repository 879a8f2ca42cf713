/* SPDX-License-Identifier: MIT */
/*
 * The environment variables: each does what it says, a malformed value is
 * told in one line and ignored, and none is a way to write where the user
 * could not (a symlink, a set-user-ID program).
 *
 * Each test starts this program again with a changed environment. Natively
 * the variables mean nothing, and the program works as without them.
 */
#define _GNU_SOURCE
#include "harness/harness.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    ROW = 8
};

static void polls_three_times(void *arg)
{
    for (int i = 0; i < 3; i++)
        require(watch_poll(arg, 0) == 0);
}

/* arg: how it ends. Whatever the variables say, the answers are right. */
ROLE(polls_and_ends)
{
    struct watch w;
    char name[] = "true";
    require(watch_open(&w, ROW));
    require(watch_works(&w));
    if (!strcmp(arg, "fork")) {
        pid_t pid = child_start_raw(polls_three_times, &w);
        require(child_wait(pid) == 0);
        dprintf(2, "%d", (int)pid);
    }
    watch_close(&w);
    if (!strcmp(arg, "_exit"))
        _exit(0);
    if (!strcmp(arg, "exec"))
        execve("/bin/true", (char *[]){name, NULL}, (char *[]){NULL});
    return 0;
}

struct run {
    const char *set[4]; /* NAME=VALUE, or NAME to unset it */
    const char *end;
    pid_t pid;
    char errors[4096]; /* what it wrote to stderr */
    int out;           /* where to, while it runs */
};

static void change_environment_and_poll(void *arg)
{
    struct run *run = arg;
    for (size_t i = 0; i < ARRAY_SIZE(run->set) && run->set[i]; i++)
        if (strchr(run->set[i], '='))
            require(!putenv((char *)run->set[i]));
        else
            require(!unsetenv(run->set[i]));
    require(dup2(run->out, 2) == 2);
    child_become_role("polls_and_ends", run->end ? run->end : "exit");
}

static void start_run(struct run *run)
{
    int ends[2];
    size_t length = 0;
    ssize_t n;
    assert_int_equal(pipe(ends), 0);
    run->out = ends[1];
    run->pid = child_start(change_environment_and_poll, run);
    close(ends[1]);
    while ((n = read(ends[0], run->errors + length,
                     sizeof(run->errors) - 1 - length)) > 0)
        length += (size_t)n;
    run->errors[length] = '\0';
    close(ends[0]);
    child_join(run->pid);
}

static size_t count_lines(const char *text)
{
    size_t lines = 0;
    for (; *text; text++)
        lines += *text == '\n';
    return lines;
}

/* The test's own process is to be answered by epoll as well. */
static void look_once(void)
{
    struct watch w;
    assert_true(watch_open(&w, ROW));
    assert_true(watch_works(&w));
    watch_close(&w);
}

/* --- good and bad values -------------------------------------------------- */

static void silent_by_default(void **state)
{
    struct run run = {.set = {"EPOLLSHIM_POLICY"}};
    (void)state;
    look_once();
    start_run(&run);
    assert_string_equal(run.errors, "");
}

static void good_values_are_silent(void **state)
{
    static const char *const good[] = {
        "EPOLLSHIM_POLICY=auto",  "EPOLLSHIM_POLICY=always",
        "EPOLLSHIM_POLICY=never", "EPOLLSHIM_MIN_FDS=0",
        "EPOLLSHIM_MIN_FDS=1",    "EPOLLSHIM_MIN_FDS=1000000",
        "EPOLLSHIM_LOG=error",    "EPOLLSHIM_LOG=warn",
        "EPOLLSHIM_LOG=info"};
    (void)state;
    look_once();
    for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
        struct run run = {.set = {good[i]}};
        start_run(&run);
        if (strcmp(good[i], "EPOLLSHIM_LOG=info"))
            assert_string_equal(run.errors, "");
    }
}

static void malformed_values_are_told_in_one_line(void **state)
{
    static const char *const bad[] = {
        "EPOLLSHIM_POLICY=sometimes",
        "EPOLLSHIM_POLICY=ALWAYS",
        "EPOLLSHIM_POLICY=always ",
        "EPOLLSHIM_POLICY=",
        "EPOLLSHIM_MIN_FDS=-1",
        "EPOLLSHIM_MIN_FDS=12x",
        "EPOLLSHIM_MIN_FDS= 12",
        "EPOLLSHIM_MIN_FDS=",
        "EPOLLSHIM_MIN_FDS=99999999999999999999",
        "EPOLLSHIM_LOG=loud",
        "EPOLLSHIM_STATS=",
        "EPOLLSHIM_PLOICY=always",
    };
    (void)state;
    look_once();
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct run run = {.set = {bad[i]}};
        char name[64];
        snprintf(name, sizeof(name), "%.*s", (int)strcspn(bad[i], "="), bad[i]);
        start_run(&run);
        print_message("%s: %s\n", bad[i], run.errors);
        assert_int_equal(count_lines(run.errors), way_is_preloaded() ? 1 : 0);
        if (way_is_preloaded())
            assert_non_null(strstr(run.errors, name));
    }
}

/* A line stays a line, whatever the value holds. */
static void malformed_value_of_great_length(void **state)
{
    static char bad[64 * 1024] = "EPOLLSHIM_POLICY=";
    struct run run = {.set = {bad}};
    (void)state;
    look_once();
    memset(bad + strlen(bad), 'a', sizeof(bad) - strlen(bad) - 1);
    start_run(&run);
    assert_int_equal(count_lines(run.errors), way_is_preloaded() ? 1 : 0);
}

/* --- policy ----------------------------------------------------------------
 */

/* How many calls the last run left to the kernel for being small. */
static long small;

static long answered_with(const char *first, const char *second)
{
    struct run run = {.set = {first, second}};
    start_run(&run);
    long calls = stats_of(run.pid, "calls");
    long answered = stats_of(run.pid, "answered");
    small = stats_of(run.pid, "native_small");
    if (way_is_preloaded()) {
        assert_true(calls >= 2 * (2 * ROW + 1));
        assert_true(answered <= calls);
    }
    return answered;
}

/*
 * Whether auto answers a call from epoll is for its cost model to say; which
 * calls it considers at all is what the least number of descriptors rules.
 */
static void policies_do_what_they_say(void **state)
{
    (void)state;
    look_once();
    long always = answered_with("EPOLLSHIM_POLICY=always", NULL);
    long never = answered_with("EPOLLSHIM_POLICY=never", NULL);
    long many = answered_with("EPOLLSHIM_POLICY=auto", "EPOLLSHIM_MIN_FDS=9");
    long passed_on = small;
    answered_with("EPOLLSHIM_POLICY=auto", "EPOLLSHIM_MIN_FDS=8");
    if (!way_is_preloaded())
        return;
    assert_true(always > 0);
    assert_int_equal(never, 0);
    assert_int_equal(many, 0);
    assert_true(passed_on > small);
}

/*
 * Small calls are passed on before anything else is made of them; in a child
 * that was forked behind libc's back they must not count for its parent.
 */
static void small_calls_of_a_forked_child_are_its_own(void **state)
{
    struct run run = {.set = {"EPOLLSHIM_POLICY=auto", "EPOLLSHIM_MIN_FDS=9"},
                      .end = "fork"};
    (void)state;
    look_once();
    start_run(&run);
    pid_t pid = atoi(run.errors);
    assert_true(pid > 0);
    if (!way_is_preloaded() || !child_raw_is_told())
        return;
    assert_int_equal(stats_of(pid, "native_small"), 3);
    assert_int_equal(stats_of(pid, "calls"), 3);
}

/* --- EPOLLSHIM_STATS --------------------------------------------------------
 */

static char scratch[PATH_MAX];

static void make_scratch(void)
{
    const char *base = getenv("TMPDIR");
    snprintf(scratch, sizeof(scratch), "%s/hazard_config.XXXXXX",
             base ? base : "/tmp");
    assert_non_null(mkdtemp(scratch));
}

static void remove_scratch(void)
{
    static const char *const names[] = {"target", "link", "program",
                                        "library.so", "out"};
    char path[PATH_MAX + 16];
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        snprintf(path, sizeof(path), "%s/%s", scratch, names[i]);
        unlink(path);
    }
    assert_int_equal(rmdir(scratch), 0);
}

/* The number of lines that are a name and a number, -1 if any is not. */
static long count_counters(FILE *file)
{
    char line[512], name[512];
    long lines = 0, value;
    while (fgets(line, sizeof(line), file)) {
        char end;
        if (sscanf(line, "%511s %ld%c", name, &value, &end) != 3 || end != '\n')
            return -1;
        lines++;
    }
    return lines;
}

static void stats_are_names_and_values(void **state)
{
    struct run run = {.set = {"EPOLLSHIM_STATS=-"}};
    (void)state;
    look_once();
    start_run(&run);
    if (!way_is_preloaded())
        return;
    FILE *file = fmemopen(run.errors, strlen(run.errors), "r");
    assert_true(count_counters(file) >= 2);
    fclose(file);
    assert_non_null(strstr(run.errors, "calls "));
    assert_non_null(strstr(run.errors, "answered "));
}

/* %p is the pid, so that every process has its file; it may stand twice. */
static void stats_file_is_named_by_the_pid(void **state)
{
    char set[PATH_MAX + 32], path[PATH_MAX + 32];
    struct run run = {.set = {set}};
    (void)state;
    look_once();
    make_scratch();
    snprintf(set, sizeof(set), "EPOLLSHIM_STATS=%s/a%%pb%%p", scratch);
    start_run(&run);
    snprintf(path, sizeof(path), "%s/a%db%d", scratch, (int)run.pid,
             (int)run.pid);
    FILE *file = fopen(path, "re");
    if (way_is_preloaded()) {
        assert_non_null(file);
        assert_true(count_counters(file) >= 2);
        fclose(file);
    } else {
        assert_null(file);
    }
    unlink(path);
    remove_scratch();
}

/* The report is made however the process ends, if it ends by its own will. */
static void stats_are_written_at_each_end(void **state)
{
    static const char *const ends[] = {"exit", "_exit", "exec"};
    (void)state;
    look_once();
    for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
        struct run run = {.end = ends[i]};
        start_run(&run);
        print_message("%s: %ld calls\n", ends[i], stats_of(run.pid, "calls"));
        if (way_is_preloaded())
            assert_true(stats_of(run.pid, "calls") >= 2 * (2 * ROW + 1));
        assert_string_equal(run.errors, "");
    }
}

static void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void stats_never_follow_a_symlink(void **state)
{
    char target[PATH_MAX + 16], link[PATH_MAX + 16], set[PATH_MAX + 32];
    char text[64] = "";
    struct run run = {.set = {set}};
    (void)state;
    look_once();
    make_scratch();
    snprintf(target, sizeof(target), "%s/target", scratch);
    snprintf(link, sizeof(link), "%s/link", scratch);
    snprintf(set, sizeof(set), "EPOLLSHIM_STATS=%s", link);
    write_text(target, "precious\n");
    assert_int_equal(symlink("target", link), 0);

    start_run(&run);
    FILE *file = fopen(target, "re");
    assert_non_null(file);
    assert_int_equal(fread(text, 1, sizeof(text) - 1, file), 9);
    fclose(file);
    assert_string_equal(text, "precious\n");
    assert_int_equal(count_lines(run.errors), way_is_preloaded() ? 1 : 0);
    remove_scratch();
}

/* A report that can't be written costs the program nothing. */
static void stats_that_cannot_be_written(void **state)
{
    static const char *const bad[] = {
        "EPOLLSHIM_STATS=/nonexistent/stats", "EPOLLSHIM_STATS=/",
        "EPOLLSHIM_STATS=/dev/null/x", "EPOLLSHIM_STATS=/dev/full"};
    (void)state;
    look_once();
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct run run = {.set = {bad[i]}};
        start_run(&run);
        print_message("%s: %s\n", bad[i], run.errors);
        assert_int_equal(count_lines(run.errors), way_is_preloaded() ? 1 : 0);
    }
}

/* --- what has become of stderr ----------------------------------------------
 */

/*
 * A daemon closes 2, or is started without it, and is given the number for its
 * next file or connection. Reports once went there, behind what the program
 * had written. arg: how the number is taken, a letter, and the file. No hook
 * sees what fopen opens.
 */
ROLE(has_a_file_at_two)
{
    const int flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC;
    const char *path = arg + 1;
    int kept = *arg == 'd' ? open(path, flags, 0600) : -1, fd = -1;
    struct watch w;
    close(2);
    if (*arg == 'd')
        fd = dup(kept);
    if (*arg == 'f')
        fd = fileno(fopen(path, "we"));
    if (*arg == 'o' || *arg == 'c')
        fd = open(path, flags, 0600);
    require(fd == 2);
    require(write(fd, "precious\n", 9) == 9);
    require(watch_open(&w, ROW));
    require(watch_works(&w));
    watch_close(&w);
    return 0;
}

static void asks_for_lines_and_takes_two(void *arg)
{
    require(!setenv("EPOLLSHIM_STATS", "-", 1));
    require(!setenv("EPOLLSHIM_VERIFY", "1", 1));
    require(!setenv("EPOLLSHIM_LOG", "debug", 1));
    require(!setenv("EPOLLSHIM_NONSENSE", "1", 1));
    if (*(char *)arg == 'c')
        close(2);
    child_become_role("has_a_file_at_two", arg);
}

static void lines_do_not_go_into_a_file_at_number_two(void **state)
{
    char path[PATH_MAX + 16], arg[PATH_MAX + 32], text[64];
    (void)state;
    look_once();
    for (const char *how = "ofdc"; *how; how++) {
        make_scratch();
        snprintf(path, sizeof(path), "%s/target", scratch);
        snprintf(arg, sizeof(arg), "%c%s", *how, path);
        child_join(child_start(asks_for_lines_and_takes_two, arg));
        FILE *file = fopen(path, "re");
        assert_non_null(file);
        text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
        fclose(file);
        assert_string_equal(text, "precious\n");
        remove_scratch();
    }
}

/* --- secure execution ------------------------------------------------------
 */

/*
 * A set-user-ID program does not preload a library by path, but may come to
 * load it. The environment is the caller's, the rights are not: it is not
 * looked at. arg: the library.
 */
ROLE(loads_the_library)
{
    void *library = dlopen(arg, RTLD_NOW);
    struct pollfd fds = {.fd = 0, .events = POLLOUT};
    if (!library) {
        fprintf(stderr, "%s\n", dlerror());
        return 1;
    }
    int (*their_poll)(struct pollfd *, nfds_t, int) =
        (int (*)(struct pollfd *, nfds_t, int))dlsym(library, "poll");
    their_poll(&fds, 1, 0);
    return getauxval(AT_SECURE) ? 3 : 4;
}

static void copy_file(const char *from, const char *to, mode_t mode)
{
    char buffer[65536];
    size_t n;
    FILE *in = fopen(from, "re"), *out = fopen(to, "we");
    assert_non_null(in);
    assert_non_null(out);
    while ((n = fread(buffer, 1, sizeof(buffer), in)))
        assert_int_equal(fwrite(buffer, 1, n, out), n);
    fclose(in);
    assert_int_equal(fclose(out), 0);
    assert_int_equal(chmod(to, mode), 0);
}

struct secure_run {
    char program[PATH_MAX + 16], library[PATH_MAX + 16], out[PATH_MAX + 16];
};

static void becomes_nobody_and_runs(void *arg)
{
    struct secure_run *run = arg;
    enum {
        NOBODY = 65534
    };
    require(!setresgid(NOBODY, NOBODY, NOBODY));
    require(!setresuid(NOBODY, NOBODY, NOBODY));
    unsetenv("LD_PRELOAD");
    setenv("EPOLLSHIM_STATS", run->out, 1);
    execl(run->program, "program", "--role", "loads_the_library", run->library,
          (char *)NULL);
    require(!"exec of the copy");
}

/* three-ways shows the reason, and the test as skipped. */
static void skip_for(const char *reason)
{
    fprintf(stderr, "skipped: %s\n", reason);
    skip();
}

/* Returns whether the run left a report; secure: with other rights. */
static bool leaves_a_report(struct secure_run *run, bool secure)
{
    assert_int_equal(chmod(run->program, secure ? 04755 : 0755), 0);
    int status = child_wait(child_start(becomes_nobody_and_runs, run));
    assert_true(WIFEXITED(status));
    if (secure && WEXITSTATUS(status) == 4) {
        remove_scratch();
        skip_for("set-user-ID has no effect in the temporary directory");
    }
    assert_int_equal(WEXITSTATUS(status), secure ? 3 : 4);
    return unlink(run->out) == 0;
}

static void environment_is_ignored_in_secure_execution(void **state)
{
    struct secure_run run;
    const char *library = getenv("HARNESS_LIBRARY");
    (void)state;
    look_once();
    if (!way_is_preloaded())
        return;
    if (getenv("PRELOAD_FIRST"))
        skip_for("a sanitizer can't be loaded by a program that runs");
    if (geteuid() != 0)
        skip_for("only root can make a set-user-ID program of root's");
    make_scratch();
    assert_int_equal(chmod(scratch, 0777), 0);
    snprintf(run.program, sizeof(run.program), "%s/program", scratch);
    snprintf(run.library, sizeof(run.library), "%s/library.so", scratch);
    snprintf(run.out, sizeof(run.out), "%s/out", scratch);
    copy_file("/proc/self/exe", run.program, 0755);
    copy_file(library, run.library, 0755);

    bool plain = leaves_a_report(&run, false);
    bool secure = leaves_a_report(&run, true);
    remove_scratch();
    assert_true(plain);
    assert_false(secure);
}

static const struct suite_test tests[] = {
    TEST(silent_by_default),
    TEST(good_values_are_silent),
    TEST(malformed_values_are_told_in_one_line),
    TEST(malformed_value_of_great_length),
    TEST(policies_do_what_they_say),
    TEST(small_calls_of_a_forked_child_are_its_own),
    TEST(stats_are_names_and_values),
    TEST(stats_file_is_named_by_the_pid),
    TEST(stats_are_written_at_each_end),
    TEST(stats_never_follow_a_symlink),
    TEST(stats_that_cannot_be_written),
    TEST(lines_do_not_go_into_a_file_at_number_two),
    TEST(environment_is_ignored_in_secure_execution),
};

SUITE(tests)
