/* SPDX-License-Identifier: MIT */
/*
 * selview.c against a model that looks at every number of every set with the
 * naive bit operations. The sets change as programs change theirs, may be
 * missing, or be one and the same; nfds goes up and down.
 */
#include "unit.h"

#include "selview.h"

#include <string.h>

#define MOST 2500 /* numbers; beyond an fd_set's own 1024 */
#define WORDS EPS_WORDS(MOST)
#define ROUNDS 1500

struct sets {
    unsigned long words[EPS_SETS][WORDS];
};

struct world {
    struct rng rng;
    struct eps_selview view;
    struct eps_registry registry;
    int nfds;
    struct sets program; /* what the program has in its sets */
    struct sets hidden;  /* ... and will have again */
    struct eps_bitmaps passed;
    bool kept[MOST];      /* registered for what was asked last */
    bool native[MOST];    /* looked at natively, not by events */
    unsigned ready[MOST]; /* what each number has to tell */
};

static bool get(const unsigned long *bits, int fd)
{
    return bits[fd / EPS_WORD_BITS] >> (fd % EPS_WORD_BITS) & 1;
}

static void put(unsigned long *bits, int fd, bool on)
{
    bits[fd / EPS_WORD_BITS] &= ~(1ul << fd % EPS_WORD_BITS);
    bits[fd / EPS_WORD_BITS] |= (unsigned long)on << fd % EPS_WORD_BITS;
}

/* --- what programs do to their sets ------------------------------------ */

static void change_bits(struct world *w)
{
    for (int n = rng_below(&w->rng, 12); n > 0; n--)
        put(w->program.words[rng_below(&w->rng, EPS_SETS)],
            rng_below(&w->rng, MOST), rng_chance(&w->rng, 60));
}

static void fill_anew(struct world *w)
{
    int set = rng_below(&w->rng, EPS_SETS);

    for (int i = 0; i < WORDS; i++)
        w->program.words[set][i] = rng_next(&w->rng) & rng_next(&w->rng);
}

static void pass_sets(struct world *w)
{
    for (int set = 0; set < EPS_SETS; set++)
        w->passed.bits[set] =
            rng_chance(&w->rng, 85) ? w->program.words[set] : NULL;
    if (rng_chance(&w->rng, 10))
        w->passed.bits[EPS_WRITE] = w->passed.bits[EPS_READ];
}

/* As servers do whose numbers take turns: left out, and back as they were. */
static void leave_some_out(struct world *w)
{
    int from = rng_below(&w->rng, WORDS), to = rng_range(&w->rng, from, WORDS);
    unsigned long out = rng_next(&w->rng) & rng_next(&w->rng);

    for (int set = 0; set < EPS_SETS; set++)
        for (int i = from; i < to; i++) {
            unsigned long hidden = w->hidden.words[set][i];
            w->hidden.words[set][i] = w->program.words[set][i] & out;
            w->program.words[set][i] =
                (w->program.words[set][i] & ~out) | hidden;
        }
}

static void change(struct world *w)
{
    change_bits(w);
    if (rng_chance(&w->rng, 30))
        leave_some_out(w);
    if (rng_chance(&w->rng, 5))
        fill_anew(w);
    if (rng_chance(&w->rng, 30) || !w->nfds)
        w->nfds = rng_range(&w->rng, 1, MOST);
    pass_sets(w);
}

/* --- the model --------------------------------------------------------- */

/* fs/select.c: POLLIN_SET, POLLOUT_SET, POLLEX_SET, and NVAL in each. */
static bool satisfies(int set, unsigned events)
{
    static const unsigned wake[EPS_SETS] = {
        POLLNVAL | POLLRDNORM | POLLRDBAND | POLLIN | POLLHUP | POLLERR,
        POLLNVAL | POLLWRBAND | POLLWRNORM | POLLOUT | POLLERR,
        POLLNVAL | POLLPRI,
    };

    return events & wake[set];
}

static bool asks(const struct world *w, int set, int fd)
{
    return fd < w->nfds && w->passed.bits[set] && get(w->passed.bits[set], fd);
}

static unsigned wanted_of(const struct world *w, int fd)
{
    unsigned want = 0;

    if (asks(w, EPS_READ, fd))
        want |= POLLIN | POLLRDNORM | POLLRDBAND;
    if (asks(w, EPS_WRITE, fd))
        want |= POLLOUT | POLLWRNORM | POLLWRBAND;
    if (asks(w, EPS_EXCEPT, fd))
        want |= POLLPRI;
    return want;
}

