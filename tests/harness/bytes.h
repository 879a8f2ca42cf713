/* SPDX-License-Identifier: MIT */
/* A byte sent or taken, which has to succeed; facts have their own. */
#ifndef HARNESS_BYTES_H
#define HARNESS_BYTES_H

#include "suite.h"

#include <unistd.h>

static inline void send_byte(int fd)
{
    assert_int_equal(write(fd, "x", 1), 1);
}

static inline void take_byte(int fd)
{
    char byte;
    assert_int_equal(read(fd, &byte, 1), 1);
}

#endif
