/* SPDX-License-Identifier: MIT */
/*
 * Verify mode. Owns nothing between calls; memory comes and goes with each,
 * for this mode is slow anyway. Runs in the calling thread, inside its call.
 *
 * Only what the epoll set answered is compared: residual numbers were asked
 * natively, and some of them must not be looked at twice (W1).
 */
#include "prototypes.h"

#include "verify.h"

#include "log.h"
#include "memory.h"
#include "next.h"
#include "options.h"
#include "process.h"
#include "sys.h"

#include <string.h>
#include <sys/stat.h>

#define ROUNDS 4 /* a difference must show in each of so many looks */

static bool is_registered(struct eps_set *set, int fd)
{
    return fd >= 0 && eps_registry_covers(&set->registry, fd) &&
           eps_reg_state(eps_registry_at(&set->registry, fd)) ==
               EPS_REG_REGISTERED;
}

/* --- telling ----------------------------------------------------------- */

static const char *name_of_kind(int fd)
{
    struct stat info;

    if (fstat(fd, &info) < 0)
        return "closed";
    return S_ISSOCK(info.st_mode)   ? "socket"
           : S_ISFIFO(info.st_mode) ? "pipe"
                                    : "anonymous inode";
}

static void add_hex(struct eps_line *line, const char *label, unsigned bits)
{
    static const char digits[] = "0123456789abcdef";
    char text[] = "0x0000";

    for (int i = 5; i > 1; i--, bits >>= 4)
        text[i] = digits[bits & 15];
    eps_line_text(line, label);
    eps_line_text(line, text);
}

/* One line a difference; the masks are poll's, for select() too. */
static void report(const char *call, uint32_t count, int fd, unsigned asked,
                   unsigned native, unsigned ours, struct eps_thread *self)
{
    struct eps_line line = {.length = 0};

    eps_count(self, EPS_C_differences);
    eps_line_text(&line, "libepollshim: verify: ");
    eps_line_text(&line, call);
    eps_line_text(&line, " of ");
    eps_line_number(&line, count);
    eps_line_text(&line, ": descriptor ");
    eps_line_number(&line, fd);
    eps_line_text(&line, " (");
    eps_line_text(&line, name_of_kind(fd));
    add_hex(&line, ") asked ", asked);
    add_hex(&line, ", native ", native);
    add_hex(&line, ", ours ", ours);
    eps_line_write(&line, eps_stderr());
    if (eps_options.verify == EPS_VERIFY_ABORT)
        EPS_SYS2(SYS_kill, eps_process.pid, SIGABRT);
}

/*
 * In a forked child, or a program started by the one under test, descriptor 2
 * may be somebody's connection: what has nothing to say is silent there.
 */
static bool is_told_elsewhere(const uint64_t totals[EPS_COUNTERS])
{
    return !totals[EPS_C_verified] ||
           eps_process.pid != eps_process.loader ||
           (eps_options.stats && strcmp(eps_options.stats, "-") != 0);
}

void eps_verify_conclude(void)
{
    uint64_t totals[EPS_COUNTERS];
    struct eps_line line = {.length = 0};

    eps_count_totals(totals);
    if (!totals[EPS_C_differences] && is_told_elsewhere(totals))
        return;
    eps_line_text(&line, "libepollshim: verify: ");
    eps_line_number(&line, (int64_t)totals[EPS_C_verified]);
    eps_line_text(&line, " calls compared, ");
    eps_line_number(&line, (int64_t)totals[EPS_C_differences]);
    eps_line_text(&line, " differences");
    eps_line_write(&line, eps_stderr());
}

/* --- poll -------------------------------------------------------------- */

/* Three arrays of the caller's length, in one mapping. */
struct looks {
    struct pollfd *before, *ours, *after;
    bool *differs; /* in every round so far */
    uint32_t count;
    size_t bytes;
};

static bool open_looks(struct looks *looks, uint32_t count)
{
    looks->count = count;
    looks->bytes = count * (3 * sizeof(struct pollfd) + sizeof(bool));
    looks->before = eps_memory_map(looks->bytes);
    looks->ours = looks->before + count;
    looks->after = looks->ours + count;
    looks->differs = (bool *)(looks->after + count);
    return looks->before != NULL;
}

