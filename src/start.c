/* SPDX-License-Identifier: MIT */
/*
 * Start-up and the end. Before start-up every hook passes through; after
 * it, the configuration is immutable.
 *
 * Start-up order, each needing what stands above it:
 *   next      the functions next in line
 *   log       what is stderr?
 *   options   the environment (a complaint needs no more than that)
 *   chosen    a program that is not meant stays as if before start-up
 *   process   pid, token, limits
 *   fdwatch   the table of numbers
 *   thread    the key whose destructor frees a thread's block
 *   page      is a live page wanted?
 *   ready     hooks begin to do their work
 */
#include "next.h"

#include "chosen.h"
#include "fdwatch.h"
#include "log.h"
#include "options.h"
#include "page.h"
#include "process.h"
#include "stats.h"
#include "thread.h"
#include "verify.h"

#include <errno.h>
#include <pthread.h>
#include <sys/auxv.h>

/* Without a token it is only told here; with one, a call may have been first.
 */
static void child_of_fork(void)
{
    if (!eps_process.token || eps_process_is_copy())
        eps_process_become_new();
}

static void decide_what_is_small(void)
{
    eps_process.small_reason = EPS_C_native_small;
    if (eps_options.policy == EPS_POLICY_AUTO)
        eps_process.small = eps_options.min_fds;
    if (eps_options.policy == EPS_POLICY_NEVER) {
        eps_process.small = UINT32_MAX;
        eps_process.small_reason = EPS_C_native_policy;
    }
}

__attribute__((constructor)) static void start(void)
{
    int saved = errno;

    eps_next_find();
    eps_log_start();
    eps_options_read(environ, getauxval(AT_SECURE) != 0);
    if (!eps_chosen()) {
        errno = saved;
        return;
    }
    eps_process_start();
    if (eps_fdwatch_start()) {
        eps_thread_start();
        pthread_atfork(NULL, NULL, child_of_fork);
        decide_what_is_small();
        eps_page_start();
        atomic_store(&eps_process.ready, true);
    } else {
        eps_log(EPS_LOG_WARN, "no address space: all calls go native");
    }
    errno = saved;
}

void eps_leave(bool final)
{
    if (!atomic_load(&eps_process.ready) || eps_process_is_sandboxed() ||
        !eps_process_is_ours())
        return;
    if (eps_options.verify && final)
        eps_verify_conclude();
    eps_stats_write(final);
    eps_page_leave(final);
}

__attribute__((destructor)) static void end(void)
{
    eps_leave(true);
}
