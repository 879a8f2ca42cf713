/* SPDX-License-Identifier: MIT */
/*
 * The choice among programs; made once, in start-up. A program has two names:
 * that by which it was started, which is a script's own and a link's own, and
 * that of the file which the kernel runs. Either will do.
 */
#include "chosen.h"

#include "options.h"
#include "sys.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/auxv.h>

bool eps_chosen_lists(const char *list, const char *name)
{
    size_t length = strlen(name);

    while (length) {
        size_t word = strcspn(list, ",");
        if (word == length && strncmp(list, name, length) == 0)
            return true;
        if (!list[word])
            break;
        list += word + 1;
    }
    return false;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

/* What execve was given; not argv[0], which is anything. */
static bool lists_started(const char *list)
{
    const char *path = (const char *)getauxval(AT_EXECFN);

    return path && eps_chosen_lists(list, base_name(path));
}

static bool lists_file(const char *list)
{
    char path[PATH_MAX];
    long length = EPS_SYS4(SYS_readlinkat, AT_FDCWD, "/proc/self/exe", path,
                           sizeof(path) - 1);

    if (length <= 0)
        return false;
    path[length] = '\0';
    return eps_chosen_lists(list, base_name(path));
}

static bool lists(const char *list)
{
    return lists_started(list) || lists_file(list);
}

bool eps_chosen(void)
{
    if (eps_options.pid && EPS_SYS0(SYS_getpid) != eps_options.pid)
        return false;
    if (eps_options.only && !lists(eps_options.only))
        return false;
    return !eps_options.skip || !lists(eps_options.skip);
}
