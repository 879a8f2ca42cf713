/* SPDX-License-Identifier: MIT */
/* Looks for bare system calls in machine code. */
#include "rawcalls.h"

#include <elf.h>
#include <string.h>

/* The numbers are those of the machine that is read, not of this one. */
struct numbers {
    unsigned waits[4], epoll[4];
};

static const struct numbers x86_64 = {
    .waits = {7, 23, 270, 271},     /* poll, select, pselect6, ppoll */
    .epoll = {232, 281, 441, 441}}; /* epoll_wait, _pwait, _pwait2 */
static const struct numbers aarch64 = {.waits = {72, 73, 72, 73},
                                       .epoll = {22, 441, 22, 22}};

static void count(struct cmd_rawcalls *calls, const struct numbers *numbers,
                  unsigned number)
{
    for (int i = 0; i < 4; i++)
        if (numbers->waits[i] == number) {
            calls->waits++;
            return;
        }
    for (int i = 0; i < 4; i++)
        if (numbers->epoll[i] == number) {
            calls->epoll++;
            return;
        }
}

/* Between the two, arguments are put where they belong. */
enum {
    NEAR = 32
};

static unsigned little(const unsigned char *at)
{
    return (unsigned)at[0] | (unsigned)at[1] << 8 | (unsigned)at[2] << 16 |
           (unsigned)at[3] << 24;
}

/* mov $number, %eax; ...; syscall */
static void scan_x86_64(struct cmd_rawcalls *calls, const unsigned char *code,
                        size_t size)
{
    const unsigned char *end = code + size;
    const unsigned char *at = code;

    while ((at = memchr(at, 0xb8, (size_t)(end - at))) != NULL) {
        size_t left = (size_t)(end - at);
        if (left < 7)
            return;
        if (memmem(at + 5, left - 5 < NEAR ? left - 5 : NEAR, "\x0f\x05", 2))
            count(calls, &x86_64, little(at + 1));
        at++;
    }
}

/* mov x8, #number (or w8); ...; svc #0 */
static void scan_aarch64(struct cmd_rawcalls *calls, const unsigned char *code,
                         size_t size)
{
    for (size_t at = 0; at + 4 <= size; at += 4) {
        unsigned word = little(code + at);
        if ((word & 0x7fe0001f) != 0x52800008)
            continue;
        for (size_t next = at + 4; next + 4 <= size && next <= at + NEAR;
             next += 4)
            if (little(code + next) == 0xd4000001) {
                count(calls, &aarch64, word >> 5 & 0xffff);
                break;
            }
    }
}

struct cmd_rawcalls cmd_rawcalls_in(const struct cmd_elf *elf)
{
    struct cmd_rawcalls calls = {0, 0};
    const unsigned char *code;
    size_t size;

    for (size_t i = 0; (code = cmd_elf_code(elf, i, &size)) != NULL; i++) {
        if (elf->machine == EM_X86_64)
            scan_x86_64(&calls, code, size);
        if (elf->machine == EM_AARCH64)
            scan_aarch64(&calls, code, size);
    }
    return calls;
}
