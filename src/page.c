/* SPDX-License-Identifier: MIT */
/*
 * The live statistics page. Owns the file and our mapping of it, which once
 * made stays where it is: another thread may be writing to it. Any thread
 * and any handler may come here; whoever moves `due` on writes the page.
 *
 * Counters are not kept in the page: whoever can write to the file could
 * then end the program by cutting it short. They are copied, at most ten
 * times a second, when a thread goes to sleep or has made some calls.
 *
 * Kernel notes:
 * (a) A store to a page beyond the file's end is SIGBUS.
 *     process_vm_writev() to ourselves stores as well, and answers EFAULT.
 * (b) A handler may leave by siglongjmp and never come back: none may run
 *     while a descriptor of ours is open.
 */
#include "page.h"

#include "counters.h"
#include "deadline.h"
#include "options.h"
#include "page_format.h"
#include "pagedir.h"
#include "pagefile.h"
#include "process.h"
#include "procstat.h"
#include "signals.h"
#include "site.h"
#include "sys.h"

#include <fcntl.h>
#include <string.h>
#include <sys/uio.h>

#define PERIOD (100 * EPS_MS) /* between two updates */
#define MOST_CALLS 64         /* ... and between two looks at the clock */
#define NEVER INT64_MAX

enum state {
    OFF,    /* no page is wanted, or none is to be had */
    WANTED, /* to be made at the next beat */
    BUSY,   /* being made */
    LIVE
};

_Atomic int64_t eps_page_due = NEVER;

static _Atomic enum state state;
static _Atomic uint64_t serial;
static struct eps_page *_Atomic mapped;
static uint64_t start;
static int64_t began;
static char directory[PATH_MAX];
static struct eps_line name; /* of the file, ended by 0 */

/* Some place's directory, its path noted; or -errno. */
static int open_directory(bool make)
{
    unsigned uid = (unsigned)EPS_SYS0(SYS_geteuid);
    int dir = -ENOENT;

    for (int place = 0; place < EPS_PAGEDIRS && dir < 0; place++)
        if (eps_pagedir_path(place, eps_options.runtime_dir, uid, directory))
            dir = eps_pagedir_open(directory, uid, make);
    return dir;
}

void eps_page_start(void)
{
    int dir = -1;

    if (eps_options.live == EPS_LIVE_OFF)
        return;
    if (eps_options.live == EPS_LIVE_AUTO && (dir = open_directory(false)) < 0)
        return;
    if (dir >= 0)
        EPS_SYS1(SYS_close, dir);
    atomic_store(&state, WANTED);
    atomic_store(&eps_page_due, 0);
}

void eps_page_reset(void)
{
    if (atomic_load(&state) == OFF)
        return;
    atomic_store(&mapped, NULL); /* it is not in the child, see pagefile.c */
    atomic_store(&state, WANTED);
    atomic_store(&eps_page_due, 0);
}

static void refuse(void)
{
    atomic_store(&eps_page_due, NEVER);
    atomic_store(&state, OFF);
}

/* PID.START.NAMESPACE; false if /proc does not tell. */
static bool make_name(void)
{
    uint64_t namespace = eps_procstat_namespace();

    start = eps_procstat_start(eps_process.pid);
    if (!start || !namespace)
        return false;
    name.length = 0;
    eps_line_number(&name, eps_process.pid);
    eps_line_text(&name, ".");
    eps_line_number(&name, (int64_t)start);
    eps_line_text(&name, ".");
    eps_line_number(&name, (int64_t) namespace);
    name.text[name.length] = '\0';
    return true;
}

static struct eps_page *make_in_directory(bool asked)
{
    int dir = open_directory(asked);
    struct eps_page *page;

    if (dir < 0)
        return NULL;
    eps_pagedir_sweep(dir);
    page = eps_pagefile_make(dir, name.text, atomic_load(&mapped));
    EPS_SYS1(SYS_close, dir);
    return page;
}

/*
 * A filter that was there before us may kill; who asks for a page knows. The
 * directory may be removed just before the page is made in it: once more.
 */
static bool make(void)
{
    bool asked = eps_options.live == EPS_LIVE_ON;
    struct eps_page *page;

    if ((!asked && eps_procstat_is_filtered()) || !make_name())
        return false;
    page = make_in_directory(asked);
    if (!page && asked)
        page = make_in_directory(asked);
    if (page)
        atomic_store(&mapped, page);
    return page != NULL;
}

static bool make_undisturbed(void)
{
    uint64_t signals = eps_signals_hold();
    bool made = make();

    eps_signals_let_go(signals);
    return made;
}

