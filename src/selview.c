/* SPDX-License-Identifier: MIT */
/*
 * The view of select()'s bitmaps. Owns twelve bitmaps that share one mapping.
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

#include <limits.h>
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

#define BITMAPS (4 * EPS_SETS)
#define BLOCK 4 /* words compared at a time; a capacity is a multiple */
#define SPARE 64 /* muted numbers beside half of those asked about */

static size_t bytes_for(int words)
{
    return (size_t)words * BITMAPS * sizeof(unsigned long);
}

/* At no moment is the capacity that of a larger mapping than the pointer's. */
static void carve(struct eps_selview *view, unsigned long *memory, int words)
{
    for (int set = 0; set < EPS_SETS; set++) {
        view->asked.bits[set] = memory + set * words;
        view->kept.bits[set] = memory + (EPS_SETS + set) * words;
        view->answer.bits[set] = memory + (2 * EPS_SETS + set) * words;
        view->scratch.bits[set] = memory + (3 * EPS_SETS + set) * words;
    }
    __atomic_store_n(&view->capacity, words, __ATOMIC_RELEASE);
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
    if (!old.capacity)
        return true;
    eps_bitmaps_copy(&view->asked, &old.asked, old.capacity);
    eps_bitmaps_copy(&view->kept, &old.kept, old.capacity);
    eps_bitmaps_copy(&view->answer, &old.answer, old.capacity);
    eps_memory_unmap(old.asked.bits[0], bytes_for(old.capacity));
    return true;
}

void eps_selview_clear(struct eps_selview *view)
{
    struct eps_selview old = *view;

    memset(view, 0, sizeof(*view));
    if (old.capacity)
        eps_memory_unmap(old.asked.bits[0], bytes_for(old.capacity));
}

static void mark_bits(struct eps_registry *registry, int word,
                      unsigned long bits)
{
    for (; bits; bits &= bits - 1)
        eps_registry_mark_dirty(registry,
                                word * EPS_WORD_BITS + __builtin_ctzl(bits));
}

/* Words of which each set may have some: of this call's, and of the last's. */
static int words_of(const struct eps_selview *view, int nfds)
{
    return EPS_WORDS(nfds > view->nfds ? nfds : view->nfds);
}

/* What differs in a block of one set. What is not there asks nothing. */
static inline unsigned long block_difference(const unsigned long *now,
                                             const unsigned long *then,
                                             int from, int nfds)
{
    static const unsigned long nothing[BLOCK];
    const unsigned long *words = now ? now + from : nothing;
    unsigned long difference = 0;

    if (now && nfds < (from + BLOCK) * EPS_WORD_BITS) {
        for (int word = from; word < from + BLOCK; word++)
            difference |= eps_bits_word(now, word, nfds) ^ then[word];
        return difference;
    }
    for (int i = 0; i < BLOCK; i++)
        difference |= words[i] ^ then[from + i];
    return difference;
}

static bool is_block_same(const struct eps_selview *view,
                          const struct eps_bitmaps *caller, int from, int nfds)
{
    unsigned long difference = 0;

    for (int set = 0; set < EPS_SETS; set++)
        if (caller->bits[set] || view->caller.bits[set])
            difference |= block_difference(caller->bits[set],
                                           view->asked.bits[set], from, nfds);
    return !difference;
}

/* The first of the words from there on that lies in a block that differs. */
static inline int next_word(const struct eps_selview *view,
                            const struct eps_bitmaps *caller, int word,
                            int words, int nfds)
{
    while (word % BLOCK == 0 && word < words &&
           is_block_same(view, caller, word, nfds))
        word += BLOCK;
    return word;
}

/* One word of each set, as it is now, as it was, and as it is kept. */
static void update_word(struct eps_selview *view, struct eps_registry *registry,
                        const struct eps_bitmaps *caller, int word, int nfds)
{
    unsigned long any = 0, before = 0, changed = 0, kept = 0, other = 0;

    for (int set = 0; set < EPS_SETS; set++) {
        unsigned long now = eps_bits_word(caller->bits[set], word, nfds);
        unsigned long then = view->asked.bits[set][word];
        unsigned long keeps = view->kept.bits[set][word];
        any |= now;
        before |= then;
        changed |= now ^ then;
        kept |= keeps;
        other |= now ^ keeps;
        view->asked.bits[set][word] = now;
    }
    if (!changed)
        return;
    mark_bits(registry, word, changed & ~(kept & ~(any & other)));
    view->count += eps_bits_in(any) - eps_bits_in(before);
    view->muted += eps_bits_in(kept & ~any) - eps_bits_in(kept & ~before);
}

