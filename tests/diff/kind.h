/* SPDX-License-Identifier: MIT */
/*
 * The kinds of descriptors a run is made of. A kind fills a slot: one end, or
 * two where two belong together, each of which can be watched.
 */
#ifndef DIFF_KIND_H
#define DIFF_KIND_H

#include <sys/types.h>

/* KIND(identifier, name in scripts, weight) */
#define KIND_TABLE(KIND)                                                       \
    KIND(unix_stream, "unix-stream", 14)                                       \
    KIND(unix_dgram, "unix-dgram", 8)                                          \
    KIND(unix_seqpacket, "unix-seqpacket", 6)                                  \
    KIND(unix_listen, "unix-listen", 3)                                        \
    KIND(unix_lone, "unix-lone", 2)                                            \
    KIND(tcp, "tcp", 14)                                                       \
    KIND(tcp_listen, "tcp-listen", 4)                                          \
    KIND(tcp_refused, "tcp-refused", 3)                                        \
    KIND(tcp_lone, "tcp-lone", 3)                                              \
    KIND(udp, "udp", 8)                                                        \
    KIND(udp_refused, "udp-refused", 3)                                        \
    KIND(netlink, "netlink", 2)                                                \
    KIND(pipe, "pipe", 12)                                                     \
    KIND(fifo, "fifo", 5)                                                      \
    KIND(eventfd, "eventfd", 8)                                                \
    KIND(timerfd, "timerfd", 5)                                                \
    KIND(inotify, "inotify", 4)                                                \
    KIND(pidfd, "pidfd", 1)                                                    \
    KIND(signalfd, "signalfd", 2)                                              \
    KIND(epoll, "epoll", 2)                                                    \
    KIND(pty, "pty", 2)                                                        \
    KIND(regular, "regular", 2)                                                \
    KIND(directory, "directory", 1)                                            \
    KIND(memory, "memfd", 1)                                                   \
    KIND(null, "null", 2)                                                      \
    KIND(mounts, "mounts", 1)                                                  \
    KIND(path, "o-path", 1)

enum kind {
#define KIND(id, name, weight) KIND_##id,
    KIND_TABLE(KIND)
#undef KIND
    KIND_COUNT
};

/* One end of a slot; fd is -1 when there is none. */
struct end {
    int fd;
    enum kind kind;
    /* The child behind a pidfd, until it is reaped. */
    pid_t pid;
};

const char *kind_name(enum kind kind);

/* How often the kind is to be chosen; the sum of all is KIND_WEIGHTS. */
int kind_weight(enum kind kind);

/*
 * Opens both ends, or the one there is. A kind that can't be had here leaves
 * them at -1. The variant chooses among small differences of a kind.
 */
void kind_make(enum kind kind, int variant, struct end end[2]);

#endif
