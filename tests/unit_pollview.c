/* SPDX-License-Identifier: MIT */
/*
 * pollview.c against a model that knows nothing of copies, links and lists:
 * it looks through the caller's whole array, for each descriptor, each time.
 * The array changes as programs change theirs: it grows, shrinks, is
 * compacted and moved, entries are swapped, revents is cleared or not.
 */
#include "unit.h"

#include "polldiff.h"

#include <string.h>

#define MOST 2500   /* entries: several stretches of the comparison */
#define NUMBERS 260 /* few, so that duplicates are common */
#define FAR_NUMBERS 3
#define ROUNDS 1000

struct world {
    struct rng rng;
    struct eps_pollview view;
    struct eps_registry registry;
    struct pollfd memory[2][MOST]; /* the caller's array, here or there */
    struct pollfd *array;
    uint32_t count;
    uint16_t ready[NUMBERS]; /* what each number has to tell this round */
};

/* Numbers beyond the registry share one registration; negatives have none. */
static int random_number(struct rng *rng)
{
    int dice = rng_below(rng, 100);

    if (dice < 6)
        return ~rng_below(rng, 3);
    if (dice < 8)
        return EPS_FD_LIMIT + rng_below(rng, FAR_NUMBERS);
    return rng_below(rng, NUMBERS);
}

static short random_events(struct rng *rng)
{
    static const short usual[] = {
        0,       POLLIN, POLLOUT, POLLIN | POLLOUT, POLLPRI, POLLERR | POLLHUP,
        POLLNVAL};

    if (rng_chance(rng, 20))
        return (short)rng_next(rng);
    return usual[rng_below(rng, sizeof(usual) / sizeof(*usual))];
}

static struct pollfd random_entry(struct rng *rng)
{
    return (struct pollfd){.fd = random_number(rng),
                           .events = random_events(rng),
                           .revents = (short)rng_next(rng)};
}

/* --- what programs do to their arrays ---------------------------------- */

static void grow(struct world *w)
{
    uint32_t most = MOST - w->count;

    if (!most)
        return;
    if (rng_chance(&w->rng, 70) && most > 8)
        most = 8;
    for (int n = rng_range(&w->rng, 1, (int)most); n > 0; n--)
        w->array[w->count++] = random_entry(&w->rng);
}

static void shrink(struct world *w)
{
    int most = rng_chance(&w->rng, 85) && w->count > 8 ? 8 : (int)w->count;

    if (w->count > 1)
        w->count -= (uint32_t)rng_below(&w->rng, most);
}

static void compact(struct world *w)
{
    uint32_t at = (uint32_t)rng_below(&w->rng, (int)w->count);

    if (w->count > 1) {
        w->count--;
        memmove(w->array + at, w->array + at + 1,
                (w->count - at) * sizeof(*w->array));
    }
}

static void swap(struct world *w)
{
    int a = rng_below(&w->rng, (int)w->count);
    int b = rng_below(&w->rng, (int)w->count);
    struct pollfd kept = w->array[a];

    w->array[a] = w->array[b];
    w->array[b] = kept;
}

static void replace(struct world *w)
{
    w->array[rng_below(&w->rng, (int)w->count)] = random_entry(&w->rng);
}

static void ask_otherwise(struct world *w)
{
    w->array[rng_below(&w->rng, (int)w->count)].events = random_events(&w->rng);
}

static void write_revents(struct world *w)
{
    w->array[rng_below(&w->rng, (int)w->count)].revents =
        (short)rng_below(&w->rng, 3);
}

static void clear_all_revents(struct world *w)
{
    for (uint32_t i = 0; i < w->count; i++)
        w->array[i].revents = 0;
}

static void move(struct world *w)
{
    struct pollfd *other = w->memory[w->array == w->memory[0]];

    memcpy(other, w->array, w->count * sizeof(*other));
    w->array = other;
}

/* Switched off and on again by the complement, some at regular distances. */
static void toggle_some(struct world *w)
{
    uint32_t distance = (uint32_t)rng_range(&w->rng, 1, 12);
    uint32_t at = (uint32_t)rng_below(&w->rng, (int)w->count);
    int most = rng_range(&w->rng, 1, 100);

    for (; at < w->count && most > 0; at += distance, most--)
        w->array[at].fd = ~w->array[at].fd;
}

static void bring_all_back(struct world *w)
{
    for (uint32_t i = 0; i < w->count; i++)
        if (w->array[i].fd < 0)
            w->array[i].fd = ~w->array[i].fd;
}

static void change(struct world *w)
{
    static void (*const ways[])(struct world *) = {
        grow,    shrink,        compact,        swap,
        replace, ask_otherwise, write_revents,  clear_all_revents,
        move,    toggle_some,   bring_all_back,
    };

    for (int n = rng_below(&w->rng, 5); n > 0; n--)
        ways[rng_below(&w->rng, sizeof(ways) / sizeof(*ways))](w);
}

