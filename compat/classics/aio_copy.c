/* SPDX-License-Identifier: MIT */
/*
 * POSIX asynchronous I/O: copies a file by eight reads and writes at once,
 * whose threads libc makes; beside it a pipe that poll() watches, into which a
 * completion handler writes.
 *
 * usage: aio_copy FROM TO
 */
#include "common.h"

#include <aio.h>
#include <poll.h>

#define DEPTH 8
#define CHUNK 8192

static struct aiocb blocks[DEPTH];
static char buffers[DEPTH][CHUNK];
static int bell[2];

static void completed(union sigval value)
{
    char number = (char)value.sival_int;

    if (write(bell[1], &number, 1) != 1)
        die("bell");
}

static void begin(int i, int fd, off_t offset, bool writing, size_t size)
{
    struct aiocb *block = &blocks[i];

    *block = (struct aiocb){
        .aio_fildes = fd,
        .aio_offset = offset,
        .aio_buf = buffers[i],
        .aio_nbytes = size,
        .aio_sigevent = {.sigev_notify = SIGEV_THREAD,
                         .sigev_notify_function = completed,
                         .sigev_value.sival_int = i},
    };
    if ((writing ? aio_write(block) : aio_read(block)) < 0)
        die("aio");
}

/* Waits for the next completion; returns whose it was. */
static int next_completion(void)
{
    struct pollfd watched = {.fd = bell[0], .events = POLLIN};
    char number;

    while (poll(&watched, 1, -1) < 0 && errno == EINTR)
        ;
    if (read(bell[0], &number, 1) != 1)
        die("read");
    return number;
}

int main(int argc, char *argv[])
{
    int from = argc > 2 ? open(argv[1], O_RDONLY) : -1;
    int to = argc > 2 ? open(argv[2], O_WRONLY | O_CREAT, 0644) : -1;
    bool writing[DEPTH] = {false};
    off_t next = 0;
    int busy = 0;

    if (from < 0 || to < 0 || pipe(bell) < 0)
        die("usage: aio_copy FROM TO");
    for (; busy < DEPTH; busy++, next += CHUNK)
        begin(busy, from, next, false, CHUNK);
    while (busy > 0) {
        int i = next_completion();
        ssize_t done = aio_error(&blocks[i]) ? -1 : aio_return(&blocks[i]);
        if (done < 0)
            die("aio_return");
        if (!writing[i] && done > 0) {
            begin(i, to, blocks[i].aio_offset, true, (size_t)done);
        } else if (writing[i]) {
            begin(i, from, next, false, CHUNK);
            next += CHUNK;
        } else {
            busy--;
            continue;
        }
        writing[i] = !writing[i];
    }
    return close(to);
}
