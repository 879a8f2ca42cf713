/* SPDX-License-Identifier: MIT */
/*
 * A program that tests/live_page tells what to do, a word a line: it answers
 * "ok" when that is done. It watches 100 pipes, of which one is ready.
 */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/seccomp.h>

enum {
    WATCHED = 100
};

static struct pollfd watched[WATCHED];
static char *self;

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static void open_pipes(void)
{
    for (int i = 0; i < WATCHED; i++) {
        int ends[2];
        if (pipe(ends) < 0)
            die("pipe");
        watched[i] = (struct pollfd){.fd = ends[0], .events = POLLIN};
        if (i == 0 && write(ends[1], "x", 1) != 1)
            die("write");
    }
}

static void poll_times(int times)
{
    for (int i = 0; i < times; i++)
        if (poll(watched, WATCHED, 1000) != 1)
            die("poll");
}

static void poll_few(int times)
{
    for (int i = 0; i < times; i++)
        if (poll(watched, 2, 1000) != 1)
            die("poll");
}

/* The child goes on in its parent's place, until it is told to exit. */
static void fork_and_wait(int unused)
{
    int status;
    pid_t child = fork();

    (void)unused;
    if (child < 0)
        die("fork");
    if (child && (waitpid(child, &status, 0) != child || status))
        die("child");
}

static void do_exec(int unused)
{
    (void)unused;
    execl(self, self, (char *)NULL);
    die("exec");
}

static void fail_exec(int unused)
{
    (void)unused;
    if (execl("/nonexistent", "nonexistent", (char *)NULL) != -1)
        die("exec");
}

/* Not even the calls that the library needs for a page are allowed. */
static void be_strict(int unused)
{
    (void)unused;
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) < 0)
        die("prctl");
}

static void do_chroot(int unused)
{
    (void)unused;
    if (chroot("/proc/self/fdinfo") < 0 || chdir("/") < 0)
        die("chroot");
}

static void limit_files(int size)
{
    struct rlimit limit = {(rlim_t)size, (rlim_t)size};

    if (setrlimit(RLIMIT_FSIZE, &limit) < 0)
        die("setrlimit");
}

static sigjmp_buf out;

static void jump(int unused)
{
    (void)unused;
    siglongjmp(out, 1);
}

/*
 * The first call of each of so many children makes a page, and is left by a
 * handler a little later each time; then it must have as many descriptors.
 */
static void jump_in_children(int children)
{
    signal(SIGALRM, jump);
    for (volatile int i = 0; i < children; i++) {
        pid_t child = fork();
        int status;
        if (child == 0) {
            int before = dup(0);
            struct itimerval soon = {.it_value = {0, 20 + i}};
            close(before);
            if (sigsetjmp(out, 1) == 0) {
                setitimer(ITIMER_REAL, &soon, NULL);
                for (;;)
                    poll(watched + 1, WATCHED - 1, 100);
            }
            _exit(dup(0) != before);
        }
        if (waitpid(child, &status, 0) != child || status)
            die("a descriptor was left open");
    }
}

static void show_fds(int unused)
{
    int highest = dup(0);

    (void)unused;
    printf("%d\n", highest);
    close(highest);
}

static const struct {
    const char *word;
    void (*act)(int number);
} words[] = {
    {"poll", poll_times},     {"few", poll_few},
    {"fork", fork_and_wait},  {"exec", do_exec},
    {"fail-exec", fail_exec}, {"strict", be_strict},
    {"chroot", do_chroot},    {"fsize", limit_files},
    {"fds", show_fds},        {"jump", jump_in_children},
    {"exit", exit},           {"_exit", _exit},
};

static void obey(const char *word, int number)
{
    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
        if (strcmp(words[i].word, word) == 0) {
            words[i].act(number);
            return;
        }
    fprintf(stderr, "live_target: unknown word %s\n", word);
    exit(1);
}

/* Byte by byte: nothing of a child's input may wait in its parent's buffer. */
static int read_line(char *line, int size)
{
    int length = 0;

    while (length < size - 1 && read(0, line + length, 1) == 1)
        if (line[length++] == '\n') {
            line[length] = '\0';
            return 1;
        }
    return 0;
}

int main(int argc, char *argv[])
{
    char line[64], word[32];
    int number;

    self = argv[argc - 1];
    setvbuf(stdout, NULL, _IONBF, 0);
    open_pipes();
    puts("ok");
    while (read_line(line, sizeof(line))) {
        number = 0;
        if (sscanf(line, "%31s %d", word, &number) < 1)
            continue;
        obey(word, number);
        if (write(1, "ok\n", 3) != 3)
            die("write");
    }
    return 0;
}
