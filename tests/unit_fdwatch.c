/* SPDX-License-Identifier: MIT */
/*
 * fdwatch.c against a model with a plain struct for each number, and then
 * with several threads that hold, let go of and end the same numbers: an end
 * that nobody is told of is a registration that stays stale, and a program
 * that hangs.
 */
#include "unit.h"

#include "fdwatch.h"
#include "harness/clock.h"
#include "journal.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#define NUMBERS 40
#define SETS 5
#define STEPS 200000

struct number {
    uint32_t generation;
    unsigned holder;
    enum eps_kind kind;
    bool closed;
    bool ending;
};

/* --- the model --------------------------------------------------------- */

static bool is_held(const struct number *n)
{
    return n->holder != EPS_HELD_BY_NONE && n->holder != EPS_HELD_INTERNAL;
}

/* The number ends: once more if it is heard of twice. */
static void model_end(struct number *n, bool closed)
{
    n->generation++;
    n->kind = EPS_KIND_UNKNOWN;
    n->closed = closed;
    n->ending = false;
}

static void model_hold(struct number *n, unsigned set)
{
    if (n->holder == EPS_HELD_INTERNAL)
        return;
    n->holder = n->holder == EPS_HELD_BY_NONE || n->holder == set
                    ? set
                    : EPS_HELD_BY_MANY;
    n->closed = false;
}

static bool model_handed_out(struct number *n, enum eps_kind kind)
{
    bool missed = n->holder != EPS_HELD_BY_NONE && !n->closed;

    if (missed)
        model_end(n, false);
    n->kind = kind;
    n->closed = false;
    return missed;
}

/* --- single steps, compared -------------------------------------------- */

/* An end is noted in the journal exactly if somebody holds the number. */
static void check_journal(uint32_t before, int fd, bool noted)
{
    assert_int_equal(eps_journal_head() - before, noted);
    if (noted)
        assert_int_equal(eps_journal_read(before), fd);
}

static void end_number(int fd, struct number *n, bool closed)
{
    uint32_t before = eps_journal_head();
    unsigned holder = closed ? eps_fdwatch_ended(fd) : eps_fdwatch_end(fd);

    model_end(n, closed);
    n->ending = !closed;
    assert_int_equal(holder, n->holder);
    check_journal(before, fd, is_held(n));
}

static void hand_out(int fd, struct number *n, enum eps_kind kind)
{
    uint32_t before = eps_journal_head();
    bool held = is_held(n);
    bool missed = model_handed_out(n, kind);

    assert_int_equal(eps_fdwatch_handed_out(fd, kind), missed);
    check_journal(before, fd, missed && held);
}

static void learn(int fd, struct number *n, struct rng *rng)
{
    enum eps_kind kind = (enum eps_kind)rng_range(rng, 1, 2);
    uint32_t stale = (uint32_t)rng_below(rng, 2);

    eps_fdwatch_learn(fd, n->generation - stale, kind);
    if (!stale)
        n->kind = kind;
}

static void unhold(int fd, struct number *n, unsigned set)
{
    eps_fdwatch_unhold(fd, set);
    if (n->holder == set)
        n->holder = EPS_HELD_BY_NONE;
}

static void try_to_reserve(int fd, struct number *n)
{
    assert_int_equal(eps_fdwatch_reserve(fd), n->holder == EPS_HELD_BY_NONE);
    if (n->holder == EPS_HELD_BY_NONE)
        n->holder = EPS_HELD_INTERNAL;
}

static void give_back(int fd, struct number *n)
{
    eps_fdwatch_give_back(fd);
    if (n->holder == EPS_HELD_INTERNAL)
        n->holder = EPS_HELD_BY_NONE;
}

