/* SPDX-License-Identifier: MIT */
/* Whole files, in memory: mapped, or read where they have no size. */
#ifndef CMD_FILE_H
#define CMD_FILE_H

#include <stdbool.h>
#include <stddef.h>

struct cmd_file {
    void *bytes;
    size_t size;
};

/* Maps a regular file; false, with errno, if it can't be opened or is none. */
bool cmd_file_map(struct cmd_file *file, const char *path);
void cmd_file_unmap(struct cmd_file *file);

/*
 * The text of a file such as /proc has them, ended by a NUL that *size does
 * not count; NULL, with errno. The caller frees it.
 */
char *cmd_file_read(const char *path, size_t *size);

/* The same of /proc/PID/name. */
char *cmd_file_read_of(long pid, const char *name, size_t *size);

#endif
