/* SPDX-License-Identifier: MIT */
/*
 * Reads an ELF file that lies in memory: pure, of either class and byte
 * order, and unharmed by what is malformed.
 */
#ifndef CMD_ELF_H
#define CMD_ELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum cmd_libc {
    CMD_LIBC_UNKNOWN,
    CMD_LIBC_GLIBC,
    CMD_LIBC_MUSL
};

struct cmd_elf {
    const unsigned char *bytes;
    size_t size;
    int bits;                /* 32 or 64 */
    bool big_endian;         /* how the file stores numbers */
    unsigned machine;        /* EM_* */
    bool is_executable;      /* ET_EXEC or ET_DYN, whole: it can be loaded */
    bool is_library;         /* ... but has no way to be run */
    bool is_dynamic;         /* it has a PT_DYNAMIC */
    const char *interpreter; /* of PT_INTERP, or NULL */
    const char *run_path;    /* DT_RUNPATH, else DT_RPATH, or NULL */
    bool is_go;              /* made by Go, which makes its own system calls */

    /* Where the dynamic tables are, as offsets; 0 and 0 if they are not. */
    size_t dynamic, dynamic_size;
    size_t strings, strings_size;
    size_t symbols, symbol_count;
};

/* False if the bytes are no ELF file, or one that is cut off or malformed. */
bool cmd_elf_read(struct cmd_elf *elf, const void *bytes, size_t size);

/* The libraries of DT_NEEDED: the `index`-th, or NULL behind the last. */
const char *cmd_elf_needed(const struct cmd_elf *elf, size_t index);

/*
 * The dynamic symbols, from 0 on: false behind the last. *name is "" where
 * there is none; *wanted is true if another file has to define it.
 */
bool cmd_elf_symbol(const struct cmd_elf *elf, size_t index, const char **name,
                    bool *wanted);

/* The executable parts of the file, from 0 on: NULL behind the last. */
const unsigned char *cmd_elf_code(const struct cmd_elf *elf, size_t index,
                                  size_t *size);

/* The libc that the file is for, by its interpreter or by what it needs. */
enum cmd_libc cmd_elf_libc(const struct cmd_elf *elf);

/* "x86-64", or "machine 243" if it has no name here; valid until next time. */
const char *cmd_elf_machine_name(unsigned machine);

#endif
