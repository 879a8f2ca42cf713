/* SPDX-License-Identifier: MIT */
/*
 * Finds and reads live pages. They are another process's, maybe another
 * user's: links are not followed, and what is read is checked.
 */
#include "livepage.h"

#include "pagedir.h"
#include "procstat.h"
#include "say.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A page is torn while it is written, which takes no time. */
enum {
    TRIES = 5
};

/* Where that user's programs look; another user's environment is not known,
 * but where logind makes its directory is. */
static bool path_of(int place, uid_t uid, char path[PATH_MAX])
{
    char home[64];

    snprintf(home, sizeof(home), "/run/user/%u", (unsigned)uid);
    switch (place) {
    case 0:
        return eps_pagedir_path(
            0, uid == geteuid() ? getenv("XDG_RUNTIME_DIR") : NULL, uid, path);
    case 1:
        return eps_pagedir_path(0, home, uid, path);
    default:
        return eps_pagedir_path(1, NULL, uid, path);
    }
}

int cmd_livepage_directory(int place, uid_t uid)
{
    char path[PATH_MAX];
    int fd = -1;

    if (path_of(place, uid, path))
        fd = eps_pagedir_open(path, uid, false);
    return fd < 0 ? -1 : fd;
}

static bool is_whole(const struct eps_page *page)
{
    const struct eps_page_head *head = &page->head;

    return memcmp(head->magic, EPS_PAGE_MAGIC, sizeof(head->magic)) == 0 &&
           head->version == EPS_PAGE_VERSION &&
           head->counters <= EPS_PAGE_MOST &&
           head->serial == head->serial_again;
}

bool cmd_livepage_read(struct eps_page *page, int directory, const char *name)
{
    int fd =
        openat(directory, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    bool whole = false;

    for (int i = 0; i < TRIES && fd >= 0 && !whole; i++)
        whole = pread(fd, page, sizeof(*page), 0) == sizeof(*page) &&
                is_whole(page);
    if (fd >= 0)
        close(fd);
    return whole;
}

static bool find_in(struct eps_page *page, int directory, int pid)
{
    DIR *stream = fdopendir(directory);
    struct dirent *entry;
    bool found = false;

    while (stream && !found && (entry = readdir(stream)) != NULL) {
        long long owner;
        unsigned long long start;
        found = eps_pagedir_parse(entry->d_name, &owner, &start) &&
                owner == pid && eps_procstat_lives(owner, start) &&
                cmd_livepage_read(page, directory, entry->d_name);
    }
    if (stream)
        closedir(stream);
    return found;
}

bool cmd_livepage_find(struct eps_page *page, int pid)
{
    char *path = cmd_format("/proc/%d", pid);
    struct stat info;
    bool found = false;

    if (stat(path, &info) == 0)
        for (int place = 0; place < 3 && !found; place++) {
            int directory = cmd_livepage_directory(place, info.st_uid);
            if (directory >= 0)
                found = find_in(page, directory, pid);
        }
    free(path);
    return found;
}

void cmd_livepage_counters(struct cmd_counters *counters,
                           const struct eps_page *page)
{
    counters->count = 0;
    for (uint32_t i = 0; i < page->head.counters; i++) {
        struct cmd_counter *counter = &counters->list[counters->count++];
        snprintf(counter->name, sizeof(counter->name), "%.*s",
                 EPS_PAGE_NAME - 1, page->names[i]);
        counter->value = page->head.values[i];
    }
}
