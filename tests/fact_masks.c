/* SPDX-License-Identifier: MIT */
/*
 * Fact P5 and section 2: what is reported for every kind of descriptor in
 * every state, and what select() must not be woken for.
 *
 * For P5 the expectation is the kernel's own answer, asked a moment before
 * through the bare system call; the states do not change by themselves.
 */
#include "fact_common.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>

/* A state puts what is to be asked into fd[0], its helpers behind. */
struct state {
    const char *name;
    void (*make)(int fd[4]);
};

static void fill(int fd)
{
    static const char block[4096];
    int flags = fcntl(fd, F_GETFL);
    fcntl(fd, F_SETFL, flags | O_NONBLOCK);
    while (write(fd, block, sizeof(block)) > 0)
        continue;
    fcntl(fd, F_SETFL, flags);
}

static void finish(int *fd)
{
    close(*fd);
    *fd = -1;
}

static void swap_ends(int fd[4])
{
    int first = fd[0];
    fd[0] = fd[1];
    fd[1] = first;
}

static void pipe_quiet(int fd[4])
{
    open_pipe(fd);
}

static void pipe_readable(int fd[4])
{
    open_pipe(fd);
    send_byte(fd[1]);
}

static void pipe_hup(int fd[4])
{
    open_pipe(fd);
    finish(&fd[1]);
}

static void pipe_readable_hup(int fd[4])
{
    pipe_readable(fd);
    finish(&fd[1]);
}

static void pipe_writable(int fd[4])
{
    open_pipe(fd);
    swap_ends(fd);
}

static void pipe_full(int fd[4])
{
    pipe_writable(fd);
    fill(fd[0]);
}

static void pipe_broken(int fd[4])
{
    pipe_writable(fd);
    finish(&fd[1]);
}

static void stream_quiet(int fd[4])
{
    stream_pair(fd);
}

static void stream_readable(int fd[4])
{
    stream_pair(fd);
    send_byte(fd[1]);
}

static void stream_full(int fd[4])
{
    stream_pair(fd);
    fill(fd[0]);
}

static void stream_hup(int fd[4])
{
    stream_pair(fd);
    finish(&fd[1]);
}

static void stream_peer_shut(int fd[4])
{
    stream_readable(fd);
    shutdown(fd[1], SHUT_WR);
}

static void stream_shut(int fd[4])
{
    stream_pair(fd);
    shutdown(fd[0], SHUT_RDWR);
}

static void datagram(int fd[4])
{
    same(socketpair(AF_UNIX, SOCK_DGRAM, 0, fd), 0);
    send_byte(fd[1]);
}

static void seqpacket(int fd[4])
{
    same(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fd), 0);
    finish(&fd[1]);
}

static void tcp_quiet(int fd[4])
{
    tcp_pair(fd);
}

/* Loopback delivers at once, but in another context: wait for the event. */
static void await(int fd, short events)
{
    struct pollfd p = {.fd = fd, .events = events};
    same(raw_ppoll(&p, 1, &(struct timespec){5, 0}), 1);
}

static void tcp_readable(int fd[4])
{
    tcp_pair(fd);
    send_byte(fd[1]);
    await(fd[0], POLLIN);
}

static void tcp_urgent(int fd[4])
{
    tcp_pair(fd);
    same(send(fd[1], "!", 1, MSG_OOB), 1);
    await(fd[0], POLLPRI);
}

static void tcp_peer_shut(int fd[4])
{
    tcp_pair(fd);
    shutdown(fd[1], SHUT_WR);
    await(fd[0], POLLRDHUP);
}

static void tcp_both_shut(int fd[4])
{
    tcp_peer_shut(fd);
    shutdown(fd[0], SHUT_WR);
    await(fd[0], 0);
}

static void tcp_reset(int fd[4])
{
    tcp_pair(fd);
    setsockopt(fd[1], SOL_SOCKET, SO_LINGER, &(struct linger){1, 0},
               sizeof(struct linger));
    finish(&fd[1]);
    await(fd[0], 0);
}

static void tcp_new(int fd[4])
{
    fd[0] = socket(AF_INET, SOCK_STREAM, 0);
}