/* True if there is a page to write to. */
static bool is_there(int64_t now)
{
    enum state wanted = WANTED;

    if (atomic_load(&state) == LIVE)
        return true;
    if (!atomic_compare_exchange_strong(&state, &wanted, BUSY))
        return false;
    if (!make_undisturbed()) {
        refuse();
        return false;
    }
    began = now;
    atomic_store(&state, LIVE);
    return true;
}

/* What the thread has now; others may not look into its sets. */
static void gauge(struct eps_thread *self)
{
    uint64_t now[EPS_GAUGES] = {0};

    for (int i = 0; i < EPS_THREAD_SITES; i++) {
        const struct eps_site *site = &self->sites[i];
        const struct eps_set *set = eps_site_set(site);
        struct eps_policy_call look = {.count = site->count};
        if (!set)
            continue;
        now[EPS_G_sets]++;
        now[EPS_G_watched] += set->registry.registered;
        now[EPS_G_entries] += site->count;
        now[EPS_G_look_ns] +=
            (uint64_t)eps_policy_native_cost(&site->policy, &look);
    }
    for (int i = 0; i < EPS_GAUGES; i++)
        atomic_store_explicit(&self->gauges[i], now[i], memory_order_relaxed);
}

/* Note (a): a page that has lost its memory is written no more. */
static void publish(int64_t now)
{
    uint64_t number = atomic_fetch_add(&serial, 1) + 1;
    struct eps_page_head head = {
        .magic = EPS_PAGE_MAGIC,
        .version = EPS_PAGE_VERSION,
        .counters = EPS_COUNTERS,
        .serial = number,
        .pid = eps_process.pid,
        .start = start,
        .began = began,
        .updated = now,
        .serial_again = number,
    };
    uint64_t gauges[EPS_GAUGES];
    struct iovec from = {&head, sizeof(head)};
    struct iovec to = {atomic_load(&mapped), sizeof(head)};

    eps_gauge_totals(gauges);
    head.sets = gauges[EPS_G_sets];
    head.watched = gauges[EPS_G_watched];
    head.entries = gauges[EPS_G_entries];
    head.look_ns = gauges[EPS_G_look_ns];
    eps_count_totals(head.values);
    if (EPS_SYS6(SYS_process_vm_writev, eps_process.pid, &from, 1, &to, 1, 0) !=
        sizeof(head))
        refuse();
}

/*
 * Unless a page was asked for by name, a program that nothing was answered
 * for makes no system call but its own: there may be a filter that we have
 * not seen.
 */
static bool may_be_made(void)
{
    return atomic_load(&state) != OFF && !eps_process_is_sandboxed() &&
           (eps_options.live == EPS_LIVE_ON ||
            atomic_load(&eps_process.active));
}

void eps_page_write(struct eps_thread *self, int64_t now)
{
    int64_t due = atomic_load(&eps_page_due);

    if (now < due || due == NEVER || !may_be_made() || !eps_process_is_ours() ||
        atomic_load(&eps_process.guest) ||
        !atomic_compare_exchange_strong(&eps_page_due, &due, now + PERIOD))
        return;
    gauge(self);
    if (is_there(now))
        publish(now);
}

/* Few calls a period: the next one looks at the clock. Many: a later one. */
void eps_page_beat(struct eps_thread *self)
{
    int64_t now;

    if (!may_be_made()) {
        self->beat = MOST_CALLS;
        return;
    }
    now = eps_clock_ns();
    if (now - self->beaten >= PERIOD)
        self->beats = 1;
    else if (self->beats < MOST_CALLS)
        self->beats *= 2;
    self->beaten = now;
    self->beat = self->beats;
    gauge(self);
    eps_page_before_sleep(self, now);
}

/* An exec may fail: then the next beat makes another page. */
void eps_page_leave(bool final)
{
    enum state was = atomic_load(&state);
    int dir;

    if (was != LIVE ||
        !atomic_compare_exchange_strong(&state, &was, final ? OFF : BUSY))
        return;
    uint64_t signals = eps_signals_hold();
    dir = eps_pagedir_open(directory, (unsigned)EPS_SYS0(SYS_geteuid), false);
    if (dir >= 0) {
        EPS_SYS3(SYS_unlinkat, dir, name.text, 0);
        EPS_SYS1(SYS_close, dir);
        /* Who has made it, removes it; unless another's page is in it. */
        if (eps_options.live == EPS_LIVE_ON)
            EPS_SYS3(SYS_unlinkat, AT_FDCWD, directory, AT_REMOVEDIR);
    }
    eps_signals_let_go(signals);
    if (!final)
        atomic_store(&state, WANTED);
}
