/* SPDX-License-Identifier: MIT */
/*
 * The exported functions after which this program image is gone: the report
 * is written first. execl and its like call execve inside libc, unseen, so
 * their lists are made vectors here, as libc does it: on the stack.
 */
#include "entry.h"

#include "stats.h"

#include <alloca.h>

EPS_EXPORT void _exit(int status)
{
    eps_leave(true);
    EPS_NEXT(_exit)(status);
    __builtin_unreachable();
}

EPS_EXPORT void _Exit(int status)
{
    eps_leave(true);
    EPS_NEXT(_Exit)(status);
    __builtin_unreachable();
}

EPS_EXPORT int execve(const char *path, char *const argv[], char *const envp[])
{
    eps_leave(false);
    return EPS_NEXT(execve)(path, argv, envp);
}

EPS_EXPORT int execv(const char *path, char *const argv[])
{
    eps_leave(false);
    return EPS_NEXT(execv)(path, argv);
}

EPS_EXPORT int execvp(const char *path, char *const argv[])
{
    eps_leave(false);
    return EPS_NEXT(execvp)(path, argv);
}

EPS_EXPORT int execvpe(const char *path, char *const argv[],
                       char *const envp[])
{
    eps_leave(false);
    return EPS_NEXT(execvpe)(path, argv, envp);
}

EPS_EXPORT int fexecve(int fd, char *const argv[], char *const envp[])
{
    eps_leave(false);
    return EPS_NEXT(fexecve)(fd, argv, envp);
}

/* How many arguments a list has, the NULL at its end included. */
static size_t length_of(const char *argument, va_list list)
{
    size_t length = 1;

    for (; argument; length++)
        argument = va_arg(list, const char *);
    return length;
}

/* A list of arguments, from `argument` on, as a vector in this frame. */
#define VECTOR(argv, argument, list)                                           \
    do {                                                                       \
        va_start(list, argument);                                              \
        size_t length = length_of(argument, list);                             \
        va_end(list);                                                          \
        (argv) = alloca(length * sizeof(*(argv)));                             \
        (argv)[0] = (char *)(argument);                                        \
        va_start(list, argument);                                              \
        for (size_t i = 1; i < length; i++)                                    \
            (argv)[i] = va_arg(list, char *);                                  \
    } while (0)

EPS_EXPORT int execl(const char *path, const char *argument, ...)
{
    va_list list;
    char **argv;

    VECTOR(argv, argument, list);
    va_end(list);
    return execv(path, argv);
}

EPS_EXPORT int execlp(const char *path, const char *argument, ...)
{
    va_list list;
    char **argv;

    VECTOR(argv, argument, list);
    va_end(list);
    return execvp(path, argv);
}

/* The environment stands behind the list's NULL. */
EPS_EXPORT int execle(const char *path, const char *argument, ...)
{
    va_list list;
    char **argv, **envp;

    VECTOR(argv, argument, list);
    envp = va_arg(list, char **);
    va_end(list);
    return execve(path, argv, envp);
}
