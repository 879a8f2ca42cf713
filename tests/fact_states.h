/* SPDX-License-Identifier: MIT */
/* Descriptors of every kind that is polled, in the states that it can have. */
#ifndef FACT_STATES_H
#define FACT_STATES_H

#include "fact_common.h"

struct state {
    const char *name;
    void (*make)(int fd[4]); /* what is polled into fd[0], helpers behind */
};

extern const struct state states[];
extern const size_t state_count;

/* Opens a state; the numbers not used are -1. */
void make_state(const struct state *state, int fd[4]);
void end_state(const struct state *state, const int fd[4]);

#define STATE(make)                                                            \
    {                                                                          \
#make, make                                                            \
    }

/* Those in which nothing but HUP or ERR has come, where asked for by name. */
void pipe_hup(int fd[4]);
void pipe_broken(int fd[4]);
void stream_hup(int fd[4]);
void stream_shut(int fd[4]);
void tcp_both_shut(int fd[4]);
void udp_refused(int fd[4]);

#endif
