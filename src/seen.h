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

#include "bitmaps.h"
#include "thread.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

/* How often what some thread may have seen was taken away. */
extern _Atomic uint32_t eps_seen_changes;

/*
 * The program has taken memory away, or the right to write it. From any thread
 * and any handler. Of most memory nothing was seen: then nothing is forgotten.
 */
void eps_seen_taken(const void *start, size_t bytes);

/* Nothing was taken away since this thread looked. */
static inline bool eps_seen_is_true(const struct eps_thread *self)
{
    return self->seen_changes ==
           atomic_load_explicit(&eps_seen_changes, memory_order_relaxed);
}

/* All of it: there is another thread in the block, or memory was taken away. */
void eps_seen_forget(struct eps_thread *self);

/* Before a call goes by any of it. */
void eps_seen_refresh(struct eps_thread *self);

/* True if every byte was seen to be writable before. */
bool eps_seen_before(const struct eps_thread *self, const void *start,
                     size_t bytes);

/* The same, or asked about now. */
bool eps_seen_writable(struct eps_thread *self, const void *start,
                       size_t bytes);

/*
 * After a sleep: true if any memory was taken away in it. Then all that was
 * seen is forgotten.
 */
bool eps_seen_has_changed(struct eps_thread *self);

/* True if it is certain that some of these bytes can't be written now. */
bool eps_seen_is_gone(struct eps_thread *self, const void *start, size_t bytes);

/*
 * Bitmaps that a native select() could read and write: the proof that costs
 * nothing, and no system call but the native one (a sandbox may kill for any
 * other). To ask for them comes before that call, to note them after it.
 */
bool eps_seen_bitmaps(const struct eps_thread *self,
                      const struct eps_bitmaps *sets, int nfds);
void eps_seen_note_bitmaps(struct eps_thread *self,
                           const struct eps_bitmaps *sets, int nfds);

#endif
