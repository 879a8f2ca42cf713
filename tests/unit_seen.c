/* SPDX-License-Identifier: MIT */
/*
 * seen.c: memory that was seen to be writable is believed to be so without a
 * question, and none but that; until something is taken away. What is believed
 * is found out by taking all rights where the library does not see it.
 */
#include "unit.h"

#include "memory.h"
#include "process.h"
#include "seen.h"

#include <string.h>
#include <sys/mman.h>

struct eps_process eps_process; /* process.c would bring all the rest along */

enum {
    PAGES = 64
};

static size_t page;

/* As start-up does: whether advice on memory is heard at all. */
static int find_out(void **state)
{
    (void)state;
    page = (size_t)sysconf(_SC_PAGESIZE);
    void *token = eps_memory_map(page);
    eps_memory_wiped_by_fork(token, page);
    eps_memory_unmap(token, page);
    return 0;
}

/* Behind them one that can't be written. */
static char *map_pages(void)
{
    char *room = mmap(NULL, (PAGES + 1) * page, PROT_NONE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(room, MAP_FAILED);
    assert_int_equal(mprotect(room, PAGES * page, PROT_READ | PROT_WRITE), 0);
    return room;
}

static void allow(char *room, int rights)
{
    assert_int_equal(mprotect(room, PAGES * page, rights), 0);
}

/* Asks about some bytes of some pages; notes which. */
static void ask(struct eps_thread *self, char *room, bool *asked,
                struct rng *rng)
{
    size_t first = rng_below(rng, PAGES), more = rng_below(rng, 4);
    size_t last = first + more < PAGES ? first + more : PAGES - 1;
    char *from = room + first * page + rng_below(rng, (uint32_t)page);
    char *to = room + last * page + page - 1;

    if (from == to)
        from--;
    assert_true(eps_seen_writable(self, from, (size_t)(to - from)));
    memset(asked + first, true, last - first + 1);
    /* What was seen last is believed at once. */
    allow(room, PROT_NONE);
    assert_true(eps_seen_writable(self, from, (size_t)(to - from)));
    allow(room, PROT_READ | PROT_WRITE);
}

static void nothing_is_believed_but_what_was_seen(void **state)
{
    (void)state;
    struct rng rng = unit_rng();
    static struct eps_thread self;
    char *room = map_pages();

    for (int round = 0; round < 300; round++) {
        bool asked[PAGES] = {false};
        for (uint32_t i = rng_below(&rng, 12); i > 0; i--)
            ask(&self, room, asked, &rng);
        allow(room, PROT_READ);
        for (size_t i = 0; i < PAGES; i++)
            if (eps_seen_writable(&self, room + i * page, page))
                assert_true(asked[i]);
        allow(room, PROT_READ | PROT_WRITE);
        eps_seen_taken(room, PAGES * page);
        assert_false(eps_seen_is_true(&self));
        eps_seen_refresh(&self);
        assert_true(eps_seen_is_true(&self));
    }
    munmap(room, (PAGES + 1) * page);
}

/* A loop through an allocator's arrays, one behind the other. */
static void neighbours_become_one(void **state)
{
    (void)state;
    static struct eps_thread self;
    char *room = map_pages();

    for (size_t i = 0; i < PAGES; i++)
        assert_true(eps_seen_writable(&self, room + i * page, 1));
    allow(room, PROT_NONE);
    assert_true(eps_seen_writable(&self, room, PAGES * page));
    assert_false(eps_seen_writable(&self, room, PAGES * page + 1));
    munmap(room, (PAGES + 1) * page);
}

/* A server takes away memory all the time, but none that its arrays lie in. */
static void what_is_far_away_is_nothing_to_us(void **state)
{
    enum {
        FAR = 32,
        REGION = 1 << 21
    };
    (void)state;
    static struct eps_thread self;
    char *room = map_pages();
    char *far = mmap(NULL, (FAR + 1) * (size_t)REGION, PROT_NONE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    int believed = 0;

    assert_ptr_not_equal(far, MAP_FAILED);
    for (int i = 0; i < FAR; i++) {
        eps_seen_refresh(&self);
        assert_true(eps_seen_writable(&self, room, page));
        eps_seen_taken(far + (size_t)i * REGION, REGION);
        believed += eps_seen_is_true(&self);
    }
    assert_true(believed > FAR / 2); /* some share a bit with what was seen */
    eps_seen_taken(room - REGION, 2 * (size_t)REGION);
    assert_false(eps_seen_is_true(&self));
    eps_seen_refresh(&self);
    eps_seen_taken(NULL, SIZE_MAX);
    assert_false(eps_seen_is_true(&self));
    munmap(far, (FAR + 1) * (size_t)REGION);
    munmap(room, (PAGES + 1) * page);
}

static void what_wraps_around_is_not_writable(void **state)
{
    (void)state;
    static struct eps_thread self;

    assert_false(eps_seen_writable(&self, (void *)UINTPTR_MAX, 16));
    assert_false(eps_seen_writable(&self, NULL, 1));
}

static void bitmaps_are_known_by_all_their_pointers(void **state)
{
    (void)state;
    static struct eps_thread self;
    unsigned long r[2], w[2];
    struct eps_bitmaps both = {{r, w, NULL}}, one = {{r, NULL, NULL}};

    assert_false(eps_seen_bitmaps(&self, &both, 64));
    eps_seen_note_bitmaps(&self, &both, 64);
    eps_seen_note_bitmaps(&self, &both, 64);
    assert_true(eps_seen_bitmaps(&self, &both, 64));
    assert_true(eps_seen_bitmaps(&self, &both, 1));
    assert_false(eps_seen_bitmaps(&self, &both, 65));
    assert_false(eps_seen_bitmaps(&self, &one, 64));
}

static void all_is_forgotten_at_once(void **state)
{
    (void)state;
    static struct eps_thread self;
    unsigned long r[2];
    struct eps_bitmaps sets = {{r, NULL, NULL}};
    char *room = map_pages();

    eps_seen_refresh(&self);
    assert_true(eps_seen_writable(&self, room, page));
    eps_seen_note_bitmaps(&self, &sets, 64);
    self.sites[EPS_THREAD_SITES - 1].verified = 5;
    eps_seen_refresh(&self);
    assert_true(eps_seen_bitmaps(&self, &sets, 64));

    eps_seen_taken(room, PAGES * page);
    eps_seen_refresh(&self);
    allow(room, PROT_READ);
    assert_false(eps_seen_writable(&self, room, page));
    assert_false(eps_seen_bitmaps(&self, &sets, 64));
    assert_int_equal(self.sites[EPS_THREAD_SITES - 1].verified, 0);
    munmap(room, (PAGES + 1) * page);
}

UNIT_MAIN(cmocka_unit_test_setup(nothing_is_believed_but_what_was_seen,
                                 find_out),
          cmocka_unit_test(neighbours_become_one),
          cmocka_unit_test(what_is_far_away_is_nothing_to_us),
          cmocka_unit_test(what_wraps_around_is_not_writable),
          cmocka_unit_test(bitmaps_are_known_by_all_their_pointers),
          cmocka_unit_test(all_is_forgotten_at_once))
