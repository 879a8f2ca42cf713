/* SPDX-License-Identifier: MIT */
/*
 * Before any header: in the library each name of libc is itself. Fortified
 * headers define inline poll, read, ...; wide times and offsets on a 32-bit
 * processor rename ppoll, select, open, ... to their twins, of which the
 * library has both. The compiler reads this first (Makefile.am), since
 * distributions set all three for whatever they build.
 */
#ifndef EPS_PLAIN_H
#define EPS_PLAIN_H

#undef _FORTIFY_SOURCE
#undef _TIME_BITS
#undef _FILE_OFFSET_BITS

#endif
