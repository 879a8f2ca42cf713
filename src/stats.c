/* SPDX-License-Identifier: MIT */
/*
 * The report of all counters. Owns nothing; raw system calls only, so it
 * may run while the process ends, and in a vfork child it does not run.
 *
 * The file is opened with O_NOFOLLOW, and written only if it is a regular
 * file of a file system that stores: a FIFO, a device or a kernel's own file
 * under that name would hang or do harm.
 */
#include "stats.h"

#include "counters.h"
#include "log.h"
#include "options.h"
#include "process.h"
#include "sys.h"
#include "thread.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

const char *const eps_counter_names[EPS_COUNTERS] = {
#define EPS_COUNTER(name, sentence) #name,
#include "counters.def"
#undef EPS_COUNTER
};

/*
 * Copies `pattern` with each %p of the file's own name replaced by the pid; a
 * directory may be called so. False if too long.
 */
static bool expand(const char *pattern, char path[PATH_MAX])
{
    struct eps_line pid = {.length = 0};
    const char *slash = strrchr(pattern, '/');
    const char *name = slash ? slash : pattern;
    size_t length = 0;

    eps_line_number(&pid, eps_process.pid);
    for (; *pattern; pattern++) {
        bool is_pid =
            pattern >= name && pattern[0] == '%' && pattern[1] == 'p';
        size_t more = is_pid ? pid.length : 1;
        if (length + more >= PATH_MAX)
            return false;
        memcpy(path + length, is_pid ? pid.text : pattern, more);
        length += more;
        pattern += is_pid;
    }
    path[length] = '\0';
    return true;
}

/* What is written to such a file changes the machine, not a file. */
static bool is_of_the_kernel(const struct statfs *system)
{
    static const unsigned magics[] = {
        PROC_SUPER_MAGIC,    SYSFS_MAGIC,   CGROUP_SUPER_MAGIC,
        CGROUP2_SUPER_MAGIC, DEBUGFS_MAGIC, TRACEFS_MAGIC,
        SECURITYFS_MAGIC,
    };

    for (size_t i = 0; i < sizeof(magics) / sizeof(*magics); i++)
        if ((unsigned)system->f_type == magics[i])
            return true;
    return false;
}

static bool is_regular(int fd)
{
    struct stat info;
    struct statfs system;
    int saved = errno;
    bool regular = fstat(fd, &info) == 0 && S_ISREG(info.st_mode) &&
                   fstatfs(fd, &system) == 0 && !is_of_the_kernel(&system);

    errno = saved;
    return regular;
}

/* Told by the process that loaded the library alone, and not by each child. */
static void refuse(const char *path, const char *way_out)
{
    if (eps_process.pid != eps_process.loader)
        return;
    eps_complain("EPOLLSHIM_STATS: can't write ", path, way_out);
}

/* The report's descriptor, or -1. */
static int open_report(const char *path, int flags)
{
    long fd = EPS_SYS4(SYS_openat, AT_FDCWD, path,
                       O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK |
                           O_CLOEXEC | flags,
                       0600);

    if (fd == -EEXIST)
        return -EEXIST;

    if (fd >= 0 && is_regular((int)fd) &&
        EPS_SYS2(SYS_ftruncate, fd, 0) == 0)
        return (int)fd;
    if (fd >= 0)
        EPS_SYS1(SYS_close, fd);
    return -1;
}

static bool write_lines(int fd, const uint64_t totals[EPS_COUNTERS])
{
    for (int i = 0; i < EPS_COUNTERS; i++) {
        struct eps_line line = {.length = 0};
        eps_line_text(&line, eps_counter_names[i]);
        eps_line_text(&line, " ");
        eps_line_number(&line, (int64_t)totals[i]);
        if (!eps_line_write(&line, fd))
            return false;
    }
    return true;
}

static void write_file(const uint64_t totals[EPS_COUNTERS])
{
    char path[PATH_MAX];
    int fd;

    if (!expand(eps_options.stats, path)) {
        refuse("a name so long", ": name a shorter one");
        return;
    }
    /* No calls: nothing to say over what the program before exec has said. */
    fd = open_report(path, totals[EPS_C_calls] ? 0 : O_EXCL);
    if (fd == -EEXIST)
        return;
    if (fd < 0 || !write_lines(fd, totals))
        refuse(path, ": name a regular file that may be written");
    if (fd >= 0)
        EPS_SYS1(SYS_close, fd);
}

void eps_stats_write(bool final)
{
    uint64_t totals[EPS_COUNTERS];

    if (!eps_options.stats || eps_process_is_sandboxed() ||
        !eps_process_is_ours())
        return;
    eps_count_totals(totals);
    if (!totals[EPS_C_calls] && !final)
        return;
    if (strcmp(eps_options.stats, "-") == 0)
        write_lines(eps_stderr(), totals);
    else
        write_file(totals);
}
