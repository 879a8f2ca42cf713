/* SPDX-License-Identifier: MIT */
/*
 * What a thread has seen of the program's memory: arrays and bitmaps that can
 * be read and written. To read a bad pointer here would be a crash where native
 * says EFAULT; to ask the kernel each time would cost as much as the call.
 *
 * All of it is forgotten when the program takes memory or rights away by a
 * function that the library sees (entry_memory.c).
 */
#ifndef EPS_SEEN_H
#define EPS_SEEN_H

#include "memory.h"
#include "selview.h"
#include "thread.h"

#include <stdbool.h>

/* Nothing was taken away since this thread looked. */
static inline bool eps_seen_is_true(const struct eps_thread *self)
{
    return self->memory_changes ==
           atomic_load_explicit(&eps_memory_changes, memory_order_relaxed);
}

/* Before a call goes by any of it. */
void eps_seen_refresh(struct eps_thread *self);

/* True if every byte can be written: seen before, or asked about now. */
bool eps_seen_writable(struct eps_thread *self, const void *start,
                       size_t bytes);

/*
 * Bitmaps that a native select() could read and write: the proof that costs
 * nothing, and no system call but the native one (a sandbox may kill for any
 * other).
 */
bool eps_seen_bitmaps(const struct eps_thread *self,
                      const struct eps_bitmaps *sets, int nfds);
void eps_seen_note_bitmaps(struct eps_thread *self,
                           const struct eps_bitmaps *sets, int nfds);

#endif
