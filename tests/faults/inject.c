/* SPDX-License-Identifier: MIT */
/*
 * The injector: a library preloaded behind libepollshim, so that it starts
 * first. It has the kernel stop every system call whose instruction stands in
 * libepollshim's own text (a seccomp filter knows where a call comes from),
 * counts it, and answers in the kernel's stead or lets it pass. So what is
 * tested is the very file that is installed, from its first call on.
 *
 * The filter is installed by the instruction itself: the library shall not
 * take it for a sandbox.
 */
#include "inject.h"

#include "../harness/raw.h"

#include <errno.h>
#include <link.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <ucontext.h>

struct fault_plan *inject_plan;

static uint64_t mix(uint64_t x)
{
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

static bool is_wait(long number)
{
    return number >= FAULT_POLL && number <= FAULT_PSELECT;
}

/* Sleeps that are interrupted for ever end for nobody, natively either. */
static bool may_last(int row, uint32_t choice)
{
    return fault_row_at(row)->errors[choice] != EINTR;
}

/*
 * EINTR says that nothing is ready, and of select() that every number is open:
 * the kernel never answers it otherwise.
 */
static bool may_be(int row, int choice, const long args[6])
{
    const struct fault_row *fault = fault_row_at(row);

    return choice < 0 || !is_wait(fault->number) || args[0] == 0 ||
           fault->errors[choice] != EINTR;
}

/* Which of its errors this call shall answer, or -1. */
static int choose(const struct fault_plan *plan, uint32_t call, int row)
{
    uint32_t count = (uint32_t)fault_count_errors(row);
    uint64_t luck = mix(plan->seed ^ call);
    bool is_due = call == plan->at;

    if (!count)
        return -1;
    if (plan->mode == FAULT_RANDOM)
        return luck % plan->one_in ? -1 : (int)((luck >> 32) % count);
    if (plan->choice >= count || plan->mode == FAULT_NONE ||
        plan->mode == FAULT_LIE)
        return -1;
    if (plan->mode == FAULT_LASTING && may_last(row, plan->choice))
        is_due = call >= plan->at;
    return is_due ? (int)plan->choice : -1;
}

static void note(struct fault_plan *plan, int row, int error)
{
    int none = -1;

    atomic_fetch_add(&plan->injected, 1);
    if (atomic_compare_exchange_strong(&plan->row, &none, row))
        atomic_store(&plan->error, error);
    if (error == EINTR && is_wait(fault_row_at(row)->number))
        atomic_fetch_add(&plan->interruptions, 1);
}

int inject_error(long number, const long args[6], bool *done)
{
    struct fault_plan *plan = inject_plan;
    int row = fault_row_of(number, args);
    uint32_t call;
    int choice, first;

    if (!plan || !atomic_load(&plan->armed))
        return 0;
    if (row < 0) { /* a call that the table has to learn */
        dprintf(2, "inject: system call %ld is not in errors.c\n", number);
        _exit(99);
    }
    call = atomic_fetch_add(&plan->calls, 1) + 1;
    if (plan->mode == FAULT_NONE && call < FAULT_SEQUENCE)
        plan->sequence[call] = (signed char)row;
    first = atomic_load(&plan->row);
    if (plan->mode == FAULT_LASTING && first >= 0 && first != row)
        return 0;
    choice = choose(plan, call, row);
    if (!may_be(row, choice, args))
        choice = -1;
    if (plan->trace)
        dprintf(2, "%u: %s %ld %ld %ld: %s\n", call, fault_row_at(row)->name,
                args[0], args[1], args[2],
                choice < 0 ? "passed on"
                           : strerror(fault_row_at(row)->errors[choice]));
    if (choice < 0)
        return 0;
    *done = fault_row_at(row)->done;
    note(plan, row, fault_row_at(row)->errors[choice]);
    return fault_row_at(row)->errors[choice];
}

/* --- the trap ------------------------------------------------------------ */

#ifdef FAULT_TRAPS

#if defined(__x86_64__)
#define REGISTER(context, name) ((context)->uc_mcontext.gregs[REG_##name])
#define RESULT(context) REGISTER(context, RAX)
#define ARGUMENTS(context)                                                     \
    {                                                                          \
        REGISTER(context, RDI), REGISTER(context, RSI),                        \
            REGISTER(context, RDX), REGISTER(context, R10),                    \
            REGISTER(context, R8), REGISTER(context, R9)                       \
    }
#elif defined(__aarch64__)
#define REGISTER(context, n) ((context)->uc_mcontext.regs[n])
#define RESULT(context) REGISTER(context, 0)
#define ARGUMENTS(context)                                                     \
    {                                                                          \
        REGISTER(context, 0), REGISTER(context, 1), REGISTER(context, 2),      \
            REGISTER(context, 3), REGISTER(context, 4), REGISTER(context, 5)   \
    }
#endif

/* Not a fault, but wrong: what shows that a wrong answer is found out. */
static bool lies(long number)
{
    return inject_plan && inject_plan->mode == FAULT_LIE &&
           (number == SYS_epoll_pwait
#ifdef SYS_epoll_wait
            || number == SYS_epoll_wait
#endif
           );
}

/*
 * The mask is the one that the handler returns to. SIGSYS stays out of it:
 * where it is held back, the trap ends the program.
 */
static long change_mask(ucontext_t *context, const long args[6])
{
    const uint64_t *from = (const uint64_t *)args[1];
    uint64_t *to = (uint64_t *)args[2], mask;

    memcpy(&mask, &context->uc_sigmask, sizeof(mask));
    if (to)
        *to = mask;
    if (from)
        mask = *from & ~(UINT64_C(1) << (SIGSYS - 1));
    memcpy(&context->uc_sigmask, &mask, sizeof(mask));
    return 0;
}

static void answer(int signal, siginfo_t *info, void *data)
{
    ucontext_t *context = data;
    long a[6] = ARGUMENTS(context);
    bool done = true;
    int error = inject_error(info->si_syscall, a, &done);
    long ret = -error;

    (void)signal;
    if (lies(info->si_syscall))
        ret = 0;
    else if (done && info->si_syscall == SYS_rt_sigprocmask)
        ret = change_mask(context, a);
    else if (done)
        ret =
            raw_syscall6(info->si_syscall, a[0], a[1], a[2], a[3], a[4], a[5]);
    RESULT(context) = error ? -error : ret;
}

struct range {
    uintptr_t start, end;
};

/* The library's executable segment. */
static int find_text(struct dl_phdr_info *info, size_t size, void *data)
{
    struct range *text = data;

    (void)size;
    if (!strstr(info->dlpi_name, "libepollshim.so"))
        return 0;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        if (segment->p_type != PT_LOAD || !(segment->p_flags & PF_X))
            continue;
        text->start = info->dlpi_addr + segment->p_vaddr;
        text->end = text->start + segment->p_memsz;
    }
    return 1;
}

