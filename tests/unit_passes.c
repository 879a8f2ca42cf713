/* SPDX-License-Identifier: MIT */
/*
 * passes.h: loops on two small arrays are both passed on, wherever these lie.
 * Two select() loops on fd_sets that fell on one place took it from each
 * other, and were looked at in each call: 45 of 1,000 ns.
 */
#include "unit.h"

#include "passes.h"

enum {
    ARRAYS = 64,
    LENGTH = 16,
    CALLS = 60
};

static fd_set arrays[ARRAYS];

static const struct eps_pass *pass_of(struct eps_passes *passes, int array)
{
    const struct eps_pass *pass = eps_passes_find(passes, &arrays[array]);

    return pass->array == &arrays[array] ? pass : NULL;
}

static void give(struct eps_passes *passes, int array, uint32_t left)
{
    eps_passes_give(passes, &arrays[array], LENGTH, left, EPS_C_native_small);
}

static void two_arrays_have_a_pass_each(void **state)
{
    (void)state;
    for (int one = 0; one < ARRAYS; one++)
        for (int other = 0; other < ARRAYS; other++) {
            struct eps_passes passes = {0};
            give(&passes, one, CALLS);
            give(&passes, other, CALLS);
            give(&passes, one, CALLS);
            assert_non_null(pass_of(&passes, one));
            assert_non_null(pass_of(&passes, other));
        }
}

/* Or the older of two would be found for ever. */
static void an_array_has_one_pass(void **state)
{
    struct eps_passes passes = {0};

    (void)state;
    for (int i = 0; i < 100 * ARRAYS; i++) {
        int array = i * 7 % ARRAYS, found = 0;
        give(&passes, array, i % 3 ? CALLS : 0);
        for (int place = 0; place < EPS_PASSES; place++)
            found += passes.at[place].array == &arrays[array];
        assert_int_equal(found, 1);
        assert_int_equal(pass_of(&passes, array)->left, i % 3 ? CALLS : 0);
    }
}

/* The array's own length, and an eighth more. */
static void a_pass_is_for_an_array_that_grows_little(void **state)
{
    struct eps_passes passes = {0};

    (void)state;
    give(&passes, 3, CALLS);
    assert_int_equal(pass_of(&passes, 3)->most, LENGTH + LENGTH / 8);
    assert_int_equal(pass_of(&passes, 3)->reason, EPS_C_native_small);
    assert_null(pass_of(&passes, 4));
}

UNIT_MAIN(cmocka_unit_test(two_arrays_have_a_pass_each),
          cmocka_unit_test(an_array_has_one_pass),
          cmocka_unit_test(a_pass_is_for_an_array_that_grows_little))
