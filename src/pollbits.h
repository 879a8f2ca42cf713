/* SPDX-License-Identifier: MIT */
/*
 * poll's bits and epoll's. They are the same on most processors; MIPS and
 * SPARC number some of poll's otherwise (POLLWRNORM is POLLOUT there, and
 * POLLWRBAND what epoll takes for WRNORM). One table, checked when compiled.
 */
#ifndef EPS_POLLBITS_H
#define EPS_POLLBITS_H

#include <poll.h>
#include <sys/epoll.h>

#define EPS_POLL_BITS(row)                                                     \
    row(IN) row(PRI) row(OUT) row(ERR) row(HUP) row(RDHUP) row(RDNORM)         \
        row(RDBAND) row(WRNORM) row(WRBAND) row(MSG)

#define EPS_IS_SAME(name) POLL##name == EPOLL##name &&
#define EPS_IN_POLL(name) | POLL##name
#define EPS_IN_EPOLL(name) | EPOLL##name
#define EPS_TO_EPOLL(name) | (events & POLL##name ? EPOLL##name : 0u)
#define EPS_TO_POLL(name) | (events & EPOLL##name ? POLL##name : 0u)

enum {
    EPS_BITS_SAME = EPS_POLL_BITS(EPS_IS_SAME) 1,
    EPS_BITS_POLL = 0 EPS_POLL_BITS(EPS_IN_POLL),
    EPS_BITS_EPOLL = 0 EPS_POLL_BITS(EPS_IN_EPOLL)
};

/* epoll's own flags, such as EPOLLONESHOT, are beyond both. */
_Static_assert((EPS_BITS_POLL | EPS_BITS_EPOLL) <= 0xffff &&
                   EPOLLONESHOT > 0xffff && EPOLLET > 0xffff,
               "an event of poll's is none of epoll's flags");
#define EPS_ONE_BIT(name)                                                      \
    _Static_assert((POLL##name & (POLL##name - 1)) == 0 &&                     \
                       (EPOLL##name & (EPOLL##name - 1)) == 0,                 \
                   "POLL" #name " is one bit");
EPS_POLL_BITS(EPS_ONE_BIT)

static inline unsigned eps_bits_to_epoll(unsigned events)
{
    return EPS_BITS_SAME ? events
                         : (events & ~(unsigned)EPS_BITS_POLL)
                               EPS_POLL_BITS(EPS_TO_EPOLL);
}

static inline unsigned eps_bits_to_poll(unsigned events)
{
    return EPS_BITS_SAME ? events
                         : (events & ~(unsigned)EPS_BITS_EPOLL)
                               EPS_POLL_BITS(EPS_TO_POLL);
}

#endif