/* What the kernel would leave in the sets; returns what it would return. */
static int answer_naively(const struct world *w, struct sets *result)
{
    int told = 0;

    *result = w->program;
    for (int set = 0; set < EPS_SETS; set++) {
        if (!w->passed.bits[set])
            continue;
        /* Two names for one set: the later is what remains (S7). */
        int to = w->passed.bits[set] == w->program.words[0] ? 0 : set;
        for (int fd = 0; fd < EPS_WORDS(w->nfds) * EPS_WORD_BITS && fd < MOST;
             fd++) {
            bool on = asks(w, set, fd) && satisfies(set, w->ready[fd]);
            put(result->words[to], fd, on);
            told += on;
        }
        for (int fd = MOST; fd < EPS_WORDS(w->nfds) * EPS_WORD_BITS; fd++)
            put(result->words[to], fd, false);
    }
    return told;
}

/* --- one round --------------------------------------------------------- */

static void settle(struct world *w, int fd)
{
    struct eps_reg *reg = eps_registry_at(&w->registry, fd);

    eps_selview_settle(&w->view, fd, reg);
    w->kept[fd] = (reg->flags & EPS_REG_WANTED) && rng_chance(&w->rng, 70);
    eps_selview_keep(&w->view, fd, w->kept[fd]);
}

static void update(struct world *w)
{
    int fd;

    assert_true(
        eps_selview_update(&w->view, &w->registry, &w->passed, w->nfds));
    while ((fd = eps_registry_next_dirty(&w->registry)) >= 0)
        settle(w, fd);
}

/* Events that nobody asked for, or an end: settled, though nothing changed. */
static void settle_some(struct world *w)
{
    for (int n = rng_below(&w->rng, 20); n > 0; n--) {
        int fd = rng_below(&w->rng, MOST);
        if (eps_registry_covers(&w->registry, fd))
            settle(w, fd);
    }
}

/* What is kept and not asked about may be as it was; it is not for ever. */
static void check_interest(struct world *w)
{
    uint32_t muted = 0, count = 0;

    for (int fd = 0; fd < MOST; fd++) {
        unsigned want = wanted_of(w, fd);
        if (!eps_registry_covers(&w->registry, fd)) {
            assert_int_equal(want, 0);
            continue;
        }
        struct eps_reg *reg = eps_registry_at(&w->registry, fd);
        count += want != 0;
        muted += !want && w->kept[fd];
        if (!want && w->kept[fd])
            continue;
        assert_int_equal(!!(reg->flags & EPS_REG_WANTED), want != 0);
        assert_int_equal(reg->want, want);
    }
    assert_int_equal(w->view.count, count);
    assert_int_equal(w->view.muted, muted);
    assert_true(muted <= count / 2 + 64);
}

static void look_around(struct world *w)
{
    for (int fd = 0; fd < MOST; fd++) {
        w->ready[fd] =
            rng_chance(&w->rng, 15) ? (unsigned)rng_next(&w->rng) & 0x27ff : 0;
        w->native[fd] = rng_chance(&w->rng, 10);
    }
}

/* The native call on the scratch bitmaps: what was not asked is no answer. */
static int look_natively(struct world *w)
{
    eps_selview_scratch_begin(&w->view);
    for (int fd = 0; fd < w->nfds; fd++)
        if (w->native[fd])
            eps_selview_scratch_ask(&w->view, fd);
    for (int set = 0; set < EPS_SETS; set++)
        for (int fd = 0; fd < w->nfds; fd++) {
            unsigned long *bits = w->view.scratch.bits[set];
            assert_int_equal(get(bits, fd), w->native[fd] && asks(w, set, fd));
            if (!satisfies(set, w->ready[fd]))
                put(bits, fd, false);
        }
    return eps_selview_merge(&w->view);
}

static int tell(struct world *w)
{
    int told = 0;

    eps_selview_begin(&w->view);
    for (int fd = 0; fd < w->nfds; fd++)
        if (w->ready[fd] && !w->native[fd])
            told += eps_selview_tell(&w->view, fd, w->ready[fd]);
    return told + look_natively(w);
}

