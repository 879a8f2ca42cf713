/* SPDX-License-Identifier: MIT */
/*
 * elf.c and what reads through it: a real file, this test itself, is read
 * right; and whatever is cut from it or changed in it, nothing outside of its
 * bytes is touched: behind them is a page that can't be read.
 */
#include "unit.h"

#include "../cmd/elf.h"
#include "../cmd/file.h"
#include "../cmd/imports.h"
#include "../cmd/ldcache.h"
#include "../cmd/rawcalls.h"

#include <poll.h>
#include <string.h>
#include <sys/mman.h>

static struct cmd_file self;

/* A copy whose last byte is the last that may be read. */
static unsigned char *fenced(const void *bytes, size_t size, size_t *room)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    unsigned char *map;

    *room = (size + page - 1) / page * page + page;
    map = mmap(NULL, *room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
               -1, 0);
    assert_ptr_not_equal(map, MAP_FAILED);
    assert_int_equal(mprotect(map + *room - page, page, PROT_NONE), 0);
    map += *room - page - size;
    memcpy(map, bytes, size);
    return map;
}

static void release(unsigned char *bytes, size_t size, size_t room)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);

    munmap(bytes + size + page - room, room);
}

/* Asks everything there is to ask; what comes out does not matter. */
static void ask_all(const void *bytes, size_t size)
{
    struct cmd_imports imports;
    struct cmd_elf elf;
    size_t length;

    if (!cmd_elf_read(&elf, bytes, size))
        return;
    cmd_imports_read(&imports, &elf);
    cmd_rawcalls_in(&elf);
    cmd_elf_libc(&elf);
    for (size_t i = 0; i < 100 && cmd_elf_needed(&elf, i); i++)
        assert_true(strlen(cmd_elf_needed(&elf, i)) < size);
    for (size_t i = 0; i < 100 && cmd_elf_code(&elf, i, &length); i++)
        assert_true(length <= size);
    if (elf.interpreter)
        assert_true(strlen(elf.interpreter) < size);
}

static void this_file_is_read_right(void **state)
{
    struct cmd_imports imports;
    struct cmd_elf elf;
    bool needs_libc = false;
    const char *name;

    (void)state;
    poll(NULL, 0, 0); /* so that there is something to find */
    assert_true(cmd_elf_read(&elf, self.bytes, self.size));
    assert_int_equal(elf.bits, 8 * sizeof(void *));
    assert_true(elf.is_executable && elf.is_dynamic && !elf.is_go);
    assert_non_null(elf.interpreter);
    for (size_t i = 0; (name = cmd_elf_needed(&elf, i)) != NULL; i++)
        needs_libc = needs_libc || strncmp(name, "libc.", 5) == 0;
    assert_true(needs_libc);
    cmd_imports_read(&imports, &elf);
    assert_true(cmd_imports_wait(&imports));
    assert_false(imports.epoll);
}

/* As a stripped file has them: none. The symbols are then told by guess. */
static void sections_are_not_needed(void **state)
{
    static const unsigned char none[8];
    struct cmd_elf with, without;
    struct cmd_imports imports;
    size_t room;
    unsigned char *copy = fenced(self.bytes, self.size, &room);

    (void)state;
    memcpy(copy + (sizeof(void *) == 8 ? 40 : 32), none, sizeof(void *));
    assert_true(cmd_elf_read(&with, self.bytes, self.size));
    assert_true(cmd_elf_read(&without, copy, self.size));
    assert_int_equal(with.symbol_count, without.symbol_count);
    cmd_imports_read(&imports, &without);
    assert_true(cmd_imports_wait(&imports));
    release(copy, self.size, room);
}

static void a_cut_file_is_harmless(void **state)
{
    struct rng rng = unit_rng();

    (void)state;
    for (int i = 0; i < 300; i++) {
        size_t size =
            i < 100 ? (size_t)i * 4 : (size_t)rng_below(&rng, (int)self.size);
        size_t room;
        unsigned char *copy = fenced(self.bytes, size, &room);
        ask_all(copy, size);
        release(copy, size, room);
    }
}

/* Headers and the dynamic section are where changed bytes do most. */
static void a_changed_file_is_harmless(void **state)
{
    struct rng rng = unit_rng();
    struct cmd_elf elf;
    size_t room;
    unsigned char *copy = fenced(self.bytes, self.size, &room);

    (void)state;
    assert_true(cmd_elf_read(&elf, self.bytes, self.size));
    for (int i = 0; i < 1000; i++) {
        for (int j = 0; j < 4; j++) {
            size_t at = rng_below(&rng, 2)
                            ? (size_t)rng_below(&rng, 1024)
                            : elf.dynamic + (size_t)rng_below(
                                                &rng, (int)elf.dynamic_size);
            copy[at] = (unsigned char)rng_next(&rng);
        }
        ask_all(copy, self.size);
        memcpy(copy, self.bytes, self.size);
    }
    release(copy, self.size, room);
}

/* The cache's own words for one library of two classes. */
static void the_cache_is_read_right(void **state)
{
    static const unsigned char cache[] =
        "glibc-ld.so.cache1.1"
        "\2\0\0\0\40\0\0\0" /* two entries, 32 bytes of strings */
        "\2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
        "\3\3\0\0\140\0\0\0\150\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
        "\3\0\0\0\140\0\0\0\164\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
        "liba.so\0/64/liba.so\0/liba.so\0";
    const size_t size = sizeof(cache) - 1;

    (void)state;
    assert_string_equal(cmd_ldcache_find(cache, size, "liba.so", 0),
                        "/64/liba.so");
    assert_string_equal(cmd_ldcache_find(cache, size, "liba.so", 1),
                        "/liba.so");
    assert_null(cmd_ldcache_find(cache, size, "liba.so", 2));
    assert_null(cmd_ldcache_find(cache, size, "liba", 0));
    for (size_t cut = 0; cut < size; cut++) {
        size_t room;
        unsigned char *copy = fenced(cache, cut, &room);
        cmd_ldcache_find(copy, cut, "liba.so", 1);
        release(copy, cut, room);
    }
}

static int read_self(void **state)
{
    (void)state;
    return cmd_file_map(&self, "/proc/self/exe") ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(this_file_is_read_right),
        cmocka_unit_test(sections_are_not_needed),
        cmocka_unit_test(a_cut_file_is_harmless),
        cmocka_unit_test(a_changed_file_is_harmless),
        cmocka_unit_test(the_cache_is_read_right),
    };

    alarm(UNIT_SECONDS);
    return cmocka_run_group_tests(tests, read_self, NULL) != 0;
}
