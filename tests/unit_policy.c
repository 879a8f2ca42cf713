/* SPDX-License-Identifier: MIT */
/*
 * policy.c by what its header promises: what is earned and spent, when epoll
 * is entered and left, and that coming and going gets dearer.
 */
#include "unit.h"

#include "policy.h"

#include <stdbool.h>

#define COUNT 2000 /* descriptors: no call is passed on unseen */
#define NATIVE_NS 100000
#define TIMED 20 /* native calls that tell what one takes */

static const struct eps_policy_call quiet = {.count = COUNT, .ready = 1};

/* A state that has learned what a native call takes, and nothing else. */
static struct eps_policy_state learned(void)
{
    struct eps_policy_state state = {0};
    struct eps_policy_call call = {.count = COUNT, .native_ns = NATIVE_NS};

    for (int i = 0; i < TIMED; i++) {
        assert_true(!eps_policy_wants_time(&state) || i < 8 || i % 16 == 0);
        eps_policy_after_native(&state, &call);
    }
    state.credit = 0;
    return state;
}

/* Native calls until epoll is wanted; -1: not in a million. */
static int calls_to_enter(struct eps_policy_state *state,
                          const struct eps_policy_call *call)
{
    for (int calls = 0; calls < 1000000; calls++) {
        if (eps_policy_wants_epoll(state, call->count))
            return calls;
        eps_policy_after_native(state, call);
    }
    return -1;
}

/* Calls on the set until it is given up; -1: not in a million. */
static int calls_to_leave(struct eps_policy_state *state,
                          const struct eps_policy_call *call)
{
    for (int calls = 1; calls <= 1000000; calls++)
        if (!eps_policy_after_epoll(state, call))
            return calls;
    return -1;
}

static void what_pays_is_entered_and_kept(void **unused)
{
    struct eps_policy_state state = learned();

    (void)unused;
    assert_in_range(calls_to_enter(&state, &quiet), 1, 1000);
    assert_int_equal(calls_to_leave(&state, &quiet), -1);
    assert_true(eps_policy_wants_epoll(&state, COUNT));
}

/* trace tells the cost of a set by it: it once took the allowance for that. */
static void a_set_is_entered_for_what_it_costs(void **unused)
{
    struct eps_policy_state state = learned();

    (void)unused;
    state.credit = eps_policy_build_cost(COUNT) - 1;
    assert_false(eps_policy_wants_epoll(&state, COUNT));
    state.credit++;
    assert_true(eps_policy_wants_epoll(&state, COUNT));
}

static void what_does_not_pay_is_not_entered(void **unused)
{
    struct eps_policy_state state = learned();
    const struct eps_policy_call busy = {.count = COUNT, .ready = COUNT};

    (void)unused;
    assert_int_equal(calls_to_enter(&state, &busy), -1);
}

static void a_loss_is_left(void **unused)
{
    struct eps_policy_state state = learned();
    struct eps_policy_call loss = quiet;

    (void)unused;
    loss.work = 2 * NATIVE_NS;
    assert_in_range(calls_to_enter(&state, &quiet), 1, 1000);
    /* It may lose what building a set costs, and no more. */
    int64_t most = state.credit;
    assert_in_range(calls_to_leave(&state, &loss), 1, most / NATIVE_NS + 2);
    assert_false(eps_policy_wants_epoll(&state, COUNT));
}

/* Up to 256 times what the first entry cost. */
static void coming_back_costs_twice_as_much(void **unused)
{
    struct eps_policy_state state = learned();
    struct eps_policy_call loss = quiet;
    int first = calls_to_enter(&state, &quiet);

    (void)unused;
    loss.work = 2 * NATIVE_NS;
    for (int times = 2; times <= 1024; times *= 2) {
        assert_true(calls_to_leave(&state, &loss) > 0);
        state.churn = 0; /* which would make it dearer still */
        int calls = calls_to_enter(&state, &quiet);
        int most = first * (times < 256 ? times : 256);
        assert_in_range(calls, most - most / 8, most + most / 8);
    }
}

