/* SPDX-License-Identifier: MIT */
/* The kinds that are no sockets. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <termios.h>
#include <unistd.h>

#include "child.h"
#include "make.h"
#include "signals.h"

void make_pipe(int variant, struct end end[2])
{
    int fds[2];
    if (pipe2(fds, O_NONBLOCK))
        return;
    end[0].fd = fds[0];
    end[1].fd = fds[1];
    if (variant & 1)
        fcntl(fds[0], F_SETPIPE_SZ, 4096);
}

static const char *scratch_directory(void)
{
    const char *name = getenv("TMPDIR");
    return name ? name : "/tmp";
}

int open_unnamed(void)
{
    char path[256];
    int fd = memfd_create("diff", 0);
    if (fd >= 0)
        return fd;
    snprintf(path, sizeof(path), "%s/diff-file.XXXXXX", scratch_directory());
    fd = mkstemp(path);
    if (fd >= 0)
        unlink(path);
    return fd;
}

void make_fifo(int variant, struct end end[2])
{
    static atomic_uint counter;
    char path[256];
    snprintf(path, sizeof(path), "%s/diff-fifo.%d.%u", scratch_directory(),
             getpid(), atomic_fetch_add(&counter, 1));
    if (mkfifo(path, 0600))
        return;
    end[0].fd = open(path, (variant & 1 ? O_RDWR : O_RDONLY) | O_NONBLOCK);
    if (end[0].fd >= 0 && !(variant & 2))
        end[1].fd = open(path, O_WRONLY | O_NONBLOCK);
    unlink(path);
}

void make_eventfd(int variant, struct end end[2])
{
    int flags = variant & 2 ? EFD_NONBLOCK | EFD_SEMAPHORE : EFD_NONBLOCK;
    end[0].fd = eventfd(variant & 1, flags);
}

void make_timerfd(int variant, struct end end[2])
{
    (void)variant;
    end[0].fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
}

/* End 1 is the file that end 0 watches for changes. */
void make_inotify(int variant, struct end end[2])
{
    char path[64];
    (void)variant;
    end[0].fd = inotify_init1(IN_NONBLOCK);
    end[1].fd = open(scratch_directory(), O_TMPFILE | O_RDWR, 0600);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", end[1].fd);
    if (end[0].fd >= 0 && end[1].fd >= 0)
        inotify_add_watch(end[0].fd, path, IN_MODIFY);
}

/* The odd variants' child keeps copies of all descriptors while it lives. */
void make_pidfd(int variant, struct end end[2])
{
    end[0].pid = child_start(variant & 1);
    if (end[0].pid > 0)
        end[0].fd = child_pidfd(end[0].pid);
}

void make_signalfd(int variant, struct end end[2])
{
    sigset_t set;
    (void)variant;
    sigemptyset(&set);
    sigaddset(&set, signals_for_signalfd());
    end[0].fd = signalfd(-1, &set, SFD_NONBLOCK);
}

/* End 1 is what end 0 watches. */
void make_epoll(int variant, struct end end[2])
{
    struct epoll_event event = {.events = EPOLLIN};
    end[0].fd = epoll_create1(0);
    end[1].fd = eventfd(variant & 1, EFD_NONBLOCK);
    if (end[0].fd >= 0 && end[1].fd >= 0)
        epoll_ctl(end[0].fd, EPOLL_CTL_ADD, end[1].fd, &event);
}

/* End 0 is the master; in the odd variants lines are not waited for. */
void make_pty(int variant, struct end end[2])
{
    char name[64];
    struct termios mode;
    end[0].fd = posix_openpt(O_RDWR | O_NOCTTY);
    if (end[0].fd < 0)
        return;
    set_nonblocking(end[0].fd);
    if (grantpt(end[0].fd) || unlockpt(end[0].fd) ||
        ptsname_r(end[0].fd, name, sizeof(name)))
        return;
    end[1].fd = open(name, O_RDWR | O_NOCTTY | O_NONBLOCK);
    if (end[1].fd >= 0 && variant & 1 && !tcgetattr(end[1].fd, &mode)) {
        cfmakeraw(&mode);
        tcsetattr(end[1].fd, TCSANOW, &mode);
    }
}

void make_regular(int variant, struct end end[2])
{
    end[0].fd = variant & 1
                    ? open("/proc/self/exe", O_RDONLY)
                    : open(scratch_directory(), O_TMPFILE | O_RDWR, 0600);
}

void make_directory(int variant, struct end end[2])
{
    (void)variant;
    end[0].fd = open("/", O_RDONLY | O_DIRECTORY);
}

void make_memory(int variant, struct end end[2])
{
    (void)variant;
    end[0].fd = open_unnamed();
}

void make_null(int variant, struct end end[2])
{
    end[0].fd = open(variant & 1 ? "/dev/zero" : "/dev/null", O_RDWR);
}

/*
 * A look at this one consumes the event a changed mount table makes. No run
 * changes the table, so two looks agree.
 */
void make_mounts(int variant, struct end end[2])
{
    (void)variant;
    end[0].fd = open("/proc/self/mounts", O_RDONLY);
}

void make_path(int variant, struct end end[2])
{
    end[0].fd = open(variant & 1 ? "/" : "/dev/null", O_PATH);
}
