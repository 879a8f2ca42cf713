/* SPDX-License-Identifier: MIT */
/*
 * What the turns of a call share. Owns nothing; while a set is changed, the
 * thread says so, in case a handler leaves the call by siglongjmp.
 */
#include "turn.h"

#include "page.h"
#include "scrub.h"

int eps_turn_prepare(struct eps_set *set, struct eps_thread *self)
{
    int ret = 0;

    self->changing = true;
    if (!eps_epset_is_prepared(set))
        ret = eps_epset_prepare(set, self);
    if (ret == 0 && ++set->calls % EPS_SCRUB_CALLS == 0 &&
        eps_scrub_step(set, self))
        ret = eps_epset_prepare(set, self);
    self->changing = false;
    return ret;
}

bool eps_turn_scrub(struct eps_set *set, struct eps_thread *self, int64_t now)
{
    bool found;

    eps_page_before_sleep(self, now);
    self->changing = true;
    found = eps_scrub_before_sleep(set, self, now);
    self->changing = false;
    return found;
}
