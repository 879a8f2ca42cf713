/* SPDX-License-Identifier: MIT */
/*
 * What is asked of the server, and what it must answer, to the byte.
 */
#ifndef DEMO_PROTOCOL_H
#define DEMO_PROTOCOL_H

#include <stdbool.h>
#include <stddef.h>

struct protocol {
    char request[512];
    size_t request_size;
    char *body; /* expected after the header, or as the whole reply */
    size_t body_size;
    bool has_header; /* HTTP */
    bool closes;     /* the server ends the connection after each reply */
};

enum verdict {
    REPLY_PARTIAL,
    REPLY_RIGHT,
    REPLY_RIGHT_AND_LAST, /* the server closes, or has closed */
    REPLY_WRONG,
};

/* Sets up protocol `name`: http, http-close or memcached. The HTTP ones get
 * `path` and expect the contents of `body_file`. False, after a message, when
 * there is no such protocol or the file can't be used. */
bool protocol_start(struct protocol *protocol, const char *name,
                    const char *path, const char *body_file);

/* The same, but one whose connections stay open. */
bool protocol_start_lasting(struct protocol *protocol, const char *name,
                            const char *path, const char *body_file);

/* No reply is longer, header included. */
size_t protocol_reply_limit(const struct protocol *protocol);

/* Judges what has come so far. `ended`: no more will come. */
enum verdict protocol_judge(const struct protocol *protocol, const char *reply,
                            size_t size, bool ended);

#endif
