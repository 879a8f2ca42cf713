/* SPDX-License-Identifier: MIT */
/*
 * Section 5: files whose readiness is not a plain state with a wake-up at
 * every change.
 *
 * Some forget a change as soon as anyone has looked (/proc/self/mounts), some
 * have nothing to wait on at first (tun), some become ready without waking
 * anybody (SO_OOBINLINE), and some answer for whoever asks (signalfd). What
 * native poll() tells, it finds by looking at the file in this very call.
 */
#include "fact_common.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/signalfd.h>

/* Files which tell a change once, to the first that looks. */
static void change_mounts(void)
{
    static bool mounted;
    if (mounted)
        same(umount("/mnt"), 0);
    else
        same(mount("fact", "/mnt", "tmpfs", 0, NULL), 0);
    mounted = !mounted;
}

static void change_hostname(void)
{
    static char name[] = "fact-a";
    name[5] ^= 'a' ^ 'b';
    same(sethostname(name, 6), 0);
}

static const struct {
    const char *path;
    void (*change)(void);
} tell_once[] = {
    {"/proc/self/mounts", change_mounts},
    {"/proc/self/mountinfo", change_mounts},
    {"/proc/sys/kernel/hostname", change_hostname},
};

/* Changes are made where nobody but this child sees them. */
static void enter_own_namespaces(void)
{
    if (unshare(CLONE_NEWNS | CLONE_NEWUTS) ||
        mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
        cannot("needs the right to unshare mounts and host name (root)");
}

static void told_once_poll(const struct poll_call *c)
{
    struct pollfd set[1 + CROWD];
    nfds_t n = gather(set, 1);
    for (size_t i = 0; i < ARRAY_SIZE(tell_once); i++) {
        int fd = open(tell_once[i].path, O_RDONLY);
        holds(fd >= 0);
        set[0] = (struct pollfd){.fd = fd, .events = POLLPRI};
        settle(c, set, n);
        for (EACH_ROUND) {
            same(poll_for(c, set, n, 0), 0);
            tell_once[i].change();
            same(poll_for(c, set, n, -1), 1);
            same(set[0].revents, POLLPRI | POLLERR);
            same(poll_for(c, set, n, 5), 0);
            /* Who asks for nothing still takes the change away. */
            tell_once[i].change();
            set[0].events = 0;
            same(poll_for(c, set, n, 0), 1);
            same(set[0].revents, POLLERR);
            set[0].events = POLLPRI;
            same(poll_for(c, set, n, 5), 0);
        }
        close(fd);
    }
}

static void told_once_select(const struct select_call *c)
{
    struct sets b, got;
    for (size_t i = 0; i < ARRAY_SIZE(tell_once); i++) {
        int fd = open(tell_once[i].path, O_RDONLY);
        gather_bits(&b);
        want(&b, fd, "x");
        settle_bits(c, &b, &got);
        for (EACH_ROUND) {
            same(select_for(c, &b, &got, 0), 0);
            tell_once[i].change();
            same(select_for(c, &b, &got, -1), 1);
            same(told(&got, fd), 1);
            same(select_for(c, &b, &got, 5), 0);
        }
        close(fd);
    }
}

static void told_once(void)
{
    enter_own_namespaces();
    each_poll(told_once_poll);
    each_select(told_once_select);
}

static void W1_a_change_is_told_once(void **state)
{
    (void)state;
    in_child(told_once);
}

/* The change comes while the caller sleeps: it wakes, and is told it. */
static void mount_later(void *unused)
{
    (void)unused;
    clock_sleep_ms(30);
    change_mounts();
}

static void wakes_for_a_mount(void)
{
    struct pollfd set[1 + CROWD];
    nfds_t n = gather(set, 1);
    struct sets b, got;
    enter_own_namespaces();
    gather_bits(&b);
    for (EACH_ROUND) {
        set[0].fd = open("/proc/self/mounts", O_RDONLY);
        set[0].events = POLLPRI;
        settle(&poll_calls[0], set, n);
        pid_t pid = child_start(mount_later, NULL);
        same(poll(set, n, 30000), 1);
        same(set[0].revents, POLLPRI | POLLERR);
        same(poll(set, n, 0), 0);
        same(child_wait(pid), 0);
        change_mounts(); /* in step with the child's */
        want(&b, set[0].fd, "x");
        settle_bits(&select_calls[0], &b, &got);
        pid = child_start(mount_later, NULL);
        same(select_for(&select_calls[0], &b, &got, 30000), 1);
        same(told(&got, set[0].fd), 1);
        same(child_wait(pid), 0);
        change_mounts();
        close(set[0].fd);
    }
}

static void W1_a_change_wakes_the_sleeper(void **state)
{
    (void)state;
    in_child(wakes_for_a_mount);
}

/* A tun interface: an address, up, and a packet for who is behind it. */
static void name_interface(int tun)
{
    struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
    strcpy(request.ifr_name, "fact%d");
    same(ioctl(tun, TUNSETIFF, &request), 0);
}

static void send_through(const char *interface)
{
    struct ifreq request = {0};
    struct sockaddr_in *address = (struct sockaddr_in *)&request.ifr_addr;
    int udp = socket(AF_INET, SOCK_DGRAM, 0);
    snprintf(request.ifr_name, IFNAMSIZ, "%s", interface);
    address->sin_family = AF_INET;
    same(inet_pton(AF_INET, "192.0.2.1", &address->sin_addr), 1);
    same(ioctl(udp, SIOCSIFADDR, &request), 0);
    same(inet_pton(AF_INET, "255.255.255.0", &address->sin_addr), 1);
    same(ioctl(udp, SIOCSIFNETMASK, &request), 0);
    request.ifr_flags = IFF_UP;
    same(ioctl(udp, SIOCSIFFLAGS, &request), 0);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(9)};
    same(inet_pton(AF_INET, "192.0.2.2", &to.sin_addr), 1);
    same(sendto(udp, "x", 1, 0, (struct sockaddr *)&to, sizeof(to)), 1);
    close(udp);
}

