/* SPDX-License-Identifier: MIT */
/* All of the harness, for a test program. */
#ifndef HARNESS_H
#define HARNESS_H

#include "child.h"
#include "clock.h"
#include "fdcheck.h"
#include "raw.h"
#include "stats.h"
#include "suite.h"
#include "watch.h"

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

#endif
