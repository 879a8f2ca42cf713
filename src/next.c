/* SPDX-License-Identifier: MIT */
/*
 * The functions next in line. Owns the table. A symbol that this libc does
 * not have stays NULL: nobody can have been linked against it.
 */
#include "next.h"

#include "sys.h"

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

#ifndef EPS_HAVE_TRAP

long eps_sys(long nr, long a, long b, long c, long d, long e, long f)
{
    return eps_sys_by(EPS_NEXT(syscall), nr, a, b, c, d, e, f);
}

#endif
