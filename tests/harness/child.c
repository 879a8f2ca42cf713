/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "raw.h"
#include "suite.h"

static void run_child(void (*fn)(void *), void *arg)
{
    raw_syscall3(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0);
    fn(arg);
    _exit(0);
}

pid_t child_start(void (*fn)(void *), void *arg)
{
    pid_t pid = fork();
    if (!pid)
        run_child(fn, arg);
    return pid;
}

pid_t child_start_raw(void (*fn)(void *), void *arg)
{
    pid_t pid = (pid_t)raw_syscall6(SYS_clone, SIGCHLD, 0, 0, 0, 0, 0);
    if (!pid)
        run_child(fn, arg);
    return pid;
}

bool child_raw_is_told(void)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    void *wiped = mmap(NULL, page, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    require(wiped != MAP_FAILED);
    bool told = madvise(wiped, page, MADV_WIPEONFORK) == 0;
    munmap(wiped, page);
    return told;
}

void child_own_path(char path[PATH_MAX])
{
    ssize_t length = readlink("/proc/self/exe", path, PATH_MAX - 1);
    require(length > 0);
    path[length] = '\0';
}

void child_become_role(const char *role, const char *arg)
{
    char path[PATH_MAX];
    child_own_path(path);
    execl(path, "role", "--role", role, arg, (char *)NULL);
    require(!"exec of this program");
    abort();
}

struct role {
    const char *name, *arg;
};

static void become_role(void *arg)
{
    struct role *role = arg;
    child_become_role(role->name, role->arg);
}

pid_t child_start_role(const char *role, const char *arg)
{
    return child_start(become_role, &(struct role){role, arg});
}

int child_wait(pid_t pid)
{
    int status;
    while (waitpid(pid, &status, 0) == -1)
        if (errno != EINTR)
            return -1;
    return status;
}

void child_join(pid_t pid)
{
    assert_true(pid > 0);
    int status = child_wait(pid);
    if (WIFSIGNALED(status))
        fail_msg("child died of signal %d", WTERMSIG(status));
    if (status)
        fail_msg("child ended with status %d", WEXITSTATUS(status));
}

/* Asked as raw.h does it: a number that libc hands out would be noticed. */
bool child_is_asleep(pid_t pid)
{
    char path[64], stat[128];
    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    int fd = raw_open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = read(fd, stat, sizeof(stat) - 1);
    raw_close(fd);
    stat[n > 0 ? n : 0] = '\0';
    const char *state = strrchr(stat, ')');
    return state && state[1] == ' ' && state[2] == 'S';
}