/* Each item that is kept in vain costs a wake-up when it fires. */
static void let_go_of_muted(const struct eps_selview *view,
                            struct eps_registry *registry)
{
    for (int word = 0; word < view->capacity; word++)
        mark_bits(registry, word,
                  eps_bitmaps_any(&view->kept, word, INT_MAX) &
                      ~eps_bitmaps_any(&view->asked, word, INT_MAX));
}

bool eps_selview_update(struct eps_selview *view, struct eps_registry *registry,
                        const struct eps_bitmaps *caller, int nfds)
{
    int words = words_of(view, nfds), word = 0;

    if (!eps_selview_reserve(view, words * EPS_WORD_BITS) ||
        !eps_registry_cover(registry, words * EPS_WORD_BITS - 1))
        return false;
    for (; (word = next_word(view, caller, word, words, nfds)) < words; word++)
        update_word(view, registry, caller, word, nfds);
    view->nfds = nfds;
    view->caller = *caller;
    if (view->muted > view->count / 2 + SPARE)
        let_go_of_muted(view, registry);
    return true;
}

static bool has_any_bit(const struct eps_bitmaps *maps, int fd)
{
    unsigned long any = eps_bitmaps_any(maps, fd / EPS_WORD_BITS, INT_MAX);

    return any >> fd % EPS_WORD_BITS & 1;
}

void eps_selview_settle(const struct eps_selview *view, int fd,
                        struct eps_reg *reg)
{
    unsigned want = 0;
    bool wanted = false;

    for (int set = 0; set < EPS_SETS; set++)
        if (eps_bitmaps_has(&view->asked, set, fd)) {
            want |= events_of[set];
            wanted = true;
        }
    reg->want = want & ASKABLE;
    if (wanted)
        reg->flags |= EPS_REG_WANTED;
    else
        reg->flags &= ~EPS_REG_WANTED;
}

void eps_selview_keep(struct eps_selview *view, int fd, bool kept)
{
    unsigned long bit = 1ul << fd % EPS_WORD_BITS;
    int word = fd / EPS_WORD_BITS;

    if (has_any_bit(&view->kept, fd) && !has_any_bit(&view->asked, fd))
        view->muted--;
    for (int set = 0; set < EPS_SETS; set++) {
        view->kept.bits[set][word] &= ~bit;
        if (kept)
            view->kept.bits[set][word] |= view->asked.bits[set][word] & bit;
    }
}

/*
 * What follows is done by every call, and set by set: a loop over the three
 * would cost more than what is in it.
 */

static inline void begin_set(const struct eps_selview *view, int set,
                             size_t bytes)
{
    if (view->caller.bits[set])
        memset(view->answer.bits[set], 0, bytes);
}

/* What is not there is neither asked about nor told. */
void eps_selview_begin(struct eps_selview *view)
{
    size_t bytes = eps_bitmaps_bytes(view->nfds);

    begin_set(view, EPS_READ, bytes);
    begin_set(view, EPS_WRITE, bytes);
    begin_set(view, EPS_EXCEPT, bytes);
}

static inline int tell_set(const struct eps_selview *view, int set, int fd,
                           unsigned events)
{
    if (!(events & events_of[set]) || !eps_bitmaps_has(&view->asked, set, fd) ||
        eps_bitmaps_has(&view->answer, set, fd))
        return 0;
    eps_bitmaps_set(&view->answer, set, fd);
    return 1;
}

int eps_selview_tell(struct eps_selview *view, int fd, unsigned events)
{
    return tell_set(view, EPS_READ, fd, events) +
           tell_set(view, EPS_WRITE, fd, events) +
           tell_set(view, EPS_EXCEPT, fd, events);
}

bool eps_selview_is_told(const struct eps_selview *view, int fd)
{
    bool told = false;

    /* Words beyond are an older answer's. */
    for (int set = 0; fd < view->nfds && set < EPS_SETS; set++)
        told |= eps_bitmaps_has(&view->asked, set, fd) &&
                eps_bitmaps_has(&view->answer, set, fd);
    return told;
}

