/* SPDX-License-Identifier: MIT */
/*
 * The live statistics page as it lies in its file: what the library writes
 * and `epollshim top` reads. The counters bring their names along, so that a
 * reader need not be of the writer's version.
 *
 * The file is called PID.START.NAMESPACE: the process number, its time of
 * start as in /proc/PID/stat, and the inode of the namespace that the number
 * is of. It stands in a directory of mode 0700 of its own, see pagedir.h.
 */
#ifndef EPS_PAGE_FORMAT_H
#define EPS_PAGE_FORMAT_H

#include <stdint.h>

#define EPS_PAGE_MAGIC "epslive" /* with its 0: eight bytes */
#define EPS_PAGE_VERSION 1
#define EPS_PAGE_BYTES 4096
#define EPS_PAGE_NAME 24 /* bytes of a counter's name, its 0 included */
#define EPS_PAGE_MOST 64 /* counters that there is room for */

/* Rewritten as a whole by each update. */
struct eps_page_head {
    char magic[8];
    uint32_t version;
    uint32_t counters; /* how many there are */
    uint64_t serial;   /* of the update; the same at its end, or it is torn */
    int64_t pid;
    uint64_t start;   /* of the process, in ticks since boot */
    int64_t began;    /* when the page was made, on the monotonic clock, ns */
    int64_t updated;  /* ... and written last */
    uint64_t sets;    /* epoll sets there are now */
    uint64_t watched; /* descriptors registered in them */
    uint64_t entries; /* descriptors that their arrays ask about */
    uint64_t look_ns; /* what one native look at those would cost */
    uint64_t values[EPS_PAGE_MOST];
    uint64_t serial_again;
};

struct eps_page {
    struct eps_page_head head;
    char names[EPS_PAGE_MOST][EPS_PAGE_NAME]; /* written once */
};

_Static_assert(sizeof(struct eps_page) <= EPS_PAGE_BYTES, "one page");

#endif