/* A tun file belongs to the network of its opener, here a new one. */
static int open_tun(void)
{
    int tun = unshare(CLONE_NEWNET);
    if (!tun)
        tun = open("/dev/net/tun", O_RDWR | O_NONBLOCK);
    if (tun < 0)
        cannot("needs /dev/net/tun and a network of its own (root)");
    return tun;
}

/*
 * Before TUNSETIFF there is no interface, no queue to wait on, and poll()
 * says ERR. Who looked then must still see the packets that come later.
 */
static void tun_poll(const struct poll_call *c)
{
    struct pollfd set[1 + CROWD];
    nfds_t n = gather(set, 1);
    int tun = open_tun();
    set[0] = (struct pollfd){.fd = tun, .events = POLLIN};
    for (EACH_ROUND) {
        same(poll_for(c, set, n, -1), 1);
        same(set[0].revents, POLLERR);
    }
    name_interface(tun);
    for (EACH_ROUND)
        same(poll_for(c, set, n, 0), 0);
    send_through("fact0");
    for (EACH_ROUND) {
        same(poll_for(c, set, n, -1), 1);
        same(set[0].revents, POLLIN);
    }
    close(tun);
}

static void tun_select(const struct select_call *c)
{
    struct sets b, got;
    int tun = open_tun();
    gather_bits(&b);
    want(&b, tun, "r");
    for (EACH_ROUND)
        same(select_for(c, &b, &got, -1), 1);
    name_interface(tun);
    for (EACH_ROUND)
        same(select_for(c, &b, &got, 0), 0);
    send_through("fact0");
    for (EACH_ROUND) {
        same(select_for(c, &b, &got, -1), 1);
        same(told(&got, tun), 4);
    }
    close(tun);
}

static void tun_all(void)
{
    each_poll(tun_poll);
    each_select(tun_select);
}

static void W2_tun_is_waited_for_from_before_its_interface(void **state)
{
    (void)state;
    in_child(tun_all);
}

/*
 * Changes made through the descriptor itself. SO_OOBINLINE makes a queued
 * urgent byte readable without waking anyone; the others do wake, or need
 * not, and must be seen by the next call all the same.
 */
static void urgent_byte(int fd[2])
{
    tcp_pair(fd);
    same(send(fd[1], "!", 1, MSG_OOB), 1);
    struct pollfd p = {.fd = fd[0], .events = POLLPRI};
    same(raw_ppoll(&p, 1, &(struct timespec){5, 0}), 1);
}

static void read_urgent_inline(int fd)
{
    same(setsockopt(fd, SOL_SOCKET, SO_OOBINLINE, &(int){1}, sizeof(int)), 0);
}

static void byte_below_the_mark(int fd[2])
{
    tcp_pair(fd);
    same(setsockopt(fd[0], SOL_SOCKET, SO_RCVLOWAT, &(int){9}, sizeof(int)), 0);
    send_byte(fd[1]);
}

static void lower_the_mark(int fd)
{
    same(setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &(int){1}, sizeof(int)), 0);
}

static void full_pipe(int fd[2])
{
    static const char block[4096];
    open_pipe(fd);
    int reader = fd[0];
    fd[0] = fd[1];
    fd[1] = reader;
    same(fcntl(fd[0], F_SETFL, O_NONBLOCK), 0);
    same(fcntl(fd[0], F_SETPIPE_SZ, 4096), 4096);
    same(write(fd[0], block, sizeof(block)), sizeof(block));
}

static void widen_the_pipe(int fd)
{
    holds(fcntl(fd, F_SETPIPE_SZ, 65536) >= 65536);
}

static void unbound_socket(int fd[2])
{
    fd[0] = socket(AF_INET, SOCK_STREAM, 0);
    fd[1] = dup(0);
}

static void listen_there(int fd)
{
    same(listen(fd, 1), 0);
}

static void readable_stream(int fd[2])
{
    stream_pair(fd);
    send_byte(fd[1]);
}

