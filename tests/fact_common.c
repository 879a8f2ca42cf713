/* SPDX-License-Identifier: MIT */
/* Checks, children, descriptors and clocks for the fact tests. */
#include "fact_common.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>

enum {
    SKIPPED = 77,
    CHILD_SECONDS = 60
};

const char *fact_call = "";
int fact_round;
volatile sig_atomic_t signals;
static bool is_child;

static void give_up(const char *file, int line)
{
    fflush(NULL);
    if (is_child)
        _exit(1);
    _fail(file, line);
}

void check_same(long long actual, long long expected, const char *what,
                const char *want, const char *file, int line)
{
    if (actual == expected)
        return;
    fprintf(stderr,
            "%s:%d: %s, round %d: %s is %lld (0x%llx), not %s: %lld (0x%llx)\n",
            file, line, fact_call, fact_round, what, actual, actual, want,
            expected, expected);
    give_up(file, line);
}

void check_holds(bool truth, const char *what, const char *file, int line)
{
    if (truth)
        return;
    fprintf(stderr, "%s:%d: %s, round %d: not so: %s\n", file, line, fact_call,
            fact_round, what);
    give_up(file, line);
}

void cannot(const char *reason)
{
    fprintf(stderr, "skipped: %s\n", reason);
    fflush(NULL);
    if (is_child)
        _exit(SKIPPED);
    skip();
}

/* CMocka catches a crash to tell it as a failure; a child's is its own. */
static void tell_story(void *arg)
{
    void (**story)(void) = arg;
    is_child = true;
    signal(SIGSEGV, SIG_DFL);
    signal(SIGABRT, SIG_DFL);
    (*story)();
    fflush(NULL);
}

pid_t start_story(void (*story)(void))
{
    settle_all();
    fflush(NULL);
    pid_t pid = child_start(tell_story, &story);
    holds(pid > 0);
    return pid;
}

int child_status(void (*story)(void))
{
    return child_wait(start_story(story));
}

void in_child(void (*story)(void))
{
    pid_t pid = start_story(story);
    int status = child_wait(pid);
    if (WIFEXITED(status) && WEXITSTATUS(status) == SKIPPED)
        cannot("the child could not make the situation");
    same(status, 0);
    holds(!way_is_always() || stats_of(pid, "answered") >= 1);
}

char *page_before_nothing(void)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    holds(pages != MAP_FAILED);
    same(munmap(pages + page, page), 0);
    return pages + page;
}

void give_back(char *border)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    same(munmap(border - page, page), 0);
}

void stream_pair(int fd[2])
{
    same(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
}

void open_pipe(int fd[2])
{
    same(pipe(fd), 0);
}

void tcp_pair(int fd[2])
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(address);
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    same(bind(listener, (struct sockaddr *)&address, length), 0);
    same(listen(listener, 1), 0);
    same(getsockname(listener, (struct sockaddr *)&address, &length), 0);
    fd[1] = socket(AF_INET, SOCK_STREAM, 0);
    same(connect(fd[1], (struct sockaddr *)&address, length), 0);
    fd[0] = accept(listener, NULL, NULL);
    holds(fd[0] >= 0);
    close(listener);
}

void close_pair(const int fd[2])
{
    close(fd[0]);
    close(fd[1]);
}

void send_byte(int fd)
{
    same(write(fd, "x", 1), 1);
}

void take_byte(int fd)
{
    char byte;
    same(read(fd, &byte, 1), 1);
}

int closed_number(void)
{
    int fd = dup(0);
    holds(fd >= 0);
    close(fd);
    return fd;
}

int table_size(void)
{
    char line[128];
    int size = -1;
    FILE *status = fopen("/proc/self/status", "re");
    holds(status != NULL);
    while (fgets(line, sizeof(line), status))
        if (sscanf(line, "FDSize: %d", &size) == 1)
            break;
    fclose(status);
    holds(size > 0);
    return size;
}

static void on_signal(int signo)
{
    (void)signo;
    signals++;
}

/* SA_RESTART is set on purpose: these calls answer EINTR all the same. */
void count_signal(int signo)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    signals = 0;
    same(sigaction(signo, &action, NULL), 0);
}

void ring_every(int ms)
{
    struct timeval period = {ms / 1000, ms % 1000 * 1000L};
    struct itimerval timer = {period, period};
    if (ms)
        count_signal(SIGALRM);
    same(setitimer(ITIMER_REAL, &timer, NULL), 0);
}
