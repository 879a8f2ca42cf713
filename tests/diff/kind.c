/* SPDX-License-Identifier: MIT */
/*
 * Making the descriptors: all through libc, so that a library sees every
 * number handed out, all non-blocking, all on loopback.
 */
#define _GNU_SOURCE
#include "kind.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#include "child.h"
#include "signals.h"

const char *kind_name(enum kind kind)
{
    static const char *const names[] = {
#define KIND(id, name, weight) name,
        KIND_TABLE(KIND)
#undef KIND
    };
    return names[kind];
}

int kind_weight(enum kind kind)
{
    static const int weights[] = {
#define KIND(id, name, weight) weight,
        KIND_TABLE(KIND)
#undef KIND
    };
    return weights[kind];
}

static void nonblocking(int fd)
{
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

/* Closes what was opened of a kind that could not be made whole. */
static void give_up(struct end end[2])
{
    for (int i = 0; i < 2; i++) {
        if (end[i].fd >= 0)
            close(end[i].fd);
        end[i].fd = -1;
    }
}

/*
 * An address of 127/8 that was not used lately: thousands of connections
 * would else exhaust the ports of one.
 */
static struct sockaddr_in fresh_address(void)
{
    static atomic_uint counter;
    unsigned int host = atomic_fetch_add(&counter, 1) % 0xfffffe + 1;
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_addr.s_addr = htonl(0x7f000000u | host)};
}

/* A socket bound to a fresh address, which is left in *at. */
static int bound_socket(int type, struct sockaddr_in *at)
{
    socklen_t size = sizeof(*at);
    int fd = socket(AF_INET, type | SOCK_NONBLOCK, 0);
    *at = fresh_address();
    if (fd < 0)
        return -1;
    if (bind(fd, (struct sockaddr *)at, size) ||
        getsockname(fd, (struct sockaddr *)at, &size)) {
        close(fd);
        return -1;
    }
    return fd;
}

static int connect_to(int fd, const struct sockaddr_in *to)
{
    return connect(fd, (const struct sockaddr *)to, sizeof(*to));
}

static void make_pair(int type, int variant, struct end end[2])
{
    int fds[2], size = 4096;
    if (socketpair(AF_UNIX, type | SOCK_NONBLOCK, 0, fds))
        return;
    for (int i = 0; i < 2; i++) {
        end[i].fd = fds[i];
        if (variant & 1)
            setsockopt(fds[i], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
    }
}

static void make_unix_stream(int variant, struct end end[2])
{
    make_pair(SOCK_STREAM, variant, end);
}

static void make_unix_dgram(int variant, struct end end[2])
{
    make_pair(SOCK_DGRAM, variant, end);
}

static void make_unix_seqpacket(int variant, struct end end[2])
{
    make_pair(SOCK_SEQPACKET, variant, end);
}

/* End 0 listens at an address of its own choosing, end 1 may be pending. */
static void make_unix_listen(int variant, struct end end[2])
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    socklen_t size = sizeof(at.sun_family);
    int fd = end[0].fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, size) || listen(fd, 4)) {
        give_up(end);
        return;
    }
    if (!(variant & 1))
        return;
    size = sizeof(at);
    getsockname(fd, (struct sockaddr *)&at, &size);
    end[1].fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (end[1].fd >= 0)
        connect(end[1].fd, (struct sockaddr *)&at, size);
}

static void make_unix_lone(int variant, struct end end[2])
{
    int type = variant & 1 ? SOCK_STREAM : SOCK_DGRAM;
    end[0].fd = socket(AF_UNIX, type | SOCK_NONBLOCK, 0);
}

/*
 * Connected: the listener that brought the ends together is closed again. The
 * buffers are small so that filling them is cheap.
 */
