/* SPDX-License-Identifier: MIT */
/*
 * ELF, from the program headers: they are what the kernel and ld.so go by,
 * and what is left when a file is stripped of its sections. Every number is
 * read through get(), which answers 0 outside of the file.
 */
#include "elf.h"

#include <elf.h>
#include <stdio.h>
#include <string.h>

#ifndef DF_1_PIE
#define DF_1_PIE 0x08000000
#endif

/* Where a field stands, and how wide it is, in either class. */
struct field {
    uint8_t at32, width32, at64, width64;
};

#define FIELD(type, name)                                                      \
    {                                                                          \
        offsetof(Elf32_##type, name), sizeof(((Elf32_##type *)0)->name),       \
            offsetof(Elf64_##type, name), sizeof(((Elf64_##type *)0)->name)    \
    }

static const struct field e_type = FIELD(Ehdr, e_type);
static const struct field e_machine = FIELD(Ehdr, e_machine);
static const struct field e_phoff = FIELD(Ehdr, e_phoff);
static const struct field e_phentsize = FIELD(Ehdr, e_phentsize);
static const struct field e_phnum = FIELD(Ehdr, e_phnum);
static const struct field e_shoff = FIELD(Ehdr, e_shoff);
static const struct field e_shentsize = FIELD(Ehdr, e_shentsize);
static const struct field e_shnum = FIELD(Ehdr, e_shnum);
static const struct field e_shstrndx = FIELD(Ehdr, e_shstrndx);
static const struct field p_type = FIELD(Phdr, p_type);
static const struct field p_flags = FIELD(Phdr, p_flags);
static const struct field p_offset = FIELD(Phdr, p_offset);
static const struct field p_vaddr = FIELD(Phdr, p_vaddr);
static const struct field p_filesz = FIELD(Phdr, p_filesz);
static const struct field sh_name = FIELD(Shdr, sh_name);
static const struct field sh_type = FIELD(Shdr, sh_type);
static const struct field sh_offset = FIELD(Shdr, sh_offset);
static const struct field sh_size = FIELD(Shdr, sh_size);
static const struct field d_tag = FIELD(Dyn, d_tag);
static const struct field d_val = FIELD(Dyn, d_un.d_val);
static const struct field st_name = FIELD(Sym, st_name);
static const struct field st_shndx = FIELD(Sym, st_shndx);

static bool is_inside(const struct cmd_elf *elf, uint64_t at, uint64_t size)
{
    return at <= elf->size && size <= elf->size - at;
}

/* The field of the structure at `base`. */
static uint64_t get(const struct cmd_elf *elf, uint64_t base,
                    const struct field *field)
{
    unsigned at = elf->bits == 64 ? field->at64 : field->at32;
    unsigned width = elf->bits == 64 ? field->width64 : field->width32;
    uint64_t value = 0;

    if (base > elf->size || !is_inside(elf, base + at, width))
        return 0;
    for (unsigned i = 0; i < width; i++) {
        unsigned from = elf->big_endian ? i : width - 1 - i;
        value = value << 8 | elf->bytes[base + at + from];
    }
    return value;
}

static size_t size_of(const struct cmd_elf *elf, size_t in32, size_t in64)
{
    return elf->bits == 64 ? in64 : in32;
}
#define SIZE_OF(elf, type)                                                     \
    size_of(elf, sizeof(Elf32_##type), sizeof(Elf64_##type))

/* The string at `at`, which must end before `end`; or NULL. */
static const char *string_at(const struct cmd_elf *elf, uint64_t at,
                             uint64_t end)
{
    if (end > elf->size)
        end = elf->size;
    if (at >= end || !memchr(elf->bytes + at, '\0', end - at))
        return NULL;
    return (const char *)elf->bytes + at;
}

/* The offset of the index-th program header, or 0 behind the last. */
static uint64_t header_at(const struct cmd_elf *elf, size_t index)
{
    uint64_t each = get(elf, 0, &e_phentsize);
    uint64_t at = get(elf, 0, &e_phoff) + index * each;

    if (index >= get(elf, 0, &e_phnum) || each < SIZE_OF(elf, Phdr) ||
        !is_inside(elf, at, each))
        return 0;
    return at;
}

/* Where in the file what is loaded at `address` stands, or 0. */
static uint64_t offset_of(const struct cmd_elf *elf, uint64_t address)
{
    uint64_t at;

    for (size_t i = 0; (at = header_at(elf, i)) != 0; i++) {
        uint64_t from = get(elf, at, &p_vaddr);
        if (get(elf, at, &p_type) == PT_LOAD && address >= from &&
            address - from < get(elf, at, &p_filesz))
            return get(elf, at, &p_offset) + (address - from);
    }
    return 0;
}

/* The value of a dynamic tag, the `index`-th of its kind; or `missing`. */
static uint64_t dynamic_value(const struct cmd_elf *elf, uint64_t tag,
                              size_t index, uint64_t missing)
{
    size_t each = SIZE_OF(elf, Dyn);

    for (size_t i = 0; (i + 1) * each <= elf->dynamic_size; i++) {
        uint64_t base = elf->dynamic + i * each;
        uint64_t found = get(elf, base, &d_tag);
        if (found == DT_NULL)
            break;
        if (found == tag && index-- == 0)
            return get(elf, base, &d_val);
    }
    return missing;
}

static const char *dynamic_string(const struct cmd_elf *elf, uint64_t tag,
                                  size_t index)
{
    uint64_t at = dynamic_value(elf, tag, index, UINT64_MAX);

    if (at >= elf->strings_size)
        return NULL;
    return string_at(elf, elf->strings + at, elf->strings + elf->strings_size);
}

/* The index-th section's header, or 0. */
static uint64_t section_at(const struct cmd_elf *elf, size_t index)
{
    uint64_t each = get(elf, 0, &e_shentsize);
    uint64_t from = get(elf, 0, &e_shoff);
    uint64_t at = from + index * each;

    if (!from || index >= get(elf, 0, &e_shnum) || each < SIZE_OF(elf, Shdr) ||
        !is_inside(elf, at, each))
        return 0;
    return at;
}

/*
 * No tag says how many symbols there are. Their section does; without it,
 * linkers put the strings right behind the symbols.
 */
static size_t count_symbols(const struct cmd_elf *elf)
{
    size_t each = SIZE_OF(elf, Sym);
    uint64_t at, end = elf->strings;

    for (size_t i = 0; i == 0 || section_at(elf, i); i++) {
        at = section_at(elf, i);
        if (at && get(elf, at, &sh_type) == SHT_DYNSYM &&
            get(elf, at, &sh_offset) == elf->symbols)
            end = elf->symbols + get(elf, at, &sh_size);
    }
    if (end < elf->symbols || !is_inside(elf, elf->symbols, end - elf->symbols))
        return 0;
    return (end - elf->symbols) / each;
}

static void read_dynamic(struct cmd_elf *elf, uint64_t header)
{
    elf->is_dynamic = true;
    elf->dynamic = get(elf, header, &p_offset);
    elf->dynamic_size = get(elf, header, &p_filesz);
    if (!is_inside(elf, elf->dynamic, elf->dynamic_size))
        elf->dynamic_size = 0;
    elf->strings = offset_of(elf, dynamic_value(elf, DT_STRTAB, 0, 0));
    elf->strings_size = dynamic_value(elf, DT_STRSZ, 0, 0);
    if (!elf->strings || !is_inside(elf, elf->strings, elf->strings_size))
        elf->strings_size = 0;
    elf->symbols = offset_of(elf, dynamic_value(elf, DT_SYMTAB, 0, 0));
    if (elf->symbols && elf->strings_size)
        elf->symbol_count = count_symbols(elf);
    elf->run_path = dynamic_string(elf, DT_RUNPATH, 0);
    if (!elf->run_path)
        elf->run_path = dynamic_string(elf, DT_RPATH, 0);
}

static void read_headers(struct cmd_elf *elf)
{
    uint64_t at;

    for (size_t i = 0; (at = header_at(elf, i)) != 0; i++) {
        uint64_t from = get(elf, at, &p_offset);
        if (get(elf, at, &p_type) == PT_DYNAMIC)
            read_dynamic(elf, at);
        if (get(elf, at, &p_type) == PT_INTERP)
            elf->interpreter =
                string_at(elf, from, from + get(elf, at, &p_filesz));
    }
}

/* Go's linker leaves a section of this name, in stripped programs too. */
static bool has_go_section(const struct cmd_elf *elf)
{
    uint64_t names = section_at(elf, get(elf, 0, &e_shstrndx));
    uint64_t at;

    if (!names)
        return false;
    for (size_t i = 1; (at = section_at(elf, i)) != 0; i++) {
        const char *name =
            string_at(elf, get(elf, names, &sh_offset) + get(elf, at, &sh_name),
                      get(elf, names, &sh_offset) + get(elf, names, &sh_size));
        if (name && strcmp(name, ".gopclntab") == 0)
            return true;
    }
    return false;
}

/* What is to be loaded is there: of a file that is cut off, some is not. */
static bool is_whole(const struct cmd_elf *elf)
{
    uint64_t count = get(elf, 0, &e_phnum), at;

    for (uint64_t i = 0; i < count; i++) {
        at = header_at(elf, i);
        if (!at ||
            (get(elf, at, &p_type) == PT_LOAD &&
             !is_inside(elf, get(elf, at, &p_offset), get(elf, at, &p_filesz))))
            return false;
    }
    return count > 0;
}

bool cmd_elf_read(struct cmd_elf *elf, const void *bytes, size_t size)
{
    const unsigned char *ident = bytes;
    uint64_t type;

    *elf = (struct cmd_elf){.bytes = bytes, .size = size};
    if (size < sizeof(Elf32_Ehdr) || memcmp(ident, ELFMAG, SELFMAG) != 0 ||
        ident[EI_CLASS] < ELFCLASS32 || ident[EI_CLASS] > ELFCLASS64 ||
        ident[EI_DATA] < ELFDATA2LSB || ident[EI_DATA] > ELFDATA2MSB)
        return false;
    elf->bits = ident[EI_CLASS] == ELFCLASS64 ? 64 : 32;
    elf->big_endian = ident[EI_DATA] == ELFDATA2MSB;
    if (size < SIZE_OF(elf, Ehdr))
        return false;
    type = get(elf, 0, &e_type);
    elf->machine = (unsigned)get(elf, 0, &e_machine);
    elf->is_executable = (type == ET_EXEC || type == ET_DYN) && is_whole(elf);
    read_headers(elf);
    elf->is_library = type == ET_DYN && !elf->interpreter &&
                      !(dynamic_value(elf, DT_FLAGS_1, 0, 0) & DF_1_PIE);
    elf->is_go = has_go_section(elf);
    return true;
}

const char *cmd_elf_needed(const struct cmd_elf *elf, size_t index)
{
    return dynamic_string(elf, DT_NEEDED, index);
}

bool cmd_elf_symbol(const struct cmd_elf *elf, size_t index, const char **name,
                    bool *wanted)
{
    uint64_t at = elf->symbols + index * SIZE_OF(elf, Sym);
    const char *found;

    if (index >= elf->symbol_count)
        return false;
    found = string_at(elf, elf->strings + get(elf, at, &st_name),
                      elf->strings + elf->strings_size);
    *name = found ? found : "";
    *wanted = get(elf, at, &st_shndx) == SHN_UNDEF;
    return true;
}

const unsigned char *cmd_elf_code(const struct cmd_elf *elf, size_t index,
                                  size_t *size)
{
    uint64_t at;

    for (size_t i = 0; (at = header_at(elf, i)) != 0; i++) {
        uint64_t from = get(elf, at, &p_offset);
        *size = get(elf, at, &p_filesz);
        if (get(elf, at, &p_type) == PT_LOAD &&
            (get(elf, at, &p_flags) & PF_X) && is_inside(elf, from, *size) &&
            index-- == 0)
            return elf->bytes + from;
    }
    return NULL;
}

enum cmd_libc cmd_elf_libc(const struct cmd_elf *elf)
{
    const char *name = elf->interpreter;

    if (name && strstr(name, "/ld-musl"))
        return CMD_LIBC_MUSL;
    for (size_t i = 0; (name = cmd_elf_needed(elf, i)) != NULL; i++) {
        if (strcmp(name, "libc.so.6") == 0)
            return CMD_LIBC_GLIBC;
        /* musl-gcc names it libc.so, Alpine libc.musl-x86_64.so.1. */
        if (strcmp(name, "libc.so") == 0 || strncmp(name, "libc.musl", 9) == 0)
            return CMD_LIBC_MUSL;
    }
    return CMD_LIBC_UNKNOWN;
}

const char *cmd_elf_machine_name(unsigned machine)
{
    static const struct {
        unsigned machine;
        const char *name;
    } names[] = {
        {EM_386, "i386"},        {EM_X86_64, "x86-64"}, {EM_ARM, "ARM"},
        {EM_AARCH64, "AArch64"}, {EM_PPC, "PowerPC"},   {EM_PPC64, "PowerPC64"},
        {EM_RISCV, "RISC-V"},    {EM_S390, "S/390"},    {EM_MIPS, "MIPS"},
        {EM_SPARCV9, "SPARC"},
    };
    static char unnamed[32];

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (names[i].machine == machine)
            return names[i].name;
    snprintf(unnamed, sizeof(unnamed), "machine %u", machine);
    return unnamed;
}
