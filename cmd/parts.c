/* SPDX-License-Identifier: MIT */
/*
 * Finds libraries in the order of ld.so(8): run paths, LD_LIBRARY_PATH, the
 * cache, the system's own directories. A library of another class or machine
 * is passed over, as ld.so does.
 */
#include "parts.h"

#include "ldcache.h"
#include "say.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A search under way. */
struct search {
    struct cmd_parts *parts;
    const struct cmd_elf *program;
    struct cmd_file cache;
};

static const char *const system_directories[] = {
    "/lib/x86_64-linux-gnu",
    "/usr/lib/x86_64-linux-gnu",
    "/lib/i386-linux-gnu",
    "/usr/lib/i386-linux-gnu",
    "/lib/aarch64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
    "/lib64",
    "/usr/lib64",
    "/lib",
    "/usr/local/lib",
    "/usr/lib",
};

static bool is_libc(const char *path)
{
    const char *name = cmd_base_name(path);

    return strncmp(name, "libc.so", 7) == 0 ||
           strncmp(name, "libc-2", 6) == 0 ||
           strncmp(name, "libpthread", 10) == 0 ||
           strncmp(name, "libc.musl", 9) == 0 ||
           strncmp(name, "libepoll", 8) == 0 || strncmp(name, "ld-", 3) == 0;
}

static bool is_known(const struct cmd_parts *parts, const char *path)
{
    for (size_t i = 0; i < parts->count; i++)
        if (strcmp(cmd_base_name(parts->list[i].path), cmd_base_name(path)) ==
            0)
            return true;
    return false;
}

static void add(struct cmd_parts *parts, const char *path,
                const struct cmd_elf *elf)
{
    struct cmd_part part = {.path = cmd_format("%s", path),
                            .is_libc = is_libc(path)};

    cmd_imports_read(&part.imports, elf);
    if (!part.is_libc)
        part.raw = cmd_rawcalls_in(elf);
    parts->list =
        cmd_alloc(parts->list, (parts->count + 1) * sizeof(*parts->list));
    parts->list[parts->count++] = part;
}

static void add_needed(struct search *search, const struct cmd_elf *elf,
                       const char *path);

/* True if the file is a library for this program; then it is added. */
static bool take(struct search *search, const char *path)
{
    const struct cmd_elf *program = search->program;
    struct cmd_file file;
    struct cmd_elf elf;
    bool fits;

    if (!cmd_file_map(&file, path))
        return false;
    fits = cmd_elf_read(&elf, file.bytes, file.size) &&
           elf.bits == program->bits && elf.machine == program->machine;
    if (fits) {
        add(search->parts, path, &elf);
        add_needed(search, &elf, path);
    }
    cmd_file_unmap(&file);
    return fits;
}

static bool take_in(struct search *search, const char *directory, size_t length,
                    const char *name)
{
    char *path = cmd_format("%.*s/%s", (int)length, directory, name);
    bool taken = length > 0 && take(search, path);

    free(path);
    return taken;
}

/* A run path's own word for the directory that the file is in. */
static size_t origin_in(const char *directory)
{
    if (strncmp(directory, "$ORIGIN", 7) == 0)
        return 7;
    return strncmp(directory, "${ORIGIN}", 9) == 0 ? 9 : 0;
}

static bool take_on_path(struct search *search, const char *list,
                         const char *holder, const char *name)
{
    int home = (int)(cmd_base_name(holder) - holder);

    while (list && *list) {
        size_t length = strcspn(list, ":;");
        size_t origin = origin_in(list);
        char *directory = cmd_format("%.*s%.*s", origin ? home : 0, holder,
                                     (int)(length - origin), list + origin);
        bool taken = take_in(search, directory, strlen(directory), name);
        free(directory);
        if (taken)
            return true;
        list += length + (list[length] != '\0');
    }
    return false;
}

static bool take_cached(struct search *search, const char *name)
{
    const char *path;

    for (size_t i = 0;
         (path = cmd_ldcache_find(search->cache.bytes, search->cache.size, name,
                                  i)) != NULL;
         i++)
        if (take(search, path))
            return true;
    return false;
}

static bool take_from_system(struct search *search, const char *name)
{
    for (size_t i = 0;
         i < sizeof(system_directories) / sizeof(*system_directories); i++)
        if (take_in(search, system_directories[i],
                    strlen(system_directories[i]), name))
            return true;
    return false;
}

static void miss(struct cmd_parts *parts, const char *name)
{
    size_t room = (parts->missing_count + 1) * sizeof(*parts->missing);

    for (size_t i = 0; i < parts->missing_count; i++)
        if (strcmp(parts->missing[i], name) == 0)
            return;
    parts->missing = cmd_alloc(parts->missing, room);
    parts->missing[parts->missing_count++] = cmd_format("%s", name);
}

/* musl's loader is its libc, and looks for it nowhere. */
static bool is_loader(const struct search *search, const char *name)
{
    return cmd_elf_libc(search->program) == CMD_LIBC_MUSL && is_libc(name);
}

static void add_needed(struct search *search, const struct cmd_elf *elf,
                       const char *path)
{
    const char *name;

    for (size_t i = 0; (name = cmd_elf_needed(elf, i)) != NULL; i++) {
        if (is_known(search->parts, name) || is_loader(search, name))
            continue;
        if (strchr(name, '/')
                ? take(search, name)
                : take_on_path(search, elf->run_path, path, name) ||
                      take_on_path(search, getenv("LD_LIBRARY_PATH"), path,
                                   name) ||
                      take_cached(search, name) ||
                      take_from_system(search, name))
            continue;
        miss(search->parts, name);
    }
}

/* A program's $ORIGIN is where its file is, whatever link it is started by. */
void cmd_parts_of_program(struct cmd_parts *parts,
                          const struct cmd_program *program)
{
    struct search search = {.parts = parts, .program = &program->elf};
    char *file = realpath(program->path, NULL);

    *parts = (struct cmd_parts){.count = 0};
    cmd_file_map(&search.cache, "/etc/ld.so.cache");
    add(parts, program->path, &program->elf);
    add_needed(&search, &program->elf, file ? file : program->path);
    cmd_file_unmap(&search.cache);
    free(file);
}

/* The path at the end of a line of /proc/PID/maps, or NULL. */
static char *mapped_path(char *line)
{
    char *path = strchr(line, '/');

    return path && !strstr(path, " (deleted)") ? path : NULL;
}

void cmd_parts_of_process(struct cmd_parts *parts,
                          const struct cmd_program *program, int pid)
{
    struct search search = {.parts = parts, .program = &program->elf};
    size_t size;
    char *maps = cmd_file_read_of(pid, "maps", &size), *rest = maps, *line;

    *parts = (struct cmd_parts){.count = 0};
    add(parts, program->path, &program->elf);
    while (maps && (line = strsep(&rest, "\n")) != NULL) {
        char *path = mapped_path(line);
        char *seen = path ? cmd_format("%s%s", program->root, path) : NULL;
        struct cmd_file file;
        struct cmd_elf elf;
        if (seen && !is_known(parts, path) && cmd_file_map(&file, seen)) {
            if (cmd_elf_read(&elf, file.bytes, file.size) &&
                elf.bits == search.program->bits && elf.is_dynamic)
                add(parts, path, &elf);
            cmd_file_unmap(&file);
        }
        free(seen);
    }
    free(maps);
}
