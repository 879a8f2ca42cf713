/* SPDX-License-Identifier: MIT */
/*
 * The instruction that enters the kernel, processor by processor. Takes six
 * arguments, answers what the kernel answers: >= 0, or -errno. Where there
 * is none, EPS_HAVE_TRAP is not defined (see sys.h).
 */
#ifndef EPS_TRAP_H
#define EPS_TRAP_H

#ifndef EPS_NO_TRAP /* to try what other processors do */
#define EPS_HAVE_TRAP 1

#if defined(__x86_64__) && !defined(__ILP32__)

static inline long eps_trap(long nr, long a, long b, long c, long d, long e,
                            long f)
{
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    long ret;
    __asm__ volatile("syscall"
                     : "=a"(ret)
                     : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8),
                       "r"(r9)
                     : "rcx", "r11", "memory");
    return ret;
}

#elif defined(__i386__)

/*
 * The kernel's own way in, which libc keeps at gs:16, is three times as quick
 * as int 0x80. The sixth argument goes into the frame pointer, so it travels
 * on the stack.
 */
static inline long eps_trap(long nr, long a, long b, long c, long d, long e,
                            long f)
{
    long ret;
    __asm__ volatile(
        "pushl %7\n\t"
        "pushl %%ebp\n\t"
        "movl 4(%%esp), %%ebp\n\t"
        "call *%%gs:16\n\t"
        "popl %%ebp\n\t"
        "addl $4, %%esp"
        : "=a"(ret)
        : "a"(nr), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e), "g"(f)
        : "memory", "cc");
    return ret;
}

#elif defined(__aarch64__)

static inline long eps_trap(long nr, long a, long b, long c, long d, long e,
                            long f)
{
    register long x8 __asm__("x8") = nr;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    register long x4 __asm__("x4") = e;
    register long x5 __asm__("x5") = f;
    __asm__ volatile("svc 0"
                     : "+r"(x0)
                     : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
                     : "memory", "cc");
    return x0;
}

#elif defined(__arm__) && defined(__ARM_EABI__)

/* In Thumb code r7 is the frame pointer, and can't be asked for. */
static inline long eps_trap(long nr, long a, long b, long c, long d, long e,
                            long f)
{
    register long r0 __asm__("r0") = a;
    register long r1 __asm__("r1") = b;
    register long r2 __asm__("r2") = c;
    register long r3 __asm__("r3") = d;
    register long r4 __asm__("r4") = e;
    register long r5 __asm__("r5") = f;
    long saved;
    __asm__ volatile(
        "mov %1, r7\n\t"
        "mov r7, %2\n\t"
        "svc 0\n\t"
        "mov r7, %1"
        : "+r"(r0), "=&r"(saved)
        : "r"(nr), "r"(r1), "r"(r2), "r"(r3), "r"(r4), "r"(r5)
        : "memory", "cc");
    return r0;
}

#elif defined(__riscv) && __riscv_xlen == 64

static inline long eps_trap(long nr, long a, long b, long c, long d, long e,
                            long f)
{
    register long a7 __asm__("a7") = nr;
    register long a0 __asm__("a0") = a;
    register long a1 __asm__("a1") = b;
    register long a2 __asm__("a2") = c;
    register long a3 __asm__("a3") = d;
    register long a4 __asm__("a4") = e;
    register long a5 __asm__("a5") = f;
    __asm__ volatile("ecall"
                     : "+r"(a0)
                     : "r"(a7), "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a5)
                     : "memory");
    return a0;
}

#elif defined(__powerpc64__)

/* An error is a positive errno, with the summary overflow bit set. */
static inline long eps_trap(long nr, long a, long b, long c, long d, long e,
                            long f)
{
    register long r0 __asm__("r0") = nr;
    register long r3 __asm__("r3") = a;
    register long r4 __asm__("r4") = b;
    register long r5 __asm__("r5") = c;
    register long r6 __asm__("r6") = d;
    register long r7 __asm__("r7") = e;
    register long r8 __asm__("r8") = f;
    __asm__ volatile(
        "sc\n\t"
        "bns+ 1f\n\t"
        "neg %1, %1\n"
        "1:"
        : "+r"(r0), "+r"(r3), "+r"(r4), "+r"(r5), "+r"(r6), "+r"(r7), "+r"(r8)
        :
        : "memory", "cr0", "r9", "r10", "r11", "r12", "ctr", "xer");
    return r3;
}

#elif defined(__s390x__)

static inline long eps_trap(long nr, long a, long b, long c, long d, long e,
                            long f)
{
    register long r1 __asm__("1") = nr;
    register long r2 __asm__("2") = a;
    register long r3 __asm__("3") = b;
    register long r4 __asm__("4") = c;
    register long r5 __asm__("5") = d;
    register long r6 __asm__("6") = e;
    register long r7 __asm__("7") = f;
    __asm__ volatile("svc 0"
                     : "+r"(r2)
                     : "r"(r1), "r"(r3), "r"(r4), "r"(r5), "r"(r6), "r"(r7)
                     : "memory", "cc");
    return r2;
}

#else
#undef EPS_HAVE_TRAP
#endif
#endif

#endif
