/* SPDX-License-Identifier: MIT */
/*
 * The cost model. Owns nothing; no system call, no thread-local state.
 */
#include "policy.h"

#ifndef EPS_RESTLESS
#define NATIVE_CALL 130 /* a native call that looks at nothing */
#define BUILD 1500      /* a descriptor's part in making a set, and its end */
#define NEAR 2          /* times the other: to be timed in the same minute */
#define UNASKED 64      /* epoll calls between two native ones that are timed */
#define FIRST_TIMED 8   /* native calls that are all timed */
#define FEW_PASSES 60   /* native calls of few descriptors that are not seen */
#else /* for the random test: sets come and go, and native is asked */
#define NATIVE_CALL 2000
#define BUILD 1
#define NEAR 1000
#define UNASKED 2
#define FIRST_TIMED 1
#define FEW_PASSES 1
#endif
#define NATIVE_16_LEAST (10 * 16)
#define NATIVE_16_MOST (120 * 16)
#define NATIVE_16 (20 * 16) /* a descriptor, before any was timed */
#define STRANGE 4      /* times what a call takes: it slept, or was preempted */
#define NATIVE_READY 8 /* a ready one's revents */
#define EPOLL_CALL 220 /* our way through a call, epoll_wait included */
#define EPOLL_SLEEP 350
#define EPOLL_READY 80   /* an event, and twice a look: caches are as cold */
#define EPOLL_UNTIMED 40 /* what lies outside of a timed call */
#define EPOLL_SAMPLES 8  /* timed calls that their average is of */
#define COMPARE_16 3     /* an entry's compare, in 1/16 ns */
#define ALLOWANCE 420    /* a descriptor's, in what may be lost by a set */
#define TIMED_CALLS 16   /* ... and later one in so many */
#define FEW 64           /* where a look at a native call would show most */
#define MANY 1024        /* ... and where not at all */
#define PASSES 22        /* every 23rd is looked at: in step with few loops */
#define MOST_DOUBLINGS 8
#define DOUBT_IN 8    /* what a set must save to be made: an eighth of native */
#define DOUBT_OUT 16  /* ... and to be kept, for its costs are estimates */
#define CHURN_CALLS 8 /* epoll calls that churn is an average of */
#define CHURN_FORGET 1024  /* native calls that make it mostly forgotten */
#define FORGET_CALLS 20000 /* good calls after which the price halves */

static int64_t each_16(const struct eps_policy_state *state)
{
    return state->native_16 ? state->native_16 : NATIVE_16;
}

int64_t eps_policy_native_cost(const struct eps_policy_state *state,
                               const struct eps_policy_call *call)
{
    int64_t looking = call->count * each_16(state) / 16;

    /* Going to sleep, it also queues on each, and looks once more after. */
    return (NATIVE_CALL + looking) * (1 + (int64_t)call->more) +
           (call->slept ? looking : 0) + (int64_t)call->ready * NATIVE_READY;
}

/* From a set that is left as it is. */
static int64_t steady_cost(const struct eps_policy_state *state,
                           const struct eps_policy_call *call)
{
    int64_t telling = EPOLL_READY + 2 * each_16(state) / 16;

    return (EPOLL_CALL + (int64_t)call->count * COMPARE_16 / 16) *
               (1 + (int64_t)call->more) +
           (call->slept ? EPOLL_SLEEP : 0) + call->ready * telling;
}

/* What the call takes beyond that. */
static int64_t extra_cost(const struct eps_policy_state *state,
                          const struct eps_policy_call *call)
{
    int64_t inside = call->work;

    if (state->timed == EPOLL_SAMPLES && !call->more && !call->slept)
        inside = state->epoll_ns - steady_cost(state, call);
    return inside + call->outside;
}

int64_t eps_policy_epoll_cost(const struct eps_policy_state *state,
                              const struct eps_policy_call *call)
{
    return steady_cost(state, call) + extra_cost(state, call);
}

int64_t eps_policy_build_cost(uint32_t count)
{
    return (int64_t)count * BUILD;
}

static int64_t price(const struct eps_policy_state *state, uint32_t count)
{
    return eps_policy_build_cost(count) << state->doublings;
}

uint32_t eps_policy_passes(uint32_t count)
{
    if (count < FEW)
        return FEW_PASSES;
    return count < MANY ? PASSES : 0;
}

