/* SPDX-License-Identifier: MIT */
/*
 * A program whose answers must stay right whatever fails beneath it.
 *
 *   target SCENE [SEED]     one of the names at the end of this file
 *
 * It ends with 0, or with a line on stderr and another status.
 */
#include "../harness/raw.h"
#include "ask.h"
#include "plan.h"
#include "scenes.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/wait.h>

struct fault_plan *plan;
unsigned long scene_seed;

static int peers[ROW_MAX];

void add_pipe(void)
{
    int ends[2];

    require(raw_pipe(ends) == 0);
    peers[row_add(ends[0])] = ends[1];
}

void make_ready(int place)
{
    require(write(peers[place], "x", 1) == 1);
}

void make_quiet(int place)
{
    char byte;

    require(read(row[place].fd, &byte, 1) == 1);
}

/* From here on what the library does is counted, and fails. */
static void arm(void)
{
    if (plan)
        atomic_store(&plan->armed, true);
}

/* --- scenes --------------------------------------------------------------- */

/* The library's own start-up fails; the runner has armed the plan before. */
static void start(void)
{
    for (int i = 0; i < 3; i++)
        add_pipe();
    ask_all();
    make_ready(1);
    ask_all();
}

/* Each kind of file, ready and quiet. */
static void kinds(void)
{
    int pair[2], timer, event;

    for (int i = 0; i < 3; i++)
        add_pipe();
    require(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    peers[row_add(pair[0])] = pair[1];
    event = eventfd(0, EFD_NONBLOCK);
    row_add(event);
    timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    int timer_place = row_add(timer);
    arm();
    ask_all();
    for (int i = 0; i < 4; i++) {
        make_ready(i);
        ask_all();
        make_quiet(i);
    }
    ask_and_wait(1);
    struct itimerspec soon = {.it_value = {0, 1000000}};
    require(timerfd_settime(timer, 0, &soon, NULL) == 0);
    ask_until_ready(timer_place);
    ask_all();
    row[0].events = POLLOUT | POLLPRI;
    row[1].events = 0;
    ask_all();
    /* Always ready, and no epoll takes it. */
    row_add(raw_open("/proc/self/exe", O_RDONLY));
    ask_all();
    row[2].fd = -1;
    ask_poll();
    row[2].fd = 500; /* closed */
    ask_all();
}

/* Ends of all sorts, and numbers that come back as other files. */
static void ends(void)
{
    for (int i = 0; i < 6; i++)
        add_pipe();
    arm();
    ask_all();
    /* Closed, and had again. */
    int old = row[1].fd;
    close(old);
    ask_all();
    require(raw_dup3(row[2].fd, old) == old);
    fcntl(old, F_GETFD);
    close(old);
    require(dup2(row[2].fd, old) == old);
    make_ready(2);
    ask_all();
    make_quiet(2);
    /* Kept alive by a copy: it must not speak for the number's next file. */
    int copy = dup(row[3].fd);
    close(row[3].fd);
    require(dup2(row[0].fd, row[3].fd) == row[3].fd);
    make_ready(3); /* the former file */
    ask_all();
    ask_all();
    close(copy);
    ask_all();
    unsigned last = (unsigned)row[5].fd;
    if (close_range(last, last, 0) < 0) /* before Linux 5.9 */
        close(row[5].fd);
    ask_all();
    row_length = 2;
    ask_all();
    make_ready(4); /* nobody asks any more */
    ask_all();
    ask_all();
}

/* The library's own numbers are in the way of the program's dup2. */
static void numbers(void)
{
    struct rlimit limit;

    for (int i = 0; i < 4; i++)
        add_pipe();
    arm();
    ask_all();
    int spare = dup(0);
    for (int to = row[3].fd + 2; to < 80; to++)
        require(dup2(spare, to) == to);
    ask_all();
    make_ready(0);
    ask_all();
    require(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    limit.rlim_cur = 70;
    require(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    ask_all();
    limit.rlim_cur = 3;
    require(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    ask_all();
    limit.rlim_cur = 200;
    require(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    ask_all();
}

/*
 * The quiet number that is closed under the sleeper may be told early, where
 * it can't be found out that it is quiet; it is closed in truth, and asked
 * for no more.
 */
static bool is_told_early(int ret)
{
    return ret == 1 && row[1].revents == POLLNVAL;
}

static void *sleep_on_row(void *ended)
{
    int ret;

    do
        ret = poll(row, (nfds_t)row_length, 20000);
    while (is_told_early(ret) ||
           (ret < 0 && errno == EINTR && was_interrupted()));
    require(ret >= 1);
    atomic_store((_Atomic bool *)ended, true);
    return NULL;
}

static void wait_until(_Atomic bool *flag)
{
    for (int ms = 0; !atomic_load(flag); ms++) {
        require(ms < 10000);
        usleep(1000);
    }
}

/* What another thread closes under a sleeper is told all the same. */
static void sleepers(void)
{
    static _Atomic bool ended[2];
    pthread_t thread;
    int pair[2], victim;

    add_pipe();
    add_pipe();
    require(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    victim = row_add(pair[0]);
    ask_all();
    arm();
    require(!pthread_create(&thread, NULL, sleep_on_row, &ended[0]));
    usleep(2000);
    close(row[1].fd); /* quiet: nobody is woken */
    row[1].fd = -1;   /* as the sleeper's array is ours too */
    usleep(1000);
    require(raw_dup3(row[0].fd, 300) == 300);
    make_ready(0);
    wait_until(&ended[0]);
    pthread_join(thread, NULL);
    require(row[0].revents & POLLIN);
    make_quiet(0);
    require(!pthread_create(&thread, NULL, sleep_on_row, &ended[1]));
    usleep(2000);
    shutdown(pair[0], SHUT_RDWR);
    close(pair[0]);
    wait_until(&ended[1]);
    pthread_join(thread, NULL);
    require(row[victim].revents);
    ask_all();
}

void end_well(pid_t pid)
{
    int status = -1;
    pid_t got;

    do
        got = waitpid(pid, &status, 0);
    while (got < 0 && errno == EINTR);
    require(got == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* Whoever is in whose memory, and whose table: each has its own answers. */
static void children(void)
{
    static char *const none[] = {NULL};
    pid_t pid;

    for (int i = 0; i < 4; i++)
        add_pipe();
    arm();
    ask_all();
    if ((pid = fork()) == 0) {
        close(row[1].fd);
        make_ready(0);
        ask_all();
        _exit(0);
    }
    end_well(pid);
    ask_all();
    if ((pid = (pid_t)raw_syscall6(SYS_clone, SIGCHLD, 0, 0, 0, 0, 0)) == 0) {
        ask_all();
        ask_all();
        raw_syscall6(SYS_exit_group, 0, 0, 0, 0, 0, 0);
    }
    end_well(pid);
    ask_all();
    int watched = row[2].fd;
    if ((pid = vfork()) == 0) {
        close(watched);
        _exit(0);
    }
    end_well(pid);
    make_ready(2);
    ask_all();
    require(execve("/nowhere/to/be/found", none, none) < 0);
    ask_all();
}

/* Everything that grows: sets, copies, bitmaps, events, waits. */
static void growth(void)
{
    struct rlimit limit;
    int far;

    require(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    limit.rlim_cur = limit.rlim_max < 4096 ? limit.rlim_max : 4096;
    require(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    far = (int)limit.rlim_cur - 100;
    for (int i = 0; i < 4; i++)
        add_pipe();
    int file = raw_open("/proc/self/exe", O_RDONLY);
    arm();
    ask_all();
    for (int i = 0; i < 150; i++)
        require(raw_dup3(row[i % 4].fd, 300 + i) == 300 + i);
    for (int i = 0; i < 150; i++)
        row_add(300 + i);
    ask_all();
    require(raw_dup3(row[0].fd, far) == far);
    row_add(far);
    ask_all();
    for (int i = 0; i < 80; i++)
        require(raw_dup3(file, 500 + i) == 500 + i);
    for (int i = 0; i < 80; i++)
        row_add(500 + i);
    ask_all();
    make_ready(1);
    ask_all();
    make_quiet(1);
    row_length = 4;
    ask_all();
    make_ready(0); /* what nobody asks for any more fires, too */
    ask_all();
    ask_all();
}

/* The runner asks for a live statistics page: it is made, written, removed. */
static void live(void)
{
    pid_t pid;

    for (int i = 0; i < 3; i++)
        add_pipe();
    arm();
    ask_all();
    ask_and_wait(1);
    make_ready(1);
    ask_all();
    if ((pid = fork()) == 0) {
        ask_all();
        _exit(0);
    }
    end_well(pid);
    ask_all();
}

static const struct {
    const char *name;
    void (*play)(void);
} scenes[] = {
    {"start", start},
    {"kinds", kinds},
    {"ends", ends},
    {"numbers", numbers},
    {"sleepers", sleepers},
    {"children", children},
    {"growth", growth},
    {"live", live},
    {"descriptors", scene_descriptors},
    {"memory", scene_memory},
    {"strangers", scene_strangers},
};

int main(int argc, char **argv)
{
    sigset_t mask;

    /* What the program holds back is held back at the end, and no more. */
    sigemptyset(&mask);
    sigaddset(&mask, SIGUSR1);
    require(!sigprocmask(SIG_BLOCK, &mask, NULL));
    plan = fault_plan_open();
    scene_seed = argc > 2 ? strtoul(argv[2], NULL, 10) : 1;
    for (size_t i = 0; argc > 1 && i < sizeof(scenes) / sizeof(*scenes); i++)
        if (strcmp(argv[1], scenes[i].name) == 0) {
            scenes[i].play();
            require(!sigprocmask(SIG_BLOCK, NULL, &mask));
            require(sigismember(&mask, SIGUSR1) &&
                    !sigismember(&mask, SIGUSR2));
            return 0;
        }
    fprintf(stderr, "usage: target SCENE [SEED]\n");
    return 2;
}
