/* SPDX-License-Identifier: MIT */
#include "play.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

enum {
    HANG_SECONDS = 60
};

struct fault_plan *play_plan;
unsigned long play_seed = 1;
bool play_live;
char play_said[65536];

static char target[PATH_MAX], library[PATH_MAX], injector[PATH_MAX];
static char scratch[PATH_MAX]; /* a directory for what follows */
static char plan_path[PATH_MAX], stats_path[PATH_MAX];

void play_die(const char *what)
{
    fprintf(stderr, "faults: %s: %s\n", what, strerror(errno));
    exit(2);
}

static const char *variable(const char *name, const char *otherwise)
{
    const char *value = getenv(name);

    return value && *value ? value : otherwise;
}

static void resolve(const char *path, char resolved[PATH_MAX])
{
    if (!realpath(path, resolved))
        play_die(path);
}

static void path_in_scratch(char path[PATH_MAX], const char *name)
{
    snprintf(path, PATH_MAX, "%.*s/%s", PATH_MAX - 20, scratch, name);
}

void play_open(void)
{
    int fd;

    resolve(variable("LIBEPOLLSHIM", ".libs/libepollshim.so"), library);
    resolve(variable("FAULTS_INJECTOR", "tests/.libs/faults_inject.so"),
            injector);
    resolve(variable("FAULTS_TARGET", "tests/faults/target"), target);
    snprintf(scratch, sizeof(scratch), "%.*s/faults.XXXXXX", PATH_MAX - 30,
             variable("TMPDIR", "/tmp"));
    if (!mkdtemp(scratch))
        play_die(scratch);
    path_in_scratch(plan_path, "plan");
    path_in_scratch(stats_path, "stats");
    fd = open(plan_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || ftruncate(fd, sizeof(*play_plan)) < 0)
        play_die(plan_path);
    close(fd);
    setenv("FAULT_PLAN", plan_path, 1);
    play_plan = fault_plan_open();
    if (!play_plan)
        play_die(plan_path);
    play_plan->one_in = 1;
}

/* Pages are left where unlinking them was made to fail. */
static void remove_pages(void)
{
    char path[PATH_MAX];
    DIR *directory;
    struct dirent *entry;

    path_in_scratch(path, "epollshim");
    directory = opendir(path);
    while (directory && (entry = readdir(directory)))
        unlinkat(dirfd(directory), entry->d_name, 0);
    if (directory)
        closedir(directory);
    rmdir(path);
}

void play_close(void)
{
    unlink(plan_path);
    unlink(stats_path);
    remove_pages();
    rmdir(scratch);
}

static char *entry(const char *name, const char *value, const char *more)
{
    char *text;

    if (asprintf(&text, "%s=%s%s", name, value, more) < 0)
        play_die("no memory");
    return text;
}

static char **environment_of(enum play_way way)
{
    static char *environment[8];
    char behind[PATH_MAX + 1] = "";
    int n = 0;

    if (way == PLAY_NATIVE)
        return environment;
    if (way == PLAY_FAULTS) {
        snprintf(behind, sizeof(behind), ":%.*s", PATH_MAX - 1, injector);
        environment[n++] = entry("FAULT_PLAN", plan_path, "");
    }
    environment[n++] = entry("LD_PRELOAD", library, behind);
    environment[n++] = entry("EPOLLSHIM_POLICY", "always", "");
    environment[n++] = entry("EPOLLSHIM_STATS", stats_path, "");
    environment[n++] = entry("EPOLLSHIM_LIVE", play_live ? "1" : "0", "");
    environment[n++] = entry("XDG_RUNTIME_DIR", scratch, "");
    return environment;
}

static void become_target(const struct play *play, int out)
{
    char seed[32], scene[64];
    char *arguments[] = {target, scene, seed, NULL};
    char **environment = environment_of(play->way);
    struct rlimit limit;

    snprintf(scene, sizeof(scene), "%s", play->scene);
    snprintf(seed, sizeof(seed), "%lu", play_seed);
    dup2(out, 2);
    alarm(HANG_SECONDS);
    if (play->resource >= 0) {
        getrlimit((__rlimit_resource_t)play->resource, &limit);
        limit.rlim_cur = play->limit;
        setrlimit((__rlimit_resource_t)play->resource, &limit);
    }
    execve(target, arguments, environment);
    _exit(97);
}

static void read_said(int fd)
{
    size_t length = 0;
    ssize_t got;

    while ((got = read(fd, play_said + length,
                       sizeof(play_said) - 1 - length)) > 0)
        length += (size_t)got;
    play_said[length] = '\0';
    if (length == sizeof(play_said) - 1) {
        char more[4096]; /* or the target would die of SIGPIPE */
        while (read(fd, more, sizeof(more)) > 0)
            continue;
    }
    close(fd);
}

int play(const struct play *play)
{
    int ends[2], status = 0;
    pid_t pid;

    play_plan->armed = strcmp(play->scene, "start") == 0;
    play_plan->calls = play_plan->injected = play_plan->interruptions = 0;
    play_plan->row = -1;
    unlink(stats_path);
    if (pipe2(ends, O_CLOEXEC) < 0 || (pid = fork()) < 0)
        play_die("can't start the target");
    if (pid == 0)
        become_target(play, ends[1]);
    close(ends[1]);
    read_said(ends[0]);
    if (waitpid(pid, &status, 0) != pid)
        play_die("waitpid");
    return status;
}

unsigned long play_answered(void)
{
    char name[64];
    unsigned long value, found = 0;
    FILE *file = fopen(stats_path, "re");

    while (file && fscanf(file, "%63s %lu", name, &value) == 2)
        if (strcmp(name, "answered") == 0)
            found = value;
    if (file)
        fclose(file);
    return found;
}
