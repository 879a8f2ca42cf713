/* SPDX-License-Identifier: MIT */
/*
 * What calls cost, natively and from an epoll set: the library's own cost
 * model, of many calls at once. An estimate: the model's figures were
 * measured on another machine.
 */
#ifndef CMD_COSTS_H
#define CMD_COSTS_H

#include <stdint.h>

/* Calls, and sums over all of them. */
struct cmd_work {
    double calls;
    double slept; /* calls that had to wait */
    double asked; /* descriptors */
    double told;  /* ... that were ready */
    double added; /* epoll_ctl calls; native calls need none */
    double changed;
    double removed;
    double look_ns; /* a native look at one descriptor; 0: not known */
};

/* In ns. */
double cmd_costs_native(const struct cmd_work *work);
double cmd_costs_epoll(const struct cmd_work *work);

#endif
