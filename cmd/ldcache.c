/* SPDX-License-Identifier: MIT */
/* Reads the cache; every offset in it is checked. */
#include "ldcache.h"

#include <stdint.h>
#include <string.h>

/* It may stand behind an older one; its offsets count from its own start. */
static const char magic[] = "glibc-ld.so.cache1.1";

struct header {
    char magic[sizeof(magic) - 1];
    uint32_t count;
    uint32_t rest[6];
};

struct entry {
    int32_t flags;
    uint32_t name, path;
    uint32_t os_version;
    uint32_t capabilities[2];
};

static const char *string_at(const char *start, const char *end, uint32_t at)
{
    size_t size = (size_t)(end - start);

    if (at >= size || !memchr(start + at, '\0', size - at))
        return NULL;
    return start + at;
}

const char *cmd_ldcache_find(const void *bytes, size_t size, const char *name,
                             size_t index)
{
    const char *end = (const char *)bytes + size;
    const char *start =
        size ? memmem(bytes, size, magic, sizeof(magic) - 1) : NULL;
    struct header header;

    if (!start || (size_t)(end - start) < sizeof(header))
        return NULL;
    memcpy(&header, start, sizeof(header));
    for (uint32_t i = 0; i < header.count; i++) {
        const char *at = start + sizeof(header) + i * sizeof(struct entry);
        struct entry entry;
        const char *found;
        if ((size_t)(end - at) < sizeof(entry) || at > end)
            return NULL;
        memcpy(&entry, at, sizeof(entry));
        found = string_at(start, end, entry.name);
        if (found && strcmp(found, name) == 0 && index-- == 0)
            return string_at(start, end, entry.path);
    }
    return NULL;
}
