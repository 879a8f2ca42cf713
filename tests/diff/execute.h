/* SPDX-License-Identifier: MIT */
/* Executing ops. */
#ifndef DIFF_EXECUTE_H
#define DIFF_EXECUTE_H

#include <stdbool.h>

#include "op.h"
#include "plan.h"

/*
 * Executes the plan, or the script if there is one. True if it found no
 * difference; else tally says which op it was.
 */
bool run_plan(const struct plan *plan, const struct op_list *script);

#endif