/* A native look at what the epoll set answers for. */
static void look(struct eps_set *set, const struct pollfd *array,
                 struct pollfd *into, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        into[i] = (struct pollfd){
            .fd = is_registered(set, array[i].fd) ? array[i].fd : -1,
            .events = array[i].events};
    EPS_NEXT(poll)(into, count, 0);
}

/* True while some entry differed in every round. */
static bool compare_round(struct looks *looks, const struct pollfd *ours)
{
    bool any = false;

    for (uint32_t i = 0; i < looks->count; i++) {
        looks->differs[i] =
            looks->differs[i] && looks->before[i].fd >= 0 &&
            looks->after[i].fd >= 0 &&
            looks->before[i].revents == looks->after[i].revents &&
            ours[i].revents != looks->after[i].revents;
        any |= looks->differs[i];
    }
    return any;
}

/*
 * A file is readable a moment before the kernel tells epoll so; where that
 * processor is taken away in between, the moment lasts.
 */
static void give_time(int round)
{
    EPS_NEXT(poll)(NULL, 0, 1 << 2 * round);
}

static bool is_confirmed(const struct eps_pollcall *call, struct eps_set *set,
                         struct eps_thread *self, eps_again_poll *again,
                         struct looks *looks)
{
    for (int round = 0; round < ROUNDS; round++) {
        give_time(round);
        look(set, call->array, looks->before, looks->count);
        for (uint32_t i = 0; i < looks->count; i++)
            looks->ours[i] = (struct pollfd){.fd = call->array[i].fd,
                                             .events = call->array[i].events};
        again(call, set, self, looks->ours);
        look(set, call->array, looks->after, looks->count);
        if (!compare_round(looks, looks->ours))
            return false;
    }
    return true;
}

void eps_verify_poll(const struct eps_pollcall *call, struct eps_set *set,
                     struct eps_thread *self, eps_again_poll *again)
{
    struct looks looks;

    if (!open_looks(&looks, (uint32_t)call->count))
        return;
    memset(looks.differs, true, looks.count * sizeof(bool));
    look(set, call->array, looks.before, looks.count);
    memcpy(looks.after, looks.before, looks.count * sizeof(*looks.after));
    eps_count(self, EPS_C_verified);
    if (compare_round(&looks, call->array) &&
        is_confirmed(call, set, self, again, &looks))
        for (uint32_t i = 0; i < looks.count; i++)
            if (looks.differs[i])
                report(call->precise ? "ppoll" : "poll", looks.count,
                       call->array[i].fd, (unsigned short)call->array[i].events,
                       (unsigned short)looks.after[i].revents,
                       (unsigned short)looks.ours[i].revents, self);
    eps_memory_unmap(looks.before, looks.bytes);
}

/* --- select ------------------------------------------------------------ */

/* The bitmaps of three looks, and what differed in every round so far. */
struct maps {
    struct eps_bitmaps before, ours, after, differs;
    int words;
    size_t bytes;
};

static bool open_maps(struct maps *maps, int nfds)
{
    struct eps_bitmaps *all = &maps->before;

    maps->words = EPS_WORDS(nfds);
    maps->bytes = (size_t)maps->words * 4 * EPS_SETS * sizeof(unsigned long);
    unsigned long *memory = eps_memory_map(maps->bytes);
    for (int i = 0; i < 4 * EPS_SETS; i++)
        all[i / EPS_SETS].bits[i % EPS_SETS] = memory + i * maps->words;
    return memory != NULL;
}

/* What was asked of the numbers that the epoll set answers for. */
static void fill(struct eps_set *set, const struct maps *maps,
                 const struct eps_bitmaps *into)
{
    for (int i = 0; i < EPS_SETS; i++)
        for (int word = 0; word < maps->words; word++) {
            unsigned long asked = set->select.asked.bits[i][word];
            unsigned long kept = asked;
            for (; asked; asked &= asked - 1) {
                int fd = word * EPS_WORD_BITS + __builtin_ctzl(asked);
                if (!is_registered(set, fd))
                    kept &= ~(asked & -asked);
            }
            into->bits[i][word] = kept;
        }
}

