/* SPDX-License-Identifier: MIT */
/*
 * System calls that a file makes without libc, guessed from its instructions:
 * a number put into the call's register, and the call soon after it. Pure.
 */
#ifndef CMD_RAWCALLS_H
#define CMD_RAWCALLS_H

#include "elf.h"

struct cmd_rawcalls {
    unsigned waits; /* poll, select and their kin: no preload sees them */
    unsigned epoll;
};

/* Zeros for machines whose instructions are not known here. */
struct cmd_rawcalls cmd_rawcalls_in(const struct cmd_elf *elf);

#endif
