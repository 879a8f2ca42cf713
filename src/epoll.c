/* SPDX-License-Identifier: MIT */
/*
 * The kernel's epoll. Owns the bell; otherwise a thin skin over the system
 * calls. Any thread, any handler.
 *
 * Kernel notes:
 * (a) A forked child shares the instance: its EPOLL_CTL_DEL would empty its
 *     parent's set. So nothing is changed in a copy (F4).
 * (b) A spent EPOLLONESHOT item is quiet until the next EPOLL_CTL_MOD.
 * (c) F_SETSIG is kept with the file, and means nothing without O_ASYNC. So
 *     our own can be told from another file that was put on its number.
 *     qemu-user has no signal beyond 62 (and no set came to be there).
 * (d) A filter of another thread may reach this one in the midst of a call
 *     (SECCOMP_FILTER_FLAG_TSYNC), which has thousands of items to change.
 * (e) fork copies the descriptors first, and memory after that: what another
 *     thread has closed between the two is open in the child, whose memory
 *     doesn't say so. So the numbers that ours stood on last are kept.
 */
#include "epoll.h"

#include "fdtable.h"
#include "fdwatch.h"
#include "pollbits.h"
#include "process.h"
#include "signals.h"
#include "sys.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#define BELL_NUMBER 0xffffffffu
#define MARK 62 /* a signal; note (c) */
#define TRACES 32

const size_t eps_epoll_event_size = sizeof(struct epoll_event);

_Atomic int eps_epoll_bell = -1;

static _Atomic int traces[TRACES];
static _Atomic unsigned trace_count;

/* Generation from a random base: a foreign epoll's data looks different. */
static uint64_t tag_of(struct eps_item item)
{
    return (uint64_t)(item.generation + eps_process.tag_base) << 32 |
           item.number;
}

static int control(int epfd, int op, int fd, struct eps_item item)
{
    struct epoll_event event = {.events = eps_bits_to_epoll(item.events),
                                .data.u64 = tag_of(item)};

    if (eps_process_is_copy())
        return -ECHILD;
    if (eps_process_is_sandboxed()) /* note (d) */
        return -ENOMEM;
    return (int)EPS_SYS4(SYS_epoll_ctl, epfd, op, fd, &event);
}

bool eps_epoll_is_own(int fd)
{
    return fd >= 0 && EPS_SYS2(SYS_fcntl, fd, F_GETSIG) == MARK;
}

/* Note (e): ours stands there, or is about to stand there no more. */
static void leave_trace(int fd)
{
    unsigned next = atomic_fetch_add(&trace_count, 1);

    atomic_store(&traces[next % TRACES], fd);
}

void eps_epoll_close(int epfd)
{
    if (epfd < 0 || !eps_fdwatch_is_internal(epfd))
        return;
    leave_trace(epfd);
    eps_fdwatch_give_back(epfd);
    EPS_SYS1(SYS_close, epfd);
}

/*
 * True of an epoll in which nothing is ready, as in one that was just made.
 * What the program may have put there is hardly one. Where it can't be asked,
 * it is taken for one.
 */
static bool is_empty(int fd)
{
    struct epoll_event none;
    int found = eps_epoll_wait(fd, &none, 1);

    return found <= 0 && found != -EINVAL;
}

/* The same of the bell. */
static bool is_silent(int fd)
{
    long flags = EPS_SYS2(SYS_fcntl, fd, F_GETFL);

    return flags < 0 ||
           (flags & (O_ACCMODE | O_NONBLOCK)) == (O_RDWR | O_NONBLOCK);
}

bool eps_epoll_may_be_own(int fd)
{
    return eps_epoll_is_own(fd) || is_empty(fd) || is_silent(fd);
}

/* Note (e). */
static void close_traces(void)
{
    unsigned count = atomic_exchange(&trace_count, 0);

    for (unsigned i = 0; i < count && i < TRACES; i++) {
        int fd = atomic_load(&traces[i]);
        if (eps_epoll_is_own(fd) ||
            (eps_fdwatch_is_internal(fd) && is_empty(fd))) /* not marked yet */
            EPS_SYS1(SYS_close, fd);
    }
}

void eps_epoll_reset(void)
{
    int bell = atomic_exchange(&eps_epoll_bell, -1);

    if (atomic_load(&eps_process.guest)) /* it may close nothing there */
        return;
    if (eps_epoll_is_own(bell))
        EPS_SYS1(SYS_close, bell);
    close_traces();
}

/* False, too, where it can't be known: of a closed number, for one. */
static bool lacks_mark(int fd)
{
    long signal = EPS_SYS2(SYS_fcntl, fd, F_GETSIG);

    return signal >= 0 && signal != MARK;
}

