/* SPDX-License-Identifier: MIT */
/* Whole files. Nothing is kept open. */
#include "file.h"

#include "say.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOST_TEXT (64UL << 20) /* what grows further has no end */

/* O_NONBLOCK: a FIFO by that name must not keep us waiting. */
static int open_to_read(const char *path)
{
    return open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
}

/* What went wrong before is what is told. */
static void close_quietly(int fd)
{
    int saved = errno;

    close(fd);
    errno = saved;
}

static bool map(struct cmd_file *file, int fd)
{
    struct stat info;

    if (fstat(fd, &info) != 0)
        return false;
    if (!S_ISREG(info.st_mode)) {
        errno = S_ISDIR(info.st_mode) ? EISDIR : EACCES;
        return false;
    }
    file->size = (size_t)info.st_size;
    if (file->size == 0) /* can't be mapped, and need not be */
        return true;
    file->bytes = mmap(NULL, file->size, PROT_READ, MAP_PRIVATE, fd, 0);
    return file->bytes != MAP_FAILED;
}

bool cmd_file_map(struct cmd_file *file, const char *path)
{
    int fd = open_to_read(path);
    bool done;

    *file = (struct cmd_file){NULL, 0};
    if (fd < 0)
        return false;
    done = map(file, fd);
    close_quietly(fd);
    if (!done)
        *file = (struct cmd_file){NULL, 0};
    return done;
}

void cmd_file_unmap(struct cmd_file *file)
{
    if (file->bytes)
        munmap(file->bytes, file->size);
    *file = (struct cmd_file){NULL, 0};
}

static char *read_all(int fd, size_t *size)
{
    size_t room = 4096;
    char *text = cmd_alloc(NULL, room);
    ssize_t got;

    *size = 0;
    while ((got = read(fd, text + *size, room - 1 - *size)) != 0) {
        if (got < 0 || *size > MOST_TEXT) {
            errno = got < 0 ? errno : EFBIG;
            free(text);
            return NULL;
        }
        *size += (size_t)got;
        if (*size + 1 == room)
            text = cmd_alloc(text, room *= 2);
    }
    text[*size] = '\0';
    return text;
}

char *cmd_file_read(const char *path, size_t *size)
{
    int fd = open_to_read(path);
    char *text;

    if (fd < 0)
        return NULL;
    text = read_all(fd, size);
    close_quietly(fd);
    return text;
}

char *cmd_file_read_of(long pid, const char *name, size_t *size)
{
    char *path = cmd_format("/proc/%ld/%s", pid, name);
    char *text = cmd_file_read(path, size);
    int wrong = errno;

    free(path);
    errno = wrong;
    return text;
}
