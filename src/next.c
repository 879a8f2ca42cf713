/* SPDX-License-Identifier: MIT */
/*
 * The functions next in line. Owns the table. A symbol that this libc does
 * not have stays NULL: nobody can have been linked against it.
 */
#include "next.h"

#include <dlfcn.h>

struct eps_next eps_next;

void eps_next_find(void)
{
#define EPS_ROW(ret, name, params)                                             \
    if (!eps_next.name)                                                        \
        *(void **)&eps_next.name = dlsym(RTLD_NEXT, #name);
#include "symbols.def"
#undef EPS_ROW
}
