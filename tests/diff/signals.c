/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "signals.h"

#include <errno.h>
#include <stddef.h>
#include <time.h>
#include <ucontext.h>

#include "../harness/clock.h"
#include "../harness/raw.h"

static __thread volatile sig_atomic_t count;
static __thread volatile sig_atomic_t interrupted;
static __thread volatile double when;

/*
 * A system call that a signal interrupts has its result in the register
 * before the handler's frame is built. That tells a signal that ended a wait
 * from one that came an instruction too early, which no clock can.
 */
static bool found_eintr(const ucontext_t *context)
{
#if defined(__x86_64__)
    const unsigned char *next =
        (const unsigned char *)context->uc_mcontext.gregs[REG_RIP];
    return context->uc_mcontext.gregs[REG_RAX] == -EINTR && next[-2] == 0x0f &&
           next[-1] == 0x05;
#elif defined(__i386__)
    const unsigned char *next =
        (const unsigned char *)context->uc_mcontext.gregs[REG_EIP];
    return context->uc_mcontext.gregs[REG_EAX] == -EINTR && next[-2] == 0xcd &&
           next[-1] == 0x80;
#else
    (void)context;
    return false;
#endif
}

static void handler(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    (void)info;
    when = clock_ms();
    interrupted = found_eintr(context);
    count++;
}

int signals_for_signalfd(void)
{
    return SIGRTMIN + 2;
}

static void own_signals(sigset_t *set)
{
    sigaddset(set, SIGUSR1);
    sigaddset(set, SIGURG);
    sigaddset(set, signals_for_signalfd());
}

void signals_begin(void)
{
    struct sigaction action = {.sa_sigaction = handler,
                               .sa_flags = SA_SIGINFO | SA_RESTART};
    sigset_t set;
    sigaction(SIGUSR1, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&set);
    own_signals(&set);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
}

/* By the system call: libc's idea of our thread is stale in a raw clone. */
void signals_raise(int signal)
{
    raw_syscall3(SYS_tgkill, raw_syscall3(SYS_getpid, 0, 0, 0),
                 raw_syscall3(SYS_gettid, 0, 0, 0), signal);
}

int signals_count(void)
{
    return count;
}

bool signals_interrupted(void)
{
    return interrupted;
}

double signals_when(void)
{
    return when;
}

bool signals_take(int signal)
{
    const struct timespec zero = {0};
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, signal);
    return sigtimedwait(&set, NULL, &zero) == signal;
}

const sigset_t *signals_mask(int number)
{
    static __thread sigset_t mask;
    if (number == 0)
        return NULL;
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    if (number == 2)
        sigfillset(&mask);
    if (number == 1) {
        sigdelset(&mask, SIGUSR1);
        sigdelset(&mask, SIGURG);
    }
    return &mask;
}

void signals_open(bool open)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    pthread_sigmask(open ? SIG_UNBLOCK : SIG_BLOCK, &set, NULL);
}
