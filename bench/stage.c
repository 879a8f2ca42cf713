/* SPDX-License-Identifier: MIT */
#include "stage.h"
#include "fail.h"
#include "holder.h"

#include <netinet/in.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* What the program itself and preloaded libraries need, at least and with
 * ease. */
#define LEAST_SPARE 100
#define EASY_SPARE 1000

/* Adds to what earlier stages needed. */
static void allow_descriptors(unsigned more)
{
    static rlim_t watched;
    struct rlimit limit;
    rlim_t needed, easy;

    watched += more;
    needed = watched + LEAST_SPARE;
    easy = watched + EASY_SPARE;
    getrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur >= easy)
        return;
    if (limit.rlim_max < needed)
        limit.rlim_max = needed;
    limit.rlim_cur = limit.rlim_max < easy ? limit.rlim_max : easy;
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
        fail(
            "%lu descriptors are needed: take a smaller --n or raise "
            "ulimit -Hn",
            (unsigned long)needed);
}

/* Autobind gives a unix socket an abstract name, so that no file is left. */
int stage_listen(enum kind kind, unsigned backlog)
{
    int family = kind == KIND_TCP ? AF_INET : AF_UNIX;
    struct sockaddr_in loopback = {
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    struct sockaddr_un unnamed = {.sun_family = AF_UNIX};
    struct sockaddr *address = (struct sockaddr *)&loopback;
    socklen_t length = sizeof(loopback);
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (kind != KIND_TCP) {
        address = (struct sockaddr *)&unnamed;
        length = sizeof(unnamed.sun_family);
    }
    if (fd < 0 || bind(fd, address, length) < 0 || listen(fd, backlog) < 0)
        fail_errno("no listening socket");
    return fd;
}

/* A TCP connection that is closed by a reset leaves no port in TIME_WAIT;
 * thousands of them would run out of ports. */
int stage_connect(int listener)
{
    static const struct linger reset = {.l_onoff = 1};
    struct sockaddr_storage address = {.ss_family = AF_UNSPEC};
    socklen_t length = sizeof(address);

    if (getsockname(listener, (struct sockaddr *)&address, &length) < 0)
        fail_errno("getsockname");
    int fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 ||
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)) < 0 ||
        connect(fd, (struct sockaddr *)&address, length) < 0)
        fail_errno("no connection over loopback");
    return fd;
}

static void pair_tcp(int pair[2])
{
    static const struct linger reset = {.l_onoff = 1};
    static int listener = -1;

    if (listener < 0)
        listener = stage_listen(KIND_TCP, 16);
    pair[1] = stage_connect(listener);
    pair[0] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (pair[0] < 0 ||
        setsockopt(pair[0], SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)) < 0)
        fail_errno("accept");
}

void stage_pair(enum kind kind, int pair[2])
{
    switch (kind) {
    case KIND_UNIX:
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
            fail_errno("socketpair");
        break;
    case KIND_TCP:
        pair_tcp(pair);
        break;
    case KIND_PIPE:
        if (pipe2(pair, 0) < 0)
            fail_errno("pipe2");
        break;
    }
}

unsigned stage_actor(const struct stage *stage, unsigned actor)
{
    return (2 * actor + 1) * stage->count / (2 * stage->actors);
}

/* Whether a slot is among `ready` ones that are spread evenly over those that
 * are no actors. */
static bool takes_ready(const struct stage *stage, unsigned slot,
                        unsigned ready)
{
    unsigned candidates = stage->count - stage->actors;
    unsigned before = slot;

    for (unsigned i = 0; i < stage->actors; i++) {
        if (stage_actor(stage, i) == slot)
            return false;
        before -= stage_actor(stage, i) < slot;
    }
    if (ready > candidates)
        ready = candidates;
    /* The share due before this slot and after it, rounded to the nearest. */
    unsigned long half = candidates / 2;
    return ((unsigned long)before * ready + half) / candidates !=
           ((before + 1ul) * ready + half) / candidates;
}

unsigned stage_open(struct stage *stage, enum kind kind, unsigned count,
                    bool acting, unsigned ready)
{
    int far[HOLDER_AT_ONCE];
    unsigned held = 0;

    *stage = (struct stage){.kind = kind, .count = count};
    if (acting)
        stage->actors = count < 2 * STAGE_ACTORS ? 1 : STAGE_ACTORS;
    stage->fds = allocate(count, sizeof(*stage->fds));
    allow_descriptors(count);
    for (unsigned slot = 0; slot < count; slot++) {
        int pair[2];
        stage_pair(kind, pair);
        stage->fds[slot] = pair[0];
        if (takes_ready(stage, slot, ready) && write(pair[1], "", 1) != 1)
            fail_errno("write");
        far[held++] = pair[1];
        if (held == HOLDER_AT_ONCE || slot + 1 == count) {
            holder_give(far, held);
            held = 0;
        }
    }
    return ready < count - stage->actors ? ready : count - stage->actors;
}
