/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "kind.h"

#include <fcntl.h>

#include "make.h"

const char *kind_name(enum kind kind)
{
    static const char *const names[] = {
#define KIND(id, name, weight) name,
        KIND_TABLE(KIND)
#undef KIND
    };
    return names[kind];
}

int kind_weight(enum kind kind)
{
    static const int weights[] = {
#define KIND(id, name, weight) weight,
        KIND_TABLE(KIND)
#undef KIND
    };
    return weights[kind];
}

void set_nonblocking(int fd)
{
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

void kind_make(enum kind kind, int variant, struct end end[2])
{
    static void (*const make[])(int, struct end[2]) = {
#define KIND(id, name, weight) make_##id,
        KIND_TABLE(KIND)
#undef KIND
    };
    for (int i = 0; i < 2; i++)
        end[i] = (struct end){.fd = -1, .kind = kind};
    make[kind](variant, end);
}
