/* SPDX-License-Identifier: MIT */
/*
 * The three fd_sets of a select(). Owns nothing.
 */
#include "bitmaps.h"

#include <string.h>

uint32_t eps_bitmaps_count(const struct eps_bitmaps *maps, int nfds)
{
    uint32_t count = 0;

    for (int word = 0; word < EPS_WORDS(nfds); word++)
        count += eps_bits_in(eps_bitmaps_any(maps, word, nfds));
    return count;
}

bool eps_bitmaps_have(const struct eps_bitmaps *maps, int nfds, uint32_t least)
{
    uint32_t count = 0;

    for (int word = 0; word < EPS_WORDS(nfds) && count < least; word++)
        count += eps_bits_in(eps_bitmaps_any(maps, word, nfds));
    return count >= least;
}

int eps_bitmaps_highest(const struct eps_bitmaps *maps, int nfds, int from)
{
    for (int word = EPS_WORDS(nfds) - 1; word >= from / EPS_WORD_BITS; word--) {
        unsigned long any = eps_bitmaps_any(maps, word, nfds);
        if (any)
            return (word + 1) * EPS_WORD_BITS - 1 - __builtin_clzl(any);
    }
    return -1;
}

void eps_bitmaps_copy(const struct eps_bitmaps *to,
                      const struct eps_bitmaps *from, int words)
{
    for (int set = 0; set < EPS_SETS; set++)
        memcpy(to->bits[set], from->bits[set],
               (size_t)words * sizeof(unsigned long));
}
