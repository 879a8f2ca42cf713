/* SPDX-License-Identifier: MIT */
/* Moves configured directories to where the command is. */
#include "place.h"

#include "say.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

const char *cmd_place_of_self(void)
{
    static char self[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);

    if (length <= 0)
        return BINDIR;
    self[length] = '\0';
    *strrchr(self, '/') = '\0';
    return self;
}

/*
 * How much of BINDIR's end, in whole components, is the end of `self` too:
 * what stands before it has been moved.
 */
static size_t common_end(const char *self)
{
    size_t own = strlen(self), all = strlen(BINDIR), common = 0;

    for (size_t i = 1; i <= own && i <= all && self[own - i] == BINDIR[all - i];
         i++)
        if (self[own - i] == '/')
            common = i;
    return common;
}

const char *cmd_place_of(const char *directory)
{
    const char *self = cmd_place_of_self();
    size_t common = common_end(self);
    size_t from = strlen(BINDIR) - common;

    if (!common || strncmp(directory, BINDIR, from) != 0 ||
        directory[from] != '/')
        return directory;
    return cmd_format("%.*s%s", (int)(strlen(self) - common), self,
                      directory + from);
}
