/* SPDX-License-Identifier: MIT */
/*
 * Finds and reads live statistics pages. They are another process's, maybe
 * another user's: links are not followed, and what is read is checked.
 */
#include "pages.h"

#include "file.h"
#include "pagedir.h"
#include "procstat.h"
#include "say.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TRIES 4 /* at a page that is being written */

uint64_t cmd_page_value(const struct eps_page *page, const char *name)
{
    for (uint32_t i = 0; i < page->head.counters; i++)
        if (strncmp(page->names[i], name, EPS_PAGE_NAME) == 0)
            return page->head.values[i];
    return 0;
}

/* It will be printed. */
static bool is_name(const char name[EPS_PAGE_NAME])
{
    size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyz_0123456789");

    return length < EPS_PAGE_NAME && !name[length];
}

static bool is_sound(const struct eps_page *page, long long pid)
{
    const struct eps_page_head *head = &page->head;

    if (memcmp(head->magic, EPS_PAGE_MAGIC, sizeof(head->magic)) != 0 ||
        head->version != EPS_PAGE_VERSION || head->counters > EPS_PAGE_MOST ||
        head->pid != pid || head->serial != head->serial_again)
        return false;
    for (uint32_t i = 0; i < head->counters; i++)
        if (!is_name(page->names[i]))
            return false;
    return true;
}

/* A regular file of the directory's owner; it may be cut short any time. */
static bool read_file(int dir, const char *name, unsigned uid, long long pid,
                      struct eps_page *page)
{
    int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    struct stat info;
    bool sound = false;

    if (fd < 0)
        return false;
    if (fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_uid == uid)
        for (int i = 0; i < TRIES && !sound; i++)
            sound = pread(fd, page, sizeof(*page), 0) == sizeof(*page) &&
                    is_sound(page, pid);
    close(fd);
    return sound;
}

static void read_command(long long pid, char command[32])
{
    size_t size;
    char *text = cmd_file_read_of((long)pid, "comm", &size);

    snprintf(command, 32, "%s", text ? text : "?");
    command[strcspn(command, "\n")] = '\0';
    for (char *at = command; *at; at++)
        if (!isprint((unsigned char)*at))
            *at = '?';
    free(text);
}

static void add(struct cmd_pages *pages, const struct eps_page *page)
{
    if (pages->count == pages->room) {
        pages->room = pages->room ? 2 * pages->room : 16;
        pages->all = cmd_alloc(pages->all, pages->room * sizeof(*pages->all));
    }
    pages->all[pages->count].page = *page;
    read_command(page->head.pid, pages->all[pages->count].command);
    pages->count++;
}

/* Two names may lead to one directory, and an exec to another one. */
static bool is_known(const struct cmd_pages *pages, long long pid)
{
    for (size_t i = 0; i < pages->count; i++)
        if (pages->all[i].page.head.pid == pid)
            return true;
    return false;
}

static void read_entry(struct cmd_pages *pages, int dir, const char *name,
                       unsigned uid)
{
    unsigned long long start;
    struct eps_page page;
    long long pid;

    if (!eps_pagedir_parse(name, &pid, &start))
        return;
    if (!eps_procstat_lives(pid, start))
        unlinkat(dir, name, 0);
    else if (!is_known(pages, pid) && read_file(dir, name, uid, pid, &page) &&
             page.head.start == start)
        add(pages, &page);
}

static void read_directory(struct cmd_pages *pages, const char *path,
                           unsigned uid)
{
    int fd = eps_pagedir_open(path, uid, false);
    DIR *directory = fd >= 0 ? fdopendir(fd) : NULL;
    struct dirent *entry;

    if (!directory) {
        if (fd >= 0)
            close(fd);
        return;
    }
    while ((entry = readdir(directory)) != NULL)
        read_entry(pages, fd, entry->d_name, uid);
    closedir(directory);
}

static void read_place(struct cmd_pages *pages, int place,
                       const char *runtime_dir, unsigned uid)
{
    char path[PATH_MAX];

    if (eps_pagedir_path(place, runtime_dir, uid, path))
        read_directory(pages, path, uid);
}

/*
 * Where that user's programs look. Their environment may not be ours, but
 * where logind makes its directory is known.
 */
static void read_of_user(struct cmd_pages *pages, const char *runtime_dir,
                         unsigned uid)
{
    char *usual = cmd_format("/run/user/%u", uid);

    read_place(pages, 0, runtime_dir, uid);
    read_place(pages, 0, usual, uid);
    read_place(pages, 1, NULL, uid);
    free(usual);
}

/* The number behind `prefix`; false if there is none. */
static bool is_user(const char *name, const char *prefix, unsigned *uid)
{
    size_t length = strlen(prefix);
    char *end;

    if (strncmp(name, prefix, length) != 0 ||
        !isdigit((unsigned char)name[length]))
        return false;
    *uid = (unsigned)strtoul(name + length, &end, 10);
    return !*end;
}

/* The users who have something in `where`, for root. */
static void read_of_others(struct cmd_pages *pages, const char *where,
                           const char *prefix)
{
    DIR *directory = opendir(where);
    struct dirent *entry;
    unsigned uid;

    while (directory && (entry = readdir(directory)) != NULL)
        if (is_user(entry->d_name, prefix, &uid))
            read_of_user(pages, NULL, uid);
    if (directory)
        closedir(directory);
}

void cmd_pages_read(struct cmd_pages *pages)
{
    pages->count = 0;
    read_of_user(pages, getenv("XDG_RUNTIME_DIR"), geteuid());
    if (geteuid() != 0)
        return;
    read_of_others(pages, "/dev/shm", "epollshim-");
    read_of_others(pages, "/run/user", "");
}

bool cmd_pages_find(struct eps_page *page, long pid)
{
    struct cmd_pages pages = {.count = 0};
    bool found = false;

    cmd_pages_read(&pages);
    for (size_t i = 0; i < pages.count && !found; i++) {
        *page = pages.all[i].page;
        found = page->head.pid == pid;
    }
    free(pages.all);
    return found;
}

_Static_assert(EPS_PAGE_MOST <= CMD_MOST_COUNTERS &&
                   EPS_PAGE_NAME <= sizeof(((struct cmd_counter *)0)->name),
               "what a page counts");

void cmd_pages_counters(struct cmd_counters *counters,
                        const struct eps_page *page)
{
    counters->count = 0;
    for (uint32_t i = 0; i < page->head.counters; i++) {
        struct cmd_counter *counter = &counters->list[counters->count++];
        strcpy(counter->name, page->names[i]);
        counter->value = page->head.values[i];
    }
}

static char invited[EPS_PAGEDIRS][PATH_MAX]; /* "": it was there before */

void cmd_pages_invite(void)
{
    char path[PATH_MAX];

    static bool registered;

    if (!registered)
        atexit(cmd_pages_uninvite);
    registered = true;
    for (int place = 0; place < EPS_PAGEDIRS; place++)
        if (eps_pagedir_path(place, getenv("XDG_RUNTIME_DIR"), geteuid(),
                             path) &&
            mkdir(path, 0700) == 0)
            strcpy(invited[place], path);
}

void cmd_pages_uninvite(void)
{
    for (int place = 0; place < EPS_PAGEDIRS; place++)
        if (*invited[place])
            rmdir(invited[place]);
}

bool cmd_pages_is_loaded(long pid)
{
    size_t size;
    char *text = cmd_file_read_of(pid, "maps", &size);
    bool is = text && strstr(text, "/libepollshim.so");

    free(text);
    return is;
}
