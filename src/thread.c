/* SPDX-License-Identifier: MIT */
/*
 * Thread blocks. Owns their pool and the sums of threads that ended. A block
 * is taken by compare-and-swap and never unmapped, so that a report may walk
 * over all of them at any time. No lock.
 *
 * Kernel notes:
 * (a) A handler runs deeper on the stack than the call it interrupts, or on
 *     the alternate signal stack, which sigaltstack() tells. A call found in
 *     progress that is neither was abandoned by siglongjmp. A signal frame
 *     takes more room than SIGNAL_FRAME, so a call no deeper than that below
 *     the other can't be a handler's either. Where stacks are more than that
 *     the process is barred (entry_ground.c), perhaps in the midst of a call.
 */
#include "thread.h"

#include "memory.h"
#include "page.h"
#include "process.h"
#include "seen.h"
#include "site.h"
#include "sys.h"

#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>

#define SIGNAL_FRAME 512
#define FIRST_BLOCKS 128
#define SLAB_BLOCKS 1024
#define SLABS 64

_Atomic uint32_t eps_thread_epoch;
_Thread_local struct eps_thread *eps_thread_mine;

static struct eps_thread first_blocks[FIRST_BLOCKS];

/*
 * For handlers that run between a thread's giving back its block and its end:
 * another block would be lost, with its sets. It is in a call for ever, so
 * that all calls are nested and native.
 */
static struct eps_thread nobody = {.frame = (void *)UINTPTR_MAX};

static struct eps_thread *_Atomic slabs[SLABS];
static _Atomic uint64_t ended[EPS_COUNTERS];
static pthread_key_t exit_key;

static void give_back(void *block)
{
    struct eps_thread *self = block;

    /* Handlers run to the very end; their calls are native from now on. */
    self->frame = __builtin_frame_address(0);
    atomic_signal_fence(memory_order_seq_cst);
    eps_site_close_all(self);
    for (int i = 0; i < EPS_COUNTERS; i++)
        atomic_fetch_add(&ended[i], atomic_exchange(&self->counters[i], 0));
    for (int i = 0; i < EPS_GAUGES; i++)
        atomic_store(&self->gauges[i], 0);
    memset(self->sites, 0, sizeof(self->sites));
    eps_seen_forget(self); /* our stack goes, for one */
    self->rest = 0;
    eps_thread_mine = &nobody;
    atomic_signal_fence(memory_order_seq_cst);
    self->frame = NULL;
    atomic_store(&self->used, 0);
}

/* Not where the block may be another thread's as well. */
void eps_thread_end(void)
{
    if (eps_process_may_answer() && eps_process_is_ours() && eps_thread_mine &&
        eps_thread_mine != &nobody)
        give_back(eps_thread_mine);
}

void eps_thread_start(void)
{
    pthread_key_create(&exit_key, give_back);
}

static struct eps_thread *take_from(struct eps_thread *blocks, int count)
{
    for (int i = 0; i < count; i++) {
        uint32_t unused = 0;
        if (atomic_load_explicit(&blocks[i].used, memory_order_relaxed) == 0 &&
            atomic_compare_exchange_strong(&blocks[i].used, &unused, 1))
            return &blocks[i];
    }
    return NULL;
}

static struct eps_thread *slab(int number)
{
    struct eps_thread *blocks = atomic_load(&slabs[number]);
    struct eps_thread *none = NULL;

    if (blocks)
        return blocks;
    blocks = eps_memory_map(SLAB_BLOCKS * sizeof(*blocks));
    if (blocks &&
        !atomic_compare_exchange_strong(&slabs[number], &none, blocks)) {
        eps_memory_unmap(blocks, SLAB_BLOCKS * sizeof(*blocks));
        blocks = none;
    }
    return blocks;
}

static struct eps_thread *take(void)
{
    struct eps_thread *block = take_from(first_blocks, FIRST_BLOCKS);

    for (int i = 0; !block && i < SLABS; i++) {
        struct eps_thread *blocks = slab(i);
        if (!blocks)
            break;
        block = take_from(blocks, SLAB_BLOCKS);
    }
    return block;
}

/* A handler may have taken a block while we took ours: that one it is. */
struct eps_thread *eps_thread_take(void)
{
    struct eps_thread *block = take(), *none = NULL;

