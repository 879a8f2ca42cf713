/* SPDX-License-Identifier: MIT */
/*
 * The view of select()'s bitmaps. Owns nine bitmaps that share one mapping.
 * Only the set's thread comes here; a handler's nested call goes native.
 *
 * Kernel notes:
 * (a) select() reports HUP to readers only, ERR to readers and writers, and
 *     neither to the exceptional (fs/select.c POLLIN_SET and its like).
 * (b) Bits from nfds on in the last word are cleared on success, later words
 *     are left alone (S1).
 */
#include "selview.h"

#include "memory.h"

#include <string.h>

#define READ_EVENTS                                                            \
    (POLLIN | POLLRDNORM | POLLRDBAND | POLLHUP | POLLERR | POLLNVAL)
#define WRITE_EVENTS (POLLOUT | POLLWRNORM | POLLWRBAND | POLLERR | POLLNVAL)
#define EXCEPT_EVENTS (POLLPRI | POLLNVAL)
#define ASKABLE                                                                \
    (POLLIN | POLLRDNORM | POLLRDBAND | POLLOUT | POLLWRNORM | POLLWRBAND |    \
     POLLPRI)

static const unsigned events_of[EPS_SETS] = {READ_EVENTS, WRITE_EVENTS,
                                             EXCEPT_EVENTS};

#define BITMAPS (3 * EPS_SETS)

static size_t bytes_for(int words)
{
    return (size_t)words * BITMAPS * sizeof(unsigned long);
}

static void carve(struct eps_selview *view, unsigned long *memory, int words)
{
    for (int set = 0; set < EPS_SETS; set++) {
        view->asked.bits[set] = memory + set * words;
        view->answer.bits[set] = memory + (EPS_SETS + set) * words;
        view->scratch.bits[set] = memory + (2 * EPS_SETS + set) * words;
    }
    view->capacity = words;
}

bool eps_selview_reserve(struct eps_selview *view, int nfds)
{
    struct eps_selview old = *view;
    int words = EPS_WORDS(1024);

    if (EPS_WORDS(nfds) <= old.capacity)
        return true;
    while (words < EPS_WORDS(nfds))
        words *= 2;
    unsigned long *memory = eps_memory_map(bytes_for(words));
    if (!memory)
        return false;
    carve(view, memory, words);
    for (int set = 0; old.capacity && set < EPS_SETS; set++) {
        memcpy(view->asked.bits[set], old.asked.bits[set],
               (size_t)old.capacity * sizeof(*memory));
        memcpy(view->answer.bits[set], old.answer.bits[set],
               (size_t)old.capacity * sizeof(*memory));
    }
    if (old.capacity)
        eps_memory_unmap(old.asked.bits[0], bytes_for(old.capacity));
    return true;
}

void eps_selview_clear(struct eps_selview *view)
{
    if (view->capacity)
        eps_memory_unmap(view->asked.bits[0], bytes_for(view->capacity));
    memset(view, 0, sizeof(*view));
}

/* One word of a caller's bitmap, without the bits from nfds on. */
static unsigned long word_of(const unsigned long *bits, int word, int nfds)
{
    int left = nfds - word * EPS_WORD_BITS;

    if (!bits || left <= 0)
        return 0;
    unsigned long value = *(const volatile unsigned long *)&bits[word];
    return left >= EPS_WORD_BITS ? value : value & ((1ul << left) - 1);
}

static void mark_bits(struct eps_registry *registry, int word,
                      unsigned long bits)
{
    for (; bits; bits &= bits - 1)
        eps_registry_mark_dirty(registry,
                                word * EPS_WORD_BITS + __builtin_ctzl(bits));
}

bool eps_selview_update(struct eps_selview *view, struct eps_registry *registry,
                        const struct eps_bitmaps *caller, int nfds)
{
    int most = nfds > view->nfds ? nfds : view->nfds;

    if (!eps_selview_reserve(view, most) ||
        !eps_registry_cover(registry, EPS_WORDS(most) * EPS_WORD_BITS - 1))
        return false;
    for (int word = 0; word < EPS_WORDS(most); word++) {
        unsigned long changed = 0;
        for (int set = 0; set < EPS_SETS; set++) {
            unsigned long now = word_of(caller->bits[set], word, nfds);
            changed |= now ^ view->asked.bits[set][word];
            view->asked.bits[set][word] = now;
        }
        mark_bits(registry, word, changed);
    }
    view->nfds = nfds;
    view->caller = *caller;
    return true;
}

static bool has_bit(const struct eps_bitmaps *maps, int set, int fd)
{
    return maps->bits[set][fd / EPS_WORD_BITS] >> fd % EPS_WORD_BITS & 1;
}

static void set_bit(const struct eps_bitmaps *maps, int set, int fd)
{
    maps->bits[set][fd / EPS_WORD_BITS] |= 1ul << fd % EPS_WORD_BITS;
}

void eps_selview_settle(const struct eps_selview *view, int fd,
                        struct eps_reg *reg)
{
    unsigned want = 0;
    bool wanted = false;

    for (int set = 0; set < EPS_SETS; set++)
        if (has_bit(&view->asked, set, fd)) {
            want |= events_of[set];
            wanted = true;
        }
    reg->want = want & ASKABLE;
    if (wanted)
        reg->flags |= EPS_REG_WANTED;
    else
        reg->flags &= ~EPS_REG_WANTED;
}