static int bound(int type, struct sockaddr_in *address)
{
    socklen_t length = sizeof(*address);
    int fd = socket(AF_INET, type, 0);
    *address = (struct sockaddr_in){.sin_family = AF_INET,
                                    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    same(bind(fd, (struct sockaddr *)address, length), 0);
    same(getsockname(fd, (struct sockaddr *)address, &length), 0);
    return fd;
}

static void tcp_listening(int fd[4])
{
    struct sockaddr_in address;
    fd[0] = bound(SOCK_STREAM, &address);
    same(listen(fd[0], 1), 0);
}

static void tcp_waiting(int fd[4])
{
    struct sockaddr_in address;
    fd[0] = bound(SOCK_STREAM, &address);
    same(listen(fd[0], 1), 0);
    fd[1] = socket(AF_INET, SOCK_STREAM, 0);
    same(connect(fd[1], (struct sockaddr *)&address, sizeof(address)), 0);
    await(fd[0], POLLIN);
}

static void tcp_refused(int fd[4])
{
    struct sockaddr_in address;
    close(bound(SOCK_STREAM, &address));
    fd[0] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    connect(fd[0], (struct sockaddr *)&address, sizeof(address));
    await(fd[0], 0);
}

static void udp_quiet(int fd[4])
{
    struct sockaddr_in address;
    fd[0] = bound(SOCK_DGRAM, &address);
}

/* The ICMP answer to a datagram nobody wanted is an error to its sender. */
static void udp_refused(int fd[4])
{
    struct sockaddr_in address;
    close(bound(SOCK_DGRAM, &address));
    fd[0] = socket(AF_INET, SOCK_DGRAM, 0);
    same(connect(fd[0], (struct sockaddr *)&address, sizeof(address)), 0);
    send_byte(fd[0]);
    await(fd[0], 0);
}

static void eventfd_zero(int fd[4])
{
    fd[0] = eventfd(0, 0);
}

static void eventfd_one(int fd[4])
{
    fd[0] = eventfd(1, 0);
}

static void eventfd_full(int fd[4])
{
    uint64_t most = UINT64_MAX - 1;
    fd[0] = eventfd(0, 0);
    same(write(fd[0], &most, sizeof(most)), sizeof(most));
}

static void timerfd_unarmed(int fd[4])
{
    fd[0] = timerfd_create(CLOCK_MONOTONIC, 0);
}

static void timerfd_expired(int fd[4])
{
    struct itimerspec soon = {.it_value = {0, 1}};
    fd[0] = timerfd_create(CLOCK_MONOTONIC, 0);
    same(timerfd_settime(fd[0], 0, &soon, NULL), 0);
    await(fd[0], POLLIN);
}

static void inotify_quiet(int fd[4])
{
    fd[0] = inotify_init();
}

static void pidfd_of_self(int fd[4])
{
    fd[0] = (int)syscall(SYS_pidfd_open, getpid(), 0);
}

static void terminal(int fd[4])
{
    fd[0] = posix_openpt(O_RDWR | O_NOCTTY);
    same(grantpt(fd[0]), 0);
    same(unlockpt(fd[0]), 0);
    fd[1] = open(ptsname(fd[0]), O_RDWR | O_NOCTTY);
    holds(fd[1] >= 0);
}

static void terminal_slave(int fd[4])
{
    terminal(fd);
    swap_ends(fd);
}

static void terminal_hup(int fd[4])
{
    terminal(fd);
    finish(&fd[1]);
}

static void regular_file(int fd[4])
{
    fd[0] = open("/proc/self/exe", O_RDONLY);
}

static void closed(int fd[4])
{
    fd[0] = closed_number();
}

#define STATE(make)                                                            \
    {                                                                          \
#make, make                                                            \
    }
static const struct state states[] = {
    STATE(pipe_quiet),      STATE(pipe_readable),    STATE(pipe_hup),
    STATE(pipe_writable),   STATE(pipe_full),        STATE(pipe_broken),
    STATE(stream_quiet),    STATE(stream_readable),  STATE(stream_full),
    STATE(stream_hup),      STATE(stream_peer_shut), STATE(stream_shut),
    STATE(datagram),        STATE(seqpacket),        STATE(tcp_quiet),
    STATE(tcp_readable),    STATE(tcp_urgent),       STATE(tcp_peer_shut),
    STATE(tcp_both_shut),   STATE(tcp_reset),        STATE(tcp_new),
    STATE(tcp_listening),   STATE(tcp_waiting),      STATE(tcp_refused),
    STATE(udp_quiet),       STATE(udp_refused),      STATE(eventfd_zero),
    STATE(eventfd_one),     STATE(eventfd_full),     STATE(timerfd_unarmed),
    STATE(timerfd_expired), STATE(inotify_quiet),    STATE(pidfd_of_self),
    STATE(terminal),        STATE(terminal_slave),   STATE(terminal_hup),
    STATE(regular_file),    STATE(closed),           STATE(pipe_readable_hup),
};

static const short masks[] = {
    0,          POLLIN,     POLLOUT,    POLLPRI, POLLRDHUP, POLLRDNORM,
    POLLRDBAND, POLLWRNORM, POLLWRBAND, POLLMSG, 0x27ff,    -1,
};

static void make_state(const struct state *state, int fd[4])
{
    for (int i = 0; i < 4; i++)
        fd[i] = -1;
    state->make(fd);
    holds(fd[0] >= 0);
}

static void end_state(const struct state *state, const int fd[4])
{
    for (int i = state->make == closed ? 1 : 0; i < 4; i++)
        if (fd[i] >= 0)
            close(fd[i]);
}

/* Names the state next to the call, for a failure's message. */
static const char *name_call(const char *call, const char *state)
{
    static char text[80];
    snprintf(text, sizeof(text), "%s of %s", call, state);
    return text;
}

static void masks_of_state(const struct poll_call *c, const int fd[4])
{
    struct pollfd set[1 + CROWD];
    nfds_t n = gather(set, 1);
    for (size_t m = 0; m < ARRAY_SIZE(masks); m++) {
        struct pollfd one = {.fd = fd[0], .events = masks[m]};
        int count = raw_ppoll(&one, 1, &(struct timespec){0, 0});
        set[0] = (struct pollfd){.fd = fd[0], .events = masks[m]};
        for (EACH_ROUND) {
            same(poll_for(c, set, n, 0), count);
            same(set[0].revents, one.revents);
            same(set[0].events, masks[m]);
        }
    }
}

static void every_mask(const struct poll_call *c)
{
    int fd[4];
    for (size_t i = 0; i < ARRAY_SIZE(states); i++) {
        fact_call = name_call(c->name, states[i].name);
        make_state(&states[i], fd);
        masks_of_state(c, fd);
        end_state(&states[i], fd);
    }
}

static void P5_poll_masks_of_every_state(void **state)
{
    (void)state;
    each_poll(every_mask);
}

static void sets_of_state(const struct select_call *c, const int fd[4])
{
    static const char *const letters[] = {"r", "w", "x", "rw", "rwx"};
    for (size_t i = 0; i < ARRAY_SIZE(letters); i++) {
        struct sets b, raw, got;
        gather_bits(&b);
        want(&b, fd[0], letters[i]);
        raw = b;
        int count = raw_pselect6(b.n, &raw.in, &raw.out, &raw.ex,
                                 &(struct timespec){0, 0});
        for (EACH_ROUND) {
            same(select_for(c, &b, &got, 0), count < 0 ? -1 : count);
            same(told(&got, fd[0]), told(&raw, fd[0]));
            same(memcmp(&got, &raw, sizeof(got)), 0);
        }
    }
}

static void every_set(const struct select_call *c)
{
    int fd[4];
    for (size_t i = 0; i < ARRAY_SIZE(states); i++) {
        fact_call = name_call(c->name, states[i].name);
        make_state(&states[i], fd);
        sets_of_state(c, fd);
        end_state(&states[i], fd);
    }
}

static void P5_select_sets_of_every_state(void **state)
{
    (void)state;
    each_select(every_set);
}

/*
 * Section 2: which event satisfies which set. HUP is a read event only, ERR a
 * read and write event. The third column's sets stay quiet though epoll
 * cannot be kept from reporting either.
 */
static const struct {
    struct state state;
    const char *satisfied, *quiet;
} unwanted[] = {
    {STATE(pipe_hup), "r", "wx"},      {STATE(pipe_broken), "rw", "x"},
    {STATE(stream_hup), "rw", "x"},    {STATE(stream_shut), "rw", "x"},
    {STATE(tcp_both_shut), "rw", "x"}, {STATE(udp_refused), "rw", "x"},
};

/* Waits in vain for one set; then a byte elsewhere must still be seen. */
static void waits_in_vain(const struct select_call *c, int fd,
                          const char *quiet)
{
    int pair[2];
    struct sets b, got;
    stream_pair(pair);
    gather_bits(&b);
    want(&b, pair[0], "r");
    want(&b, fd, quiet);
    for (EACH_ROUND) {
        double start = clock_ms(), cpu = clock_cpu_ms();
        same(select_for(c, &b, &got, 40), 0);
        double slept = clock_ms() - start;
        holds(slept >= 40);
        /* Woken over and over it would have used all the time it had. */
        holds(clock_cpu_ms() - cpu < slept / 2);
        send_byte(pair[1]);
        same(select_for(c, &b, &got, -1), 1);
        same(told(&got, pair[0]), 4);
        same(told(&got, fd), 0);
        take_byte(pair[0]);
    }
    close_pair(pair);
}

static void is_satisfied(const struct select_call *c, int fd,
                         const char *satisfied)
{
    struct sets b, got;
    gather_bits(&b);
    want(&b, fd, satisfied);
    for (EACH_ROUND)
        same(select_for(c, &b, &got, -1), strlen(satisfied));
}

static void unwanted_events(const struct select_call *c)
{
    for (size_t i = 0; i < ARRAY_SIZE(unwanted); i++) {
        int fd[4];
        fact_call = name_call(c->name, unwanted[i].state.name);
        make_state(&unwanted[i].state, fd);
        waits_in_vain(c, fd[0], unwanted[i].quiet);
        /* What was not wanted in one set is in another, and back. */
        is_satisfied(c, fd[0], unwanted[i].satisfied);
        waits_in_vain(c, fd[0], unwanted[i].quiet);
        end_state(&unwanted[i].state, fd);
    }
}

static void M1_hup_and_err_wake_only_the_sets_they_satisfy(void **state)
{
    (void)state;
    each_select(unwanted_events);
}

/* Section 2: the same when the event comes while select() sleeps. */
static void hang_up_later(void *peer)
{
    clock_sleep_ms(30);
    close(*(int *)peer);
}

static void event_during_sleep(const struct select_call *c)
{
    int fd[2];
    struct sets b, got;
    open_pipe(fd);
    gather_bits(&b);
    want(&b, fd[0], "w");
    settle_bits(c, &b, &got);
    pid_t pid = child_start(hang_up_later, &fd[1]);
    close(fd[1]);
    double start = clock_ms();
    same(select_for(c, &b, &got, 120), 0);
    holds(clock_ms() - start >= 120);
    child_wait(pid);
    FD_SET(fd[0], &b.in);
    for (EACH_ROUND) {
        same(select_for(c, &b, &got, -1), 1);
        same(told(&got, fd[0]), 4);
    }
    close(fd[0]);
}

static void M2_a_hup_during_the_sleep_wakes_no_writer(void **state)
{
    (void)state;
    each_select(event_during_sleep);
}

/* Section 2: to poll() both are always of interest, and told every time. */
static void always_told(const struct poll_call *c)
{
    static const struct {
        struct state state;
        short told;
    } cases[] = {
        {STATE(pipe_hup), POLLHUP},
        {STATE(pipe_broken), POLLERR},
        {STATE(stream_hup), POLLHUP},
        {STATE(udp_refused), POLLERR},
    };
    struct pollfd set[1 + CROWD];
    nfds_t n = gather(set, 1);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        int fd[4];
        fact_call = name_call(c->name, cases[i].state.name);
        make_state(&cases[i].state, fd);
        set[0].fd = fd[0];
        for (EACH_ROUND) {
            same(poll_for(c, set, n, -1), 1);
            same(set[0].revents, cases[i].told);
        }
        end_state(&cases[i].state, fd);
    }
}

static void M3_hup_and_err_are_told_though_nothing_was_asked(void **state)
{
    (void)state;
    each_poll(always_told);
}

static const struct suite_test tests[] = {
    TEST(P5_poll_masks_of_every_state),
    TEST(P5_select_sets_of_every_state),
    TEST(M1_hup_and_err_wake_only_the_sets_they_satisfy),
    TEST(M2_a_hup_during_the_sleep_wakes_no_writer),
    TEST(M3_hup_and_err_are_told_though_nothing_was_asked),
};

SUITE(tests)
