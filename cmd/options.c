/* SPDX-License-Identifier: MIT */
/*
 * Options, by getopt_long; and the help, from the same rows. Messages are our
 * own, since getopt's name no next step.
 */
#include "command.h"

#include "say.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MOST_OPTIONS = 32,
    LETTER_HELP = 'h'
};

struct table {
    struct option longs[MOST_OPTIONS + 2];
    char letters[2 * MOST_OPTIONS + 4];
};

static void add(struct table *table, int at, const struct cmd_option *row)
{
    char *letters = table->letters + strlen(table->letters);

    table->longs[at] = (struct option){
        .name = row->name,
        .has_arg = row->argument ? required_argument : no_argument,
        .val = row->letter,
    };
    if (row->letter < 256)
        sprintf(letters, "%c%s", row->letter, row->argument ? ":" : "");
}

/* '+': options end at the first operand; ':': no messages of getopt's. */
static void make_table(struct table *table, const struct cmd_command *self)
{
    static const struct cmd_option help = {"help", LETTER_HELP, NULL, NULL};
    int at = 0;

    memset(table, 0, sizeof(*table));
    strcpy(table->letters, self->takes_program ? "+:" : ":");
    for (; at < MOST_OPTIONS && self->options[at].name; at++)
        add(table, at, &self->options[at]);
    add(table, at, &help);
}

/*
 * What the user wrote that getopt did not take: the word before optind, but for
 * a letter that is not known, which may stand amid the next.
 */
static const char *culprit(int found, char *argv[], char letter[3])
{
    const char *word = argv[optind - 1];

    if (!optopt || (found == ':' && strncmp(word, "--", 2) == 0))
        return word;
    sprintf(letter, "-%c", optopt);
    return letter;
}

/* Of a long option. getopt tells of it as of one that it doesn't know, but
 * names it. */
static bool has_value_too_many(const struct table *table)
{
    for (int i = 0; optopt && table->longs[i].name; i++)
        if (table->longs[i].val == optopt)
            return true;
    return false;
}

static void show_option(const struct cmd_option *row)
{
    char left[80];

    snprintf(left, sizeof(left), "%c%c%s --%s%s%s",
             row->letter < 256 ? '-' : ' ',
             row->letter < 256 ? row->letter : ' ',
             row->letter < 256 ? "," : " ", row->name, row->argument ? "=" : "",
             row->argument ? row->argument : "");
    printf("  %-25s %s\n", left, row->help);
}

static void show_help(const struct cmd_command *self)
{
    printf("usage: epollshim %s [option...] %s\n%s.\n\n", self->name,
           self->operands, self->summary);
    for (int i = 0; self->options[i].name; i++)
        show_option(&self->options[i]);
    printf("  %-25s %s\n", "-h, --help", "show this");
    if (self->details)
        printf("\n%s\n", self->details);
    if (fflush(stdout) != 0)
        cmd_die("the help could not be written: give it a stdout with room");
}

int cmd_next_option(const struct cmd_command *self, int argc, char *argv[])
{
    struct table table;
    char letter[3];
    int found;

    make_table(&table, self);
    opterr = 0;
    found = getopt_long(argc, argv, table.letters, table.longs, NULL);
    if (found == LETTER_HELP) {
        show_help(self);
        exit(0);
    }
    if (found == ':')
        cmd_die("%s: %s lacks its argument: see epollshim %s --help",
                self->name, culprit(found, argv, letter), self->name);
    if (found == '?' && has_value_too_many(&table))
        cmd_die("%s: %s: the option takes no value: see epollshim %s --help",
                self->name, argv[optind - 1], self->name);
    if (found == '?')
        cmd_die("%s: no option %s: see epollshim %s --help", self->name,
                culprit(found, argv, letter), self->name);
    return found;
}