/*
 * Moves `fd`, which was just opened on the lowest free number, to its place,
 * and marks it as ours; its new number, or -errno.
 *
 * Other threads of the program may put files of their own on either number
 * meanwhile, seen or unseen. So `fd` is closed only if it still has the mark,
 * which is kept with the file and shows at both numbers, and if no hook has
 * seen it change hands. And another thread of ours may get the low number as
 * soon as it is closed: only what this one has reserved is given back.
 */
static int adopt(int fd, int own, bool (*is_ours)(int))
{
    uint32_t generation;
    bool marked, reserved;
    int place;

    if (fd < 0)
        return fd;
    if (!eps_fdwatch_covers(fd)) {
        EPS_SYS1(SYS_close, fd);
        return -EMFILE;
    }
    generation = eps_fdwatch_generation(fd);
    reserved = eps_fdwatch_reserve(fd);
    leave_trace(fd);
    place = eps_fdtable_place(fd, own);
    leave_trace(place);
    marked = place >= 0 && is_ours(place) &&
             EPS_SYS3(SYS_fcntl, place, F_SETSIG, MARK) >= 0;
    if ((marked ? !lacks_mark(fd) : is_ours(fd)) &&
        eps_fdwatch_is_left_alone(fd, generation))
        EPS_SYS1(SYS_close, fd);
    if (reserved)
        eps_fdwatch_give_back(fd);
    if (place >= 0 && !marked) {
        eps_epoll_close(place);
        return -EBUSY;
    }
    return place;
}

int eps_epoll_create(void)
{
    int own = eps_fdtable_own_size();

    return adopt((int)EPS_SYS1(SYS_epoll_create1, EPOLL_CLOEXEC), own,
                 is_empty);
}

int eps_epoll_copy(int epfd)
{
    int own = eps_fdtable_own_size();

    return adopt((int)EPS_SYS3(SYS_fcntl, epfd, F_DUPFD_CLOEXEC, 0), own,
                 eps_epoll_is_own);
}

int eps_epoll_add(int epfd, struct eps_item item)
{
    return control(epfd, EPOLL_CTL_ADD, (int)item.number, item);
}

int eps_epoll_modify(int epfd, struct eps_item item)
{
    return control(epfd, EPOLL_CTL_MOD, (int)item.number, item);
}

int eps_epoll_delete(int epfd, int fd)
{
    struct eps_item nothing = {(uint32_t)fd, 0, 0};

    return control(epfd, EPOLL_CTL_DEL, fd, nothing);
}

bool eps_epoll_event(const void *events, int index, struct eps_item *item)
{
    struct epoll_event event = ((const struct epoll_event *)events)[index];

    item->number = (uint32_t)event.data.u64;
    item->generation = (uint32_t)(event.data.u64 >> 32) - eps_process.tag_base;
    item->events = eps_bits_to_poll(event.events);
    return item->number != BELL_NUMBER;
}

/* The bell, made when first rung; two threads may try at once. */
static int make_bell(void)
{
    int none = -1, own = eps_fdtable_own_size();
    int fd = adopt((int)EPS_SYS2(SYS_eventfd2, 1, EFD_CLOEXEC | EFD_NONBLOCK),
                   own, is_silent);

    if (fd >= 0 &&
        !atomic_compare_exchange_strong(&eps_epoll_bell, &none, fd)) {
        eps_epoll_close(fd);
        fd = none;
    }
    return fd;
}

static int bell_or_new(void)
{
    int fd = atomic_load(&eps_epoll_bell);

    if (fd < 0) {
        uint64_t signals = eps_signals_hold();
        fd = make_bell();
        eps_signals_let_go(signals);
    }
    return fd;
}

static int arm(int epfd, int fd)
{
    static const unsigned once = EPOLLIN | EPOLLONESHOT;
    struct eps_item item = {BELL_NUMBER, 0, once};
    int ret = control(epfd, EPOLL_CTL_MOD, fd, item); /* note (b) */

    return ret == -ENOENT ? control(epfd, EPOLL_CTL_ADD, fd, item) : ret;
}

bool eps_epoll_ring(int epfd)
{
    for (int attempt = 0; attempt < 2; attempt++) {
        int fd = bell_or_new();
        if (fd < 0)
            return false;
        if (arm(epfd, fd) == 0)
            return true;
        /* It was lost; or else the set has ended, or can't take it. */
        if (!eps_epoll_is_own(fd) &&
            atomic_compare_exchange_strong(&eps_epoll_bell, &fd, -1))
            eps_fdwatch_give_back(fd);
    }
    return false;
}
