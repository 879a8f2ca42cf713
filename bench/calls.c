/* SPDX-License-Identifier: MIT */
#include "calls.h"
#include "fail.h"

#include <dlfcn.h>
#include <unistd.h>

struct calls calls_native;
struct calls calls_idle;

const struct calls calls_hooked = {
    .poll = poll,
    .select = select,
    .epoll_wait = epoll_wait,
    .epoll_ctl = epoll_ctl,
    .close = close,
    .accept4 = accept4,
};

static int idle_poll(struct pollfd *array, nfds_t count, int timeout)
{
    (void)array, (void)count, (void)timeout;
    return 0;
}

static int idle_select(int limit, fd_set *reading, fd_set *writing,
                       fd_set *exceptional, struct timeval *timeout)
{
    (void)limit, (void)reading, (void)writing, (void)exceptional;
    (void)timeout;
    return 0;
}

static int idle_epoll_wait(int epfd, struct epoll_event *events, int room,
                           int timeout)
{
    (void)epfd, (void)events, (void)room, (void)timeout;
    return 0;
}

static int idle_epoll_ctl(int epfd, int operation, int fd,
                          struct epoll_event *event)
{
    (void)epfd, (void)operation, (void)fd, (void)event;
    return 0;
}

static void *find(void *libc, const char *name)
{
    void *function = dlsym(libc, name);

    if (function == NULL)
        fail("libc has no %s: %s", name, dlerror());
    return function;
}

void calls_start(void)
{
    /* A handle searches that library and what it needs, not what was
     * preloaded. */
    void *libc = dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD);

    if (libc == NULL)
        fail("no libc.so.6: %s", dlerror());
    calls_native.poll = find(libc, "poll");
    calls_native.select = find(libc, "select");
    calls_native.epoll_wait = find(libc, "epoll_wait");
    calls_native.epoll_ctl = find(libc, "epoll_ctl");
    calls_native.close = find(libc, "close");
    calls_native.accept4 = find(libc, "accept4");

    calls_idle = calls_native;
    calls_idle.poll = idle_poll;
    calls_idle.select = idle_select;
    calls_idle.epoll_wait = idle_epoll_wait;
    calls_idle.epoll_ctl = idle_epoll_ctl;
}
