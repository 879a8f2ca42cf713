/* SPDX-License-Identifier: MIT */
/*
 * What the turns of a call share. Owns nothing.
 */
#include "turn.h"

#include "page.h"
#include "process.h"
#include "scrub.h"
#include "site.h"

#include <errno.h>

int eps_turn_prepare(struct eps_set *set, struct eps_thread *self)
{
    int ret = 0;

    if (set->registry.marked >= EPS_REGISTRY_MANY || set->haunted)
        eps_quiet_begin(&self->quiet);
    if (!eps_epset_is_prepared(set))
        ret = eps_epset_prepare(set, self);
    if (ret == 0 && ++set->calls % EPS_SCRUB_CALLS == 0 &&
        eps_scrub_step(set, self))
        ret = eps_epset_prepare(set, self);
    return ret;
}

int eps_turn_look(struct eps_set *set, struct eps_thread *self, uint32_t epoch,
                  bool slept, bool blind)
{
    int found;

    if (eps_process_is_sandboxed()) /* since we slept, by another thread */
        return EPS_TURN_BARRED;
    /* It will sleep, after work that takes its time: see quiet.h. */
    if (blind && !slept && eps_scrub_is_due(set, eps_clock_ns()))
        eps_quiet_begin(&self->quiet);
    if (eps_turn_prepare(set, self) < 0)
        return EPS_TURN_NATIVE;
    if (!set->registry.registered && !slept)
        return EPS_TURN_ODD;
    found = blind ? 0 : eps_epset_look(set, self);
    if (eps_turn_is_elsewhere(epoch))
        return EPS_TURN_ODD;
    if (found < 0)
        return found == -ESTALE ? EPS_TURN_LOST : EPS_TURN_NATIVE;
    return found;
}

enum eps_outcome eps_turn_leave(struct eps_thread *self, struct eps_site *site,
                                int end)
{
    if (end == EPS_TURN_ODD) /* nothing to answer, or a bad mask */
        return eps_gate_leave_native(self, EPS_C_native_unfit);
    if (end == EPS_TURN_BARRED)
        return eps_gate_leave_native(self, EPS_C_native_barred);
    eps_site_failed(self, site);
    return EPS_NATIVE;
}

/* Entries or bits that the event is an answer to. */
static int tell(struct eps_set *set, struct eps_event event,
                struct pollfd *array)
{
    if (event.reg->flags & EPS_REG_BACKED)
        return 0; /* the native look has told it, and all of it */
    if (set->call == EPS_CALL_SELECT)
        return eps_selview_tell(&set->select, event.fd, event.events);
    return eps_pollview_tell(&set->poll, event.reg, event.events, array);
}

static bool is_told(const struct eps_set *set, struct eps_event event)
{
    if (set->call == EPS_CALL_SELECT)
        return eps_selview_is_told(&set->select, event.fd);
    return eps_pollview_is_told(&set->poll, event.reg);
}

static int tell_all(struct eps_set *set, struct eps_thread *self, int found,
                    struct pollfd *array)
{
    int told = 0;

    for (int i = 0; i < found; i++) {
        struct eps_event event;
        if (!eps_epset_event(set, i, &event)) {
            eps_epset_astray(set, i, self);
            continue;
        }
        int here = tell(set, event, array);
        if (!here && !is_told(set, event))
            eps_epset_unwanted(set, event, self);
        told += here;
    }
    return told;
}

int eps_turn_tell(struct eps_set *set, struct eps_thread *self, int found,
                  struct pollfd *array, int told, int *overtaken)
{
    int here = tell_all(set, self, found, array);

    if (found == (int)set->event_capacity) /* there may be more to tell */
        return EPS_TURN_AGAIN;
    if (told || !eps_epset_is_behind(set) || !eps_epset_hears(set, self))
        return told + here;
    return ++*overtaken < EPS_TURN_RETRIES ? EPS_TURN_AGAIN : EPS_TURN_ODD;
}

bool eps_turn_scrub(struct eps_set *set, struct eps_thread *self, int64_t now)
{
    eps_page_before_sleep(self, now);
    return eps_scrub_before_sleep(set, self, now);
}

bool eps_turn_pause(struct eps_set *set, struct eps_thread *self, int epfd,
                    struct eps_deadline *deadline, int64_t *now)
{
    int64_t begun;
    bool ends;

    if (eps_process_is_sandboxed())
        return true;
    eps_quiet_begin(&self->quiet);
    begun = eps_clock_ns();
    ends = eps_epset_is_called(set) || atomic_load(&set->epfd) != epfd ||
           eps_turn_scrub(set, self, begun);
    *now = eps_clock_ns();
    eps_deadline_spend(deadline, *now - begun);
    return ends;
}