/* --- the model --------------------------------------------------------- */

static bool names_slot(const struct pollfd *entry, int slot)
{
    return entry->fd >= 0 && eps_registry_slot(entry->fd) == slot;
}

static unsigned wanted_of(const struct world *w, int slot, bool *named)
{
    unsigned want = 0;

    *named = false;
    for (uint32_t i = 0; i < w->count; i++)
        if (names_slot(&w->array[i], slot)) {
            want |= (unsigned short)w->array[i].events;
            *named = true;
        }
    return want & (POLLIN | POLLPRI | POLLOUT | POLLRDNORM | POLLRDBAND |
                   POLLWRNORM | POLLWRBAND | POLLMSG | POLLRDHUP);
}

/* Entries of far numbers are told by nobody here. */
static short revents_of(const struct world *w, const struct pollfd *entry)
{
    unsigned asked = (unsigned short)entry->events & EPS_POLL_KNOWN;

    if (entry->fd < 0 || entry->fd >= NUMBERS)
        return 0;
    return (short)(w->ready[entry->fd] & (asked | POLLERR | POLLHUP));
}

/* --- one round --------------------------------------------------------- */

static void update(struct world *w)
{
    int fd;

    assert_true(
        eps_polldiff_update(&w->view, &w->registry, w->array, w->count));
    while ((fd = eps_registry_next_dirty(&w->registry)) >= 0)
        eps_pollview_settle(&w->view, eps_registry_at(&w->registry, fd));
}

/*
 * All numbers, not the dirty ones: a change that was missed must show. An
 * entry that was switched off may still be asked for, so first nothing must
 * be missing; settled anew, everything must be exact.
 */
static void check_interest(struct world *w, bool exact)
{
    for (int n = 0; n <= NUMBERS; n++) {
        int slot = n < NUMBERS ? n : EPS_FAR;
        bool named;
        unsigned want = wanted_of(w, slot, &named);
        if (slot != EPS_FAR && !eps_registry_covers(&w->registry, slot)) {
            assert_false(named);
            continue;
        }
        struct eps_reg *reg = eps_registry_at(&w->registry, slot);
        if (exact)
            eps_pollview_settle(&w->view, reg);
        if (exact || named)
            assert_int_equal(!!(reg->flags & EPS_REG_WANTED), named);
        assert_int_equal(exact ? reg->want : reg->want & want, want);
    }
}

static int tell(struct world *w)
{
    int told = 0;

    eps_pollview_clear_ready(&w->view, w->array);
    for (int fd = 0; fd < NUMBERS; fd++) {
        w->ready[fd] = 0;
        if (!rng_chance(&w->rng, 20) || !eps_registry_covers(&w->registry, fd))
            continue;
        w->ready[fd] = (uint16_t)rng_next(&w->rng) & EPS_POLL_KNOWN;
        told += eps_pollview_tell(&w->view, eps_registry_at(&w->registry, fd),
                                  w->ready[fd], w->array);
    }
    return told;
}

/* What stands behind the array's end is not the library's to write. */
static void mark_the_rest(struct world *w)
{
    for (uint32_t i = w->count; i < MOST; i++)
        w->array[i].revents = 0x5a5a;
}

static void check_answer(struct world *w, int told)
{
    int expected = 0;

    for (uint32_t i = w->count; i < MOST; i++)
        assert_int_equal(w->array[i].revents, 0x5a5a);

    for (uint32_t i = 0; i < w->count; i++) {
        short revents = revents_of(w, &w->array[i]);
        expected += revents != 0;
        assert_int_equal((unsigned short)w->array[i].revents,
                         (unsigned short)revents);
    }
    assert_int_equal(told, expected);
}

/* Each position once at most, or the list would outgrow its memory. */
static void check_ready_list(const struct world *w)
{
    bool seen[MOST] = {false};

    assert_true(w->view.ready_count <= w->view.capacity);
    for (uint32_t i = 0; i < w->view.ready_count; i++) {
        assert_in_range(w->view.ready[i], 0, w->count - 1);
        assert_false(seen[w->view.ready[i]]);
        seen[w->view.ready[i]] = true;
    }
}

static void agrees_with_the_whole_array(void **state)
{
    static struct world w;

    (void)state;
    w = (struct world){.rng = unit_rng()};
    w.array = w.memory[0];
    grow(&w);
    for (int round = 0; round < ROUNDS; round++) {
        change(&w);
        mark_the_rest(&w);
        update(&w);
        check_interest(&w, false);
        if (rng_chance(&w.rng, 20))
            check_interest(&w, true);
        check_answer(&w, tell(&w));
        check_ready_list(&w);
    }
    eps_pollview_clear(&w.view);
    eps_registry_clear(&w.registry);
    assert_int_equal(w.view.count, 0);
}

