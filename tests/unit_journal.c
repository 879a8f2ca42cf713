/* SPDX-License-Identifier: MIT */
/*
 * journal.c: what was noted is read under its mark, what was overrun is told
 * so, and with many writers at once a reader gets no number that was not
 * written there, and none out of its writer's order.
 */
#include "unit.h"

#include "journal.h"

#include <pthread.h>
#include <sched.h>

#define WRITERS 4
#define OVERRUN_NOTES 30000 /* of each writer: many times round the ring */

static void notes_are_read_in_order(void **state)
{
    uint32_t mark = eps_journal_head();

    (void)state;
    for (int i = 0; i < 100; i++)
        eps_journal_note(1000 + i);
    assert_int_equal(eps_journal_head(), mark + 100);
    for (uint32_t i = 0; i < 100; i++)
        assert_int_equal(eps_journal_read(mark + i), 1000 + (int)i);
}

static void what_is_not_written_yet_is_no_number(void **state)
{
    (void)state;
    assert_int_equal(eps_journal_read(eps_journal_head()), -1);
    assert_int_equal(eps_journal_read(eps_journal_head() + 5), -1);
}

static void what_was_overrun_is_no_number(void **state)
{
    uint32_t mark = eps_journal_head();

    (void)state;
    eps_journal_note(7);
    for (uint32_t i = 0; i < EPS_JOURNAL_SIZE - 1; i++)
        eps_journal_note(8);
    assert_int_equal(eps_journal_read(mark), 7);
    eps_journal_note(9);
    assert_int_equal(eps_journal_read(mark), -1);
    assert_int_equal(eps_journal_read(mark + EPS_JOURNAL_SIZE), 9);
}

/* 32 bits of marks are used up in the end. */
static void marks_wrap_around(void **state)
{
    uint32_t before = (uint32_t)-10;

    (void)state;
    atomic_store(&eps_journal.head, before);
    for (uint32_t i = 0; i < 20; i++)
        eps_journal_note((int)i);
    assert_int_equal(eps_journal_head(), 10);
    for (uint32_t i = 0; i < 20; i++)
        assert_int_equal(eps_journal_read(before + i), i);
}

/* --- many writers ------------------------------------------------------ */

static int notes; /* of each writer in this test */
static atomic_int started;

/* A number tells its writer, and how many that one had written before. */
static void *write_notes(void *argument)
{
    int writer = *(int *)argument;

    /* All at once, or one is done before the next has begun. */
    atomic_fetch_add(&started, 1);
    while (atomic_load(&started) < WRITERS)
        sched_yield();
    for (int i = 0; i < notes; i++)
        eps_journal_note(writer * notes + i);
    return NULL;
}

struct reader {
    uint32_t mark;
    int last[WRITERS]; /* what was read of each, or -1 */
    int read, lost;
};

static void check_number(struct reader *reader, int number)
{
    assert_in_range(number, 0, WRITERS * notes - 1);
    assert_true(number % notes > reader->last[number / notes]);
    reader->last[number / notes] = number % notes;
    reader->read++;
}

/* As epset.c's read_journal() does; an entry not written yet is lost too. */
static void read_on(struct reader *reader)
{
    uint32_t head = eps_journal_head();

    if (head - reader->mark > EPS_JOURNAL_SIZE) {
        reader->lost += (int)(head - reader->mark);
        reader->mark = head;
    }
    while (reader->mark != head) {
        int number = eps_journal_read(reader->mark++);
        if (number < 0)
            reader->lost++;
        else
            check_number(reader, number);
    }
}

/* Runs `read` until it has come to the mark where the writers will end. */
static struct reader read_while_written(int count,
                                        void (*read)(struct reader *reader))
{
    pthread_t threads[WRITERS];
    int numbers[WRITERS];
    struct reader reader = {.mark = eps_journal_head()};
    uint32_t end = reader.mark + (uint32_t)(WRITERS * count);

    notes = count;
    atomic_store(&started, 0);
    for (int i = 0; i < WRITERS; i++) {
        numbers[i] = i;
        reader.last[i] = -1;
    }
    for (int i = 0; i < WRITERS; i++)
        assert_int_equal(
            pthread_create(&threads[i], NULL, write_notes, &numbers[i]), 0);
    while (reader.mark != end)
        read(&reader);
    for (int i = 0; i < WRITERS; i++)
        pthread_join(threads[i], NULL);
    return reader;
}

/* Waits for what is not written yet: nothing else can be missing. */
static void read_patiently(struct reader *reader)
{
    if (reader->mark == eps_journal_head())
        return;
    int number = eps_journal_read(reader->mark);
    if (number < 0)
        return;
    reader->mark++;
    check_number(reader, number);
}

static void nothing_is_lost_within_the_ring(void **state)
{
    (void)state;
    for (int round = 0; round < 50; round++) {
        struct reader reader =
            read_while_written(EPS_JOURNAL_SIZE / WRITERS, read_patiently);
        assert_int_equal(reader.read, EPS_JOURNAL_SIZE);
    }
}

static void a_slow_reader_gets_no_wrong_number(void **state)
{
    struct reader reader = read_while_written(OVERRUN_NOTES, read_on);

    (void)state;
    assert_int_equal(reader.read + reader.lost, WRITERS * OVERRUN_NOTES);
    /* What is in the ring now was all written under its own mark, or over. */
    struct reader after = {.mark = reader.mark - EPS_JOURNAL_SIZE,
                           .last = {-1, -1, -1, -1}};
    read_on(&after);
    assert_int_equal(after.read + after.lost, EPS_JOURNAL_SIZE);
    assert_true(after.read > after.lost);
}

UNIT_MAIN(cmocka_unit_test(notes_are_read_in_order),
          cmocka_unit_test(what_is_not_written_yet_is_no_number),
          cmocka_unit_test(what_was_overrun_is_no_number),
          cmocka_unit_test(nothing_is_lost_within_the_ring),
          cmocka_unit_test(a_slow_reader_gets_no_wrong_number),
          cmocka_unit_test(marks_wrap_around))
