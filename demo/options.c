/* SPDX-License-Identifier: MIT */
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "usage: load --port=N [OPTION...]\n"
    "Loads a server on 127.0.0.1, checks every reply, prints what it "
    "measured.\n"
    "\n"
    "  --port=N           the server's port\n"
    "  --protocol=NAME    http (keep-alive), http-close (a new connection for\n"
    "                     each request) or memcached; default http\n"
    "  --path=PATH        what HTTP asks for; default /\n"
    "  --body=FILE        what HTTP must get, to the byte\n"
    "  --idle=N           connections held open and quiet; default 0\n"
    "  --active=N         connections that ask all the time; default 16\n"
    "  --seconds=S        how long it measures; default 5\n"
    "  --warm-up=S        how long they ask before that; default 0.5\n"
    "  --pause=S          how long each rests before it asks again; default 0\n"
    "  --pid=N            the server: its processor time per request\n";

enum {
    OPTION_HELP = 256, /* past every character, so no short forms */
    OPTION_PORT,
    OPTION_PROTOCOL,
    OPTION_PATH,
    OPTION_BODY,
    OPTION_IDLE,
    OPTION_ACTIVE,
    OPTION_SECONDS,
    OPTION_WARM_UP,
    OPTION_PAUSE,
    OPTION_PID,
};

static const struct option names[] = {
    {"help", no_argument, NULL, OPTION_HELP},
    {"port", required_argument, NULL, OPTION_PORT},
    {"protocol", required_argument, NULL, OPTION_PROTOCOL},
    {"path", required_argument, NULL, OPTION_PATH},
    {"body", required_argument, NULL, OPTION_BODY},
    {"idle", required_argument, NULL, OPTION_IDLE},
    {"active", required_argument, NULL, OPTION_ACTIVE},
    {"seconds", required_argument, NULL, OPTION_SECONDS},
    {"warm-up", required_argument, NULL, OPTION_WARM_UP},
    {"pause", required_argument, NULL, OPTION_PAUSE},
    {"pid", required_argument, NULL, OPTION_PID},
    {NULL, 0, NULL, 0},
};

static const char *name_of(int option)
{
    return names[option - OPTION_HELP].name;
}

static bool parse_count(int option, long least, long most, long *count)
{
    char *end;

    errno = 0;
    *count = strtol(optarg, &end, 10);
    if (errno == 0 && end != optarg && *end == '\0' && *count >= least &&
        *count <= most)
        return true;
    fprintf(stderr, "load: --%s takes a number from %ld to %ld, not '%s'\n",
            name_of(option), least, most, optarg);
    return false;
}

static bool parse_seconds(int option, double *seconds)
{
    char *end;

    *seconds = strtod(optarg, &end);
    if (end != optarg && *end == '\0' && isfinite(*seconds) && *seconds >= 0 &&
        *seconds <= 3600)
        return true;
    fprintf(stderr, "load: --%s takes seconds from 0 to 3600, not '%s'\n",
            name_of(option), optarg);
    return false;
}

static bool parse_number(struct options *options, int option)
{
    long least = option == OPTION_IDLE ? 0 : 1;
    long most = option == OPTION_PORT ? 65535 : 1000000;
    long count;

    if (!parse_count(option, least, option == OPTION_PID ? INT32_MAX : most,
                     &count))
        return false;
    switch (option) {
    case OPTION_PORT:
        options->port = (uint16_t)count;
        break;
    case OPTION_IDLE:
        options->idle = (unsigned)count;
        break;
    case OPTION_ACTIVE:
        options->active = (unsigned)count;
        break;
    default:
        options->pid = (pid_t)count;
    }
    return true;
}

static bool parse_one(struct options *options, int option)
{
    switch (option) {
    case OPTION_HELP:
        fputs(help, stdout);
        exit(EXIT_SUCCESS);
    case OPTION_PROTOCOL:
        options->protocol = optarg;
        return true;
    case OPTION_PATH:
        options->path = optarg;
        return true;
    case OPTION_BODY:
        options->body_file = optarg;
        return true;
    case OPTION_SECONDS:
        return parse_seconds(option, &options->seconds);
    case OPTION_WARM_UP:
        return parse_seconds(option, &options->warm_up);
    case OPTION_PAUSE:
        return parse_seconds(option, &options->pause);
    case '?': /* getopt has told the reason */
        return false;
    default:
        return parse_number(options, option);
    }
}

bool options_parse(struct options *options, int argc, char **argv)
{
    *options = (struct options){
        .protocol = "http",
        .path = "/",
        .active = 16,
        .seconds = 5,
        .warm_up = 0.5,
    };
    for (int option;
         (option = getopt_long(argc, argv, "", names, NULL)) >= 0;) {
        if (!parse_one(options, option))
            return false;
    }
    if (optind < argc) {
        fprintf(stderr, "load: '%s' is not an option: see --help\n",
                argv[optind]);
        return false;
    }
    if (options->port == 0) {
        fprintf(stderr, "load: --port=N is missing: see --help\n");
        return false;
    }
    return true;
}
