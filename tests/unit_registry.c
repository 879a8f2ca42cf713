/* SPDX-License-Identifier: MIT */
/*
 * registry.c: the two lists that run through the registrations, against plain
 * arrays of flags; the numbers noted; and that a table which grows forgets
 * nothing.
 */
#include "unit.h"

#include "registry.h"

#include <string.h>

#define MOST 5000 /* numbers: the table of 1,024 has to grow */
#define STEPS 40000

struct model {
    bool dirty[MOST + 1]; /* the last stands for all far numbers */
    bool residual[MOST + 1];
    bool wanted[MOST + 1];
};

static int slot_of(int index)
{
    return index < MOST ? index : EPS_FAR;
}

static int random_index(struct rng *rng)
{
    return rng_chance(rng, 2) ? MOST : rng_below(rng, MOST);
}

static struct eps_reg *cover(struct eps_registry *registry, int index)
{
    int slot = slot_of(index);

    assert_true(eps_registry_cover(registry, slot));
    if (slot != EPS_FAR)
        assert_true(eps_registry_covers(registry, slot));
    return eps_registry_at(registry, slot);
}

static int index_of(int fd)
{
    return fd == EPS_FAR ? MOST : fd;
}

/* Each dirty number once, and no other. */
static void drain(struct eps_registry *registry, struct model *model)
{
    int fd;

    while ((fd = eps_registry_next_dirty(registry)) >= 0) {
        assert_true(model->dirty[index_of(fd)]);
        model->dirty[index_of(fd)] = false;
    }
    for (int i = 0; i <= MOST; i++)
        assert_false(model->dirty[i]);
    assert_int_equal(eps_registry_next_dirty(registry), -1);
}

/* As epset.c's make_residual() does. */
static void make_residual(struct eps_registry *registry, int index)
{
    struct eps_reg *reg = cover(registry, index);

    atomic_store(&reg->state, EPS_REG_RESIDUAL);
    if (reg->flags & EPS_REG_LISTED)
        return;
    reg->flags |= EPS_REG_LISTED;
    reg->next_residual = registry->residual;
    registry->residual = slot_of(index) + 1;
}

static void toggle(struct eps_registry *registry, struct model *model,
                   int index, struct rng *rng)
{
    struct eps_reg *reg = cover(registry, index);

    model->wanted[index] = rng_chance(rng, 70);
    model->residual[index] = rng_chance(rng, 50);
    reg->flags &= ~EPS_REG_WANTED;
    if (model->wanted[index])
        reg->flags |= EPS_REG_WANTED;
    if (model->residual[index])
        make_residual(registry, index);
    else
        atomic_store(&reg->state, EPS_REG_REGISTERED);
}

/* The walk meets each wanted residual number once, and no other. */
static void walk(struct eps_registry *registry, const struct model *model)
{
    bool met[MOST + 1] = {false};
    int fd = -1;

    while ((fd = eps_registry_next_residual(registry, fd)) >= 0) {
        int index = index_of(fd);
        assert_true(model->residual[index] && model->wanted[index]);
        assert_false(met[index]);
        met[index] = true;
    }
    for (int i = 0; i <= MOST; i++)
        assert_int_equal(met[i], model->residual[i] && model->wanted[i]);
}

static void lists_agree_with_flags(void **state)
{
    static struct eps_registry registry;
    static struct model model;
    struct rng rng = unit_rng();

    (void)state;
    for (int step = 0; step < STEPS; step++) {
        int index = random_index(&rng);
        if (rng_chance(&rng, 60)) {
            cover(&registry, index);
            eps_registry_mark_dirty(&registry, slot_of(index));
            model.dirty[index] = true;
        } else {
            toggle(&registry, &model, index, &rng);
        }
        if (rng_below(&rng, 400) == 0)
            drain(&registry, &model);
        if (rng_below(&rng, 400) == 0)
            walk(&registry, &model);
    }
    drain(&registry, &model);
    walk(&registry, &model);
    eps_registry_clear(&registry);
}

