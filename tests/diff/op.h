/* SPDX-License-Identifier: MIT */
/*
 * An op: one small step of a run, and one line of a script. A run is a list of
 * them and nothing else, made from the seed before anything is executed, so
 * that no answer of the library can change what comes next, and any op can be
 * left out to see whether it matters. Ops name descriptors by slot and end,
 * never by number; an op whose slot is empty does nothing.
 */
#ifndef DIFF_OP_H
#define DIFF_OP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define OP_ARGS 7

struct world;

/*
 * OP(name, arguments): a letter for each argument. k kind of descriptor,
 * y call symbol, t timeout, x hexadecimal; any other letter is a number:
 * s slot, e end (0 or 1), a array, b bag of fd_sets, i entry, d what it says.
 */
#define OP_TABLE(OP)                                                           \
    /* Descriptors: make SLOT KIND VARIANT, close SLOT END HOW, ... */         \
    OP(make, "skd")                                                            \
    OP(close, "sed")                                                           \
    OP(remake, "seskd")                                                        \
    OP(dup, "sese")                                                            \
    OP(dup2, "sesed")                                                          \
    OP(raise, "sed")                                                           \
    OP(range, "sed")                                                           \
    OP(usurp, "sed")                                                           \
    OP(accept, "ss")                                                           \
    OP(connect, "s")                                                           \
    /* Their state. */                                                         \
    OP(write, "sed")                                                           \
    OP(read, "sed")                                                            \
    OP(fill, "se")                                                             \
    OP(drain, "se")                                                            \
    OP(shut, "sed")                                                            \
    OP(oob, "se")                                                              \
    OP(oobinline, "sed")                                                       \
    OP(rcvlowat, "sed")                                                        \
    /* The process. */                                                         \
    OP(hold, "")                                                               \
    OP(release, "")                                                            \
    OP(fork, "dd")                                                             \
    OP(rlimit, "d")                                                            \
    OP(reset, "")                                                              \
    /* Poll arrays. */                                                         \
    OP(put, "asex")                                                            \
    OP(lit, "adx")                                                             \
    OP(twin, "aix")                                                            \
    OP(set, "aisex")                                                           \
    OP(mask, "aix")                                                            \
    OP(flip, "ai")                                                             \
    OP(rest, "add")                                                            \
    OP(swap, "aii")                                                            \
    OP(drop, "ai")                                                             \
    OP(compact, "a")                                                           \
    OP(trim, "ad")                                                             \
    OP(move, "a")                                                              \
    OP(stain, "ax")                                                            \
    OP(weed, "a")                                                              \
    /* fd_sets: on BAG WHICH SLOT END, WHICH being 1 r, 2 w, 4 x or a sum. */  \
    OP(on, "bdse")                                                             \
    OP(off, "bdse")                                                            \
    OP(bit, "bdd")                                                             \
    OP(thin, "b")                                                              \
    /* later HOW SLOT END MS: will happen while the next call waits. */        \
    OP(later, "dsed")                                                          \
    /* poll ARRAY SYMBOL TIMEOUT MASK QUIRK */                                 \
    OP(poll, "aytdd")                                                          \
    /* select BAG SYMBOL TIMEOUT MASK FLAGS LAYOUT NFDS */                     \
    OP(select, "bytdddd")

enum op_code {
#define OP(name, args) OP_##name,
    OP_TABLE(OP)
#undef OP
    OP_COUNT
};

struct op {
    enum op_code code;
    int32_t arg[OP_ARGS];
};

struct op_list {
    struct op *op;
    size_t n;
    size_t room;
};

void op_append(struct op_list *list, struct op op);
void op_free(struct op_list *list);

/* Writes the op as a line of a script. */
void op_print(FILE *out, const struct op *op);

/* Reads a script; false, with a message, if a line is no op. */
bool op_read(FILE *in, struct op_list *list);

#endif
