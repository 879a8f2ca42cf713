/* SPDX-License-Identifier: MIT */
/*
 * The file of a live statistics page: made, and mapped.
 */
#ifndef EPS_PAGEFILE_H
#define EPS_PAGEFILE_H

#include "page_format.h"

/*
 * Makes the file `name` in the directory `dir`, with the counters' names in
 * it, and maps it: where `old` is, unless that is NULL. NULL: it can't be
 * made, and nothing is left of it. The child of a fork does not have the
 * mapping.
 */
struct eps_page *eps_pagefile_make(int dir, const char *name,
                                   struct eps_page *old);

#endif
