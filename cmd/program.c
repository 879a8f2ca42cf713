/* SPDX-License-Identifier: MIT */
/*
 * From the name of a program to the ELF file behind it, and what keeps a
 * preloaded library out of that. Every reason comes with a way out.
 */
#include "program.h"

#include "say.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

/* The kernel follows no more scripts than that. */
enum {
    MOST_SCRIPTS = 5
};

#define REFUSE(program, reason, ...)                                           \
    ((program)->why = cmd_format(__VA_ARGS__), (program)->obstacle = (reason), \
     false)

/* --- by name -------------------------------------------------------------- */

static bool is_runnable(const char *path)
{
    struct stat info;

    if (stat(path, &info) != 0)
        return false;
    if (!S_ISREG(info.st_mode)) {
        errno = S_ISDIR(info.st_mode) ? EISDIR : EACCES;
        return false;
    }
    return access(path, X_OK) == 0;
}

/* As execvp: a file that may not be run is told only if no other is found. */
static char *search(const char *name, int *error)
{
    const char *path = getenv("PATH");
    size_t length;

    *error = ENOENT;
    for (path = path ? path : "/bin:/usr/bin";; path += length + 1) {
        char *found;
        length = strcspn(path, ":");
        found =
            cmd_format("%.*s%s%s", (int)length, path, length ? "/" : "", name);
        if (is_runnable(found))
            return found;
        if (errno == EACCES)
            *error = EACCES;
        free(found);
        if (!path[length])
            return NULL;
    }
}

static bool locate(struct cmd_program *program, const char *name)
{
    int error;

    if (!strchr(name, '/')) {
        program->path = search(name, &error);
    } else {
        program->path = is_runnable(name) ? cmd_format("%s", name) : NULL;
        error = errno;
    }
    if (program->path)
        return true;
    if (error == ENOENT || error == ENOTDIR)
        return REFUSE(program, CMD_MISSING, "%s: not found: %s", name,
                      strchr(name, '/') ? "look at its path"
                                        : "give its path, or mend PATH; "
                                          "epollshim --help lists commands");
    return REFUSE(program, CMD_UNRUNNABLE,
                  "%s: %s: name an executable file, or chmod +x it", name,
                  strerror(error));
}

/* --- scripts -------------------------------------------------------------- */

/* A copy of the words behind "#!", on one line. */
static char *first_line(const struct cmd_file *file)
{
    const char *text = (const char *)file->bytes + 2;
    const char *end = memchr(text, '\n', file->size - 2);
    size_t length = end ? (size_t)(end - text) : file->size - 2;

    return strndup(text, length);
}

/* True for those of env's options that are followed by a word of theirs. */
static bool takes_word(const char *option)
{
    return strcmp(option, "-u") == 0 || strcmp(option, "--unset") == 0 ||
           strcmp(option, "-C") == 0 || strcmp(option, "--chdir") == 0;
}

/*
 * env looks for the program behind its options and assignments. -S, by which
 * it has options in a first line at all, may be one word with what it splits.
 */
static const char *behind_env(char *words)
{
    char *word;

    while ((word = strtok_r(NULL, " \t", &words)) != NULL) {
        if (strncmp(word, "-S", 2) == 0 && word[2])
            word += 2;
        if (takes_word(word))
            strtok_r(NULL, " \t", &words);
        else if (*word != '-' && !strchr(word, '='))
            return word;
    }
    return NULL;
}

/*
 * The interpreter's name in the line, which is cut up. A carriage return is
 * part of it, as it is to the kernel.
 */
static const char *interpreter_in(char *line)
{
    char *rest = NULL;
    char *name = strtok_r(line, " \t", &rest);
    const char *behind;

    if (!name || strcmp(cmd_base_name(name), "env") != 0)
        return name;
    behind = behind_env(rest);
    return behind ? behind : name;
}

