/* SPDX-License-Identifier: MIT */
/*
 * The cost model is linear: what one more of each thing costs is found by
 * asking it, so that its figures stand in src/policy.c alone.
 */
#include "costs.h"

#include "policy.h"

#include <string.h>

#define MANY 16000

struct units {
    double call, asked, asked_slept, told, slept;
};

static double native(uint32_t look_16, struct eps_policy_call call)
{
    struct eps_policy_state state = {.native_16 = look_16};

    return (double)eps_policy_native_cost(&state, &call);
}

static double epoll(uint32_t look_16, struct eps_policy_call call)
{
    struct eps_policy_state state = {.native_16 = look_16};

    return (double)eps_policy_epoll_cost(&state, &call);
}

static double total(const struct units *unit, const struct cmd_work *work)
{
    double slept_share = work->calls > 0 ? work->slept / work->calls : 0;

    return work->calls * unit->call + work->asked * unit->asked +
           work->asked * slept_share * unit->asked_slept +
           work->told * unit->told + work->slept * unit->slept;
}

double cmd_costs_native(const struct cmd_work *work)
{
    uint32_t look = (uint32_t)(work->look_ns * 16);
    struct eps_policy_call nothing = {.count = 0};
    struct eps_policy_call many = {.count = MANY};
    struct eps_policy_call slept = {.count = MANY, .slept = true};
    struct eps_policy_call ready = {.ready = MANY};
    struct units unit = {.call = native(look, nothing)};

    unit.asked = (native(look, many) - unit.call) / MANY;
    unit.asked_slept = (native(look, slept) - native(look, many)) / MANY;
    unit.told = (native(look, ready) - unit.call) / MANY;
    return total(&unit, work);
}

double cmd_costs_epoll(const struct cmd_work *work)
{
    uint32_t look = (uint32_t)(work->look_ns * 16);
    struct eps_policy_call nothing = {.count = 0};
    struct eps_policy_call many = {.count = MANY};
    struct eps_policy_call slept = {.slept = true};
    struct eps_policy_call ready = {.ready = MANY};
    struct units unit = {.call = epoll(look, nothing)};

    unit.asked = (epoll(look, many) - unit.call) / MANY;
    unit.told = (epoll(look, ready) - unit.call) / MANY;
    unit.slept = epoll(look, slept) - unit.call;
    return total(&unit, work) + work->added * EPS_COST_ADD +
           work->changed * EPS_COST_MODIFY + work->removed * EPS_COST_DELETE;
}
