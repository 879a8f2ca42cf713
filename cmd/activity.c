/* SPDX-License-Identifier: MIT */
/* What happened between two readings of a process's live page. */
#include "activity.h"

#include "costs.h"

#include <string.h>

static const struct eps_page *find_before(const struct cmd_pages *all,
                                          const struct eps_page_head *head)
{
    for (size_t i = 0; i < all->count; i++) {
        const struct eps_page *page = &all->all[i].page;
        if (page->head.pid == head->pid && page->head.start == head->start &&
            page->head.began == head->began)
            return page;
    }
    return NULL;
}

/* Counters never go back, unless somebody has written into the page. */
static double grown(const struct eps_page *now, const struct eps_page *before,
                    const char *name)
{
    uint64_t end = cmd_page_value(now, name);
    uint64_t from = before ? cmd_page_value(before, name) : 0;

    return end > from ? (double)(end - from) : 0;
}

static double saved_ns(const struct eps_page *now,
                       const struct eps_page *before)
{
    struct cmd_work work = {
        .calls = grown(now, before, "answered"),
        .slept = grown(now, before, "slept"),
        .asked = grown(now, before, "asked"),
        .told = grown(now, before, "told"),
        .added = grown(now, before, "ctl_add"),
        .changed = grown(now, before, "ctl_mod"),
        .removed = grown(now, before, "ctl_del"),
    };
    struct cmd_work calls = {.calls = (double)now->head.sets};
    double look = (double)now->head.look_ns - cmd_costs_native(&calls);

    if (now->head.entries && look > 0)
        work.look_ns = look / (double)now->head.entries;
    return cmd_costs_native(&work) - cmd_costs_epoll(&work);
}

/* Why most of the calls that were not answered were not. */
static void find_reason(struct cmd_activity *row, const struct eps_page *now,
                        const struct eps_page *before)
{
    for (uint32_t i = 0; i < now->head.counters; i++) {
        const char *name = now->names[i];
        double calls = grown(now, before, name);
        if (strncmp(name, "native_", 7) == 0 && calls > row->reason_calls) {
            row->reason = name + 7;
            row->reason_calls = calls;
        }
    }
}

struct cmd_activity cmd_activity_of(const struct cmd_page *page,
                                    const struct cmd_pages *earlier,
                                    int64_t taken, double seconds)
{
    const struct eps_page *now = &page->page;
    const struct eps_page *before = find_before(earlier, &now->head);
    struct cmd_activity row = {.page = page, .seconds = seconds};

    if (!before)
        row.seconds = (double)(taken - now->head.began) / 1e9;
    if (!(row.seconds > 0.001))
        row.seconds = 0.001;
    row.calls = grown(now, before, "calls");
    row.answered = grown(now, before, "answered");
    row.told = grown(now, before, "told");
    row.controls = grown(now, before, "ctl_add") +
                   grown(now, before, "ctl_mod") +
                   grown(now, before, "ctl_del");
    row.rescues = grown(now, NULL, "rescues");
    row.saved = saved_ns(now, before) / 1e9 / row.seconds;
    find_reason(&row, now, before);
    return row;
}
