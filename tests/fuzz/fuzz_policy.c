/* SPDX-License-Identifier: MIT */
/*
 * The cost model through calls as the input has them, on one array: an epoll
 * phase may lose what it is allowed and one call more, by the model's own
 * prices added up here; and nothing leaves its bounds.
 */
#include "fuzz.h"

#include "policy.h"

enum {
    CALLS = 4096,
    MOST_DOUBLINGS = 8,
    MOST_COUNT = 20000,
    MOST_COST = 400 /* of an entry that is left as it is, ready or not */
};

static void check_bounds(const struct eps_policy_state *state)
{
    AGREE(state->credit >= 0 || state->epoll);
    AGREE(state->doublings <= MOST_DOUBLINGS);
    AGREE(state->churn >= -MOST_COUNT * MOST_COST);
    AGREE(state->epoll || !state->asking);
}

static struct eps_policy_call draw(struct input *in, uint32_t count)
{
    unsigned how = byte_of(in);
    struct eps_policy_call call = {.count = count, .slept = how & 1};

    call.ready = how & 2 ? byte_of(in) * count / 255 : 0;
    call.epoll_ns = how & 16 && !call.slept ? word_of(in) * 10 + 1 : 0;
    call.work = how & 4 ? (int64_t)word_of(in) * (how & 8 ? 1000 : 10) : 0;
    return call;
}

static void call_natively(struct eps_policy_state *state, struct input *in,
                          uint32_t count)
{
    struct eps_policy_call call = draw(in, count);

    if (eps_policy_wants_time(state))
        call.native_ns = (int64_t)word_of(in) * 100;
    call.work = call.epoll_ns = 0;
    eps_policy_after_native(state, &call);
}

/*
 * By what is known when the call's own time has been learned, and less the
 * sixteenth of native that a set must save to be kept.
 */
static int64_t gain_of(struct eps_policy_state state,
                       const struct eps_policy_call *call)
{
    struct eps_policy_state learned = state;
    int64_t native = eps_policy_native_cost(&state, call);

    eps_policy_after_epoll(&learned, call);
    state.timed = learned.timed;
    state.epoll_ns = learned.epoll_ns;
    return native - eps_policy_epoll_cost(&state, call) - native / 16;
}

/* Returns whether the set is kept; *gain is what the phase has gained. */
static bool call_epoll(struct eps_policy_state *state, struct input *in,
                       uint32_t count, int64_t *gain)
{
    struct eps_policy_call call = draw(in, count);
    int64_t now = gain_of(*state, &call);
    bool kept = eps_policy_after_epoll(state, &call);
    const int64_t allowance = (int64_t)count * 420;

    *gain += now;
    /* What it had before this call was no loss beyond its means. */
    AGREE(*gain - (now < 0 ? now : 0) >= -allowance);
    AGREE(kept == state->epoll);
    AGREE(!kept || state->credit <= allowance);
    if (now >= 0)
        AGREE(kept);
    return kept;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, data + size};
    struct eps_policy_state state = {0};
    uint32_t count = word_of(&in) % MOST_COUNT + 1;
    int64_t gain = 0;

    for (int i = 0; i < CALLS && in.at < in.end; i++) {
        bool was = state.epoll;
        bool wants = eps_policy_wants_epoll(&state, count);
        AGREE(!was || wants || state.asking);
        if (!was && wants)
            gain = 0;
        if (!wants)
            call_natively(&state, &in, count);
        else
            call_epoll(&state, &in, count, &gain);
        check_bounds(&state);
    }
    return 0;
}
