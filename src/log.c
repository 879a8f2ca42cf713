/* SPDX-License-Identifier: MIT */
/*
 * Lines on stderr. Owns the name of the file that stderr is, which start-up
 * notes; any thread, any handler.
 *
 * Kernel notes:
 * (a) Number 2 is stderr by custom alone: a program that closes it is given it
 *     for its next file or connection, where a line would be data.
 * (b) A write may end the program, by SIGPIPE where nobody reads and SIGXFSZ
 *     at RLIMIT_FSIZE: both come up in the thread that writes, and can be taken
 *     back where they are held. A terminal (tostop) stops a background program
 *     by SIGTTOU, but asks first whether that is held, and takes the line then.
 * (c) What says POLLOUT takes a line without a wait: a pipe has a page of room.
 */
#include "log.h"

#include "options.h"
#include "signals.h"
#include "sys.h"

#include <poll.h>
#include <sys/stat.h>
#include <time.h>

/* A value that was given leaves room for what is said of it. */
#define MOST_OF_A_TEXT 360
#define BIT(signal) (UINT64_C(1) << ((signal)-1))

/* The file's device and inode, which tell it from any other. */
static struct {
    bool open;
    dev_t device;
    ino_t inode;
} noted;

/* False if it is closed. */
static bool look_at_stderr(struct stat *info)
{
    int saved = errno;
    bool open = fstat(STDERR_FILENO, info) == 0;

    errno = saved;
    return open;
}

void eps_log_start(void)
{
    struct stat info;

    noted.open = look_at_stderr(&info);
    if (!noted.open)
        return;
    noted.device = info.st_dev;
    noted.inode = info.st_ino;
}

int eps_stderr(void)
{
    struct stat info;
    bool same = noted.open && look_at_stderr(&info) &&
                info.st_dev == noted.device && info.st_ino == noted.inode;

    return same ? STDERR_FILENO : -1;
}

void eps_line_text(struct eps_line *line, const char *text)
{
    /* One byte stays for the newline; what would look like one is cut. */
    while (*text && line->length < sizeof(line->text) - 1) {
        unsigned char byte = (unsigned char)*text++;
        line->text[line->length++] = byte < ' ' || byte == 127 ? '?' : byte;
    }
}

void eps_line_number(struct eps_line *line, int64_t number)
{
    char digits[24];
    char *at = digits + sizeof(digits);
    uint64_t rest = number < 0 ? -(uint64_t)number : (uint64_t)number;

    *--at = '\0';
    do
        *--at = (char)('0' + rest % 10);
    while (rest /= 10);
    if (number < 0)
        *--at = '-';
    eps_line_text(line, at);
}

/* Note (c). */
static bool has_room(int fd)
{
    struct pollfd one = {.fd = fd, .events = POLLOUT};
    struct timespec now = {0, 0};

    return EPS_SYS5(SYS_ppoll, &one, 1, &now, NULL, 8) == 1 &&
           (one.revents & POLLOUT);
}

/*
 * Note (b). What the program itself has pending is left to it; other signals
 * are not held, for all would be a program that waits and can't be ended.
 */
static long write_unharmed(int fd, const struct eps_line *line)
{
    struct timespec now = {0, 0};
    uint64_t held = BIT(SIGPIPE) | BIT(SIGXFSZ) | BIT(SIGTTOU);
    uint64_t raised, pending, before = 0;
    long written = -EINVAL;

    if (EPS_SYS4(SYS_rt_sigprocmask, SIG_BLOCK, &held, &before, sizeof(held)))
        return written;
    if (EPS_SYS2(SYS_rt_sigpending, &pending, sizeof(pending)) == 0) {
        written = EPS_SYS3(SYS_write, fd, line->text, line->length);
        raised = (BIT(SIGPIPE) | BIT(SIGXFSZ)) & ~pending;
        if (written < 0)
            EPS_SYS4(SYS_rt_sigtimedwait, &raised, NULL, &now, sizeof(raised));
    }
    eps_signals_let_go(before);
    return written;
}

bool eps_line_write(struct eps_line *line, int fd)
{
    line->text[line->length++] = '\n';
    bool whole = has_room(fd) && write_unharmed(fd, line) == (long)line->length;
    line->length = 0;
    return whole;
}

void eps_complain_texts(const char *const texts[])
{
    struct eps_line line;

    line.length = 0;
    eps_line_text(&line, "libepollshim: ");
    for (int i = 0; texts[i]; i++) {
        size_t most = line.length + MOST_OF_A_TEXT;
        eps_line_text(&line, texts[i]);
        if (line.length > most) {
            line.length = most;
            eps_line_text(&line, "...");
        }
    }
    eps_line_write(&line, eps_stderr());
}

void eps_log_texts(enum eps_log_level level, const char *const texts[])
{
    if (level <= eps_options.log)
        eps_complain_texts(texts);
}
