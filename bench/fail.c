/* SPDX-License-Identifier: MIT */
#include "fail.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void fail(const char *format, ...)
{
    va_list arguments;

    fputs("cell: ", stderr);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    exit(EXIT_FAILURE);
}

void fail_errno(const char *format, ...)
{
    const char *reason = strerror(errno);
    va_list arguments;

    fputs("cell: ", stderr);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fprintf(stderr, ": %s\n", reason);
    exit(EXIT_FAILURE);
}

/* Memory that is read before it is written must not be the zero page's. */
void *allocate(unsigned long count, unsigned long size)
{
    size_t bytes = (count > 0 ? count : 1) * size;
    void *memory = aligned_alloc(64, (bytes + 63) / 64 * 64);

    if (memory == NULL)
        fail("out of memory: take a smaller --n");
    return memset(memory, 0, bytes);
}
