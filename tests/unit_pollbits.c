/* SPDX-License-Identifier: MIT */
/*
 * pollbits.h, with SPARC's and MIPS's numbers for poll's bits in place of this
 * processor's: what such a machine would ask of epoll, and be told by it.
 */
#include "unit.h"

#include <poll.h>
#include <sys/epoll.h>

#undef POLLWRNORM
#undef POLLWRBAND
#undef POLLMSG
#undef POLLRDHUP
#define POLLWRNORM POLLOUT
#define POLLWRBAND 0x100
#define POLLMSG 0x200
#define POLLRDHUP 0x800

#include "pollbits.h"

static void what_differs_is_translated(void **state)
{
    (void)state;
    assert_int_equal(EPS_BITS_SAME, 0);
    assert_int_equal(eps_bits_to_epoll(POLLIN | POLLPRI), EPOLLIN | EPOLLPRI);
    assert_int_equal(eps_bits_to_epoll(POLLOUT), EPOLLOUT | EPOLLWRNORM);
    assert_int_equal(eps_bits_to_epoll(POLLWRBAND), EPOLLWRBAND);
    assert_int_equal(eps_bits_to_epoll(POLLRDHUP), EPOLLRDHUP);
    assert_int_equal(eps_bits_to_poll(EPOLLWRNORM), POLLOUT);
    assert_int_equal(eps_bits_to_poll(EPOLLWRBAND | EPOLLHUP),
                     POLLWRBAND | POLLHUP);
    assert_int_equal(eps_bits_to_poll(EPOLLRDHUP), POLLRDHUP);
}

static void all_bits_come_back(void **state)
{
    (void)state;
    for (unsigned bits = 0; bits <= EPS_BITS_POLL; bits++) {
        unsigned events = bits & EPS_BITS_POLL;
        assert_int_equal(eps_bits_to_poll(eps_bits_to_epoll(events)), events);
    }
}

static void flags_of_epolls_own_pass(void **state)
{
    (void)state;
    assert_true(eps_bits_to_epoll(EPOLLONESHOT | POLLWRBAND) ==
                (EPOLLONESHOT | EPOLLWRBAND));
    assert_true(eps_bits_to_epoll((unsigned)EPOLLET) == (unsigned)EPOLLET);
}

UNIT_MAIN(cmocka_unit_test(what_differs_is_translated),
          cmocka_unit_test(all_bits_come_back),
          cmocka_unit_test(flags_of_epolls_own_pass))
