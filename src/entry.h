/* SPDX-License-Identifier: MIT */
/*
 * What the files of exported functions share. They are the only ones that
 * set errno, and they hold no logic beyond a few lines each.
 */
#ifndef EPS_ENTRY_H
#define EPS_ENTRY_H

#include "prototypes.h"

#include "closing.h"
#include "next.h"

#include <errno.h>
#include <stdarg.h>

#define EPS_EXPORT __attribute__((visibility("default")))

/* What libc makes of a system call's answer. */
static inline long eps_as_libc(long ret)
{
    if (ret >= 0 || ret < -4095)
        return ret;
    errno = (int)-ret;
    return -1;
}

/*
 * The variable arguments behind `before`, into an array. Not all may be there:
 * each is read as a register's worth, as libc itself does.
 */
#define EPS_ARGUMENTS(into, before)                                            \
    do {                                                                       \
        va_list list;                                                          \
        va_start(list, before);                                                \
        for (size_t i = 0; i < sizeof(into) / sizeof(*(into)); i++)            \
            (into)[i] = va_arg(list, typeof(*(into)));                         \
        va_end(list);                                                          \
    } while (0)

/* The only one. */
#define EPS_ARGUMENT(before)                                                   \
    ({                                                                         \
        unsigned long one[1];                                                  \
        EPS_ARGUMENTS(one, before);                                            \
        one[0];                                                                \
    })

/* The number behind a stream or a directory, -1 for none; keeps errno. */
int eps_stream_fd(FILE *stream);
int eps_directory_fd(DIR *directory);

/* Bodies that several names share; `real` is the function next in line. */
int eps_do_close(int (*real)(int), int fd);
int eps_do_dup2(int (*real)(int, int), int from, int to);
int eps_do_fcntl(int (*real)(int, int, ...), int fd, int command,
                 unsigned long argument);
int eps_do_prctl(int (*real)(int, ...), int option, const unsigned long *args);
ssize_t eps_do_recvmsg(ssize_t (*real)(int, struct msghdr *, int), int fd,
                       struct msghdr *message, int flags);
int eps_do_setsockopt(int (*real)(int, int, int, const void *, socklen_t),
                      int fd, int level, int name, const void *value,
                      socklen_t length);

/*
 * Before an fcntl(): is it F_DUPFD? Then one of ours that stands on the number
 * it begins with moves elsewhere.
 */
bool eps_begin_dupfd(int command, int least);

/* The control data of so many messages has come: descriptors, perhaps. */
void eps_received(struct mmsghdr *messages, int count);

/* Memory has moved: what was where it came from, and where it went to. */
void eps_memory_moved(const void *from, size_t bytes, size_t wanted, int flags,
                      const void *to);

/* The ground changes: around the real call, by function or by number. */
void eps_sandbox_asked(void);
void eps_sandbox_refused(void);
int eps_limit_changed(int ret); /* after it: what it answered */
void eps_table_leave(void); /* before: our descriptors leave the old table */
void eps_table_unshared(void);
void eps_cloning(unsigned long flags);

#endif
