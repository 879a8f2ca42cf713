/* SPDX-License-Identifier: MIT */
/*
 * vfork(): its child runs in our memory until it execs, with this thread's
 * own storage. It is noted that one may be about, then libc's vfork is
 * jumped to: it returns twice into our caller's frame, so there must be no
 * frame of ours in between, and it can't be written in C. Where there is no
 * hook, every doubtful moment asks for the pid instead (process.c).
 */
#include "next.h"

#include "process.h"
#include "thread.h"

/* Answers where to jump. */
void *eps_before_vfork(void);

#ifdef EPS_HAVE_VFORK_HOOK

__attribute__((used)) void *eps_before_vfork(void)
{
    /* The child of a fork is reset now: its vfork child would do it for it. */
    if (eps_process_is_copy())
        eps_process_become_new();
    eps_vfork_pending = true;
    return (void *)EPS_NEXT(vfork);
}

#define HOOK(name)                                                             \
    ".globl " name "\n"                                                        \
    ".type " name ", @function\n" name ":\n"                                   \
    ".cfi_startproc\n"                                                         \
    "endbr64\n"                                                                \
    "subq $8, %rsp\n"                                                          \
    ".cfi_adjust_cfa_offset 8\n"                                               \
    "call eps_before_vfork\n"                                                  \
    "addq $8, %rsp\n"                                                          \
    ".cfi_adjust_cfa_offset -8\n"                                              \
    "jmp *%rax\n"                                                              \
    ".cfi_endproc\n"                                                           \
    ".size " name ", . - " name "\n"

__asm__(".text\n" HOOK("vfork") HOOK("__vfork"));

#endif
