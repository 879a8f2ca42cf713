/* SPDX-License-Identifier: MIT */
/*
 * A server's processor time, from /proc. schedstat counts nanoseconds for
 * each thread, stat only clock ticks for the process, so stat is the second
 * choice, for kernels that keep no schedstat.
 */
#include "cputime.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int64_t thread_time(pid_t pid, const char *thread)
{
    char path[320];
    int64_t ns;

    snprintf(path, sizeof(path), "/proc/%d/task/%s/schedstat", (int)pid,
             thread);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return -1;
    if (fscanf(file, "%" SCNd64, &ns) != 1)
        ns = -1;
    fclose(file);
    return ns;
}

/* A thread that ends between listing and reading is left out: the servers
 * measured here keep their threads. */
static int64_t sum_of_threads(pid_t pid)
{
    char path[64];
    int64_t sum = 0;

    snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
    DIR *threads = opendir(path);
    if (threads == NULL)
        return -1;
    for (struct dirent *entry; (entry = readdir(threads)) != NULL;) {
        int64_t ns =
            entry->d_name[0] == '.' ? 0 : thread_time(pid, entry->d_name);
        sum += ns > 0 ? ns : 0;
    }
    closedir(threads);
    return sum;
}

static int64_t time_in_ticks(pid_t pid)
{
    char path[64];
    char line[1024];
    uint64_t user;
    uint64_t kernel;

    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return -1;
    size_t length = fread(line, 1, sizeof(line) - 1, file);
    fclose(file);
    line[length] = '\0';

    /* The second field, the program's name, may hold anything but it ends at
     * the last parenthesis. Times are fields 14 and 15. */
    char *rest = strrchr(line, ')');
    if (rest == NULL || sscanf(rest,
                               ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u "
                               "%" SCNu64 " %" SCNu64,
                               &user, &kernel) != 2) {
        errno = EPROTO;
        return -1;
    }
    return (int64_t)((user + kernel) *
                     (UINT64_C(1000000000) / (uint64_t)sysconf(_SC_CLK_TCK)));
}

int64_t cputime_of(pid_t pid)
{
    int64_t ns = sum_of_threads(pid);
    return ns > 0 ? ns : time_in_ticks(pid);
}
