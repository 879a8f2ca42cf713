/* SPDX-License-Identifier: MIT */
/*
 * Static probes (USDT) for bpftrace, perf and SystemTap: a nop each, and a
 * note that tells a tracer where it is and where its arguments lie already.
 * Where sys/sdt.h is not there when the library is built, there are none.
 *
 *   epollshim:call(count)            a call of the family has come
 *   epollshim:answer(count, ready)   it was answered from an epoll set
 *   epollshim:native(reason)         it goes native; the row of counters.def
 *   epollshim:rescue(fd)             a stale registration was found and healed
 *
 * `count` is the number of descriptors; for select, of the call probe, the
 * first argument.
 */
#ifndef EPS_PROBES_H
#define EPS_PROBES_H

/*
 * A compiler takes the note's lines for code, and what holds a probe for too
 * large to be put in line.
 */
#define EPS_PROBED inline __attribute__((always_inline))

#if defined(__has_include) && !defined(EPS_NO_PROBES)
#if __has_include(<sys/sdt.h>)
#include <sys/sdt.h>
#endif
#endif

#ifdef DTRACE_PROBE1
#define EPS_PROBE_CALL(count) DTRACE_PROBE1(epollshim, call, count)
#define EPS_PROBE_ANSWER(count, ready)                                         \
    DTRACE_PROBE2(epollshim, answer, count, ready)
#define EPS_PROBE_NATIVE(reason) DTRACE_PROBE1(epollshim, native, reason)
#define EPS_PROBE_RESCUE(fd) DTRACE_PROBE1(epollshim, rescue, fd)
#else
#define EPS_PROBE_CALL(count) ((void)0)
#define EPS_PROBE_ANSWER(count, ready) ((void)0)
#define EPS_PROBE_NATIVE(reason) ((void)0)
#define EPS_PROBE_RESCUE(fd) ((void)0)
#endif

#endif