static void step(int fd, struct number *n, struct rng *rng)
{
    unsigned set = 1 + (unsigned)rng_below(rng, SETS);

    switch (rng_below(rng, 8)) {
    case 0:
        end_number(fd, n, false);
        break;
    case 1:
        end_number(fd, n, true);
        break;
    case 2:
        hand_out(fd, n, (enum eps_kind)rng_below(rng, 3));
        break;
    case 3:
        learn(fd, n, rng);
        break;
    case 4:
        if (rng_chance(rng, 10))
            try_to_reserve(fd, n);
        if (rng_chance(rng, 10))
            give_back(fd, n);
        break;
    case 5:
        unhold(fd, n, set);
        break;
    default:
        eps_fdwatch_hold(fd, set);
        model_hold(n, set);
    }
}

static void agrees_with_a_struct_per_number(void **state)
{
    static struct number model[NUMBERS];
    struct rng rng = unit_rng();

    (void)state;
    for (int i = 0; i < STEPS; i++) {
        int fd = rng_below(&rng, NUMBERS);
        struct number *n = &model[fd];
        /* Many is for good; now and then all begin anew, as a child does. */
        if (rng_below(&rng, 300) == 0) {
            eps_fdwatch_reset();
            for (int j = 0; j < NUMBERS; j++)
                model[j] = (struct number){.generation = 0};
        }
        step(fd, n, &rng);
        assert_int_equal(eps_fdwatch_generation(fd), n->generation);
        assert_int_equal(eps_fdwatch_holder(fd), n->holder);
        assert_int_equal(eps_fdwatch_kind(fd), n->kind);
        assert_int_equal(eps_fdwatch_is_ending(fd), n->ending);
        assert_int_equal(eps_fdwatch_is_internal(fd),
                         n->holder == EPS_HELD_INTERNAL);
        assert_true(!eps_fdwatch_is_known(fd) ||
                    fd < eps_fdwatch_end_of_known());
        assert_int_equal(eps_fdwatch_matters(fd),
                         !eps_fdwatch_is_known(fd) || n->holder || n->kind ||
                             n->ending);
    }
    eps_fdwatch_reset();
}

static void the_table_ends_at_its_limit(void **state)
{
    (void)state;
    assert_true(eps_fdwatch_covers(0));
    assert_true(eps_fdwatch_covers(EPS_FD_LIMIT - 1));
    assert_false(eps_fdwatch_covers(EPS_FD_LIMIT));
    assert_false(eps_fdwatch_covers(-1));
    assert_false(eps_fdwatch_is_internal(-1));
    eps_fdwatch_reset();
    assert_int_equal(eps_fdwatch_end_of_known(), 0);
    eps_fdwatch_end(EPS_FD_LIMIT - 1);
    assert_int_equal(eps_fdwatch_end_of_known(), EPS_FD_LIMIT);
    eps_fdwatch_reset();
}

/* --- threads ----------------------------------------------------------- */

#define CONTESTED 3 /* the number that all threads are about */
#define FRESH 20000 /* that many in a row, where many is for good */
#define ROUNDS 3
#define ENOUGH_MS 3000 /* where each turn takes a slice of one processor */

static atomic_bool over;
static atomic_int contested = CONTESTED;

/* Another set takes hold of the number and lets go, all the time. */
static void *come_and_go(void *argument)
{
    unsigned set = *(unsigned *)argument;

    while (!atomic_load(&over)) {
        int fd = atomic_load(&contested);
        eps_fdwatch_hold(fd, set);
        eps_fdwatch_unhold(fd, set);
    }
    return NULL;
}

static bool is_held_by(int fd, unsigned set)
{
    unsigned holder = eps_fdwatch_holder(fd);

    return holder == set || holder == EPS_HELD_BY_MANY;
}

/* It is about to let go, and may be off the processor in between. */
static void wait_for_the_other(int fd)
{
    for (int spins = 1; !is_held_by(fd, 2); spins++)
        if (spins % 1024 == 0)
            sched_yield();
}