static bool open_file(struct cmd_program *program)
{
    cmd_file_unmap(&program->file);
    if (cmd_file_map(&program->file, program->path))
        return true;
    /* What may be run but not read is run by the kernel alone. */
    return REFUSE(program, CMD_UNRUNNABLE,
                  "%s: %s: it must be readable to be judged; chmod +r it",
                  program->path, strerror(errno));
}

static bool is_script(const struct cmd_program *program)
{
    return program->file.size > 2 && memcmp(program->file.bytes, "#!", 2) == 0;
}

static bool follow(struct cmd_program *program)
{
    char *script = program->path;
    const char *name = interpreter_in(first_line(&program->file));
    int error;

    if (!program->script)
        program->script = script;
    if (!name)
        return REFUSE(program, CMD_UNRUNNABLE,
                      "%s: its first line names no interpreter: write one "
                      "behind the #!",
                      script);
    program->path =
        strchr(name, '/') ? cmd_format("%s", name) : search(name, &error);
    if (!program->path || !is_runnable(program->path))
        return REFUSE(program, CMD_NO_INTERPRETER,
                      "%s: its interpreter %s can't be run: install it, or "
                      "mend the script's first line",
                      script, name);
    return open_file(program);
}

static bool follow_scripts(struct cmd_program *program)
{
    if (!open_file(program))
        return false;
    for (int i = 0; is_script(program); i++) {
        if (i == MOST_SCRIPTS)
            return REFUSE(program, CMD_UNRUNNABLE,
                          "%s: a script of a script of a script: the kernel "
                          "follows %d; mend its first line",
                          program->script, MOST_SCRIPTS);
        if (!follow(program))
            return false;
    }
    return true;
}

/* --- the file ------------------------------------------------------------- */

/* An empty file is a script of no commands. */
static bool is_text(const struct cmd_file *file)
{
    return !file->size || (*(const char *)file->bytes != '\177' &&
                           !memchr(file->bytes, '\0', file->size));
}

/* What is neither ELF nor begins with #!, execvp gives to the shell. */
static bool read_elf(struct cmd_program *program)
{
    if (!program->script && is_text(&program->file)) {
        program->script = program->path;
        program->path = cmd_format("/bin/sh");
        if (!open_file(program))
            return false;
    }
    if (cmd_elf_read(&program->elf, program->file.bytes, program->file.size) &&
        program->elf.is_executable)
        return true;
    return REFUSE(program, CMD_UNRUNNABLE,
                  "%s: not an executable of this system, or not all of one: "
                  "name a program or a script that begins with #!",
                  program->path);
}

static bool has_privileges(struct cmd_program *program, mode_t mode)
{
    const char *what =
        mode & S_ISUID                         ? "set-user-ID"
        : (mode & S_ISGID) && (mode & S_IXGRP) ? "set-group-ID"
        : getxattr(program->path, "security.capability", NULL, 0) > 0
            ? "given capabilities by its file"
            : NULL;

    if (!what)
        return true;
    return REFUSE(program, CMD_PRIVILEGED,
                  "%s is %s: the dynamic linker keeps preloaded libraries out; "
                  "start a copy without that, from an account or a service "
                  "that has the rights (setpriv, systemd's "
                  "AmbientCapabilities=)",
                  program->path, what);
}

static bool is_there(const struct cmd_program *program, const char *path)
{
    char *seen = cmd_format("%s%s", program->root, path);
    bool found = access(seen, X_OK) == 0;

    free(seen);
    return found;
}

static bool judge_linkage(struct cmd_program *program)
{
    const struct cmd_elf *elf = &program->elf;

    if (elf->is_library)
        return REFUSE(program, CMD_UNRUNNABLE,
                      "%s is a library, or the dynamic linker: name the "
                      "program that uses it",
                      program->path);
    if (!elf->interpreter)
        return REFUSE(program, CMD_STATIC,
                      "%s is statically linked%s: nothing can be preloaded; "
                      "use a dynamically linked build, or run it as it is",
                      program->path,
                      elf->is_go ? " (by Go, whose programs use epoll anyway)"
                                 : "");
    if (!is_there(program, elf->interpreter))
        return REFUSE(program, CMD_NO_INTERPRETER,
                      "%s: its interpreter %s is missing: install the libc "
                      "that it was built for (%d-bit %s)",
                      program->path, elf->interpreter, elf->bits,
                      cmd_elf_machine_name(elf->machine));
    return true;
}

