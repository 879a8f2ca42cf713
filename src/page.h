/* SPDX-License-Identifier: MIT */
/*
 * The live statistics page of this process: made at its first call, if
 * EPOLLSHIM_LIVE asks for it or the directory of pages is there; brought up
 * to date at a bounded rate; gone when the process goes.
 */
#ifndef EPS_PAGE_H
#define EPS_PAGE_H

#include "thread.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* When the page is to be written next, on the monotonic clock. */
extern _Atomic int64_t eps_page_due;

/* True if the process has a page, or is to have one. */
static inline bool eps_page_is_wanted(void)
{
    return atomic_load_explicit(&eps_page_due, memory_order_relaxed) !=
           INT64_MAX;
}

/* Called once, from start-up. */
void eps_page_start(void);

/* The child of a fork has none until its own first call. */
void eps_page_reset(void);

/* This program image ends; `final`: and nothing comes after it. */
void eps_page_leave(bool final);

/* Makes the page, if it has to be, and writes it, if that is due at `now`. */
void eps_page_write(struct eps_thread *self, int64_t now);

/* A sleep begins at `now`: what was counted so far shall be seen. */
static inline void eps_page_before_sleep(struct eps_thread *self, int64_t now)
{
    if (now >= atomic_load_explicit(&eps_page_due, memory_order_relaxed))
        eps_page_write(self, now);
}

#endif
