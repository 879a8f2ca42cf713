/* SPDX-License-Identifier: MIT */
/*
 * A fuzz target: bytes decide what is asked of a pure part of the library,
 * and every answer is held against a slow and obvious one. Built for
 * libFuzzer by tests/fuzz/run, and with main.c for the corpus alone.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is left of the input; reads as zeroes behind its end. */
struct input {
    const uint8_t *at, *end;
};

static inline unsigned byte_of(struct input *in)
{
    return in->at < in->end ? *in->at++ : 0;
}

static inline unsigned word_of(struct input *in)
{
    unsigned high = byte_of(in);

    return high << 8 | byte_of(in);
}

/* An answer that is not the obvious one ends the program. */
#define AGREE(condition)                                                       \
    do {                                                                       \
        if (!(condition)) {                                                    \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__,         \
                    #condition);                                               \
            abort();                                                           \
        }                                                                      \
    } while (0)

#endif
