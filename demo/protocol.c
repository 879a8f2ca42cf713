/* SPDX-License-Identifier: MIT */
#include "protocol.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEADER_LIMIT 2048
#define BODY_LIMIT 65536

static bool load_body(struct protocol *protocol, const char *path)
{
    FILE *file = path == NULL ? NULL : fopen(path, "re");
    if (file == NULL) {
        fprintf(stderr,
                "load: can't read '%s': give --body=FILE, the file "
                "that the server sends\n",
                path == NULL ? "" : path);
        return false;
    }
    protocol->body = malloc(BODY_LIMIT + 1);
    protocol->body_size = protocol->body == NULL
                              ? 0
                              : fread(protocol->body, 1, BODY_LIMIT + 1, file);
    fclose(file);
    if (protocol->body_size == 0 || protocol->body_size > BODY_LIMIT) {
        fprintf(stderr, "load: '%s' must have 1 to %d bytes\n", path,
                BODY_LIMIT);
        return false;
    }
    return true;
}

static bool start_http(struct protocol *protocol, const char *path,
                       const char *body_file)
{
    int size = snprintf(protocol->request, sizeof(protocol->request),
                        "GET %s HTTP/1.1\r\nHost: localhost\r\n%s\r\n", path,
                        protocol->closes ? "Connection: close\r\n" : "");
    if (size < 0 || (size_t)size >= sizeof(protocol->request)) {
        fprintf(stderr, "load: --path is too long\n");
        return false;
    }
    protocol->request_size = (size_t)size;
    protocol->has_header = true;
    return load_body(protocol, body_file);
}

static bool start_memcached(struct protocol *protocol)
{
    protocol->body = strdup("END\r\n");
    protocol->body_size = 5;
    protocol->request_size = (size_t)snprintf(
        protocol->request, sizeof(protocol->request), "get nokey\r\n");
    return protocol->body != NULL;
}

bool protocol_start(struct protocol *protocol, const char *name,
                    const char *path, const char *body_file)
{
    memset(protocol, 0, sizeof(*protocol));
    if (strcmp(name, "memcached") == 0)
        return start_memcached(protocol);
    protocol->closes = strcmp(name, "http-close") == 0;
    if (protocol->closes || strcmp(name, "http") == 0)
        return start_http(protocol, path, body_file);
    fprintf(stderr,
            "load: unknown protocol '%s': use http, http-close or "
            "memcached\n",
            name);
    return false;
}

bool protocol_start_lasting(struct protocol *protocol, const char *name,
                            const char *path, const char *body_file)
{
    return protocol_start(protocol,
                          strcmp(name, "http-close") == 0 ? "http" : name, path,
                          body_file);
}

size_t protocol_reply_limit(const struct protocol *protocol)
{
    return (protocol->has_header ? HEADER_LIMIT : 0) + protocol->body_size;
}

/* The length of the header with its empty line, 0 as long as it is partial. */
static size_t header_size(const char *reply, size_t size)
{
    const char *end = memmem(reply, size, "\r\n\r\n", 4);
    return end == NULL ? 0 : (size_t)(end - reply) + 4;
}

static bool header_has(const char *reply, size_t header, const char *line)
{
    return memmem(reply, header, line, strlen(line)) != NULL;
}

static bool header_is_right(const struct protocol *protocol, const char *reply,
                            size_t header)
{
    char length[48];

    snprintf(length, sizeof(length), "\r\nContent-Length: %zu\r\n",
             protocol->body_size);
    return strncmp(reply, "HTTP/1.1 200 OK\r\n", 17) == 0 &&
           header_has(reply, header, length);
}

enum verdict protocol_judge(const struct protocol *protocol, const char *reply,
                            size_t size, bool ended)
{
    size_t header = protocol->has_header ? header_size(reply, size) : 0;
    if (protocol->has_header && header == 0)
        return ended || size >= HEADER_LIMIT ? REPLY_WRONG : REPLY_PARTIAL;
    if (header > 0 && !header_is_right(protocol, reply, header))
        return REPLY_WRONG;

    size_t got = size - header;
    if (got > protocol->body_size ||
        memcmp(reply + header, protocol->body, got) != 0)
        return REPLY_WRONG;
    if (got < protocol->body_size)
        return ended ? REPLY_WRONG : REPLY_PARTIAL;
    if (protocol->closes)
        return ended ? REPLY_RIGHT_AND_LAST : REPLY_PARTIAL;
    return ended || header_has(reply, header, "\r\nConnection: close\r\n")
               ? REPLY_RIGHT_AND_LAST
               : REPLY_RIGHT;
}