int eps_selview_merge(struct eps_selview *view)
{
    int told = 0;

    for (int set = 0; set < EPS_SETS; set++)
        for (int word = 0;
             view->scratched[set] && word < EPS_WORDS(view->nfds); word++) {
            unsigned long bits = view->scratch.bits[set][word] &
                                 view->asked.bits[set][word] &
                                 ~view->answer.bits[set][word];
            told += (int)eps_bits_in(bits);
            view->answer.bits[set][word] |= bits;
        }
    return told;
}

void eps_selview_scratch_begin(struct eps_selview *view)
{
    for (int set = 0; set < EPS_SETS; set++) {
        if (view->scratched[set])
            memset(view->scratch.bits[set], 0,
                   (size_t)view->capacity * sizeof(unsigned long));
        view->scratched[set] = false;
    }
}

void eps_selview_scratch_add(struct eps_selview *view, int set, int fd)
{
    eps_bitmaps_set(&view->scratch, set, fd);
    view->scratched[set] = true;
}

void eps_selview_scratch_ask(struct eps_selview *view, int fd)
{
    for (int set = 0; set < EPS_SETS; set++)
        if (eps_bitmaps_has(&view->asked, set, fd))
            eps_selview_scratch_add(view, set, fd);
}

static inline void write_set(const struct eps_selview *view,
                             const struct eps_bitmaps *caller, int set,
                             size_t bytes)
{
    if (caller->bits[set])
        memcpy(caller->bits[set], view->answer.bits[set], bytes);
}

void eps_selview_write(const struct eps_selview *view,
                       const struct eps_bitmaps *caller)
{
    size_t bytes = eps_bitmaps_bytes(view->nfds);

    write_set(view, caller, EPS_READ, bytes);
    write_set(view, caller, EPS_WRITE, bytes);
    write_set(view, caller, EPS_EXCEPT, bytes);
}

static inline void clear_set(const struct eps_bitmaps *caller, int set,
                             size_t bytes)
{
    if (caller->bits[set])
        memset(caller->bits[set], 0, bytes);
}

void eps_selview_write_nothing(const struct eps_selview *view,
                               const struct eps_bitmaps *caller)
{
    size_t bytes = eps_bitmaps_bytes(view->nfds);

    clear_set(caller, EPS_READ, bytes);
    clear_set(caller, EPS_WRITE, bytes);
    clear_set(caller, EPS_EXCEPT, bytes);
}

/* A set that is not there asks nothing. */
static inline bool is_set_same(const struct eps_selview *view,
                               const struct eps_bitmaps *caller, int set)
{
    const unsigned long *now = caller->bits[set];
    const unsigned long *then = view->asked.bits[set];
    unsigned whole = (unsigned)view->nfds / EPS_WORD_BITS;
    unsigned rest = (unsigned)view->nfds % EPS_WORD_BITS;

    if (!now || !view->caller.bits[set])
        return now == view->caller.bits[set];
    return memcmp(now, then, whole * sizeof(*now)) == 0 &&
           (!rest || !((now[whole] ^ then[whole]) << (EPS_WORD_BITS - rest)));
}

bool eps_selview_is_same(const struct eps_selview *view,
                         const struct eps_bitmaps *caller, int nfds)
{
    return nfds == view->nfds && is_set_same(view, caller, EPS_READ) &&
           is_set_same(view, caller, EPS_WRITE) &&
           is_set_same(view, caller, EPS_EXCEPT);
}

uint32_t eps_selview_count(const struct eps_selview *view,
                           const struct eps_bitmaps *caller, int nfds)
{
    int words = words_of(view, nfds), word = 0;
    uint32_t count = view->count;

    if (words > view->capacity)
        return eps_bitmaps_count(caller, nfds);
    for (; (word = next_word(view, caller, word, words, nfds)) < words;
         word++) {
        unsigned long now = eps_bitmaps_any(caller, word, nfds);
        unsigned long then = eps_bitmaps_any(&view->asked, word, view->nfds);
        count += eps_bits_in(now & ~then) - eps_bits_in(then & ~now);
    }
    return count;
}

bool eps_selview_resembles(const struct eps_selview *view,
                           const struct eps_bitmaps *caller, int nfds)
{
    int most = nfds > view->nfds ? nfds : view->nfds;
    uint32_t same = 0, all = 0;

    for (int word = 0; word < EPS_WORDS(most); word++) {
        unsigned long now = eps_bitmaps_any(caller, word, nfds);
        unsigned long then = eps_bitmaps_any(&view->asked, word, view->nfds);
        same += eps_bits_in(now & then);
        all += eps_bits_in(now | then);
    }
    return same >= all - all / 4;
}
