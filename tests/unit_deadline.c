/* SPDX-License-Identifier: MIT */
/*
 * deadline.h: what is left of a timeout. poll()'s is a moment, counted by the
 * clock; the others' is an amount, used up by waits alone.
 */
#include "unit.h"

#include "deadline.h"

#define SECOND INT64_C(1000000000)
#define YEAR (INT64_C(365) * 86400) /* in seconds */

static struct eps_deadline of(int64_t seconds, long nanoseconds)
{
    return eps_deadline_of_timespec(
        &(struct timespec){(time_t)seconds, nanoseconds});
}

static int64_t left_of(struct eps_deadline deadline)
{
    return eps_deadline_left(&deadline);
}

static void timeouts_become_nanoseconds(void **state)
{
    (void)state;
    assert_true(left_of(eps_deadline_of_ms(0)) == 0);
    assert_true(left_of(eps_deadline_of_ms(1)) == 1000000);
    assert_true(left_of(eps_deadline_of_ms(INT_MAX)) ==
                INT_MAX * INT64_C(1000000));
    assert_true(left_of(of(0, 0)) == 0);
    assert_true(left_of(of(0, 1)) == 1);
    assert_true(left_of(of(3, 999999999)) == 4 * SECOND - 1);
}

static void negative_milliseconds_and_ages_are_for_ever(void **state)
{
    (void)state;
    assert_true(left_of(eps_deadline_of_ms(-1)) == EPS_FOR_EVER);
    assert_true(left_of(eps_deadline_of_ms(INT_MIN)) == EPS_FOR_EVER);
    assert_true(left_of(eps_deadline_of_timespec(NULL)) == EPS_FOR_EVER);
    /* Two hundred years are not, and are no overflow. */
    if (sizeof(time_t) > 4) {
        assert_true(left_of(of(INT64_MAX, 999999999)) == EPS_FOR_EVER);
        assert_true(left_of(of(INT64_C(1) << 40, 0)) == EPS_FOR_EVER);
        assert_true(left_of(of(200 * YEAR, 0)) == 200 * YEAR * SECOND);
    }
    assert_true(left_of(of(60 * YEAR, 1)) == 60 * YEAR * SECOND + 1);
}

/* Milliseconds are rounded up: poll must not return before its time. */
static void milliseconds_are_rounded_up(void **state)
{
    struct rng rng = unit_rng();

    (void)state;
    assert_int_equal(eps_ms_of(EPS_FOR_EVER), -1);
    assert_int_equal(eps_ms_of(0), 0);
    assert_int_equal(eps_ms_of(1), 1);
    assert_int_equal(eps_ms_of(INT_MAX * INT64_C(1000000)), INT_MAX);
    for (int i = 0; i < 10000; i++) {
        int64_t left = (int64_t)(rng_next(&rng) % (3600 * SECOND));
        int64_t ms = eps_ms_of(left);
        assert_true(ms * 1000000 >= left && (ms - 1) * 1000000 < left);
    }
}

static void timespecs_are_exact(void **state)
{
    struct rng rng = unit_rng();

    (void)state;
    for (int i = 0; i < 10000; i++) {
        int64_t left = (int64_t)(rng_next(&rng) >> 1) % (1000000 * SECOND);
        struct timespec rest = eps_timespec_of(left);
        assert_in_range(rest.tv_nsec, 0, 999999999);
        assert_true(rest.tv_sec * SECOND + rest.tv_nsec == left);
    }
}

/* A moment: what passed by the clock counts, and not what was spent as well. */
static void a_moment_comes_by_the_clock(void **state)
{
    struct eps_deadline deadline = eps_deadline_of_ms(60000);
    int64_t now = eps_clock_ns();

    (void)state;
    eps_deadline_start(&deadline, now - 59 * SECOND);
    int64_t left = eps_deadline_left(&deadline);
    assert_true(left > 0 && left <= SECOND);
    eps_deadline_spend(&deadline, 30 * SECOND);
    assert_true(eps_deadline_left(&deadline) <= left);
    assert_true(eps_deadline_left(&deadline) > 0);

    /* The first start is the one that counts. */
    eps_deadline_start(&deadline, now);
    assert_true(eps_deadline_left(&deadline) <= left);

    deadline = eps_deadline_of_ms(1000);
    eps_deadline_start(&deadline, now - 2 * SECOND);
    assert_true(eps_deadline_left(&deadline) == 0);
}

/* A clock that another library has stopped, or slowed down. */
static void a_moment_comes_by_waits_that_the_clock_has_missed(void **state)
{
    struct eps_deadline deadline = eps_deadline_of_ms(60000);

    (void)state;
    eps_deadline_start(&deadline, eps_clock_ns());
    eps_deadline_spend(&deadline, 50 * SECOND);
    assert_true(eps_deadline_left(&deadline) <= 10 * SECOND);
    assert_true(eps_deadline_left(&deadline) > 0);
    eps_deadline_spend(&deadline, 10 * SECOND);
    assert_true(eps_deadline_left(&deadline) == 0);
}

static void an_amount_goes_by_what_is_spent(void **state)
{
    struct eps_deadline deadline = of(10, 0);

    (void)state;
    eps_deadline_start(&deadline, eps_clock_ns() - 3600 * SECOND);
    assert_true(eps_deadline_left(&deadline) == 10 * SECOND);
    eps_deadline_spend(&deadline, 4 * SECOND);
    assert_true(eps_deadline_left(&deadline) == 6 * SECOND);
    eps_deadline_spend(&deadline, 7 * SECOND);
    assert_true(eps_deadline_left(&deadline) == 0);
}

static void for_ever_is_not_used_up(void **state)
{
    struct eps_deadline moment = eps_deadline_of_ms(-1);
    struct eps_deadline amount = eps_deadline_of_timespec(NULL);

    (void)state;
    eps_deadline_start(&moment, 1);
    eps_deadline_start(&amount, 1);
    eps_deadline_spend(&moment, SECOND);
    eps_deadline_spend(&amount, SECOND);
    assert_true(eps_deadline_left(&moment) == EPS_FOR_EVER);
    assert_true(eps_deadline_left(&amount) == EPS_FOR_EVER);
}

UNIT_MAIN(cmocka_unit_test(timeouts_become_nanoseconds),
          cmocka_unit_test(negative_milliseconds_and_ages_are_for_ever),
          cmocka_unit_test(milliseconds_are_rounded_up),
          cmocka_unit_test(timespecs_are_exact),
          cmocka_unit_test(a_moment_comes_by_the_clock),
          cmocka_unit_test(a_moment_comes_by_waits_that_the_clock_has_missed),
          cmocka_unit_test(an_amount_goes_by_what_is_spent),
          cmocka_unit_test(for_ever_is_not_used_up))
