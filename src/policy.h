/* SPDX-License-Identifier: MIT */
/*
 * The cost model: epoll or native, for one array of one thread. Pure: it is
 * told what calls asked and found, and answers from its own arithmetic.
 * Costs are in ns; the unit costs were measured (HACKING.md) and only their
 * ratios matter.
 *
 * Native calls earn credit: what epoll would have saved, less an eighth.
 * When the credit pays for building the set, epoll is entered; there, calls
 * earn and spend by what they really did, less a sixteenth: a set that is no
 * better than native may be worse. When the credit is used up, epoll is left,
 * and the next entry costs twice as much: at 256 times the price of a set,
 * coming and going costs less than 1 % of what native takes.
 *
 * What calls take is measured on both sides, now and then. Those of the steady
 * way are known best from the costs below, and not timed. Where the two are
 * near to each other, a call goes native now and then, to be timed.
 */
#ifndef EPS_POLICY_H
#define EPS_POLICY_H

#include <stdbool.h>
#include <stdint.h>

/* What the work on an epoll set costs. */
#define EPS_COST_ADD 1300
#define EPS_COST_MODIFY 350
#define EPS_COST_DELETE 700
#define EPS_COST_ENDED 1100 /* an item's end by a close, and the hooks */
#define EPS_COST_LOOK 200   /* natively, at what epoll can't tell, or not yet */
#define EPS_COST_CHANGE 15  /* an entry that differs from its copy */

struct eps_policy_state {
    bool epoll;        /* calls are answered from an epoll set now */
    bool close;        /* ... and would cost about as much natively */
    bool asking;       /* ... so that this one goes native, to be timed */
    uint8_t doublings; /* of the entry price */
    uint8_t timed;     /* calls of this epoll phase, as far as it matters */
    uint16_t samples;  /* native calls since one was timed */
    uint32_t good;     /* epoll calls since the price was changed */
    uint32_t unasked;  /* ... since one went native */
    uint32_t
        native_16;     /* native cost of a descriptor, in 1/16 ns; 0: unknown */
    uint32_t epoll_ns; /* a call on this set, off the steady way, on average */
    int64_t churn;     /* what a call in the last epoll phase took, on average,
                          beyond the same call on a set that is left as it is */
    int64_t credit;
};

/* What one call did, or several that asked the same. */
struct eps_policy_call {
    uint32_t count;    /* descriptors asked about */
    uint32_t ready;    /* ... and reported, by all */
    uint32_t more;     /* calls besides the one; none of them slept */
    bool slept;        /* it had to wait */
    int64_t work;      /* changes to the set, at the costs above */
    int64_t outside;   /* what it caused other calls to take, likewise */
    int64_t native_ns; /* a timed native call's duration; 0: not timed */
    int64_t epoll_ns;  /* of one call on a set, that did not sleep */
};

/* What a call costs natively, and from a set; ns, whatever it earns. */
int64_t eps_policy_native_cost(const struct eps_policy_state *state,
                               const struct eps_policy_call *call);
int64_t eps_policy_epoll_cost(const struct eps_policy_state *state,
                              const struct eps_policy_call *call);

/* What it costs to make a set for so many descriptors, and to give it up. */
int64_t eps_policy_build_cost(uint32_t count);

/* True if the next call should be answered from an epoll set. */
bool eps_policy_wants_epoll(struct eps_policy_state *state, uint32_t count);

/*
 * After a native call on so many descriptors, how many of the next ones on
 * the same array may be passed on without being looked at.
 */
uint32_t eps_policy_passes(uint32_t count);

/*
 * The same, of calls that are native because they are cheaper so: fewer looks
 * where epoll was tried and left, none passed on where only one call is asked.
 */
uint32_t eps_policy_native_passes(const struct eps_policy_state *state,
                                  uint32_t count);

/* True if the next native call should be timed. */
bool eps_policy_wants_time(struct eps_policy_state *state);

void eps_policy_after_native(struct eps_policy_state *state,
                             const struct eps_policy_call *call);

/* False: the set has become a loss; give it up. */
bool eps_policy_after_epoll(struct eps_policy_state *state,
                            const struct eps_policy_call *call);

#endif