static bool look_maps(const struct eps_selcall *call, struct eps_set *set,
                      const struct maps *maps, const struct eps_bitmaps *into)
{
    struct timeval now = {0, 0};

    fill(set, maps, into);
    return EPS_NEXT(select)(call->nfds, (fd_set *)into->bits[EPS_READ],
                            (fd_set *)into->bits[EPS_WRITE],
                            (fd_set *)into->bits[EPS_EXCEPT], &now) >= 0;
}

static bool compare_maps(struct eps_set *set, struct maps *maps,
                         const struct eps_bitmaps *ours)
{
    bool any = false;

    for (int i = 0; i < EPS_SETS; i++)
        for (int word = 0; ours->bits[i] && word < maps->words; word++) {
            unsigned long now = ours->bits[i][word];
            unsigned long before = maps->before.bits[i][word];
            unsigned long after = maps->after.bits[i][word];
            unsigned long *differs = &maps->differs.bits[i][word];
            *differs &= ~(before ^ after) & (now ^ after);
            for (unsigned long left = *differs; left; left &= left - 1)
                if (!is_registered(set,
                                   word * EPS_WORD_BITS + __builtin_ctzl(left)))
                    *differs &= ~(left & -left);
            any |= *differs != 0;
        }
    return any;
}

static bool are_maps_confirmed(const struct eps_selcall *call,
                               struct eps_set *set, struct eps_thread *self,
                               eps_again_select *again, struct maps *maps)
{
    for (int round = 0; round < ROUNDS; round++) {
        give_time(round);
        if (!look_maps(call, set, maps, &maps->before))
            return false;
        eps_bitmaps_copy(&maps->ours, &set->select.asked, maps->words);
        if (!again(call, set, self, &maps->ours) ||
            !look_maps(call, set, maps, &maps->after) ||
            !compare_maps(set, maps, &maps->ours))
            return false;
    }
    return true;
}

static unsigned mask_of(const struct eps_bitmaps *maps, int word,
                        unsigned long bit)
{
    static const unsigned masks[EPS_SETS] = {POLLIN, POLLOUT, POLLPRI};
    unsigned mask = 0;

    for (int i = 0; i < EPS_SETS; i++)
        if (maps->bits[i][word] & bit)
            mask |= masks[i];
    return mask;
}

static void report_maps(const struct eps_selcall *call, struct eps_set *set,
                        struct eps_thread *self, const struct maps *maps)
{
    for (int word = 0; word < maps->words; word++) {
        unsigned long any = 0;
        for (int i = 0; i < EPS_SETS; i++)
            any |= maps->differs.bits[i][word];
        for (; any; any &= any - 1) {
            unsigned long bit = any & -any;
            report(call->precise ? "pselect" : "select", call->count,
                   word * EPS_WORD_BITS + __builtin_ctzl(any),
                   mask_of(&set->select.asked, word, bit),
                   mask_of(&maps->after, word, bit),
                   mask_of(&maps->ours, word, bit), self);
        }
    }
}

void eps_verify_select(const struct eps_selcall *call, struct eps_set *set,
                       struct eps_thread *self, eps_again_select *again)
{
    struct maps maps;

    if (!open_maps(&maps, call->nfds))
        return;
    eps_count(self, EPS_C_verified);
    for (int i = 0; i < EPS_SETS; i++)
        memset(maps.differs.bits[i], 0xff,
               (size_t)maps.words * sizeof(unsigned long));
    if (look_maps(call, set, &maps, &maps.before)) {
        eps_bitmaps_copy(&maps.after, &maps.before, maps.words);
        if (compare_maps(set, &maps, &set->select.answer) &&
            are_maps_confirmed(call, set, self, again, &maps))
            report_maps(call, set, self, &maps);
    }
    eps_memory_unmap(maps.before.bits[0], maps.bytes);
}