static void check_helpers(struct world *w)
{
    uint32_t count = 0;
    int highest = -1;

    for (int fd = 0; fd < w->nfds; fd++)
        if (asks(w, 0, fd) || asks(w, 1, fd) || asks(w, 2, fd)) {
            count++;
            highest = fd;
        }
    assert_int_equal(eps_bitmaps_count(&w->passed, w->nfds), count);
    assert_int_equal(eps_selview_count(&w->view, &w->passed, w->nfds), count);
    /* What was just taken over is itself. */
    assert_true(eps_selview_resembles(&w->view, &w->passed, w->nfds));
    assert_int_equal(eps_bitmaps_highest(&w->passed, w->nfds, 0), highest);
    assert_int_equal(eps_bitmaps_highest(&w->passed, w->nfds, 64),
                     highest < 64 ? -1 : highest);
}

static void agrees_with_a_look_at_each_bit(void **state)
{
    static struct world w;
    static struct sets expected;

    (void)state;
    w = (struct world){.rng = unit_rng()};
    for (int round = 0; round < ROUNDS; round++) {
        change(&w);
        assert_int_equal(eps_selview_count(&w.view, &w.passed, w.nfds),
                         eps_bitmaps_count(&w.passed, w.nfds));
        update(&w);
        check_interest(&w);
        check_helpers(&w);
        settle_some(&w);
        look_around(&w);
        int told = tell(&w);
        assert_int_equal(told, answer_naively(&w, &expected));
        eps_selview_write(&w.view, &w.passed);
        assert_memory_equal(&w.program, &expected, sizeof(expected));
    }
    eps_selview_clear(&w.view);
    eps_registry_clear(&w.registry);
}

/* The epoll descriptor's own bit may need more room than the caller's. */
static void keeps_what_was_asked_when_it_grows(void **state)
{
    static struct world w;

    (void)state;
    w = (struct world){.nfds = 100};
    for (int set = 0; set < EPS_SETS; set++) {
        w.passed.bits[set] = w.program.words[set];
        put(w.program.words[set], 70 + set, true);
    }
    update(&w);
    for (int fd = 70; fd < 73; fd++)
        eps_selview_keep(&w.view, fd, true);
    eps_selview_begin(&w.view);
    assert_int_equal(eps_selview_tell(&w.view, 70, POLLIN), 1);
    assert_true(eps_selview_reserve(&w.view, 100000));
    assert_int_equal(eps_selview_tell(&w.view, 71, POLLOUT), 1);
    assert_int_equal(eps_selview_tell(&w.view, 72, POLLIN), 0);
    assert_true(get(w.view.kept.bits[EPS_READ], 70));
    assert_true(get(w.view.kept.bits[EPS_EXCEPT], 72));
    eps_selview_write(&w.view, &w.passed);
    assert_true(get(w.program.words[EPS_READ], 70));
    assert_true(get(w.program.words[EPS_WRITE], 71));
    assert_false(get(w.program.words[EPS_EXCEPT], 72));
    eps_selview_clear(&w.view);
}

/* Fresh sets with most of the old numbers are the old ones; others are not. */
static void resembles_only_what_is_alike(void **state)
{
    static struct world w;
    static struct sets other;
    struct eps_bitmaps passed = {{other.words[EPS_READ], NULL, NULL}};

    (void)state;
    w = (struct world){.nfds = 1000};
    w.passed.bits[EPS_READ] = w.program.words[EPS_READ];
    for (int fd = 0; fd < 1000; fd += 10) {
        put(w.program.words[EPS_READ], fd, true);
        put(other.words[EPS_READ], fd, fd >= 200);
    }
    update(&w);
    assert_true(eps_selview_resembles(&w.view, &passed, 1000));
    for (int fd = 0; fd < 500; fd += 10)
        put(other.words[EPS_READ], fd, false);
    assert_false(eps_selview_resembles(&w.view, &passed, 1000));
    for (int fd = 0; fd < 1000; fd += 10) {
        put(other.words[EPS_READ], fd, false);
        put(other.words[EPS_READ], fd + 1, true);
    }
    assert_false(eps_selview_resembles(&w.view, &passed, 1000));
    eps_selview_clear(&w.view);
}

/* A bit may be told by the native look and by an event in one answer. */
static void a_bit_is_told_once(void **state)
{
    static struct world w;

    (void)state;
    w = (struct world){.nfds = 100};
    w.passed.bits[EPS_READ] = w.program.words[EPS_READ];
    put(w.program.words[EPS_READ], 70, true);
    update(&w);
    eps_selview_begin(&w.view);
    assert_int_equal(eps_selview_tell(&w.view, 70, POLLNVAL), 1);
    assert_int_equal(eps_selview_tell(&w.view, 70, POLLIN), 0);
    eps_selview_clear(&w.view);
}