uint32_t eps_policy_native_passes(const struct eps_policy_state *state,
                                  uint32_t count)
{
    uint32_t passes = eps_policy_passes(count);

    if (state->epoll)
        return 0;
    return state->doublings && passes ? FEW_PASSES : passes;
}

bool eps_policy_wants_epoll(struct eps_policy_state *state, uint32_t count)
{
    if (state->epoll && state->close && state->unasked >= UNASKED) {
        state->asking = true;
        return false;
    }
    if (!state->epoll && state->credit >= price(state, count)) {
        state->epoll = true;
        state->good = 0;
        state->timed = 0;
        state->epoll_ns = 0;
        /* The building is paid; what is left is for the running costs. */
        state->credit = (int64_t)count * ALLOWANCE;
    }
    return state->epoll;
}

bool eps_policy_wants_time(struct eps_policy_state *state)
{
    uint32_t number = state->samples++;

    return state->asking || number < FIRST_TIMED || number % TIMED_CALLS == 0;
}

/*
 * Low samples are trusted: nothing makes a call quicker than it is. High ones
 * may have been preempted, and move it only a little; those beyond have slept,
 * and tell nothing: a loop that sleeps would look dear for all its calls.
 */
static void learn_native(struct eps_policy_state *state,
                         const struct eps_policy_call *call)
{
    int64_t sample =
        (call->native_ns - NATIVE_CALL - (int64_t)call->ready * NATIVE_READY) *
        16 / call->count;
    int64_t now = state->native_16 ? state->native_16 : NATIVE_16_MOST;

    if (sample > STRANGE * now)
        return;
    if (sample < now)
        now = sample;
    else
        now += (sample - now < now / 4 ? sample - now : now / 4) / 16;
    now = now < NATIVE_16_LEAST ? NATIVE_16_LEAST : now;
    state->native_16 = (uint32_t)(now > NATIVE_16_MOST ? NATIVE_16_MOST : now);
}

/*
 * Calls that change the set differ, and it takes some to know their average.
 * One that was preempted would end a set that pays, and be remembered.
 */
static void learn_epoll(struct eps_policy_state *state,
                        const struct eps_policy_call *call)
{
    int64_t known = steady_cost(state, call) + call->work;
    int64_t now = state->epoll_ns;
    int64_t sample = call->epoll_ns + EPOLL_UNTIMED;

    if (sample > STRANGE * (now > known ? now : known))
        return;
    if (state->timed < EPOLL_SAMPLES)
        state->timed++;
    state->epoll_ns = (uint32_t)(now + (sample - now) / state->timed);
}

void eps_policy_after_native(struct eps_policy_state *state,
                             const struct eps_policy_call *call)
{
    int64_t native;

    if (call->native_ns && call->count)
        learn_native(state, call);
    if (state->asking) {
        state->asking = false;
        state->unasked = 0;
        return;
    }
    if (state->samples < FIRST_TIMED)
        return; /* too early to tell */
    native = eps_policy_native_cost(state, call);
    state->credit +=
        (native - steady_cost(state, call) - state->churn - native / DOUBT_IN) *
        (eps_policy_native_passes(state, call->count) + 1);
    /* Not seen in native calls, it is believed less and less. */
    state->churn -= state->churn / CHURN_FORGET + (state->churn > 0);
    if (state->credit < 0)
        state->credit = 0;
}

bool eps_policy_after_epoll(struct eps_policy_state *state,
                            const struct eps_policy_call *call)
{
    int64_t most = (int64_t)call->count * ALLOWANCE;
    int64_t native, extra, cost;

    if (call->epoll_ns)
        learn_epoll(state, call);
    native = eps_policy_native_cost(state, call);
    extra = extra_cost(state, call);
    cost = steady_cost(state, call) + extra;
    state->close = native < NEAR * cost;
    state->unasked += 1 + call->more;
    state->credit += native - cost - native / DOUBT_OUT;
    if (call->more >= CHURN_CALLS)
        state->churn = 0;
    state->churn += (extra - state->churn) / CHURN_CALLS;
    if (state->credit > most)
        state->credit = most;
    if (state->credit >= 0) {
        state->good += 1 + call->more;
        if (state->good >= FORGET_CALLS && state->doublings)
            state->doublings--;
        state->good %= FORGET_CALLS;
        return true;
    }
    state->epoll = false;
    state->credit = 0;
    if (state->doublings < MOST_DOUBLINGS)
        state->doublings++;
    return false;
}