/*
 * An eighth of native on the way in, a sixteenth inside. A set of 64 that
 * select asked about, with a close each call, was kept for what the estimate
 * was off.
 */
static void a_set_must_save_more_than_nothing(void **unused)
{
    struct eps_policy_state native = learned(), epoll = native;
    int64_t saved = eps_policy_native_cost(&native, &quiet) -
                    eps_policy_epoll_cost(&native, &quiet);
    int64_t before = COUNT * 100, off = NATIVE_NS / 50;

    (void)unused;
    native.credit = epoll.credit = before;
    eps_policy_after_native(&native, &quiet);
    assert_true(eps_policy_after_epoll(&epoll, &quiet));
    int64_t in = saved - (native.credit - before);
    int64_t out = saved - (epoll.credit - before);
    assert_in_range(in, NATIVE_NS / 8 - off, NATIVE_NS / 8 + off);
    assert_in_range(out, NATIVE_NS / 16 - off, NATIVE_NS / 16 + off);
}

/* Calls passed on unseen are taken for the one that was seen. */
static void unseen_calls_earn_too(void **unused)
{
    struct eps_policy_state seen = learned(), unseen = seen;
    struct eps_policy_call few = {.count = 1023}, many = {.count = 1024};

    (void)unused;
    assert_int_equal(eps_policy_passes(many.count), 0);
    uint32_t calls = eps_policy_passes(few.count) + 1;
    eps_policy_after_native(&seen, &many);
    eps_policy_after_native(&unseen, &few);
    assert_in_range(unseen.credit, seen.credit * (calls - 1),
                    seen.credit * (calls + 1));
}

static void churn_bars_the_way_back(void **unused)
{
    struct eps_policy_state calm = learned(), churned = calm;

    (void)unused;
    churned.churn = NATIVE_NS / 2;
    assert_true(calls_to_enter(&churned, &quiet) >
                calls_to_enter(&calm, &quiet));
}

/* Off the steady way, a call costs what it was seen to take. */
static void what_calls_take_is_believed(void **unused)
{
    struct eps_policy_state state = learned();
    struct eps_policy_call call = quiet;

    (void)unused;
    call.work = NATIVE_NS / 2; /* it would pay, by the costs alone */
    int first = calls_to_enter(&state, &call);
    assert_in_range(first, 1, 1000);
    assert_int_equal(calls_to_leave(&state, &call), -1);
    call.epoll_ns = NATIVE_NS * 3 / 2;
    assert_in_range(calls_to_leave(&state, &call), 1, 100);
    assert_true(calls_to_enter(&state, &quiet) > 4 * first); /* remembered */
    /* A new set is judged by itself. */
    call.epoll_ns = NATIVE_NS / 4;
    call.work = NATIVE_NS;
    assert_int_equal(calls_to_leave(&state, &call), -1);
}

/*
 * One call that was preempted for 4 ms once ended a set of a thousand, which
 * was not made again for seconds.
 */
static void a_preempted_call_is_not_believed(void **unused)
{
    struct eps_policy_state state = learned();
    struct eps_policy_call call = quiet, late = quiet;

    (void)unused;
    assert_in_range(calls_to_enter(&state, &quiet), 1, 1000);
    call.epoll_ns = 1000;
    late.epoll_ns = 4000000;
    for (int i = 0; i < 100; i++)
        assert_true(eps_policy_after_epoll(&state, i % 10 ? &call : &late));
    assert_true(eps_policy_epoll_cost(&state, &quiet) < 2000);
}

/* A call that slept tells nothing of itself, nor do those of the steady way. */
static void what_slept_is_judged_by_its_costs(void **unused)
{
    struct eps_policy_state state = learned();
    struct eps_policy_call call = quiet;

    (void)unused;
    assert_in_range(calls_to_enter(&state, &quiet), 1, 1000);
    call.epoll_ns = NATIVE_NS;
    for (int i = 0; i < 16; i++)
        eps_policy_after_epoll(&state, &call);
    call.epoll_ns = 0;
    int64_t before = state.credit = 0;
    call.slept = true;
    assert_true(eps_policy_after_epoll(&state, &call));
    assert_true(state.credit > before + NATIVE_NS / 2);
}

