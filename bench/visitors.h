/* SPDX-License-Identifier: MIT */
/*
 * Connections that stand in a listener's queue, so that a loop can close one
 * of its own and accept another at no more cost than a server has.
 */
#ifndef BENCH_VISITORS_H
#define BENCH_VISITORS_H

#include "stage.h"

struct visitors;

/* `stay`: how many that were accepted are open at the same time. */
struct visitors *visitors_open(enum kind kind, unsigned stay);

int visitors_listener(const struct visitors *visitors);

/* Lets `count` more come, and sees off those whose other end has been
 * closed: each one is closed when `stay` others were accepted after it. */
void visitors_invite(struct visitors *visitors, unsigned count);

/* This many, at most, between two times that they are accepted. */
#define VISITORS_AT_MOST 400

#endif
