/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "watch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <unistd.h>

#include "raw.h"

bool watch_open(struct watch *w, size_t n)
{
    memset(w, 0, sizeof(*w));
    for (; w->n < n; w->n++) {
        int ends[2];
        if (pipe2(ends, O_NONBLOCK))
            return false;
        w->fds[w->n].fd = ends[0];
        w->fds[w->n].events = POLLIN;
        w->peers[w->n] = ends[1];
    }
    return true;
}

void watch_close(struct watch *w)
{
    for (size_t i = 0; i < w->n; i++) {
        close(w->fds[i].fd);
        close(w->peers[i]);
    }
    w->n = 0;
}

bool watch_make_residual(const struct watch *w)
{
    for (size_t i = 0; i < w->n; i++) {
        int nesting = epoll_create1(0), fd = w->fds[i].fd;
        if (nesting < 0 || dup2(nesting, fd) != fd || close(nesting))
            return false;
    }
    return true;
}

int watch_poll(struct watch *w, int timeout_ms)
{
    return poll(w->fds, w->n, timeout_ms);
}

/* Fills the bitmap; returns nfds. */
static int fill_bits(const struct watch *w, struct bits *bits)
{
    int highest = -1;
    memset(bits, 0, sizeof(*bits));
    for (size_t i = 0; i < w->n; i++) {
        bits_set(bits, w->fds[i].fd);
        if (w->fds[i].fd > highest)
            highest = w->fds[i].fd;
    }
    return highest + 1;
}

int watch_select(struct watch *w, int timeout_ms)
{
    struct timeval timeout = {timeout_ms / 1000, timeout_ms % 1000 * 1000};
    int nfds = fill_bits(w, &w->in);
    return select(nfds, BITS(&w->in), NULL, NULL,
                  timeout_ms < 0 ? NULL : &timeout);
}

static bool poll_sees(struct watch *w, int which)
{
    int ret = watch_poll(w, 0);
    bool right = ret == (which >= 0);
    for (size_t i = 0; i < w->n; i++)
        right &= w->fds[i].revents == ((int)i == which ? POLLIN : 0);
    if (!right)
        dprintf(2, "poll returned %d; wanted entry %d alone\n", ret, which);
    return right;
}

static bool select_sees(struct watch *w, int which)
{
    int ret = watch_select(w, 0);
    bool right = ret == (which >= 0);
    for (size_t i = 0; i < w->n; i++)
        right &= bits_test(&w->in, w->fds[i].fd) == ((int)i == which);
    if (!right)
        dprintf(2, "select returned %d; wanted entry %d alone\n", ret, which);
    return right;
}

bool watch_sees(struct watch *w, int which)
{
    bool poll_right = poll_sees(w, which);
    return select_sees(w, which) && poll_right;
}

bool watch_works(struct watch *w)
{
    char byte = 'x';
    for (size_t i = 0; i < w->n; i++)
        if (!watch_sees(w, -1) || write(w->peers[i], &byte, 1) != 1 ||
            !watch_sees(w, (int)i) || read(w->fds[i].fd, &byte, 1) != 1)
            return false;
    return watch_sees(w, -1);
}

static bool poll_agrees(struct watch *w)
{
    struct pollfd native[WATCH_MAX];
    memcpy(native, w->fds, sizeof(native));
    int wanted = raw_ppoll(native, w->n, &(struct timespec){0, 0});
    errno = 0;
    int ret = watch_poll(w, 0);
    bool right = (ret < 0 ? -errno : ret) == wanted &&
                 !memcmp(native, w->fds, w->n * sizeof(*native));
    if (!right)
        dprintf(2, "poll returned %d (%m), the kernel %d\n", ret, wanted);
    for (size_t i = 0; i < w->n; i++)
        if (native[i].revents != w->fds[i].revents)
            dprintf(2, "entry %zu, fd %d: %#x, the kernel says %#x\n", i,
                    native[i].fd, w->fds[i].revents, native[i].revents);
    return right;
}

static bool select_agrees(struct watch *w)
{
    struct bits native;
    int nfds = fill_bits(w, &native);
    int wanted =
        raw_pselect6(nfds, BITS(&native), NULL, NULL, &(struct timespec){0, 0});
    errno = 0;
    int ret = watch_select(w, 0);
    bool right = (ret < 0 ? -errno : ret) == wanted &&
                 !memcmp(&native, &w->in, sizeof(native));
    if (!right)
        dprintf(2, "select returned %d (%m), the kernel %d\n", ret, wanted);
    return right;
}

bool watch_agrees(struct watch *w)
{
    bool poll_right = poll_agrees(w);
    return select_agrees(w) && poll_right;
}