/* What is not there is neither asked about nor told. */
void eps_selview_begin(struct eps_selview *view)
{
    size_t bytes = (size_t)EPS_WORDS(view->nfds) * sizeof(unsigned long);

    for (int set = 0; set < EPS_SETS; set++)
        if (view->caller.bits[set])
            memset(view->answer.bits[set], 0, bytes);
}

int eps_selview_tell(struct eps_selview *view, int fd, unsigned events)
{
    int told = 0;

    for (int set = 0; set < EPS_SETS; set++)
        if ((events & events_of[set]) && has_bit(&view->asked, set, fd) &&
            !has_bit(&view->answer, set, fd)) {
            set_bit(&view->answer, set, fd);
            told++;
        }
    return told;
}

bool eps_selview_is_told(const struct eps_selview *view, int fd)
{
    bool told = false;

    /* Words beyond are an older answer's. */
    for (int set = 0; fd < view->nfds && set < EPS_SETS; set++)
        told |=
            has_bit(&view->asked, set, fd) && has_bit(&view->answer, set, fd);
    return told;
}

int eps_selview_merge(struct eps_selview *view)
{
    int told = 0;

    for (int set = 0; set < EPS_SETS; set++)
        for (int word = 0; word < EPS_WORDS(view->nfds); word++) {
            unsigned long bits = view->scratch.bits[set][word] &
                                 view->asked.bits[set][word] &
                                 ~view->answer.bits[set][word];
            if (bits) /* to count them is a call, without an instruction */
                told += __builtin_popcountl(bits);
            view->answer.bits[set][word] |= bits;
        }
    return told;
}

void eps_selview_scratch_begin(struct eps_selview *view)
{
    memset(view->scratch.bits[0], 0,
           (size_t)view->capacity * EPS_SETS * sizeof(unsigned long));
}

void eps_selview_scratch_ask(struct eps_selview *view, int fd)
{
    for (int set = 0; set < EPS_SETS; set++)
        if (has_bit(&view->asked, set, fd))
            set_bit(&view->scratch, set, fd);
}

void eps_selview_write(const struct eps_selview *view,
                       const struct eps_bitmaps *caller)
{
    for (int set = 0; set < EPS_SETS; set++)
        if (caller->bits[set])
            memcpy(caller->bits[set], view->answer.bits[set],
                   (size_t)EPS_WORDS(view->nfds) * sizeof(unsigned long));
}

static unsigned long any_of(const struct eps_bitmaps *maps, int word, int nfds)
{
    unsigned long any = 0;

    for (int set = 0; set < EPS_SETS; set++)
        any |= word_of(maps->bits[set], word, nfds);
    return any;
}

bool eps_bitmaps_have(const struct eps_bitmaps *caller, int nfds,
                      uint32_t least)
{
    uint32_t count = 0;

    for (int word = 0; word < EPS_WORDS(nfds) && count < least; word++) {
        unsigned long any = any_of(caller, word, nfds);
        if (any)
            count += (uint32_t)__builtin_popcountl(any);
    }
    return count >= least;
}

/* The whole words at once; of the last one, only the bits below nfds. */
static bool is_same_map(const unsigned long *now, const unsigned long *then,
                        int nfds)
{
    int whole = nfds / EPS_WORD_BITS;

    if (memcmp(now, then, (size_t)whole * sizeof(*now)) != 0)
        return false;
    return nfds % EPS_WORD_BITS == 0 ||
           word_of(now, whole, nfds) == then[whole];
}

bool eps_selview_is_same(const struct eps_selview *view,
                         const struct eps_bitmaps *caller, int nfds)
{
    if (nfds != view->nfds)
        return false;
    for (int set = 0; set < EPS_SETS; set++) {
        /* A set that is not there asks nothing. */
        if (!caller->bits[set] != !view->caller.bits[set])
            return false;
        if (caller->bits[set] &&
            !is_same_map(caller->bits[set], view->asked.bits[set], nfds))
            return false;
    }
    return true;
}

uint32_t eps_bitmaps_count(const struct eps_bitmaps *caller, int nfds)
{
    uint32_t count = 0;

    for (int word = 0; word < EPS_WORDS(nfds); word++) {
        unsigned long any = any_of(caller, word, nfds);
        if (any)
            count += (uint32_t)__builtin_popcountl(any);
    }
    return count;
}

bool eps_selview_resembles(const struct eps_selview *view,
                           const struct eps_bitmaps *caller, int nfds)
{
    int most = nfds > view->nfds ? nfds : view->nfds;
    uint32_t same = 0, all = 0;

    for (int word = 0; word < EPS_WORDS(most); word++) {
        unsigned long now = any_of(caller, word, nfds);
        unsigned long then = any_of(&view->asked, word, view->nfds);
        same += (uint32_t)__builtin_popcountl(now & then);
        all += (uint32_t)__builtin_popcountl(now | then);
    }
    return same >= all - all / 4;
}

int eps_bitmaps_highest(const struct eps_bitmaps *caller, int nfds, int from)
{
    for (int word = EPS_WORDS(nfds) - 1; word >= from / EPS_WORD_BITS; word--) {
        unsigned long any = any_of(caller, word, nfds);
        if (any)
            return (word + 1) * EPS_WORD_BITS - 1 - __builtin_clzl(any);
    }
    return -1;
}
