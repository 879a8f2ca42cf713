/* SPDX-License-Identifier: MIT */
/*
 * The process: is this still the one our state belongs to, and may we use
 * epoll in it at all?
 */
#ifndef EPS_PROCESS_H
#define EPS_PROCESS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* vfork returns twice; its hook is a few instructions (entry_vfork.c). */
#if defined(__x86_64__) && !defined(__ILP32__)
#define EPS_HAVE_VFORK_HOOK 1
#endif

struct eps_process {
    /* Start-up only. */
    uint32_t tag_base; /* random: what our epoll data starts from */
    pid_t loader;      /* the process that loaded the library */

    /* Set by start-up, and by the child of a fork for itself. */
    pid_t pid;
    /*
     * In a page that reads 0 in any child that copied the address space,
     * however it was made (MADV_WIPEONFORK); NULL where the kernel lacks
     * that, and then the pid is asked for instead.
     */
    _Atomic uint32_t *token;

    _Atomic bool ready;  /* start-up is done */
    uint32_t small;      /* calls on fewer descriptors are passed on at once */
    int small_reason;    /* ... for that enum eps_counter's reason */
    _Atomic bool active; /* some set was made; never becomes false again */
    _Atomic int sandboxes; /* seccomp filters asked for: all calls native */
    _Atomic bool sticky;   /* a personality we don't model: likewise */
    _Atomic bool guest;    /* in another process's descriptor table: likewise */
    _Atomic bool barred; /* tables, threads or stacks unfit for us: likewise */
    _Atomic bool shared;   /* a process may run in our memory (CLONE_VM) */
    _Atomic bool haunted;  /* an item has outlived the close of its number */
    _Atomic uint64_t open_limit; /* soft RLIMIT_NOFILE; poll's EINVAL */
};

extern struct eps_process eps_process;

/* Called once, from start-up. */
void eps_process_start(void);

/* False in a child that has a copy of our memory, until it was reset. */
static inline bool eps_process_is_copy(void)
{
    return eps_process.token &&
           !atomic_load_explicit(eps_process.token, memory_order_relaxed);
}

/* Set around vfork: a child may be running in this thread's memory. */
extern _Thread_local bool eps_vfork_pending;

static inline bool eps_process_may_share_memory(void)
{
#ifndef EPS_HAVE_VFORK_HOOK
    return true; /* a vfork child could not be told otherwise */
#endif
    return !eps_process.token || eps_vfork_pending ||
           atomic_load_explicit(&eps_process.shared, memory_order_relaxed);
}

bool eps_process_find_out(void);

/*
 * True if our state is this process's own. A forked child's copy is reset
 * first. False in a child that shares our memory (vfork): it must leave
 * everything as it is. Costs a load or two, a getpid only in doubt.
 */
static inline bool eps_process_is_ours(void)
{
    return (!eps_process_is_copy() && !eps_process_may_share_memory()) ||
           eps_process_find_out();
}

/* The child of a fork starts anew; its parent's sets are left alone. */
void eps_process_become_new(void);

/* A seccomp filter may kill for any system call but the program's own. */
static inline bool eps_process_is_sandboxed(void)
{
    return atomic_load_explicit(&eps_process.sandboxes, memory_order_relaxed) >
           0;
}

/* True if epoll may be used now. */
static inline bool eps_process_may_answer(void)
{
    return atomic_load_explicit(&eps_process.ready, memory_order_relaxed) &&
           !eps_process_is_sandboxed() &&
           !atomic_load_explicit(&eps_process.sticky, memory_order_relaxed) &&
           !atomic_load_explicit(&eps_process.guest, memory_order_relaxed) &&
           !atomic_load_explicit(&eps_process.barred, memory_order_relaxed);
}

/* Reads the soft limit anew; after anything that may have changed it. */
void eps_process_read_limit(void);

#endif