/* Fewer bits are another question, though those that are left are the same. */
static void another_nfds_is_another_question(void **state)
{
    static struct world w;

    (void)state;
    w = (struct world){.nfds = 65};
    w.passed.bits[EPS_READ] = w.program.words[EPS_READ];
    put(w.program.words[EPS_READ], 3, true);
    put(w.program.words[EPS_READ], 64, true);
    update(&w);
    assert_true(eps_selview_is_same(&w.view, &w.passed, 65));
    assert_false(eps_selview_is_same(&w.view, &w.passed, 64));
    eps_selview_clear(&w.view);
}

/* Each bit counts, but for those from nfds on, which are the caller's own. */
static void a_bit_more_or_less_is_another_question(void **state)
{
    static const int sizes[] = {1, 63, 64, 65, 128, 200};

    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
        static struct world w;
        w = (struct world){.nfds = sizes[i]};
        for (int set = 0; set < EPS_SETS; set++)
            w.passed.bits[set] = w.program.words[set];
        put(w.program.words[EPS_WRITE], w.nfds / 2, true);
        update(&w);
        for (int set = 0; set < EPS_SETS; set++)
            for (int fd = 0; fd < 320; fd++) {
                unsigned long *bits = w.program.words[set];
                put(bits, fd, !get(bits, fd));
                assert_int_equal(
                    eps_selview_is_same(&w.view, &w.passed, w.nfds),
                    fd >= w.nfds);
                put(bits, fd, !get(bits, fd));
            }
        w.passed.bits[EPS_EXCEPT] = NULL; /* nor does it ask anything */
        assert_false(eps_selview_is_same(&w.view, &w.passed, w.nfds));
        eps_selview_clear(&w.view);
        eps_registry_clear(&w.registry);
    }
}

/*
 * As it was asked about before it was left out, and kept, it is nothing to be
 * settled; in another set it is.
 */
static void what_is_kept_comes_back_as_it_was(void **state)
{
    static struct world w;
    unsigned long *in = w.program.words[EPS_READ];
    unsigned long *out = w.program.words[EPS_WRITE];

    (void)state;
    w = (struct world){.nfds = 200, .passed = {{in, out, NULL}}};
    for (int fd = 60; fd < 140; fd++)
        put(in, fd, true);
    assert_true(eps_selview_update(&w.view, &w.registry, &w.passed, 200));
    for (int fd; (fd = eps_registry_next_dirty(&w.registry)) >= 0;) {
        eps_selview_settle(&w.view, fd, eps_registry_at(&w.registry, fd));
        eps_selview_keep(&w.view, fd, fd != 70);
    }
    put(in, 69, false);
    put(in, 70, false);
    put(in, 130, false);
    assert_true(eps_selview_update(&w.view, &w.registry, &w.passed, 200));
    assert_int_equal(eps_registry_next_dirty(&w.registry), 70);
    assert_int_equal(eps_registry_next_dirty(&w.registry), -1);
    assert_int_equal(w.view.muted, 2);
    put(in, 69, true);
    put(out, 130, true);
    assert_true(eps_selview_update(&w.view, &w.registry, &w.passed, 200));
    assert_int_equal(eps_registry_next_dirty(&w.registry), 130);
    assert_int_equal(eps_registry_next_dirty(&w.registry), -1);
    assert_int_equal(w.view.muted, 0);
    eps_selview_clear(&w.view);
    eps_registry_clear(&w.registry);
}

/* As of poll()'s view: a forked child would give it up once more. */
static void what_is_given_up_is_forgotten_first(void **state)
{
    struct eps_selview first = {.capacity = 0};
    struct eps_selview *view;

    (void)state;
    assert_true(eps_selview_reserve(&first, 1));
    view = (struct eps_selview *)first.asked.bits[0];
    *view = first;
    eps_selview_clear(view);
}

UNIT_MAIN(cmocka_unit_test(what_is_kept_comes_back_as_it_was),
          cmocka_unit_test(what_is_given_up_is_forgotten_first),
          cmocka_unit_test(agrees_with_a_look_at_each_bit),
          cmocka_unit_test(keeps_what_was_asked_when_it_grows),
          cmocka_unit_test(a_bit_is_told_once),
          cmocka_unit_test(another_nfds_is_another_question),
          cmocka_unit_test(a_bit_more_or_less_is_another_question),
          cmocka_unit_test(resembles_only_what_is_alike))
