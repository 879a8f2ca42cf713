/* SPDX-License-Identifier: MIT */
/*
 * What a file asks of libc that says how it waits: which of the calls that
 * the library answers, whether epoll or io_uring, and what could hide either.
 * Pure.
 */
#ifndef CMD_IMPORTS_H
#define CMD_IMPORTS_H

#include "elf.h"

enum {
    CMD_WAITS = 12
};

/* The calls of the poll and select family, by their names in libc. */
extern const char *const cmd_wait_names[CMD_WAITS];

struct cmd_imports {
    bool waits[CMD_WAITS];
    bool epoll;   /* waits by epoll itself */
    bool uring;   /* ... by io_uring, through liburing */
    bool sandbox; /* installs seccomp filters, through libseccomp */
    bool loads;   /* loads more at run time: dlopen */
    bool numbers; /* makes system calls by number: syscall() */
};

void cmd_imports_read(struct cmd_imports *imports, const struct cmd_elf *elf);

/* Does it wait by any of the calls that the library answers? */
bool cmd_imports_wait(const struct cmd_imports *imports);

#endif
