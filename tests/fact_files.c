/* SPDX-License-Identifier: MIT */
/*
 * Facts W1, W2 and W6: files which forget a change as soon as anyone has looked
 * (/proc/self/mounts), have nothing to wait on at first (tun), or work only
 * while somebody looks (AF_XDP). What native poll() tells of them it finds by
 * looking at the file in this very call.
 */
#include "fact_common.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>

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

/*
 * A number that is not open fails select() before any file is looked at, and
 * an O_PATH one is told beside what is: neither may cost anybody its change. A
 * look by poll() at all of them, and another for the answer, once did.
 */
static void told_beside_odd_numbers(const struct select_call *c,
                                    const struct sets *b, int fd)
{
    int odd = open("/", O_PATH), closed = fcntl(odd, F_DUPFD, 200);
    struct sets with = *b, got;
    close(closed);
    want(&with, closed, "r");
    same(select_for(c, &with, &got, 0), -1);
    same(errno, EBADF);
    with = *b;
    want(&with, odd, "r");
    same(select_for(c, &with, &got, 0), 2);
    same(told(&got, fd), 1);
    same(select_for(c, &with, &got, 0), 1);
    same(told(&got, fd), 0);
    same(select_for(c, b, &got, 0), 0);
    close(odd);
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
            tell_once[i].change();
            told_beside_odd_numbers(c, &b, fd);
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

/*
 * The size of the descriptor table was found by looking at the numbers at which
 * it grows, be they open: a change to what stood on one of them was taken away
 * by that, and told to nobody.
 */
static const int borders[] = {256, 512};

static void change_at_borders(void)
{
    enter_own_namespaces();
    for (size_t i = 0; i < ARRAY_SIZE(borders); i++) {
        int fd = open("/proc/sys/kernel/hostname", O_RDONLY);
        same(dup2(fd, borders[i]), borders[i]);
        close(fd);
    }
    change_hostname();
}

static void told_at_borders_poll(void)
{
    struct pollfd set[ARRAY_SIZE(borders) + CROWD];
    nfds_t n = gather(set, ARRAY_SIZE(borders));
    for (size_t i = 0; i < ARRAY_SIZE(borders); i++)
        set[i] = (struct pollfd){.fd = borders[i], .events = POLLPRI};
    change_at_borders();
    same(poll(set, n, 0), 2);
    same(poll(set, n, 0), 0);
}

static void told_at_borders_select(void)
{
    struct sets b, got;
    gather_bits(&b);
    for (size_t i = 0; i < ARRAY_SIZE(borders); i++)
        want(&b, borders[i], "x");
    change_at_borders();
    same(select_for(&select_calls[0], &b, &got, 0), 2);
    same(select_for(&select_calls[0], &b, &got, 0), 0);
}

static void W1_a_change_is_told_where_the_table_grows(void **state)
{
    (void)state;
    in_child(told_at_borders_poll);
    in_child(told_at_borders_select);
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

#if __has_include(<linux/if_xdp.h>)
#include <linux/if_xdp.h>
#endif
#ifdef XDP_USE_NEED_WAKEUP
enum {
    FRAMES = 64,
    FRAME = 2048
};

/* The ring of what is to be sent: frames are put in here, and taken there. */
static struct {
    int fd;
    _Atomic uint32_t *put, *taken;
    struct xdp_desc *frames;
} xdp;

static char *map_shared(int fd, size_t bytes, off_t at)
{
    char *memory =
        mmap(NULL, bytes, PROT_READ | PROT_WRITE,
             fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED, fd, at);
    holds(memory != MAP_FAILED);
    return memory;
}

static void option_xdp(int name, const void *value, size_t bytes)
{
    same(setsockopt(xdp.fd, SOL_XDP, name, value, (socklen_t)bytes), 0);
}

/* Needs no card: the loopback of a network of its own takes such frames. */
static void open_xdp(void)
{
    struct ifreq up = {.ifr_name = "lo", .ifr_flags = IFF_UP};
    int udp, frames = FRAMES;
    if (unshare(CLONE_NEWNET) || (xdp.fd = socket(AF_XDP, SOCK_RAW, 0)) < 0)
        cannot("needs AF_XDP and a network of its own (root)");
    udp = socket(AF_INET, SOCK_DGRAM, 0);
    same(ioctl(udp, SIOCSIFFLAGS, &up), 0);
    close(udp);
    struct xdp_umem_reg memory = {.len = FRAMES * FRAME, .chunk_size = FRAME};
    memory.addr = (uintptr_t)map_shared(-1, FRAMES * FRAME, 0);
    option_xdp(XDP_UMEM_REG, &memory, sizeof(memory));
    option_xdp(XDP_UMEM_FILL_RING, &frames, sizeof(frames));
    option_xdp(XDP_UMEM_COMPLETION_RING, &frames, sizeof(frames));
    option_xdp(XDP_TX_RING, &frames, sizeof(frames));
    struct xdp_mmap_offsets at;
    socklen_t length = sizeof(at);
    same(getsockopt(xdp.fd, SOL_XDP, XDP_MMAP_OFFSETS, &at, &length), 0);
    char *ring = map_shared(xdp.fd, at.tx.desc + FRAMES * sizeof(*xdp.frames),
                            XDP_PGOFF_TX_RING);
    xdp.put = (void *)(ring + at.tx.producer);
    xdp.taken = (void *)(ring + at.tx.consumer);
    xdp.frames = (void *)(ring + at.tx.desc);
    struct sockaddr_xdp to = {.sxdp_family = AF_XDP,
                              .sxdp_flags = XDP_COPY | XDP_USE_NEED_WAKEUP,
                              .sxdp_ifindex = if_nametoindex("lo")};
    same(bind(xdp.fd, (struct sockaddr *)&to, sizeof(to)), 0);
}

static void put_frame(void)
{
    uint32_t put = *xdp.put;
    xdp.frames[put % FRAMES] =
        (struct xdp_desc){.addr = put % FRAMES * FRAME, .len = 100};
    *xdp.put = put + 1;
}

static void xdp_poll(const struct poll_call *c)
{
    struct pollfd set[1 + CROWD];
    nfds_t n = gather(set, 1);
    set[0] = (struct pollfd){.fd = xdp.fd, .events = POLLIN};
    settle(c, set, n);
    for (EACH_ROUND) {
        put_frame();
        poll_for(c, set, n, 0);
        same(*xdp.taken, *xdp.put);
    }
}

static void xdp_select(const struct select_call *c)
{
    struct sets b, got;
    gather_bits(&b);
    want(&b, xdp.fd, "r");
    settle_bits(c, &b, &got);
    for (EACH_ROUND) {
        put_frame();
        select_for(c, &b, &got, 0);
        same(*xdp.taken, *xdp.put);
    }
}

static void xdp_all(void)
{
    open_xdp();
    each_poll(xdp_poll);
    each_select(xdp_select);
    close(xdp.fd);
}
#else
static void xdp_all(void)
{
    cannot("was built without AF_XDP");
}
#endif

static void W6_a_look_sends_what_is_in_a_ring(void **state)
{
    (void)state;
    in_child(xdp_all);
}

static const struct suite_test tests[] = {
    TEST(W1_a_change_is_told_once),
    TEST(W1_a_change_is_told_where_the_table_grows),
    TEST(W1_a_change_wakes_the_sleeper),
    TEST(W2_tun_is_waited_for_from_before_its_interface),
    TEST(W6_a_look_sends_what_is_in_a_ring),
};

SUITE(tests)
