/* SPDX-License-Identifier: MIT */
/*
 * The process our state belongs to. Owns the token page and the flags that
 * rule the whole process; all are atomics or immutable after start-up.
 *
 * Kernel notes:
 * (a) MADV_WIPEONFORK (Linux 4.14) tells fork, _Fork and clone apart from
 *     the parent, but not vfork: that child runs in our very memory.
 * (b) A vfork child has its parent's thread-local storage too. The hooks on
 *     vfork and clone say when one may be about; getpid then decides.
 * (c) Without a token, libc's fork still tells (pthread_atfork); the child
 *     of a raw clone then sees a foreign pid, and stays native.
 * (d) clone(CLONE_FILES) without CLONE_VM gives a child with memory of its
 *     own in its parent's descriptor table: it must close nothing there.
 * (e) kcmp tells that; but kernels are built without it, and containers deny
 *     it. What a process has open, its children can read in /proc.
 * (f) A vfork child of a copy is no child of the process that was copied.
 */
#include "prototypes.h"

#include "process.h"

#include "epoll.h"
#include "fdtable.h"
#include "fdwatch.h"
#include "memory.h"
#include "page.h"
#include "procstat.h"
#include "setlife.h"
#include "signals.h"
#include "sys.h"
#include "thread.h"

#include <fcntl.h>
#include <linux/kcmp.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/resource.h>

struct eps_process eps_process;
_Thread_local bool eps_vfork_pending;

static pid_t ask_pid(void)
{
    return (pid_t)EPS_SYS0(SYS_getpid);
}

static void make_token(void)
{
    size_t bytes = sizeof(*eps_process.token); /* the kernel makes it a page */
    void *page = eps_memory_map(bytes);

    if (page && !eps_memory_wiped_by_fork(page, bytes)) {
        eps_memory_unmap(page, bytes);
        page = NULL;
    }
    eps_process.token = page;
    if (page)
        atomic_store(eps_process.token, 1);
}

void eps_process_read_limit(void)
{
    struct {
        uint64_t soft, hard;
    } limit; /* as the kernel has it, whatever libc's offsets */

    /* Where it can't be known, it is native that knows. */
    if (EPS_SYS4(SYS_prlimit64, 0, RLIMIT_NOFILE, NULL, &limit) < 0)
        limit.soft = 0;
    atomic_store(&eps_process.open_limit, limit.soft);
}

static uint32_t random_base(void)
{
    const void *bytes = (const void *)getauxval(AT_RANDOM);
    uint32_t base = 0x65707300;

    if (bytes)
        memcpy(&base, (const char *)bytes + 8, sizeof(base));
    return base;
}

void eps_process_start(void)
{
    eps_process.pid = eps_process.loader = ask_pid();
    eps_process.tag_base = random_base();
    make_token();
    eps_process_read_limit();
    /* STICKY_TIMEOUTS changes what select writes back, and is inherited. */
    if (EPS_SYS1(SYS_personality, 0xffffffff) & STICKY_TIMEOUTS)
        atomic_store(&eps_process.sticky, true);
}

/* Note (e). Is a pipe that is opened here open there? */
static bool shares_a_pipe(pid_t child, pid_t parent)
{
    uint64_t signals = eps_signals_hold();
    bool shares = false;
    int ends[2] = {-1, -1};

    if (EPS_SYS2(SYS_pipe2, ends, O_CLOEXEC) == 0) {
        shares = eps_procstat_have_pipe(child, parent, ends[0]);
        EPS_SYS1(SYS_close, ends[0]);
        EPS_SYS1(SYS_close, ends[1]);
    }
    eps_signals_let_go(signals);
    return shares;
}

/*
 * Note (d). The parent's pid is the one we remember. What can't be found out
 * is taken for a table of its own, as any fork makes it.
 */
static bool is_guest(pid_t child)
{
    long compared =
        EPS_SYS5(SYS_kcmp, child, eps_process.pid, KCMP_FILES, 0, 0);

    return compared < 0 ? shares_a_pipe(child, eps_process.pid) : !compared;
}

/* The one list of what a forked child starts anew, in order. */
void eps_process_become_new(void)
{
    if (eps_process_is_sandboxed()) { /* all is native, and stays so */
        if (eps_process.token)
            atomic_store(eps_process.token, 1);
        return;
    }
    pid_t child = ask_pid();

    if (child != eps_process.pid) /* or a handler has been here before us */
        atomic_store(&eps_process.guest, is_guest(child));
    eps_set_reset_all();
    eps_epoll_reset();
    eps_fdwatch_reset();
    eps_fdtable_reset();
    eps_thread_reset_all();
    eps_vfork_pending = false;
    eps_process.pid = child;
    eps_page_reset();
    atomic_store(&eps_process.shared, false);
    if (eps_process.token)
        atomic_store(eps_process.token, 1);
}

/*
 * Without a hook on vfork its child may be here first, and would begin anew in
 * its parent's place: note (f). Who else is no child of ours stays native.
 */
static bool may_be_in_a_childs_memory(void)
{
#ifdef EPS_HAVE_VFORK_HOOK
    return false;
#else
    return !eps_process_is_sandboxed() &&
           EPS_SYS0(SYS_getppid) != eps_process.pid;
#endif
}

bool eps_process_find_out(void)
{
    if (eps_process_is_copy()) {
        if (may_be_in_a_childs_memory())
            return false;
        eps_process_become_new();
        return true;
    }
    if (ask_pid() != eps_process.pid)
        return false;
    eps_vfork_pending = false; /* our child has gone on to its own memory */
    return true;
}
