/* SPDX-License-Identifier: MIT */
/*
 * Memos and sites. A thread has its own memos; sites lie in the file, are
 * taken by compare-and-swap and shared by the threads of a process. A handler
 * that interrupts a thread in here finds the memos in use, and its call is
 * only counted as lost.
 */
#include "memo.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define MEMOS 4
#define FIRST_CALLS 32 /* of each four, two are tried, then two timed */
/* Later one in so many: odd, for places that take turns; and never in step. */
#define TIMED_CALLS 17
#define TRIED_CALLS 19

struct thread {
    bool busy;
    bool keyed; /* memory is given back at the thread's end */
    uint32_t uses;
    uint32_t begun; /* calls */
    struct ept_memo memos[MEMOS];
};

static _Thread_local struct thread mine;
static struct ept_file *file;
static pid_t pid;
static pthread_key_t end_key;

static void end_thread(void *unused)
{
    (void)unused;
    mine.busy = true;
    for (int i = 0; i < MEMOS; i++)
        if (mine.memos[i].last)
            munmap(mine.memos[i].last, mine.memos[i].room);
}

/* The child has sites of its own; what it remembers is of its parent's. */
static void begin_child(void)
{
    pid = getpid();
    mine.busy = false;
    for (int i = 0; i < MEMOS; i++)
        mine.memos[i].site = NULL;
}

static struct ept_file *map_file(const char *path)
{
    int fd = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
    struct ept_file *found;
    struct stat info;

    if (fd < 0)
        return NULL;
    found = fstat(fd, &info) == 0 && info.st_size == sizeof(*found)
                ? mmap(NULL, sizeof(*found), PROT_READ | PROT_WRITE, MAP_SHARED,
                       fd, 0)
                : MAP_FAILED;
    close(fd);
    return found != MAP_FAILED && found->size == sizeof(*found) ? found : NULL;
}

__attribute__((constructor)) static void start(void)
{
    const char *path = getenv(EPT_VARIABLE);
    int saved = errno;

    pid = getpid();
    if (path && pthread_key_create(&end_key, end_thread) == 0) {
        pthread_atfork(NULL, NULL, begin_child);
        file = map_file(path);
    }
    errno = saved;
}

/* Once a site, so what dladdr() takes is no matter. */
static void describe(struct ept_site *site, enum ept_call call,
                     uint64_t address)
{
    void *before = (void *)(uintptr_t)(address - 1); /* the call itself */
    Dl_info info;

    site->pid = pid;
    site->call = call;
    site->address = address;
    strncpy(site->program, program_invocation_short_name,
            sizeof(site->program) - 1);
    if (!dladdr(before, &info))
        return;
    strncpy(site->module, info.dli_fname, sizeof(site->module) - 1);
    site->offset = address - 1 - (uintptr_t)info.dli_fbase;
    if (!info.dli_sname)
        return;
    strncpy(site->symbol, info.dli_sname, sizeof(site->symbol) - 1);
    site->within = address - 1 - (uintptr_t)info.dli_saddr;
}

static bool is_of(const struct ept_site *site, enum ept_call call,
                  uint64_t address)
{
    return atomic_load(&site->state) == EPT_READY && site->pid == pid &&
           site->call == call && site->address == address;
}

/* Two threads at once may take two; the report adds them up. */
static struct ept_site *find_site(enum ept_call call, uint64_t address)
{
    for (int i = 0; i < EPT_SITES; i++) {
        struct ept_site *site = &file->sites[i];
        uint32_t unused = EPT_FREE;
        if (is_of(site, call, address))
            return site;
        if (atomic_load(&site->state) != EPT_FREE ||
            !atomic_compare_exchange_strong(&site->state, &unused, EPT_TAKEN))
            continue;
        describe(site, call, address);
        atomic_store(&site->state, EPT_READY);
        atomic_fetch_add(&file->used, 1);
        return site;
    }
    return NULL;
}

static struct ept_memo *find_memo(enum ept_call call, uint64_t address)
{
    struct ept_memo *oldest = &mine.memos[0];

    for (int i = 0; i < MEMOS; i++) {
        struct ept_memo *memo = &mine.memos[i];
        if (memo->site && memo->call == call && memo->address == address)
            return memo;
        if (memo->used < oldest->used)
            oldest = memo;
    }
    void *last = oldest->last;
    size_t room = oldest->room;
    memset(oldest, 0, sizeof(*oldest));
    oldest->last = last;
    oldest->room = room;
    oldest->call = call;
    oldest->address = address;
    oldest->site = find_site(call, address);
    return oldest;
}

static struct ept_memo *lose(void)
{
    if (file)
        atomic_fetch_add_explicit(&file->lost, 1, memory_order_relaxed);
    return NULL;
}

struct ept_memo *ept_memo_enter(enum ept_call call, uint64_t address)
{
    struct ept_memo *memo;

    if (!file || mine.busy)
        return lose();
    mine.busy = true;
    atomic_signal_fence(memory_order_seq_cst);
    if (!mine.keyed) {
        mine.keyed = true;
        pthread_setspecific(end_key, &mine);
    }
    memo = find_memo(call, address);
    memo->used = ++mine.uses;
    if (memo->site)
        return memo;
    ept_memo_leave();
    return lose();
}

void ept_memo_leave(void)
{
    atomic_signal_fence(memory_order_seq_cst);
    mine.busy = false;
}

int64_t ept_memo_sleep_ns(void)
{
    return (int64_t)file->sleep_ns;
}

struct ept_turn ept_memo_turn(void)
{
    uint32_t number = mine.begun++;
    struct ept_turn turn = {0};

    if (!file)
        return turn;
    if (number < FIRST_CALLS && number % 4 < 2)
        turn.tried = 2;
    else if (number < FIRST_CALLS)
        turn.timed = 2;
    else if (number % TIMED_CALLS == 0)
        turn.timed = TIMED_CALLS;
    else if (number % TRIED_CALLS == 0)
        turn.tried = TRIED_CALLS;
    return turn;
}

bool ept_memo_hold(struct ept_memo *memo, size_t bytes)
{
    size_t room = memo->room ? memo->room : 4096;
    void *more;

    if (bytes <= memo->room)
        return true;
    while (room < bytes)
        room *= 2;
    more = memo->last ? mremap(memo->last, memo->room, room, MREMAP_MAYMOVE)
                      : mmap(NULL, room, PROT_READ | PROT_WRITE,
                             MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (more == MAP_FAILED)
        return false;
    memo->last = more;
    memo->room = room;
    return true;
}
