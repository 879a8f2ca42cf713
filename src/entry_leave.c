/* SPDX-License-Identifier: MIT */
/*
 * The exported functions after which this program image is gone: the report
 * is written first. execl and its like call execve inside libc, unseen; the
 * report of such a process is lost.
 */
#include "entry.h"

#include "stats.h"

static void leaving(bool final)
{
    if (atomic_load(&eps_process.ready))
        eps_stats_write(final);
}

EPS_EXPORT void _exit(int status)
{
    leaving(true);
    EPS_NEXT(_exit)(status);
    __builtin_unreachable();
}

EPS_EXPORT void _Exit(int status)
{
    leaving(true);
    EPS_NEXT(_Exit)(status);
    __builtin_unreachable();
}

EPS_EXPORT int execve(const char *path, char *const argv[], char *const envp[])
{
    leaving(false);
    return EPS_NEXT(execve)(path, argv, envp);
}

EPS_EXPORT int execv(const char *path, char *const argv[])
{
    leaving(false);
    return EPS_NEXT(execv)(path, argv);
}

EPS_EXPORT int execvp(const char *path, char *const argv[])
{
    leaving(false);
    return EPS_NEXT(execvp)(path, argv);
}

EPS_EXPORT int execvpe(const char *path, char *const argv[],
                       char *const envp[])
{
    leaving(false);
    return EPS_NEXT(execvpe)(path, argv, envp);
}

EPS_EXPORT int fexecve(int fd, char *const argv[], char *const envp[])
{
    leaving(false);
    return EPS_NEXT(fexecve)(fd, argv, envp);
}
