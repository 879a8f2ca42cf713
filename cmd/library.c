/* SPDX-License-Identifier: MIT */
/*
 * The library for a program. Systems that run programs of two classes keep
 * their libraries in two directories, and ld.so has a name for both of them,
 * $LIB: a program and the children of another class that it starts then find
 * each its own. What $LIB stands for is compiled into ld.so.
 */
#include "library.h"

#include "file.h"
#include "place.h"
#include "say.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAME "libepollshim.so"

/* Where it was installed. */
static const char *libdir = LIBDIR;

/* What ld.so may make of $LIB. Those with a slash come before what they end
 * in, since the first that fits is taken. */
static const char *const subdirectories[] = {
    "lib/x86_64-linux-gnu",
    "lib/i386-linux-gnu",
    "lib/x86_64-linux-gnux32",
    "lib/aarch64-linux-gnu",
    "lib/arm-linux-gnueabihf",
    "lib/arm-linux-gnueabi",
    "lib/powerpc64le-linux-gnu",
    "lib/riscv64-linux-gnu",
    "lib/s390x-linux-gnu",
    "lib64",
    "lib32",
    "libx32",
    "lib",
};
#define SUBDIRECTORIES (sizeof(subdirectories) / sizeof(*subdirectories))

const char *cmd_base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

/* The file, if it is a library for that program. */
static bool fits(const char *path, const struct cmd_elf *program,
                 enum cmd_libc *libc)
{
    struct cmd_file file;
    struct cmd_elf elf;
    bool fitting;

    if (!cmd_file_map(&file, path))
        return false;
    fitting = cmd_elf_read(&elf, file.bytes, file.size) && elf.is_dynamic &&
              (!program ||
               (elf.bits == program->bits && elf.machine == program->machine &&
                elf.big_endian == program->big_endian));
    if (fitting)
        *libc = cmd_elf_libc(&elf);
    cmd_file_unmap(&file);
    return fitting;
}

/* True if this ld.so takes $LIB for that: it then holds the very string. */
static bool expands_to(const char *interpreter, const char *subdirectory)
{
    size_t length = strlen(subdirectory) + 2;
    char *wanted = cmd_alloc(NULL, length);
    struct cmd_file file;
    bool found;

    wanted[0] = '\0';
    strcpy(wanted + 1, subdirectory);
    if (!interpreter || !cmd_file_map(&file, interpreter)) {
        free(wanted);
        return false;
    }
    found = file.bytes && memmem(file.bytes, file.size, wanted, length);
    cmd_file_unmap(&file);
    free(wanted);
    return found;
}

/* The length of what stands before the subdirectory in `directory`, or -1. */
static int prefix_of(const char *directory, const char *subdirectory)
{
    size_t length = strlen(directory), end = strlen(subdirectory);

    if (length <= end || directory[length - end - 1] != '/' ||
        strcmp(directory + length - end, subdirectory) != 0)
        return -1;
    return (int)(length - end);
}

static bool is_installed(int prefix, const char *subdirectory)
{
    char *path = cmd_format("%.*s%s/" NAME, prefix, libdir, subdirectory);
    bool is_there = access(path, R_OK) == 0;

    free(path);
    return is_there;
}

/* How many of the subdirectories hold a library. */
static int count_installed(int prefix)
{
    int count = 0;

    for (size_t i = 0; i < SUBDIRECTORIES; i++)
        count += is_installed(prefix, subdirectories[i]);
    return count;
}

/* In that subdirectory of the prefix; by the name of $LIB if there are more. */
static bool find_in(struct cmd_library *library, int prefix,
                    const char *subdirectory, const struct cmd_elf *program)
{
    char *path = cmd_format("%.*s%s/" NAME, prefix, libdir, subdirectory);

    if (!fits(path, program, &library->libc)) {
        free(path);
        return false;
    }
    library->file = path;
    library->preload = path;
    if (program && count_installed(prefix) > 1 &&
        expands_to(program->interpreter, subdirectory))
        library->preload = cmd_format("%.*s$LIB/" NAME, prefix, libdir);
    return true;
}

static bool find_installed(struct cmd_library *library,
                           const struct cmd_elf *program)
{
    int prefix = -1;

    libdir = cmd_place_of(LIBDIR);
    for (size_t i = 0; i < SUBDIRECTORIES && prefix < 0; i++)
        prefix = prefix_of(libdir, subdirectories[i]);
    library->file = library->preload = cmd_format("%s/" NAME, libdir);
    if (prefix < 0)
        return fits(library->file, program, &library->libc);
    if (find_in(library, prefix, libdir + prefix, program))
        return true;
    for (size_t i = 0; i < SUBDIRECTORIES && program; i++)
        if (find_in(library, prefix, subdirectories[i], program))
            return true;
    return false;
}

/* In a build tree libtool keeps it in .libs, beside the command. */
static bool find_beside(struct cmd_library *library,
                        const struct cmd_elf *program)
{
    library->file = library->preload =
        cmd_format("%s/.libs/" NAME, cmd_place_of_self());
    return fits(library->file, program, &library->libc);
}

static bool find_given(struct cmd_library *library, const char *given,
                       const struct cmd_elf *program, char **why)
{
    library->file = library->preload = realpath(given, NULL);
    if (!library->file) {
        *why = cmd_format("--library=%s: %s: name a libepollshim.so", given,
                          strerror(errno));
        return false;
    }
    if (!fits(library->file, program, &library->libc)) {
        *why = cmd_format("%s is no library: name a libepollshim.so", given);
        if (program)
            *why = cmd_format(
                "%s is no library for %s: use the epollshim of that "
                "architecture, or name a libepollshim.so that was built for it",
                given, cmd_elf_machine_name(program->machine));
        return false;
    }
    return true;
}

/* LD_PRELOAD is a list: neither of its separators can be quoted. */
static bool is_nameable(const struct cmd_library *library, char **why)
{
    if (!strpbrk(library->preload, ": \t\n"))
        return true;
    *why = cmd_format(
        "LD_PRELOAD can't name %s, because of its blank or "
        "colon: move or link it to a plainer path",
        library->preload);
    return false;
}

bool cmd_library_find(struct cmd_library *library, const char *given,
                      const struct cmd_elf *program, char **why)
{
    if (given)
        return find_given(library, given, program, why) &&
               is_nameable(library, why);
    if (find_beside(library, program) || find_installed(library, program))
        return is_nameable(library, why);
    *why =
        program
            ? cmd_format(
                  "there is no libepollshim.so for %d-bit %s programs in %s "
                  "or beside it: install the one of that architecture, or "
                  "name it by --library=FILE",
                  program->bits, cmd_elf_machine_name(program->machine), libdir)
            : cmd_format(
                  "there is no libepollshim.so in %s: install it, or name it "
                  "by --library=FILE",
                  libdir);
    return false;
}