#define IP offsetof(struct seccomp_data, instruction_pointer)
#define LOAD(at) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (unsigned)(at))
#define IF(test, value, yes, no)                                               \
    BPF_JUMP(BPF_JMP | (test) | BPF_K, (uint32_t)(value), yes, no)
#define RETURN(what) BPF_STMT(BPF_RET | BPF_K, what)

/* Text lies within one range of 4 GiB: it is a few pages long. */
static long install(struct range text)
{
    struct sock_filter code[] = {
        LOAD(IP + 4),
        IF(BPF_JEQ, text.start >> 32, 0, 4),
        LOAD(IP),
        IF(BPF_JGE, text.start, 0, 2),
        IF(BPF_JGT, text.end, 1, 0),
        RETURN(SECCOMP_RET_TRAP),
        RETURN(SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof(code) / sizeof(*code), code};

    raw_syscall6(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0, 0);
    return raw_syscall6(SYS_prctl, PR_SET_SECCOMP, SECCOMP_MODE_FILTER,
                        (long)&program, 0, 0, 0);
}

__attribute__((constructor)) static void start(void)
{
    struct sigaction action = {.sa_sigaction = answer,
                               .sa_flags = SA_SIGINFO | SA_NODEFER};
    struct range text = {0, 0};

    inject_plan = fault_plan_open();
    if (!inject_plan)
        return;
    dl_iterate_phdr(find_text, &text);
    if (!text.start || sigaction(SIGSYS, &action, NULL) < 0 ||
        install(text) < 0) {
        dprintf(2, "inject: no seccomp filter could be installed: %m\n");
        _exit(98);
    }
}

#endif
