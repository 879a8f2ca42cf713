/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "tally.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "make.h"

struct tally *tally;

static struct tally *map(int fd)
{
    void *memory = mmap(NULL, sizeof(struct tally), PROT_READ | PROT_WRITE,
                        MAP_SHARED, fd, 0);
    if (memory != MAP_FAILED)
        return memory;
    perror("diff: mmap");
    exit(2);
}

struct tally *tally_create(int *fd)
{
    *fd = open_unnamed();
    if (*fd < 0 || ftruncate(*fd, sizeof(struct tally))) {
        perror("diff: a file without a name");
        exit(2);
    }
    return map(*fd);
}

void tally_open(int fd)
{
    int own = -1;
    if (fd < 0)
        tally = tally_create(&own);
    else
        tally = map(fd);
    close(fd < 0 ? own : fd);
}