static void growing_forgets_nothing(void **state)
{
    struct eps_registry registry = {.capacity = 0};

    (void)state;
    for (int fd = 0; fd < MOST; fd += 7) {
        assert_true(eps_registry_cover(&registry, fd));
        eps_registry_at(&registry, fd)->generation = (uint32_t)fd + 1;
    }
    for (int fd = 0; fd < MOST; fd++)
        assert_int_equal(eps_registry_at(&registry, fd)->generation,
                         fd % 7 ? 0 : fd + 1);
    eps_registry_clear(&registry);
    for (int fd = 0; fd < MOST; fd++)
        assert_int_equal(eps_registry_at(&registry, fd)->generation, 0);
}

static int holds;

static void hold(struct eps_quiet *quiet)
{
    (void)quiet;
    holds++;
}

/* Once, whatever comes after; and again for those of the next call. */
static void many_are_told_of(void **state)
{
    struct eps_registry registry = {.capacity = 0};

    (void)state;
    assert_true(eps_registry_cover(&registry, MOST));
    registry.quiet = (struct eps_quiet *)&holds;
    registry.at_many = hold;
    for (int round = 1; round <= 2; round++) {
        for (int fd = 0; fd < 3 * EPS_REGISTRY_MANY; fd++) {
            eps_registry_mark_dirty(&registry, fd);
            assert_int_equal(holds,
                             fd + 1 < EPS_REGISTRY_MANY ? round - 1 : round);
        }
        while (eps_registry_next_dirty(&registry) >= 0)
            continue;
    }
    eps_registry_clear(&registry);
}

/* Those beyond the table share one, which is forgotten like the others. */
static void clearing_forgets_the_far(void **state)
{
    struct eps_registry registry = {.capacity = 0};

    (void)state;
    assert_true(eps_registry_cover(&registry, EPS_FAR));
    eps_registry_at(&registry, EPS_FAR)->first = 1;
    eps_registry_clear(&registry);
    assert_int_equal(eps_registry_at(&registry, EPS_FAR)->first, 0);
}

/* Each noted number once and in order, however the table grew meanwhile. */
static void the_noted_come_in_order(void **state)
{
    struct eps_registry registry = {.capacity = 0};
    bool noted[MOST] = {false};
    struct rng rng = unit_rng();
    int fd = -1;

    (void)state;
    assert_int_equal(eps_registry_next(&registry, 0), -1);
    for (int i = 0; i < 300; i++) {
        fd = rng_below(&rng, 1 + i * (MOST - 1) / 300);
        assert_true(eps_registry_cover(&registry, fd));
        eps_registry_note(&registry, fd);
        noted[fd] = true;
    }
    eps_registry_note(&registry, EPS_FAR);
    fd = -1;
    for (int i = 0; i < MOST; i++)
        if (noted[i]) {
            fd = eps_registry_next(&registry, fd + 1);
            assert_int_equal(fd, i);
        }
    assert_int_equal(eps_registry_next(&registry, fd + 1), -1);
    eps_registry_clear(&registry);
    assert_int_equal(eps_registry_next(&registry, 0), -1);
}

static void covers_every_number_it_should(void **state)
{
    struct eps_registry registry = {.capacity = 0};

    (void)state;
    assert_false(eps_registry_covers(&registry, 0));
    assert_true(eps_registry_cover(&registry, EPS_FAR));
    assert_false(eps_registry_covers(&registry, 0));
    assert_true(eps_registry_cover(&registry, EPS_FD_LIMIT - 1));
    assert_true(eps_registry_covers(&registry, EPS_FD_LIMIT - 1));
    assert_false(eps_registry_covers(&registry, EPS_FD_LIMIT));
    assert_false(eps_registry_covers(&registry, -1));
    assert_int_equal(eps_registry_slot(EPS_FD_LIMIT - 1), EPS_FD_LIMIT - 1);
    assert_int_equal(eps_registry_slot(EPS_FD_LIMIT), EPS_FAR);
    assert_int_equal(eps_registry_slot(INT32_MAX), EPS_FAR);
    assert_true(eps_registry_slot(-5) < 0);
}

UNIT_MAIN(cmocka_unit_test(lists_agree_with_flags),
          cmocka_unit_test(many_are_told_of),
          cmocka_unit_test(growing_forgets_nothing),
          cmocka_unit_test(clearing_forgets_the_far),
          cmocka_unit_test(the_noted_come_in_order),
          cmocka_unit_test(covers_every_number_it_should))
