/* SPDX-License-Identifier: MIT */
/* Reads /proc/PID; what ends meanwhile shows as nothing. */
#include "process.h"

#include "file.h"
#include "pages.h"
#include "say.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int cmd_process_number(const char *text)
{
    int number = 0;

    if (!*text || strlen(text) > 9)
        return 0;
    for (; *text; text++) {
        if (*text < '0' || *text > '9')
            return 0;
        number = number * 10 + (*text - '0');
    }
    return number;
}

void cmd_process_must_be_ours(int pid)
{
    char *path = cmd_format("/proc/%d", pid);
    char *exe = cmd_format("/proc/%d/exe", pid);
    char target[2];

    if (access(path, F_OK) != 0)
        cmd_die("there is no process %d: ps -e lists those that there are",
                pid);
    if (readlink(exe, target, sizeof(target)) < 0)
        cmd_die(errno == ENOENT
                    ? "process %d has no program (a thread of the kernel, or "
                      "a zombie): name another"
                : geteuid() == 0
                    ? "process %d may not be looked at, even by root: ask "
                      "from outside of the container"
                    : "process %d is another user's: ask as that user or as "
                      "root",
                pid);
    free(path);
    free(exe);
}

static int seccomp_of(int pid)
{
    size_t size;
    char *text = cmd_file_read_of(pid, "status", &size);
    char *line = text ? strstr(text, "\nSeccomp:") : NULL;
    int mode = line ? atoi(line + strlen("\nSeccomp:")) : 0;

    free(text);
    return mode;
}

/* fdinfo of an epoll descriptor has a line "tfd:" for each that it watches. */
static void count_watched(struct cmd_process *process, const char *number)
{
    char *name = cmd_format("fdinfo/%s", number);
    size_t size;
    char *text = cmd_file_read_of(process->pid, name, &size), *at = text;

    process->sets++;
    while (at && (at = strstr(at, "tfd:")) != NULL) {
        process->watched++;
        at++;
    }
    free(text);
    free(name);
}

static void look_at_descriptors(struct cmd_process *process)
{
    char *path = cmd_format("/proc/%d/fd", process->pid);
    DIR *directory = opendir(path);
    struct dirent *entry;

    while (directory && (entry = readdir(directory)) != NULL) {
        char target[64] = "";
        if (entry->d_name[0] == '.')
            continue;
        process->open++;
        if (readlinkat(dirfd(directory), entry->d_name, target,
                       sizeof(target) - 1) > 0 &&
            strcmp(target, "anon_inode:[eventpoll]") == 0)
            count_watched(process, entry->d_name);
    }
    if (directory)
        closedir(directory);
    free(path);
}

static void read_page(struct cmd_process *process)
{
    struct eps_page page;
    struct cmd_counters counters;

    if (!cmd_pages_find(&page, process->pid))
        return;
    cmd_pages_counters(&counters, &page);
    process->live = true;
    process->calls = cmd_counters_value(&counters, "calls");
    process->answered = cmd_counters_value(&counters, "answered");
}

/* Only the library makes a page, whatever its file is called. */
void cmd_process_look(struct cmd_process *process, int pid)
{
    *process = (struct cmd_process){.pid = pid, .seccomp = seccomp_of(pid)};
    look_at_descriptors(process);
    read_page(process);
    process->loaded = process->live || cmd_pages_is_loaded(pid);
}
