/* SPDX-License-Identifier: MIT */
/* The file of a trace: made before it, and added up behind it. */
#include "tracefile.h"

#include "library.h"
#include "options.h"
#include "say.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define WORTH 0.02 /* of the program's CPU: less is not worth the while */

static int compare_times(const void *a, const void *b)
{
    uint64_t one = *(const uint64_t *)a, other = *(const uint64_t *)b;

    return one < other ? -1 : one > other;
}

static uint64_t cpu_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* On virtual machines several times what it is on others. */
static uint64_t measure_sleep(void)
{
    enum {
        SLEEPS = 15
    };
    uint64_t took[SLEEPS];

    for (int i = 0; i < SLEEPS; i++) {
        struct timespec pause = {0, 100000};
        uint64_t from = cpu_now();
        nanosleep(&pause, NULL);
        took[i] = cpu_now() - from;
    }
    qsort(took, SLEEPS, sizeof(*took), compare_times);
    return took[SLEEPS / 2];
}

/* Beyond a limit of file sizes the kernel would end the command, unheard. */
static int take_room(int fd, off_t bytes)
{
    void (*before)(int) = signal(SIGXFSZ, SIG_IGN);
    int wrong = posix_fallocate(fd, 0, bytes);

    signal(SIGXFSZ, before);
    return wrong;
}

