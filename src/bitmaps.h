/* SPDX-License-Identifier: MIT */
/*
 * The three fd_sets of a select(), as the words that the kernel reads and
 * writes (S1). Pure. A set that is not there (NULL) has no bits.
 */
#ifndef EPS_BITMAPS_H
#define EPS_BITMAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    EPS_READ,
    EPS_WRITE,
    EPS_EXCEPT,
    EPS_SETS
};

#define EPS_WORD_BITS (8 * (int)sizeof(unsigned long))
#define EPS_WORDS(nfds) (((nfds) + EPS_WORD_BITS - 1) / EPS_WORD_BITS)

struct eps_bitmaps {
    unsigned long *bits[EPS_SETS];
};

/* What they are known by: the address of the first that is there. */
static inline const void *eps_bitmaps_key(const struct eps_bitmaps *maps)
{
    if (maps->bits[EPS_READ])
        return maps->bits[EPS_READ];
    if (maps->bits[EPS_WRITE])
        return maps->bits[EPS_WRITE];
    return maps->bits[EPS_EXCEPT];
}

/* The size of one set of `nfds` bits: whole words. */
static inline size_t eps_bitmaps_bytes(int nfds)
{
    return ((unsigned)nfds + EPS_WORD_BITS - 1) / EPS_WORD_BITS *
           sizeof(unsigned long);
}

/* One bit of a set that is there. */
static inline bool eps_bitmaps_has(const struct eps_bitmaps *maps, int set,
                                   int fd)
{
    unsigned number = (unsigned)fd;

    return maps->bits[set][number / EPS_WORD_BITS] >> number % EPS_WORD_BITS &
           1;
}

static inline void eps_bitmaps_set(const struct eps_bitmaps *maps, int set,
                                   int fd)
{
    unsigned number = (unsigned)fd;

    maps->bits[set][number / EPS_WORD_BITS] |= 1ul << number % EPS_WORD_BITS;
}

/*
 * One word of a set, without the bits from nfds on. It is read once: other
 * threads may write to the caller's.
 */
static inline unsigned long eps_bits_word(const unsigned long *bits, int word,
                                          int nfds)
{
    int left = nfds - word * EPS_WORD_BITS;

    if (!bits || left <= 0)
        return 0;
    unsigned long value = *(const volatile unsigned long *)&bits[word];
    return left >= EPS_WORD_BITS ? value : value & ((1ul << left) - 1);
}

/* The same of the three together: the numbers that any of them has. */
static inline unsigned long eps_bitmaps_any(const struct eps_bitmaps *maps,
                                            int word, int nfds)
{
    unsigned long any = 0;

    for (int set = 0; set < EPS_SETS; set++)
        any |= eps_bits_word(maps->bits[set], word, nfds);
    return any;
}

/* Bits in a word. Where no instruction counts them, that is a call. */
static inline uint32_t eps_bits_in(unsigned long word)
{
    return word ? (uint32_t)__builtin_popcountl(word) : 0;
}

/* How many numbers have a bit in any of them; whether at least so many do. */
uint32_t eps_bitmaps_count(const struct eps_bitmaps *maps, int nfds);
bool eps_bitmaps_have(const struct eps_bitmaps *maps, int nfds, uint32_t least);

/* The highest bit from `from` on; -1 if there is none. */
int eps_bitmaps_highest(const struct eps_bitmaps *maps, int nfds, int from);

/* So many words of each; all are there. */
void eps_bitmaps_copy(const struct eps_bitmaps *to,
                      const struct eps_bitmaps *from, int words);

#endif