/* The view goes through the array to and fro: from either end, so to say. */
static void every_difference_is_found(void **state)
{
    static struct pollfd array[MOST];
    struct world w = {.array = array, .count = MOST};

    (void)state;
    for (int i = 0; i < MOST; i++)
        array[i] = (struct pollfd){.fd = i, .events = POLLIN};
    update(&w);
    eps_pollview_clear_ready(&w.view, array);
    for (int i = 0; i < 2 * MOST; i++) {
        struct pollfd *entry = &array[i / 2];
        assert_true(eps_polldiff_is_same(&w.view, array, MOST));
        if (i % 2) /* the other way, next time */
            assert_true(eps_polldiff_is_same(&w.view, array, MOST));
        entry->events |= POLLOUT;
        assert_false(eps_polldiff_is_same(&w.view, array, MOST));
        entry->events = POLLIN;
    }
    assert_false(eps_polldiff_is_same(&w.view, array, MOST - 1));
    eps_pollview_clear(&w.view);
    eps_registry_clear(&w.registry);
}

/* An entry may be told by the native look and by an event in one answer. */
static void an_entry_is_told_once(void **state)
{
    struct pollfd array[3] = {{7, POLLIN, 0}, {8, POLLIN, 0}, {7, POLLIN, 0}};
    struct world w = {.array = array, .count = 3};
    int told;

    (void)state;
    update(&w);
    eps_pollview_clear_ready(&w.view, array);
    told = eps_pollview_tell_at(&w.view, 0, POLLNVAL, array);
    told += eps_pollview_tell(&w.view, eps_registry_at(&w.registry, 7), POLLIN,
                              array);
    assert_int_equal(told, 2);
    check_ready_list(&w);
    eps_pollview_clear(&w.view);
}

/* An array with the old contents elsewhere is the old one; others are not. */
static void resembles_only_what_is_alike(void **state)
{
    static struct pollfd here[100], there[100];
    struct world w = {.array = here, .count = 100};

    (void)state;
    for (int i = 0; i < 100; i++) {
        here[i] = (struct pollfd){.fd = i, .events = POLLIN};
        there[i] = here[i];
    }
    update(&w);
    assert_true(eps_pollview_resembles(&w.view, there, 100));
    assert_true(eps_pollview_resembles(&w.view, there, 95));
    assert_false(eps_pollview_resembles(&w.view, there, 50));
    for (int i = 0; i < 100; i++)
        there[i].fd = i + 1;
    assert_false(eps_pollview_resembles(&w.view, there, 100));
    eps_pollview_clear(&w.view);
}

/* It asks for nothing, and is told of a hang-up only while it is on. */
static void switch_on_again(int fd)
{
    struct pollfd array[1] = {{fd, 0, 0}};
    struct world w = {.array = array, .count = 1};
    struct eps_reg *reg;

    for (int i = 0; i < 2; i++) {
        array[0].fd = fd;
        update(&w);
        reg = eps_registry_at(&w.registry, eps_registry_slot(fd));
        assert_true(reg->flags & EPS_REG_WANTED);
        array[0].fd = ~fd;
        update(&w);
        eps_pollview_settle(&w.view, reg); /* for another reason */
        assert_false(reg->flags & EPS_REG_WANTED);
    }
    eps_pollview_clear(&w.view);
    eps_registry_clear(&w.registry);
}

static void an_entry_that_is_switched_on_again(void **state)
{
    (void)state;
    switch_on_again(7);
}

/* Numbers past the table share a registration, which nobody may want. */
static void a_far_entry_that_is_switched_on_again(void **state)
{
    (void)state;
    switch_on_again(EPS_FD_LIMIT + 1);
}

/*
 * If another thread forks before it is, its child finds the view, and gives it
 * up again: with it would go what has been mapped there since. A view that lies
 * in its own memory can't be written once that is gone.
 */
static void what_is_given_up_is_forgotten_first(void **state)
{
    struct eps_pollview first = {.capacity = 0};
    struct eps_pollview *view;

    (void)state;
    assert_true(eps_pollview_reserve(&first, 1));
    view = (struct eps_pollview *)first.copy;
    *view = first;
    eps_pollview_clear(view);
}

UNIT_MAIN(cmocka_unit_test(agrees_with_the_whole_array),
          cmocka_unit_test(what_is_given_up_is_forgotten_first),
          cmocka_unit_test(every_difference_is_found),
          cmocka_unit_test(an_entry_is_told_once),
          cmocka_unit_test(an_entry_that_is_switched_on_again),
          cmocka_unit_test(a_far_entry_that_is_switched_on_again),
          cmocka_unit_test(resembles_only_what_is_alike))
