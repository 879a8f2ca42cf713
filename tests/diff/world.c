/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "world.h"

#include <dirent.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../harness/raw.h"
#include "child.h"
#include "signals.h"

/* The kind of each number plus one; 0 is a number that is not ours. */
static _Atomic unsigned char owner[MAX_FD];
#define INHERITED (KIND_COUNT + 1)

void owned_set(int fd, enum kind kind)
{
    if (fd >= 0 && fd < MAX_FD)
        owner[fd] = (unsigned char)(kind + 1);
}

void owned_clear(int fd)
{
    if (fd >= 0 && fd < MAX_FD)
        owner[fd] = 0;
}

bool owned(int fd)
{
    return fd >= 0 && fd < MAX_FD && owner[fd];
}

static bool is_open(int fd)
{
    return raw_fcntl(fd, F_GETFD, 0) >= 0;
}

/* What an open number refers to, in the kernel's words. */
static const char *link_of(int fd, char *text, size_t size)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    ssize_t n = readlink(path, text, size - 1);
    text[n > 0 ? n : 0] = '\0';
    return text;
}

const char *owned_name(int fd)
{
    static __thread char text[80];
    if (fd < 0)
        return "negative";
    if (fd >= MAX_FD)
        return "beyond";
    if (!owner[fd] && !is_open(fd))
        return "closed";
    if (!owner[fd]) {
        strcpy(text, "not ours: ");
        link_of(fd, text + strlen(text), sizeof(text) - strlen(text));
        return text;
    }
    return owner[fd] == INHERITED ? "inherited" : kind_name(owner[fd] - 1u);
}

/*
 * What a library opened for itself when it was loaded is anonymous; what we
 * inherited at a start by hand hardly ever is.
 */
void owned_begin(void)
{
    char name[64];
    for (int fd = 0; fd < MAX_FD; fd++)
        if (is_open(fd) &&
            strncmp(link_of(fd, name, sizeof(name)), "anon_inode:", 11))
            owner[fd] = INHERITED;
}

int foreign_fd(int after)
{
    for (int fd = after + 1; fd < MAX_FD; fd++)
        if (!owner[fd] && is_open(fd))
            return fd;
    return -1;
}

static void empty(struct world *w)
{
    memset(w->array, 0, sizeof(w->array));
    for (int s = 0; s < SLOTS; s++)
        w->slot[s][0].fd = w->slot[s][1].fd = -1;
    for (int b = 0; b < BAGS; b++) {
        memset(w->bag[b].master, 0, sizeof(w->bag[b].master));
        w->bag[b].live = calloc(3, sizeof(*w->bag[b].live));
    }
}

struct world *world_new(int thread)
{
    struct world *w = calloc(1, sizeof(*w));
    if (!w)
        abort();
    w->thread = thread;
    empty(w);
    return w;
}

static void close_all(struct world *w)
{
    w->ending = true;
    for (int s = 0; s < SLOTS; s++)
        for (int e = 0; e < 2; e++)
            world_close(w, s, e, CLOSE_PLAIN);
    w->ending = false;
    while (w->children)
        world_reap(w, w->child[0]);
    w->held = 0;
    while (signals_take(signals_for_signalfd()))
        continue;
    for (int a = 0; a < ARRAYS; a++)
        free(w->array[a].entry);
    for (int b = 0; b < BAGS; b++)
        free(w->bag[b].live);
}

void world_reset(struct world *w)
{
    close_all(w);
    empty(w);
}

void world_free(struct world *w)
{
    close_all(w);
    free(w);
}

void world_place(struct world *w, int slot, int end, struct end new_end)
{
    w->slot[slot][end] = new_end;
    if (new_end.fd >= 0)
        owned_set(new_end.fd, new_end.kind);
}

/* By the stream or directory functions, whose closes are inside libc. */
static int close_stream(int fd, enum kind kind)
{
    if (kind == KIND_directory) {
        DIR *directory = fdopendir(fd);
        return directory ? closedir(directory) : close(fd);
    }
    FILE *stream = fdopen(fd, "r");
    return stream ? fclose(stream) : close(fd);
}

static int close_by(int fd, enum kind kind, enum close_how how)
{
    switch (how) {
    case CLOSE_STREAM:
        return close_stream(fd, kind);
    case CLOSE_SYSCALL:
        return (int)syscall(SYS_close, fd);
    case CLOSE_RANGE:
        return close_range((unsigned int)fd, (unsigned int)fd, 0) ? close(fd)
                                                                  : 0;
    case CLOSE_RAW:
        return raw_close(fd);
    default:
        return close(fd);
    }
}

/* Resets a connection, so that thousands don't linger in TIME_WAIT. */
static void no_time_wait(const struct end *e)
{
    const struct linger reset = {.l_onoff = 1, .l_linger = 0};
    if (e->kind == KIND_tcp || e->kind == KIND_tcp_listen)
        setsockopt(e->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
}

void world_close(struct world *w, int slot, int end, enum close_how how)
{
    struct end *e = &w->slot[slot][end];
    int fd = e->fd;
    if (fd < 0)
        return;
    if (w->ending)
        no_time_wait(e);
    e->fd = -1;
    owned_clear(fd);
    w->raw |= how == CLOSE_RAW;
    if (close_by(fd, e->kind, how) == 0)
        return;
    printf(
        "diff: DIFFERENCE: close() of our descriptor %d (%s, way %d): %s; "
        "now it is: %s\n",
        fd, kind_name(e->kind), (int)how, strerror(errno), owned_name(fd));
    w->failed = true;
}

void world_adopt(struct world *w, pid_t pid)
{
    if (pid <= 0)
        return;
    if (w->children == CHILDREN)
        world_reap(w, w->child[0]);
    w->child[w->children++] = pid;
}

void world_reap(struct world *w, pid_t pid)
{
    for (int i = 0; i < w->children; i++) {
        if (w->child[i] != pid)
            continue;
        child_end(pid, true);
        w->child[i] = w->child[--w->children];
        return;
    }
}
