/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "child.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../harness/raw.h"
#include "world.h"

static void close_raw_range(int first, unsigned last)
{
    if (raw_syscall3(SYS_close_range, first, last, 0) == 0)
        return;
    for (int fd = first; fd <= MAX_FD && (unsigned)fd <= last; fd++)
        raw_close(fd); /* before Linux 5.9 */
}

/*
 * The child's closes are by raw system calls: it is to leave no trace in a
 * library's counters. The parent's are not, for other threads may be in a
 * call, and see its numbers come and go.
 */
static void sleep_for_ever(bool keep, int ready)
{
    raw_syscall3(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0);
    if (!keep) {
        if (ready > 0)
            close_raw_range(0, (unsigned)ready - 1);
        close_raw_range(ready + 1, ~0u);
    }
    raw_close(ready);
    for (;;)
        raw_syscall6(SYS_ppoll, 0, 0, 0, 0, 0, 0);
}

/*
 * Returns once the child's copies are as they will stay: it closes its end of
 * the pipe last.
 */
pid_t child_start(bool keep)
{
    int ready[2];
    char byte;
    if (pipe2(ready, O_CLOEXEC))
        return -1;
    pid_t pid = child_fork(2);
    if (pid == 0) {
        raw_close(ready[0]);
        sleep_for_ever(keep, ready[1]);
    }
    close(ready[1]);
    (void)!read(ready[0], &byte, 1);
    close(ready[0]);
    return pid;
}

int child_pidfd(pid_t pid)
{
    return (int)syscall(SYS_pidfd_open, pid, 0);
}

void child_end(pid_t pid, bool reap)
{
    siginfo_t info;
    kill(pid, SIGKILL);
    waitid(P_PID, (id_t)pid, &info, WEXITED | (reap ? 0 : WNOWAIT));
}

bool child_is_told_of(int way)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    void *wiped;
    bool told;

    if (way == 0)
        return true;
    wiped = mmap(NULL, page, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    told = wiped != MAP_FAILED && madvise(wiped, page, MADV_WIPEONFORK) == 0;
    if (wiped != MAP_FAILED)
        munmap(wiped, page);
    return told;
}

pid_t child_fork(int way)
{
    switch (way) {
    case 0:
        return fork();
    case 1:
        return _Fork();
    default:
        return (pid_t)raw_syscall6(SYS_clone, SIGCHLD, 0, 0, 0, 0, 0);
    }
}
