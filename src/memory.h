/* SPDX-License-Identifier: MIT */
/*
 * Memory straight from the kernel. malloc() is the host's: it may be
 * replaced, and it must not be entered from a signal handler.
 */
#ifndef EPS_MEMORY_H
#define EPS_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where a mapping of ours fills no hole of the program's; 0: anywhere. */
uintptr_t eps_memory_place(size_t bytes);

/* Zeroed pages, or NULL. Untouched pages cost address space only. */
void *eps_memory_map(size_t bytes);

/*
 * Gives pages back that eps_memory_map() handed out. NULL is allowed. Whoever
 * calls it clears the pointer to them first. If another thread forks in
 * between, its child gives up what it finds, too: and would unmap what has come
 * to be there meanwhile.
 */
void eps_memory_unmap(void *start, size_t bytes);

/* The pages read as zero again, and cost nothing until touched. */
void eps_memory_wipe(void *start, size_t bytes);

/*
 * From now on the pages read as zero in any child that gets a copy of them;
 * false if the kernel does not do that. For start-up, which finds out by it
 * whether advice on memory is heard at all.
 */
bool eps_memory_wiped_by_fork(void *start, size_t bytes);

/*
 * True if every byte of the range can be written, without writing any: what
 * native answers by EFAULT would be a crash in here. False when in doubt.
 */
bool eps_memory_writable(const void *start, size_t bytes);

#endif