static void shut_writing(int fd)
{
    same(shutdown(fd, SHUT_WR), 0);
}

static const struct {
    const char *name;
    void (*make)(int fd[2]);
    void (*change)(int fd);
    short before, after;
} changes[] = {
    {"SO_OOBINLINE", urgent_byte, read_urgent_inline, POLLOUT | POLLPRI,
     POLLIN | POLLOUT | POLLPRI},
    {"SO_RCVLOWAT", byte_below_the_mark, lower_the_mark, POLLOUT,
     POLLIN | POLLOUT},
    {"F_SETPIPE_SZ", full_pipe, widen_the_pipe, 0, POLLOUT},
    {"listen", unbound_socket, listen_there, POLLOUT | POLLHUP, 0},
    {"shutdown", readable_stream, shut_writing, POLLIN | POLLOUT,
     POLLIN | POLLOUT},
};

static void changed_state(const struct poll_call *c)
{
    struct pollfd set[1 + CROWD];
    nfds_t n = gather(set, 1);
    for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
        int fd[2];
        fact_call = changes[i].name;
        changes[i].make(fd);
        set[0].fd = fd[0];
        set[0].events = POLLIN | POLLOUT | POLLPRI;
        for (EACH_ROUND) {
            poll_for(c, set, n, 0);
            same(set[0].revents, changes[i].before);
        }
        changes[i].change(fd[0]);
        for (EACH_ROUND) {
            poll_for(c, set, n, 0);
            same(set[0].revents, changes[i].after);
        }
        close_pair(fd);
    }
}

/* The same where the caller asks for what is to come only, and waits. */
static void changed_state_waits(const struct select_call *c)
{
    struct sets b, got;
    for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
        int fd[2];
        fact_call = changes[i].name;
        changes[i].make(fd);
        short event =
            changes[i].after & ~changes[i].before & POLLIN ? POLLIN : POLLOUT;
        gather_bits(&b);
        want(&b, fd[0], event == POLLIN ? "r" : "w");
        settle_bits(c, &b, &got);
        changes[i].change(fd[0]);
        int ready = (changes[i].after & event) != 0;
        for (EACH_ROUND)
            same(select_for(c, &b, &got, 0), ready);
        close_pair(fd);
    }
}

static void W3_changes_without_a_wake_up_are_seen(void **state)
{
    (void)state;
    each_poll(changed_state);
    each_select(changed_state_waits);
}

/*
 * A signalfd answers for the process that asks. The child raises a signal of
 * its own: it sees it, through the set it inherited; the parent does not.
 */
static struct pollfd signal_set[1 + CROWD];
static nfds_t signal_n;
static struct sets signal_bits;

static void raise_and_look(void)
{
    struct sets got;
    sigset_t usr1;
    sigemptyset(&usr1);
    sigaddset(&usr1, SIGUSR1);
    sigprocmask(SIG_BLOCK, &usr1, NULL);
    same(poll(signal_set, signal_n, 0), 0);
    raise(SIGUSR1);
    for (EACH_ROUND) {
        same(poll(signal_set, signal_n, -1), 1);
        same(signal_set[0].revents, POLLIN);
        same(select_for(&select_calls[0], &signal_bits, &got, -1), 1);
        same(told(&got, signal_set[0].fd), 4);
    }
}

static void W4_signalfd_answers_for_the_process_that_asks(void **state)
{
    (void)state;
    struct sets got;
    sigset_t usr1;
    sigemptyset(&usr1);
    sigaddset(&usr1, SIGUSR1);
    sigprocmask(SIG_BLOCK, &usr1, NULL);
    signal_n = gather(signal_set, 1);
    signal_set[0].fd = signalfd(-1, &usr1, 0);
    signal_set[0].events = POLLIN;
    gather_bits(&signal_bits);
    want(&signal_bits, signal_set[0].fd, "r");
    settle(&poll_calls[0], signal_set, signal_n);
    settle_bits(&select_calls[0], &signal_bits, &got);
    in_child(raise_and_look);
    for (EACH_ROUND)
        same(poll(signal_set, signal_n, 0), 0);
    raise(SIGUSR1);
    for (EACH_ROUND) {
        same(poll(signal_set, signal_n, -1), 1);
        same(select_for(&select_calls[0], &signal_bits, &got, -1), 1);
    }
    struct signalfd_siginfo info;
    same(read(signal_set[0].fd, &info, sizeof(info)), sizeof(info));
    for (EACH_ROUND)
        same(poll(signal_set, signal_n, 0), 0);
    close(signal_set[0].fd);
}

static const struct suite_test tests[] = {
    TEST(W1_a_change_is_told_once),
    TEST(W1_a_change_wakes_the_sleeper),
    TEST(W2_tun_is_waited_for_from_before_its_interface),
    TEST(W3_changes_without_a_wake_up_are_seen),
    TEST(W4_signalfd_answers_for_the_process_that_asks),
};

SUITE(tests)