/* Whatever others do: after a hold the number is held. */
static void a_hold_is_not_lost_to_another_set(void **state)
{
    unsigned other = 2;
    pthread_t thread;
    int lost = 0;

    (void)state;
    atomic_store(&over, false);
    assert_int_equal(pthread_create(&thread, NULL, come_and_go, &other), 0);
    double begun = clock_ms();
    for (int round = 0; round < ROUNDS; round++) {
        for (int fd = 0; fd < FRESH && clock_ms() - begun < ENOUGH_MS; fd++) {
            atomic_store(&contested, fd);
            wait_for_the_other(fd);
            eps_fdwatch_hold(fd, 1);
            lost += !is_held_by(fd, 1);
        }
        eps_fdwatch_reset();
    }
    atomic_store(&over, true);
    pthread_join(thread, NULL);
    assert_int_equal(lost, 0);
    atomic_store(&contested, CONTESTED);
    eps_fdwatch_reset();
}

#define ENDERS 3
#define ENDS 20000

static void *end_often(void *argument)
{
    (void)argument;
    for (int i = 0; i < ENDS; i++)
        i % 2 ? eps_fdwatch_ended(CONTESTED) : eps_fdwatch_end(CONTESTED);
    return NULL;
}

/* Every end steps the generation once, and is noted once while held. */
static void no_end_is_lost_to_another_thread(void **state)
{
    pthread_t threads[ENDERS];
    uint32_t mark = eps_journal_head();
    uint32_t generation = eps_fdwatch_generation(CONTESTED);

    (void)state;
    eps_fdwatch_hold(CONTESTED, 1);
    for (int i = 0; i < ENDERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, end_often, NULL), 0);
    for (int i = 0; i < ENDS; i++) {
        eps_fdwatch_hold(CONTESTED, 1);
        eps_fdwatch_learn(CONTESTED, eps_fdwatch_generation(CONTESTED),
                          EPS_KIND_FAITHFUL);
    }
    for (int i = 0; i < ENDERS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(eps_fdwatch_generation(CONTESTED) - generation,
                     ENDERS * ENDS);
    assert_int_equal(eps_journal_head() - mark, ENDERS * ENDS);
    eps_fdwatch_reset();
}

/* Two threads are in turns: one ends what the other has just taken. */
static atomic_int turn;

static void *end_in_turns(void *argument)
{
    (void)argument;
    while (!atomic_load(&over)) {
        if (atomic_load(&turn) == 1) {
            eps_fdwatch_end(CONTESTED);
            atomic_store(&turn, 0);
        }
        sched_yield();
    }
    return NULL;
}

static bool is_noted_since(uint32_t mark)
{
    for (; mark != eps_journal_head(); mark++)
        if (eps_journal_read(mark) == CONTESTED)
            return true;
    return false;
}

/* While a third comes and goes, the end of a held number is always told. */
static void an_end_of_a_held_number_is_told(void **state)
{
    unsigned other = 2;
    pthread_t ender, guest;
    int untold = 0;

    (void)state;
    atomic_store(&over, false);
    atomic_store(&turn, 0);
    assert_int_equal(pthread_create(&ender, NULL, end_in_turns, NULL), 0);
    assert_int_equal(pthread_create(&guest, NULL, come_and_go, &other), 0);
    double begun = clock_ms();
    for (int i = 0; i < ENDS && clock_ms() - begun < ENOUGH_MS; i++) {
        uint32_t mark = eps_journal_head();
        eps_fdwatch_hold(CONTESTED, 1);
        uint32_t generation = eps_fdwatch_generation(CONTESTED);
        atomic_store(&turn, 1);
        while (atomic_load(&turn) != 0)
            sched_yield();
        untold += eps_fdwatch_generation(CONTESTED) == generation ||
                  !is_noted_since(mark);
        eps_fdwatch_reset();
    }
    atomic_store(&over, true);
    pthread_join(ender, NULL);
    pthread_join(guest, NULL);
    assert_int_equal(untold, 0);
    eps_fdwatch_reset();
}

static int reserve_table(void **state)
{
    (void)state;
    return eps_fdwatch_start() ? 0 : -1;
}

UNIT_MAIN(cmocka_unit_test_setup(agrees_with_a_struct_per_number, reserve_table),
          cmocka_unit_test(the_table_ends_at_its_limit),
          cmocka_unit_test(a_hold_is_not_lost_to_another_set),
          cmocka_unit_test(no_end_is_lost_to_another_thread),
          cmocka_unit_test(an_end_of_a_held_number_is_told))