static void make_tcp(int variant, struct end end[2])
{
    struct sockaddr_in at;
    int size = 4096, one = 1;
    int listener = bound_socket(SOCK_STREAM, &at);
    (void)variant;
    if (listener < 0)
        return;
    setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
    setsockopt(listener, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
    setsockopt(listener, IPPROTO_TCP, 1 /* TCP_NODELAY */, &one, sizeof(one));
    end[0].fd = socket(AF_INET, SOCK_STREAM, 0);
    if (end[0].fd >= 0 && !listen(listener, 1) && !connect_to(end[0].fd, &at)) {
        nonblocking(end[0].fd);
        setsockopt(end[0].fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
        setsockopt(end[0].fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
        end[1].fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
    }
    close(listener);
    if (end[1].fd < 0)
        give_up(end);
}

/* End 0 listens; end 1, in the odd variants, waits to be accepted. */
static void make_tcp_listen(int variant, struct end end[2])
{
    struct sockaddr_in at;
    end[0].fd = bound_socket(SOCK_STREAM, &at);
    if (end[0].fd < 0 || listen(end[0].fd, 8)) {
        give_up(end);
        return;
    }
    if (!(variant & 1))
        return;
    end[1].fd = socket(AF_INET, SOCK_STREAM, 0);
    if (end[1].fd >= 0) {
        connect_to(end[1].fd, &at);
        nonblocking(end[1].fd);
    }
}

/* End 1 is bound and does not listen, so the port refuses end 0. */
static void make_tcp_refused(int variant, struct end end[2])
{
    struct sockaddr_in at;
    (void)variant;
    end[1].fd = bound_socket(SOCK_STREAM, &at);
    end[0].fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (end[0].fd >= 0 && end[1].fd >= 0)
        connect_to(end[0].fd, &at);
}

static void make_tcp_lone(int variant, struct end end[2])
{
    (void)variant;
    end[0].fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
}

static void make_udp(int variant, struct end end[2])
{
    struct sockaddr_in at[2];
    for (int i = 0; i < 2; i++)
        end[i].fd = bound_socket(SOCK_DGRAM, &at[i]);
    if (end[0].fd < 0 || end[1].fd < 0) {
        give_up(end);
        return;
    }
    connect_to(end[0].fd, &at[1]);
    if (variant & 1)
        connect_to(end[1].fd, &at[0]);
}

/* A datagram to a port that was just given back: an error is queued. */
static void make_udp_refused(int variant, struct end end[2])
{
    struct sockaddr_in at;
    int gone = bound_socket(SOCK_DGRAM, &at);
    (void)variant;
    end[0].fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    if (gone >= 0)
        close(gone);
    if (gone >= 0 && end[0].fd >= 0 && !connect_to(end[0].fd, &at))
        (void)!send(end[0].fd, "?", 1, 0);
}

static void make_netlink(int variant, struct end end[2])
{
    (void)variant;
    end[0].fd = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK, NETLINK_ROUTE);
}

static void make_pipe(int variant, struct end end[2])
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

static void make_fifo(int variant, struct end end[2])
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

static void make_eventfd(int variant, struct end end[2])
{
    int flags = variant & 2 ? EFD_NONBLOCK | EFD_SEMAPHORE : EFD_NONBLOCK;
    end[0].fd = eventfd(variant & 1, flags);
}

static void make_timerfd(int variant, struct end end[2])
{
    (void)variant;
    end[0].fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
}

/* End 1 is the file that end 0 watches for changes. */
static void make_inotify(int variant, struct end end[2])
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
static void make_pidfd(int variant, struct end end[2])
{
    end[0].pid = child_start(variant & 1);
    if (end[0].pid > 0)
        end[0].fd = child_pidfd(end[0].pid);
}

static void make_signalfd(int variant, struct end end[2])
{
    sigset_t set;
    (void)variant;
    sigemptyset(&set);
    sigaddset(&set, signals_for_signalfd());
    end[0].fd = signalfd(-1, &set, SFD_NONBLOCK);
}

/* End 1 is what end 0 watches. */
static void make_epoll(int variant, struct end end[2])
{
    struct epoll_event event = {.events = EPOLLIN};
    end[0].fd = epoll_create1(0);
    end[1].fd = eventfd(variant & 1, EFD_NONBLOCK);
    if (end[0].fd >= 0 && end[1].fd >= 0)
        epoll_ctl(end[0].fd, EPOLL_CTL_ADD, end[1].fd, &event);
}

/* End 0 is the master; in the odd variants lines are not waited for. */
static void make_pty(int variant, struct end end[2])
{
    char name[64];
    struct termios mode;
    end[0].fd = posix_openpt(O_RDWR | O_NOCTTY);
    if (end[0].fd < 0)
        return;
    nonblocking(end[0].fd);
    if (grantpt(end[0].fd) || unlockpt(end[0].fd) ||
        ptsname_r(end[0].fd, name, sizeof(name)))
        return;
    end[1].fd = open(name, O_RDWR | O_NOCTTY | O_NONBLOCK);
    if (end[1].fd >= 0 && variant & 1 && !tcgetattr(end[1].fd, &mode)) {
        cfmakeraw(&mode);
        tcsetattr(end[1].fd, TCSANOW, &mode);
    }
}

static void make_regular(int variant, struct end end[2])
{
    end[0].fd = variant & 1
                    ? open("/proc/self/exe", O_RDONLY)
                    : open(scratch_directory(), O_TMPFILE | O_RDWR, 0600);
}

static void make_directory(int variant, struct end end[2])
{
    (void)variant;
    end[0].fd = open("/", O_RDONLY | O_DIRECTORY);
}

static void make_memory(int variant, struct end end[2])
{
    (void)variant;
    end[0].fd = memfd_create("diff", 0);
}

static void make_null(int variant, struct end end[2])
{
    end[0].fd = open(variant & 1 ? "/dev/zero" : "/dev/null", O_RDWR);
}

/*
 * A look at this one consumes the event a changed mount table makes. No run
 * changes the table, so two looks agree.
 */
static void make_mounts(int variant, struct end end[2])
{
    (void)variant;
    end[0].fd = open("/proc/self/mounts", O_RDONLY);
}

static void make_path(int variant, struct end end[2])
{
    end[0].fd = open(variant & 1 ? "/" : "/dev/null", O_PATH);
}

void kind_make(enum kind kind, int variant, struct end end[2])
{
    static void (*const make[])(int, struct end[2]) = {
#define KIND(id, name, weight) make_##id,
        KIND_TABLE(KIND)
#undef KIND
    };
    for (int i = 0; i < 2; i++)
        end[i] = (struct end){.fd = -1, .kind = kind};
    make[kind](variant, end);
}
