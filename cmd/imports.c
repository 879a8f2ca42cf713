/* SPDX-License-Identifier: MIT */
/* The imported symbols of a file, sorted by what they tell. */
#include "imports.h"

#include <string.h>

/* A 32-bit program's names are asked of its file, whatever we are. */
#ifndef EPS_HAVE_TIME64
#define EPS_HAVE_TIME64 1
#endif
#define EPS_ROW(ret, name, params)
#define EPS_WAITS(ret, name, params, args) #name,
const char *const cmd_wait_names[CMD_WAITS] = {
#include "symbols.def"
};
#undef EPS_ROW

static const struct {
    const char *name;
    size_t offset;
} telling[] = {
    {"epoll_wait", offsetof(struct cmd_imports, epoll)},
    {"epoll_pwait", offsetof(struct cmd_imports, epoll)},
    {"epoll_pwait2", offsetof(struct cmd_imports, epoll)},
    {"__epoll_pwait2_time64", offsetof(struct cmd_imports, epoll)},
    {"io_uring_queue_init", offsetof(struct cmd_imports, uring)},
    {"io_uring_queue_init_params", offsetof(struct cmd_imports, uring)},
    {"io_uring_setup", offsetof(struct cmd_imports, uring)},
    {"seccomp_load", offsetof(struct cmd_imports, sandbox)},
    {"dlopen", offsetof(struct cmd_imports, loads)},
    {"syscall", offsetof(struct cmd_imports, numbers)},
};

static void note(struct cmd_imports *imports, const char *name)
{
    for (int i = 0; i < CMD_WAITS; i++)
        if (strcmp(name, cmd_wait_names[i]) == 0)
            imports->waits[i] = true;
    for (size_t i = 0; i < sizeof(telling) / sizeof(*telling); i++)
        if (strcmp(name, telling[i].name) == 0)
            *(bool *)((char *)imports + telling[i].offset) = true;
}

void cmd_imports_read(struct cmd_imports *imports, const struct cmd_elf *elf)
{
    const char *name;
    bool wanted;

    *imports = (struct cmd_imports){.epoll = false};
    for (size_t i = 0; cmd_elf_symbol(elf, i, &name, &wanted); i++)
        if (wanted)
            note(imports, name);
}

bool cmd_imports_wait(const struct cmd_imports *imports)
{
    for (int i = 0; i < CMD_WAITS; i++)
        if (imports->waits[i])
            return true;
    return false;
}
