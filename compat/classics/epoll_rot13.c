/* SPDX-License-Identifier: MIT */
/*
 * The rot13 server of the epoll tutorials, 128 events at a time: level- or
 * edge-triggered in one thread, or four workers on one set by EPOLLONESHOT.
 *
 * usage: epoll_rot13 PORT level|edge|oneshot
 */
#include "common.h"

#include <pthread.h>
#include <sys/epoll.h>

#define EVENTS 128

static int set, listener;
static uint32_t flags;

static void rot13(char *data, ssize_t size)
{
    for (ssize_t i = 0; i < size; i++) {
        char base = data[i] & 0x20 ? 'a' : 'A';
        if ((data[i] | 0x20) >= 'a' && (data[i] | 0x20) <= 'z')
            data[i] = (char)(base + (data[i] - base + 13) % 26);
    }
}

static void watch(int operation, int fd)
{
    struct epoll_event event = {.events = EPOLLIN | flags, .data.fd = fd};

    if (epoll_ctl(set, operation, fd, &event) < 0)
        die("epoll_ctl");
}

static void accept_all(void)
{
    int client;

    while ((client = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0)
        watch(EPOLL_CTL_ADD, client);
    if (flags & EPOLLONESHOT)
        watch(EPOLL_CTL_MOD, listener);
}

/* Edge-triggered, there is no second notice: it reads until EAGAIN. */
static void serve(int fd)
{
    char data[4096];
    ssize_t size;

    do {
        size = read(fd, data, sizeof(data));
        rot13(data, size);
        if (size == 0 || (size < 0 && errno != EAGAIN) ||
            (size > 0 && !write_all(fd, data, (size_t)size))) {
            close(fd);
            return;
        }
    } while (size > 0 && flags);
    if (flags & EPOLLONESHOT)
        watch(EPOLL_CTL_MOD, fd);
}

static void *work(void *unused)
{
    struct epoll_event events[EVENTS];

    for (;;) {
        int ready = epoll_wait(set, events, EVENTS, -1);
        for (int i = 0; i < ready; i++)
            if (events[i].data.fd == listener)
                accept_all();
            else
                serve(events[i].data.fd);
    }
    return unused;
}

int main(int argc, char *argv[])
{
    const char *mode = argc > 2 ? argv[2] : "level";
    pthread_t worker;

    end_on_sigterm();
    if (strcmp(mode, "edge") == 0)
        flags = EPOLLET;
    if (strcmp(mode, "oneshot") == 0)
        flags = EPOLLET | EPOLLONESHOT;
    set = epoll_create1(EPOLL_CLOEXEC);
    listener = listen_on(port_argument(argc, argv, 1));
    set_nonblocking(listener);
    watch(EPOLL_CTL_ADD, listener);
    for (int i = 0; i < 3 && flags & EPOLLONESHOT; i++)
        pthread_create(&worker, NULL, work, NULL);
    work(NULL);
}