    if (!block)
        return eps_thread_mine;
    block->beat = eps_page_is_wanted();
    if (!__atomic_compare_exchange_n(&eps_thread_mine, &none, block, false,
                                     __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
        atomic_store(&block->used, 0);
        return none;
    }
    /* The value is what makes the key's destructor run. */
    pthread_setspecific(exit_key, block);
    return block;
}

/* The child of a fork has one thread; nothing is running in the others. */
void eps_thread_reset_all(void)
{
    struct eps_thread *all[SLABS + 1] = {first_blocks};

    atomic_fetch_add(&eps_thread_epoch, 1);
    for (int i = 0; i < SLABS; i++)
        all[i + 1] = atomic_load(&slabs[i]);
    for (int i = 0; i < SLABS + 1; i++) {
        int count = i ? SLAB_BLOCKS : FIRST_BLOCKS;
        for (int j = 0; all[i] && j < count; j++)
            if (atomic_load(&all[i][j].used))
                memset(&all[i][j], 0, sizeof(all[i][j]));
    }
    memset(ended, 0, sizeof(ended));
    eps_thread_mine = NULL;
}

static bool on_signal_stack(void)
{
    stack_t stack;

    return EPS_SYS2(SYS_sigaltstack, NULL, &stack) == 0 &&
           (stack.ss_flags & SS_ONSTACK);
}

/* Note (a). What a call left half done is dropped; waiting is harmless. */
static bool was_abandoned(struct eps_thread *self, void *frame)
{
    return (char *)frame + SIGNAL_FRAME >= (char *)self->frame &&
           eps_process_may_answer() && !on_signal_stack();
}

static void clear_abandoned(struct eps_thread *self)
{
    for (int i = 0; i < EPS_THREAD_SITES; i++) {
        struct eps_set *set = eps_site_set(&self->sites[i]);
        if (set)
            eps_epset_wake(set);
    }
    if (!self->waiting)
        eps_site_close_all(self);
}

bool eps_thread_enter(struct eps_thread *self)
{
    void *frame = __builtin_frame_address(0);

    if (self->frame) {
        if (!was_abandoned(self, frame))
            return false;
        self->frame = frame;
        atomic_signal_fence(memory_order_seq_cst);
        clear_abandoned(self);
    }
    self->frame = frame;
    self->waiting = false;
    self->quiet = (struct eps_quiet){.on = false}; /* whatever was left so */
    atomic_signal_fence(memory_order_seq_cst);
    return true;
}

void eps_count_shared(enum eps_counter counter, uint64_t more)
{
    atomic_fetch_add_explicit(&ended[counter], more, memory_order_relaxed);
}

/* Adds up `count` numbers of each block in use, `offset` bytes into it. */
static void add_blocks(struct eps_thread *blocks, int blocks_count,
                       size_t offset, uint64_t totals[], int count)
{
    for (int i = 0; blocks && i < blocks_count; i++) {
        _Atomic uint64_t *numbers = (void *)((char *)&blocks[i] + offset);
        for (int j = 0; atomic_load(&blocks[i].used) && j < count; j++)
            totals[j] +=
                atomic_load_explicit(&numbers[j], memory_order_relaxed);
    }
}

static void add_all(size_t offset, uint64_t totals[], int count)
{
    add_blocks(first_blocks, FIRST_BLOCKS, offset, totals, count);
    for (int s = 0; s < SLABS; s++)
        add_blocks(atomic_load(&slabs[s]), SLAB_BLOCKS, offset, totals, count);
}

void eps_gauge_totals(uint64_t totals[EPS_GAUGES])
{
    memset(totals, 0, EPS_GAUGES * sizeof(*totals));
    add_all(offsetof(struct eps_thread, gauges), totals, EPS_GAUGES);
}

void eps_count_totals(uint64_t totals[EPS_COUNTERS])
{
    for (int i = 0; i < EPS_COUNTERS; i++)
        totals[i] = atomic_load(&ended[i]);
    add_all(offsetof(struct eps_thread, counters), totals, EPS_COUNTERS);
    /* Every call ends in one of these, so the sum need not be counted. */
    totals[EPS_C_calls] = totals[EPS_C_answered];
    for (int i = EPS_C_native_small; i <= EPS_C_native_failed; i++)
        totals[EPS_C_calls] += totals[i];
}
