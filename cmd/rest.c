/* SPDX-License-Identifier: MIT */
/* Looks through /proc; who may not be looked at is none of ours. */
#include "rest.h"

#include "file.h"
#include "sample.h"
#include "say.h"

#include <dirent.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A zombie's environment is empty. */
static bool has_mark(int pid, const char *mark)
{
    size_t size = 0;
    char *text = cmd_file_read_of(pid, "environ", &size);
    bool has = text && memmem(text, size + 1, mark, strlen(mark) + 1);

    free(text);
    return has;
}

static struct cmd_rest_process *find(struct cmd_rest *rest, int pid)
{
    for (size_t i = 0; i < rest->count; i++)
        if (rest->all[i].pid == pid)
            return &rest->all[i];
    rest->all = cmd_alloc(rest->all, (rest->count + 1) * sizeof(*rest->all));
    rest->all[rest->count] = (struct cmd_rest_process){.pid = pid};
    return &rest->all[rest->count++];
}

int cmd_rest_look(struct cmd_rest *rest, int signal)
{
    DIR *directory = opendir("/proc");
    struct dirent *entry;
    int one = 0;

    while (directory && (entry = readdir(directory)) != NULL) {
        int pid = atoi(entry->d_name);
        struct cmd_rest_process *process;
        if (pid <= 0 || pid == getpid() || !has_mark(pid, rest->mark))
            continue;
        one = pid;
        process = find(rest, pid);
        cmd_sample_cpu(pid, &process->user, &process->system);
        if (signal)
            kill(pid, signal);
    }
    if (directory)
        closedir(directory);
    return one;
}
