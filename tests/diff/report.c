/* SPDX-License-Identifier: MIT */
/* What a difference looks like to the person who has to find its reason. */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "trial.h"

/* Lines of an array or a set that are printed. */
#define LINES 60

static void print_answer(const char *who, const struct answer *a)
{
    printf("  %-8s returned %d", who, a->ret);
    if (a->ret < 0)
        printf(", %s", strerrorname_np(a->error));
    if (a->handled)
        printf(", the handler ran");
    if (a->pending)
        printf(", the signal is still pending");
    printf("\n");
}

static void print_array(const struct trial *t)
{
    const struct pollfd *before = t->before, *kernel = t->kernel_memory;
    const struct pollfd *live = t->live;
    size_t n = t->bytes / sizeof(*before);
    int lines = 0;
    for (size_t i = 0; i < n && lines < LINES; i++) {
        bool same = !memcmp(&kernel[i], &live[i], sizeof(live[i]));
        if (same && n > LINES)
            continue;
        printf(
            "  %c [%zu] fd %d (%s) events %#06hx: kernel %#06hx, "
            "library %#06hx\n",
            same ? ' ' : '*', i, before[i].fd, owned_name(before[i].fd),
            (unsigned short)before[i].events, (unsigned short)kernel[i].revents,
            (unsigned short)live[i].revents);
        lines++;
    }
}

static bool bit(const void *memory, int set, int fd)
{
    const unsigned long(*bitmap)[SET_WORDS] = memory;
    return set >= 0 && bitmap[set][fd / 64] >> fd % 64 & 1;
}

/* The three sets' bits of one number, as letters. */
static void print_bits(const struct trial *t, const void *memory, int fd)
{
    for (int i = 0; i < 3; i++)
        putchar(bit(memory, t->call.set[i], fd) ? "rwx"[i] : '-');
}

static void print_sets(const struct trial *t)
{
    const int *set = t->call.set;
    int lines = 0;
    printf("  nfds %d, sets are bitmaps %d %d %d\n", t->call.nfds, set[0],
           set[1], set[2]);
    for (int fd = 0; fd < MAX_FD && lines < LINES; fd++) {
        bool any = false, same = true;
        for (int i = 0; i < 3; i++) {
            bool k = bit(t->kernel_memory, set[i], fd);
            bool l = bit(t->live, set[i], fd);
            any |= bit(t->before, set[i], fd) || k || l;
            same &= k == l;
        }
        if (!any)
            continue;
        printf("  %c fd %d (%s) ", same ? ' ' : '*', fd, owned_name(fd));
        print_bits(t, t->before, fd);
        printf(": kernel ");
        print_bits(t, t->kernel_memory, fd);
        printf(", library ");
        print_bits(t, t->live, fd);
        printf("\n");
        lines++;
    }
}

void trial_report(const struct trial *t)
{
    const struct answer *l = &t->library;
    const char *name = timeout_name(t->call.timeout);
    flockfile(stdout);
    printf("diff: DIFFERENCE in %s, timeout ", symbol_name(t->call.symbol));
    if (name)
        printf("%s,", name);
    else
        printf("%d ms,", t->call.timeout);
    printf(" mask %d pending %d: %s\n", t->call.mask, t->call.pending, t->why);
    print_answer("kernel", &t->kernel);
    print_answer("library", l);
    printf("  asked again without waiting, the library returned %d%s\n",
           t->again, t->stayed ? "" : "; but things have changed since");
    printf("  library took %.3f ms; timeout argument %ld,%ld became %ld,%ld\n",
           l->end - l->start, l->before.tv_sec, l->before.tv_nsec,
           l->after.tv_sec, l->after.tv_nsec);
    if (symbol_is_select(t->call.symbol))
        print_sets(t);
    else
        print_array(t);
    fflush(stdout);
    funlockfile(stdout);
}