void cmd_trace_make(struct cmd_trace *trace)
{
    const char *parent = getenv("TMPDIR");
    int fd, wrong;

    trace->path = cmd_format("%s/epollshim-trace.XXXXXX",
                             parent && *parent ? parent : "/tmp");
    fd = mkostemp(trace->path, O_CLOEXEC);
    if (fd < 0)
        cmd_die("%s: %s: set TMPDIR to a directory that may be written",
                trace->path, strerror(errno));
    wrong = take_room(fd, sizeof(*trace->file));
    trace->file = wrong ? MAP_FAILED
                        : mmap(NULL, sizeof(*trace->file),
                               PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (trace->file == MAP_FAILED) {
        unlink(trace->path);
        cmd_die("%s: %s: %s", trace->path, strerror(wrong ? wrong : errno),
                wrong == EFBIG
                    ? "allow files of 2 MB (ulimit -f)"
                    : "set TMPDIR to a directory with 2 MB of room");
    }
    memcpy(trace->file->magic, EPT_MAGIC, sizeof(trace->file->magic));
    trace->file->size = sizeof(*trace->file);
    trace->file->sleep_ns = measure_sleep();
}

static void add(double to[], const _Atomic uint64_t from[], int count)
{
    for (int i = 0; i < count; i++)
        to[i] += (double)atomic_load(&from[i]);
}

static void add_site(struct cmd_site *to, const struct ept_site *from)
{
    add(to->sums, from->sums, EPT_SUMS);
    add(to->seen.sizes, from->sizes, EPT_SIZES);
    add(to->seen.ready, from->ready, EPT_SHARES);
    add(to->seen.changes, from->changes, EPT_SHARES);
    add(to->seen.times, from->times, EPT_TIMES);
}

/* The same place, though another process had the file mapped elsewhere. */
static bool is_same(const struct ept_site *a, const struct ept_site *b)
{
    return a->call == b->call && a->offset == b->offset &&
           strcmp(a->module, b->module) == 0 &&
           strcmp(a->program, b->program) == 0;
}

static struct cmd_site *find(struct cmd_trace *trace, const struct ept_site *is)
{
    for (size_t i = 0; i < trace->count; i++)
        if (is_same(trace->sites[i].is, is))
            return &trace->sites[i];
    trace->sites[trace->count] = (struct cmd_site){.is = is};
    return &trace->sites[trace->count++];
}

/* The program could have written here: strings end, calls are known. */
static bool is_sound(struct ept_site *site)
{
    site->program[sizeof(site->program) - 1] = '\0';
    site->module[sizeof(site->module) - 1] = '\0';
    site->symbol[sizeof(site->symbol) - 1] = '\0';
    return atomic_load(&site->state) == EPT_READY && site->call < EPT_CALLS;
}

static int compare(const void *a, const void *b)
{
    const struct cmd_site *one = a, *other = b;
    return one->cpu < other->cpu ? 1 : one->cpu > other->cpu ? -1 : 0;
}

static bool is_new_process(const struct ept_file *file, int before)
{
    for (int i = 0; i < before; i++)
        if (file->sites[i].pid == file->sites[before].pid)
            return false;
    return true;
}

/*
 * From the calls that were timed to all: in proportion to what the model says
 * of both, since they differ in what they ask. What a sleep itself takes, it
 * takes under the library as well.
 */
static void estimate(struct cmd_site *site)
{
    const double *sums = site->sums;
    double timed = sums[EPT_TIMED_MODEL_NS];
    double looks = timed > 0 ? sums[EPT_TIMED_LOOKS_NS] / timed : 1;
    double cpu = timed > 0 ? sums[EPT_TIMED_CPU_NS] / timed : 1;
    double tried = sums[EPT_TRIED] > 0 ? sums[EPT_TRIED] : 1;

    site->slept = sums[EPT_TRIED_SLEPT] / tried * cmd_site_known(site);
    site->cpu = cpu * sums[EPT_MODEL_NS] / 1e9;
    site->saving = (looks * sums[EPT_ANSWERED_NS] - sums[EPT_EPOLL_NS]) / 1e9;
}

void cmd_trace_collect(struct cmd_trace *trace)
{
    unlink(trace->path);
    trace->sites = cmd_alloc(NULL, EPT_SITES * sizeof(*trace->sites));
    for (int i = 0; i < EPT_SITES; i++) {
        struct ept_site *site = &trace->file->sites[i];
        if (!is_sound(site))
            continue;
        trace->processes += is_new_process(trace->file, i);
        add_site(find(trace, site), site);
        add_site(&trace->all, site);
    }
    for (size_t i = 0; i < trace->count; i++) {
        struct cmd_site *site = &trace->sites[i];
        estimate(site);
        trace->all.slept += site->slept;
        trace->all.cpu += site->cpu;
        trace->all.saving += site->saving;
    }
    qsort(trace->sites, trace->count, sizeof(*trace->sites), compare);
}

const char *cmd_call_name(const struct cmd_site *site)
{
    static const char *const names[EPT_CALLS] = {"poll", "ppoll", "select",
                                                 "pselect"};

    return names[site->is->call];
}

const char *cmd_site_name(const struct cmd_site *site)
{
    static char text[320];
    const struct ept_site *is = site->is;
    const char *module = cmd_base_name(is->module);
    bool own = !*module || strcmp(module, is->program) == 0;

    if (*is->symbol)
        snprintf(text, sizeof(text), "%s+0x%llx%s%s", is->symbol,
                 (unsigned long long)is->within, own ? "" : ", ",
                 own ? "" : module);
    else
        snprintf(text, sizeof(text), "%s+0x%llx", own ? is->program : module,
                 (unsigned long long)is->offset);
    for (char *at = text; *at; at++)
        if ((unsigned char)*at < ' ' || *at == 127)
            *at = '?';
    return text;
}

double cmd_site_known(const struct cmd_site *site)
{
    double known = site->sums[EPT_CALLS_MADE] - site->sums[EPT_UNSEEN];

    return known > 0 ? known : 1;
}

struct cmd_span cmd_span_of(const double buckets[], int count)
{
    struct cmd_span span = {.first = -1};

    for (int i = 0; i < count; i++) {
        if (!buckets[i])
            continue;
        span.first = span.first < 0 ? i : span.first;
        span.last = i;
        span.most = buckets[i] > span.most ? buckets[i] : span.most;
        span.sum += buckets[i];
    }
    return span;
}

struct cmd_duration cmd_duration_of(double seconds)
{
    double size = seconds < 0 ? -seconds : seconds;
    struct cmd_duration is;

    if (size >= 1)
        snprintf(is.text, sizeof(is.text), "%.2f s", seconds);
    else if (size >= 0.001)
        snprintf(is.text, sizeof(is.text), "%.1f ms", seconds * 1e3);
    else
        snprintf(is.text, sizeof(is.text), "%.0f us", seconds * 1e6);
    return is;
}

char *cmd_trace_verdict(const struct cmd_trace *trace)
{
    const double *sums = trace->all.sums;
    double saving = trace->all.saving;
    double cpu = trace->user + trace->system;
    double mean = sums[EPT_ASKED] / cmd_site_known(&trace->all);

    if (!sums[EPT_CALLS_MADE])
        return cmd_format(
            "The program made no call of the select and poll "
            "family through libc: the library would not help. "
            "See epollshim check.");
    if (saving > WORTH * cpu && cpu > 0)
        return cmd_format(
            "The library would answer %.0f%% of the calls from epoll, and "
            "save about %s of CPU: %.0f%% of all that the program used.",
            100 * sums[EPT_ANSWERED] / sums[EPT_CALLS_MADE],
            cmd_duration_of(saving).text,
            100 * (saving < cpu ? saving / cpu : 1));
    if (!sums[EPT_ANSWERED] && mean >= EPS_DEFAULT_MIN_FDS)
        return cmd_format(
            "The library would not help: %.0f calls are too few, or too much "
            "changes between them, for an epoll set to pay. A longer run may "
            "tell otherwise.",
            sums[EPT_CALLS_MADE]);
    if (!sums[EPT_ANSWERED])
        return cmd_format(
            "The library would not help: the calls ask about "
            "%.1f descriptors on average, and the kernel is as "
            "quick for them.",
            mean);
    return cmd_format("The library would help little: about %s of %s of CPU.",
                      cmd_duration_of(saving).text, cmd_duration_of(cpu).text);
}

static char label[48];

const char *cmd_size_label(int bucket)
{
    unsigned low = bucket ? 1u << (bucket - 1) : 0;

    if (bucket < 2)
        snprintf(label, sizeof(label), "%u", low);
    else
        snprintf(label, sizeof(label), "%u-%u", low, 2 * low - 1);
    return label;
}

const char *cmd_share_label(int bucket)
{
    static const unsigned limits[EPT_SHARES] = EPT_SHARE_LIMITS;

    if (bucket == 0)
        return "none";
    snprintf(label, sizeof(label), "%u-%u%%", limits[bucket - 1] / 10,
             limits[bucket] / 10);
    return label;
}

/* From 2^(bucket-1) ns on: in powers of two, so 1.0 us is 1.024. */
const char *cmd_time_label(int bucket)
{
    static const char *const units[] = {"ns", "us", "ms", "s"};
    double low = bucket ? (double)(UINT64_C(1) << (bucket - 1)) : 0;
    int unit = 0;

    for (; low >= 1000 && unit < 3; unit++)
        low /= 1000;
    snprintf(label, sizeof(label), "%.*f %s", low < 10 && unit ? 1 : 0, low,
             units[unit]);
    return label;
}
