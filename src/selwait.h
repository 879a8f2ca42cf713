/* SPDX-License-Identifier: MIT */
/*
 * select()'s native side: looks at residual numbers, and waits on them and
 * the epoll descriptor. Counts of bits, or -errno.
 */
#ifndef EPS_SELWAIT_H
#define EPS_SELWAIT_H

#include "selcall.h"

/* Whether libc's select() writes back what is left of the time: not musl's. */
#ifdef __GLIBC__
#define EPS_SELECT_TELLS_TIME 1
#else
#define EPS_SELECT_TELLS_TIME 0
#endif

/* The call ends: what is left of its time, if it has not waited. */
void eps_selwait_take_one(const struct eps_selcall *call);

/* 1 if the number is open now, 0 if not; -errno: it can't be found out. */
int eps_selwait_is_open(int fd);

/* A look at the residuals alone, without waiting; bits told, or -errno. */
int eps_selwait_look(struct eps_selcall *call, struct eps_set *set,
                     struct eps_thread *self);

/*
 * Nothing is ready in the epoll set: waits on it and the residuals for what
 * is left of the time, or only lets its mask have its say. What it found of
 * the residuals is told and added to *told. Bits ready, -errno, or
 * EPS_TURN_AGAIN.
 */
int eps_selwait_sleep(struct eps_selcall *call, struct eps_set *set,
                      struct eps_thread *self, int *told);

#endif
