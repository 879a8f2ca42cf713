/* SPDX-License-Identifier: MIT */
/*
 * usage: server SEED SIGNALS_PER_SECOND
 *
 * An echo server in the worst of circumstances. Prints its port; for each
 * line on stdin it waits until it has no connection, and prints what it has
 * open, what memory it has, and what its calls have seen. Ends at the end of
 * stdin.
 */
#include "trouble.h"
#include "waiter.h"
#include "worker.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    WORKERS = 4,
    IDLE_SECONDS = 60 /* after its last client, a server is idle by then */
};

static int listen_somewhere(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, length) < 0 ||
        listen(fd, 4096) < 0 ||
        getsockname(fd, (struct sockaddr *)&address, &length) < 0) {
        perror("server");
        exit(2);
    }
    printf("port %d\n", ntohs(address.sin_port));
    fflush(stdout);
    return fd;
}

/* The library's own: anonymous epoll and eventfd files, which we never open. */
static void count_open(unsigned *program, unsigned *library)
{
    DIR *directory = opendir("/proc/self/fd");
    struct dirent *entry;

    *program = *library = 0;
    while (directory && (entry = readdir(directory))) {
        char name[64] = "";
        if (entry->d_name[0] == '.' || atoi(entry->d_name) == dirfd(directory))
            continue;
        if (readlinkat(dirfd(directory), entry->d_name, name, 63) > 0 &&
            (strstr(name, "[eventpoll]") || strstr(name, "[eventfd]")))
            ++*library;
        else
            ++*program;
    }
    if (directory)
        closedir(directory);
}

static unsigned long resident_kib(void)
{
    unsigned long size = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "re");

    if (file && fscanf(file, "%lu %lu", &size, &resident) != 2)
        resident = 0;
    if (file)
        fclose(file);
    return resident * (unsigned long)sysconf(_SC_PAGESIZE) / 1024;
}

static bool become_idle(void)
{
    for (int i = 0; i < IDLE_SECONDS * 100; i++) {
        if (atomic_load(&worker_connections) == 0 && trouble_pending() == 0)
            return true;
        usleep(10000);
    }
    return false;
}

static void print_state(void)
{
    unsigned program, library;
    bool idle = become_idle();

    count_open(&program, &library);
    printf(
        "idle %d connections %d descriptors %u own %u resident_kib %lu "
        "calls %llu late_us %lld bytes %llu threads %llu children %llu "
        "signals %llu\n",
        idle, atomic_load(&worker_connections), program, library,
        resident_kib(), (unsigned long long)waiter_calls,
        (long long)waiter_worst_us, (unsigned long long)worker_bytes,
        (unsigned long long)worker_threads,
        (unsigned long long)trouble_children,
        (unsigned long long)trouble_signals);
    fflush(stdout);
}

/* A line, or the end; signals come in between. */
static bool read_line(void)
{
    char byte = 0;
    ssize_t got;

    do
        got = read(0, &byte, 1);
    while ((got < 0 && errno == EINTR) || (got == 1 && byte != '\n'));
    return got == 1;
}

int main(int argc, char **argv)
{
    uint64_t seed;
    int listener;

    if (argc != 3) {
        fprintf(stderr, "usage: server SEED SIGNALS_PER_SECOND\n");
        return 2;
    }
    seed = strtoull(argv[1], NULL, 10);
    listener = listen_somewhere();
    worker_start_all(WORKERS, listener, seed);
    trouble_start(listener, atoi(argv[2]), seed);
    while (read_line())
        print_state();
    exit(0);
}