static bool judge_library(struct cmd_program *program, const char *library)
{
    enum cmd_libc libc = cmd_elf_libc(&program->elf);
    char *why;

    if (!cmd_library_find(&program->library, library, &program->elf, &why))
        return REFUSE(program, CMD_NO_LIBRARY, "%s: %s", program->path, why);
    if (libc != CMD_LIBC_UNKNOWN && program->library.libc != CMD_LIBC_UNKNOWN &&
        libc != program->library.libc)
        return REFUSE(program, CMD_OTHER_LIBC,
                      "%s is linked with %s, and the library with %s: build "
                      "the library with the program's libc, and name it by "
                      "--library=FILE",
                      program->path, libc == CMD_LIBC_MUSL ? "musl" : "glibc",
                      libc == CMD_LIBC_MUSL ? "glibc" : "musl");
    return true;
}

/* A machine that this one is not: its interpreter would not run either. */
static bool judge_machine(struct cmd_program *program)
{
    struct cmd_file file;
    struct cmd_elf self;
    bool same = true;

    if (cmd_file_map(&file, "/proc/self/exe") &&
        cmd_elf_read(&self, file.bytes, file.size))
        same = program->elf.machine == self.machine ||
               (self.bits == 64 && program->elf.bits == 32);
    cmd_file_unmap(&file);
    if (same)
        return true;
    return REFUSE(program, CMD_UNRUNNABLE,
                  "%s is built for %s, not for this machine: use a build for "
                  "this one, or install both there",
                  program->path, cmd_elf_machine_name(program->elf.machine));
}

static void judge(struct cmd_program *program, mode_t mode, const char *library)
{
    if (!judge_machine(program) || !judge_linkage(program) ||
        !has_privileges(program, mode))
        return;
    judge_library(program, library);
}

void cmd_program_find(struct cmd_program *program, const char *name,
                      const char *library)
{
    struct stat info = {.st_mode = 0};

    *program = (struct cmd_program){.obstacle = CMD_FREE, .root = ""};
    if (!locate(program, name) || !follow_scripts(program) ||
        !read_elf(program))
        return;
    stat(program->path, &info);
    judge(program, info.st_mode, library);
}

/* The file that runs may be another than has its name now: /proc knows it. */
void cmd_program_find_running(struct cmd_program *program, int pid,
                              const char *library)
{
    char *exe = cmd_format("/proc/%d/exe", pid);
    char name[PATH_MAX] = "";
    struct stat info = {.st_mode = 0};

    *program = (struct cmd_program){.obstacle = CMD_FREE};
    program->root = cmd_format("/proc/%d/root", pid);
    program->path = exe;
    if (!open_file(program))
        return;
    stat(exe, &info);
    if (readlink(exe, name, sizeof(name) - 1) > 0)
        program->path = cmd_format("%s", name);
    if (read_elf(program))
        judge(program, info.st_mode, library);
}

const char *cmd_obstacle_name(enum cmd_obstacle obstacle)
{
    static const char *const names[] = {
        [CMD_FREE] = "none",
        [CMD_MISSING] = "not found",
        [CMD_UNRUNNABLE] = "not runnable",
        [CMD_NO_INTERPRETER] = "missing interpreter",
        [CMD_STATIC] = "static",
        [CMD_PRIVILEGED] = "privileged",
        [CMD_OTHER_LIBC] = "other libc",
        [CMD_NO_LIBRARY] = "no library",
    };

    return names[obstacle];
}
