/* SPDX-License-Identifier: MIT */
#include "settings.h"
#include "fail.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "usage: cell [OPTION...]\n"
    "Measures one cell of the benchmark's grid, native against the preloaded\n"
    "library against epoll by hand, and prints nanoseconds a call.\n"
    "\n"
    "  --call=NAME      poll (the default) or select\n"
    "  --shape=NAME     what happens around each call; default same;\n"
    "                   --shape=list tells them all\n"
    "  --kind=NAME      unix (the default), tcp or pipe\n"
    "  --n=N            descriptors watched; default 1000\n"
    "  --ready=K        how many of them are ready, or as a share: 10%;\n"
    "                   default 1\n"
    "  --seconds=S      how long it measures; default 1\n"
    "  --warm-up=S      how long the library runs before that; default 0.1\n"
    "  --processor=N    where it runs\n"
    "  --walk           loops look for what is ready after each call\n";

enum {
    OPTION_HELP = 256, /* past every character, so no short forms */
    OPTION_CALL,
    OPTION_SHAPE,
    OPTION_KIND,
    OPTION_N,
    OPTION_READY,
    OPTION_SECONDS,
    OPTION_WARM_UP,
    OPTION_PROCESSOR,
    OPTION_WALK,
};

static const struct option names[] = {
    {"help", no_argument, NULL, OPTION_HELP},
    {"call", required_argument, NULL, OPTION_CALL},
    {"shape", required_argument, NULL, OPTION_SHAPE},
    {"kind", required_argument, NULL, OPTION_KIND},
    {"n", required_argument, NULL, OPTION_N},
    {"ready", required_argument, NULL, OPTION_READY},
    {"seconds", required_argument, NULL, OPTION_SECONDS},
    {"warm-up", required_argument, NULL, OPTION_WARM_UP},
    {"processor", required_argument, NULL, OPTION_PROCESSOR},
    {"walk", no_argument, NULL, OPTION_WALK},
    {NULL, 0, NULL, 0},
};

/* The word's position among `words`, ended by NULL. */
static int parse_word(const char *option, const char *const words[])
{
    for (int i = 0; words[i] != NULL; i++) {
        if (strcmp(words[i], optarg) == 0)
            return i;
    }
    fail("--%s has no '%s': see --help", option, optarg);
}

static unsigned parse_count(const char *option, long least, long most)
{
    char *end;

    errno = 0;
    long count = strtol(optarg, &end, 10);
    if (errno != 0 || end == optarg || *end != '\0' || count < least ||
        count > most)
        fail("--%s takes a number from %ld to %ld, not '%s'", option, least,
             most, optarg);
    return (unsigned)count;
}

static double parse_seconds(const char *option)
{
    char *end;
    double seconds = strtod(optarg, &end);

    if (end == optarg || *end != '\0' || !(seconds >= 0 && seconds <= 3600))
        fail("--%s takes seconds from 0 to 3600, not '%s'", option, optarg);
    return seconds;
}

static const struct shape *parse_shape(void)
{
    if (strcmp(optarg, "list") == 0) {
        shape_list();
        exit(EXIT_SUCCESS);
    }
    const struct shape *shape = shape_find(optarg);
    if (shape == NULL)
        fail("--shape has no '%s': see --shape=list", optarg);
    return shape;
}

/* A share is of n, and at least one descriptor. */
static unsigned parse_ready(const char *text, unsigned n)
{
    char *end;
    double value = strtod(text, &end);
    bool share = strcmp(end, "%") == 0;

    if (end == text || !(share || *end == '\0') || !(value >= 0) ||
        value > (share ? 100 : n))
        fail(
            "--ready takes a number up to --n, or a share up to 100%%, not "
            "'%s'",
            text);
    if (!share)
        return (unsigned)value;
    unsigned ready = (unsigned)(value * n / 100);
    return ready > 0 || value <= 0 ? ready : 1;
}

static void parse_one(struct settings *settings, int option)
{
    static const char *const calls[] = {"poll", "select", NULL};
    static const char *const kinds[] = {"unix", "tcp", "pipe", NULL};

    switch (option) {
    case OPTION_HELP:
        fputs(help, stdout);
        exit(EXIT_SUCCESS);
    case OPTION_CALL:
        settings->selects = parse_word("call", calls) == 1;
        break;
    case OPTION_SHAPE:
        settings->shape = parse_shape();
        break;
    case OPTION_KIND:
        settings->kind = (enum kind)parse_word("kind", kinds);
        break;
    case OPTION_N:
        settings->n = parse_count("n", 1, 100000);
        break;
    case OPTION_SECONDS:
        settings->seconds = parse_seconds("seconds");
        break;
    case OPTION_WARM_UP:
        settings->warm_up = parse_seconds("warm-up");
        break;
    case OPTION_PROCESSOR:
        settings->processor = (int)parse_count("processor", 0, 1023);
        break;
    case OPTION_WALK:
        settings->walks = true;
        break;
    default: /* getopt has told the reason */
        exit(EXIT_FAILURE);
    }
}

void settings_parse(struct settings *settings, int argc, char **argv)
{
    const char *ready = "1";

    *settings = (struct settings){
        .shape = shape_find("same"),
        .n = 1000,
        .seconds = 1,
        .warm_up = 0.1,
        .processor = -1,
    };
    for (int option;
         (option = getopt_long(argc, argv, "", names, NULL)) >= 0;) {
        if (option == OPTION_READY)
            ready = optarg;
        else
            parse_one(settings, option);
    }
    if (optind < argc)
        fail("'%s' is not an option: see --help", argv[optind]);
    /* A loop that is to sleep must find nothing. */
    settings->ready =
        settings->shape->sleeps ? 0 : parse_ready(ready, settings->n);
}