/* Near to each other, both are timed; far from it, none is asked for. */
static void native_is_asked_where_it_is_close(void **unused)
{
    struct eps_policy_state state = learned(), far = state;
    struct eps_policy_call near = quiet,
                           asked = {.count = COUNT, .native_ns = NATIVE_NS / 2};

    (void)unused;
    near.work = NATIVE_NS * 3 / 4;
    assert_in_range(calls_to_enter(&state, &quiet), 1, 1000);
    assert_in_range(calls_to_enter(&far, &quiet), 1, 1000);
    for (int i = 0; i < 64; i++) {
        assert_true(eps_policy_wants_epoll(&state, COUNT));
        eps_policy_after_epoll(&state, &near);
        eps_policy_after_epoll(&far, &quiet);
    }
    assert_true(eps_policy_wants_epoll(&far, COUNT));
    assert_false(eps_policy_wants_epoll(&state, COUNT));
    assert_true(eps_policy_wants_time(&state));
    assert_int_equal(eps_policy_native_passes(&state, 64), 0);
    int64_t before = state.credit;
    eps_policy_after_native(&state, &asked);
    assert_int_equal(state.credit, before);
    assert_true(eps_policy_native_cost(&state, &quiet) < NATIVE_NS * 3 / 5);
    assert_true(eps_policy_wants_epoll(&state, COUNT));
}

/* Where epoll was left, more calls are passed on between two looks. */
static void what_failed_is_looked_at_less(void **unused)
{
    struct eps_policy_state state = {.doublings = 1}, fresh = {0};

    (void)unused;
    assert_true(eps_policy_native_passes(&state, 64) >
                eps_policy_native_passes(&fresh, 64));
    assert_int_equal(eps_policy_native_passes(&fresh, 64),
                     eps_policy_passes(64));
    assert_int_equal(eps_policy_native_passes(&state, COUNT), 0);
}

/* One preempted sample must not make native look dear. */
static void a_high_sample_moves_little(void **unused)
{
    struct eps_policy_state state = learned();
    struct eps_policy_call late = {.count = COUNT,
                                   .native_ns = 1000 * NATIVE_NS};
    uint32_t before = state.native_16;

    (void)unused;
    eps_policy_after_native(&state, &late);
    assert_int_equal(state.native_16, before);
    late.native_ns = 3 * NATIVE_NS;
    eps_policy_after_native(&state, &late);
    assert_in_range(state.native_16, before + 1, before + before / 32);
}

/*
 * In a loop that mostly sleeps, each sleep made native look dearer, up to six
 * times what it is: the set was kept where it was a loss.
 */
static void sleeping_calls_do_not_make_native_dear(void **unused)
{
    struct eps_policy_state state = learned();
    struct eps_policy_call slept = {.count = COUNT, .native_ns = 1000000000};
    int64_t before = eps_policy_native_cost(&state, &quiet);

    (void)unused;
    for (int i = 0; i < 10000; i++)
        eps_policy_after_native(&state, &slept);
    assert_int_equal(eps_policy_native_cost(&state, &quiet), before);
}

UNIT_MAIN(cmocka_unit_test(what_pays_is_entered_and_kept),
          cmocka_unit_test(a_set_is_entered_for_what_it_costs),
          cmocka_unit_test(what_does_not_pay_is_not_entered),
          cmocka_unit_test(a_loss_is_left),
          cmocka_unit_test(coming_back_costs_twice_as_much),
          cmocka_unit_test(a_set_must_save_more_than_nothing),
          cmocka_unit_test(unseen_calls_earn_too),
          cmocka_unit_test(churn_bars_the_way_back),
          cmocka_unit_test(what_calls_take_is_believed),
          cmocka_unit_test(a_preempted_call_is_not_believed),
          cmocka_unit_test(what_slept_is_judged_by_its_costs),
          cmocka_unit_test(native_is_asked_where_it_is_close),
          cmocka_unit_test(what_failed_is_looked_at_less),
          cmocka_unit_test(a_high_sample_moves_little),
          cmocka_unit_test(sleeping_calls_do_not_make_native_dear))
