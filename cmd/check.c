/* SPDX-License-Identifier: MIT */
/* epollshim check: will the library help this program? */
#include "command.h"

#include "json.h"
#include "parts.h"
#include "process.h"
#include "say.h"
#include "verdict.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum letter {
    LETTER_LIBRARY = 256,
    LETTER_JSON
};

static const struct cmd_option options[] = {
    {"json", LETTER_JSON, NULL, "print it as JSON"},
    {"library", LETTER_LIBRARY, "FILE", "ask for this library"},
    {NULL, 0, NULL, NULL},
};

struct findings {
    const char *name;
    struct cmd_program program;
    struct cmd_parts parts;
    struct cmd_verdict verdict;
    struct cmd_process process; /* pid 0: a file was asked about */
};

static const char *linkage(const struct cmd_elf *elf)
{
    return elf->interpreter ? "dynamic" : "static";
}

static const char *libc_name(enum cmd_libc libc)
{
    return libc == CMD_LIBC_GLIBC  ? "glibc"
           : libc == CMD_LIBC_MUSL ? "musl"
                                   : "unknown";
}

/* --- as text ------------------------------------------------------------ */

static void detail(const char *name)
{
    printf("  %-12s ", name);
}

static void show_name(const char *name, const char *text)
{
    detail(name);
    cmd_put(text);
    putchar('\n');
}

static void show_waits(const struct cmd_imports *imports)
{
    const char *comma = "";

    for (int i = 0; i < CMD_WAITS; i++)
        if (imports->waits[i]) {
            printf("%s%s", comma, cmd_wait_names[i]);
            comma = ", ";
        }
    if (imports->epoll)
        printf("%sepoll", comma);
    if (imports->uring)
        printf("%sio_uring", *comma || imports->epoll ? ", " : "");
}

static void show_parts(const struct cmd_parts *parts)
{
    for (size_t i = 0; i < parts->count; i++) {
        const struct cmd_part *part = &parts->list[i];
        if (part->is_libc || !(cmd_imports_wait(&part->imports) ||
                               part->imports.epoll || part->imports.uring))
            continue;
        detail(i ? "library" : "imports");
        if (i) {
            cmd_put(cmd_base_name(part->path));
            fputs(": ", stdout);
        }
        show_waits(&part->imports);
        putchar('\n');
    }
    for (size_t i = 0; i < parts->missing_count; i++) {
        detail("missing");
        cmd_put(parts->missing[i]);
        puts(", so the program would not start");
    }
}

static void show_hints(const struct cmd_verdict *verdict)
{
    if (verdict->raw_waits || verdict->raw_epoll) {
        detail("raw calls");
        printf(
            "%u of poll and select, %u of epoll seem to be made without "
            "libc\n",
            verdict->raw_waits, verdict->raw_epoll);
    }
    if (verdict->sandbox) {
        detail("sandbox");
        puts("it uses libseccomp: once a filter is set, all calls are native");
    }
    if (verdict->loads) {
        detail("modules");
        puts("it can load more at run time, which is not seen here");
    }
}

static void show_process(const struct cmd_process *process)
{
    detail("library");
    puts(process->loaded ? "loaded"
                         : "not loaded; restart the program under epollshim "
                           "run to have it");
    if (process->live) {
        detail("calls");
        printf("%" PRIu64 ", %" PRIu64 " answered by epoll\n", process->calls,
               process->answered);
    }
    detail("descriptors");
    printf("%ld open, %ld watched in %ld epoll sets\n", process->open,
           process->watched, process->sets);
    if (process->seccomp) {
        detail("sandbox");
        puts(
            "a seccomp filter is on; calls are native if the program itself "
            "asked for it");
    }
}

static void show_next(const char *name)
{
    fputs("\nTo find out: epollshim trace -- ", stdout);
    cmd_put(name);
    putchar('\n');
}

static void show(const struct findings *found)
{
    const struct cmd_program *program = &found->program;

    puts(found->verdict.sentence);
    if (program->why) {
        cmd_put(program->why);
        puts(".");
    }
    putchar('\n');
    show_name("program", program->path ? program->path : found->name);
    if (program->script)
        show_name("script", program->script);
    if (program->elf.bits) {
        detail("file");
        printf("%d-bit %s, %s, %s\n", program->elf.bits,
               cmd_elf_machine_name(program->elf.machine),
               linkage(&program->elf), libc_name(cmd_elf_libc(&program->elf)));
    }
    if (found->process.pid)
        show_process(&found->process);
    show_parts(&found->parts);
    show_hints(&found->verdict);
    if (found->verdict.answer < CMD_NO_GAIN && !found->process.pid)
        show_next(found->name);
}

/* --- as JSON ------------------------------------------------------------ */

static void json_part(struct cmd_json *json, const struct cmd_part *part)
{
    cmd_json_open(json, NULL, '{');
    cmd_json_text(json, "file", part->path);
    cmd_json_open(json, "waits", '[');
    for (int i = 0; i < CMD_WAITS; i++)
        if (part->imports.waits[i])
            cmd_json_text(json, NULL, cmd_wait_names[i]);
    cmd_json_close(json, ']');
    cmd_json_bool(json, "epoll", part->imports.epoll);
    cmd_json_bool(json, "io_uring", part->imports.uring);
    cmd_json_bool(json, "sandbox", part->imports.sandbox);
    cmd_json_bool(json, "loads_modules", part->imports.loads);
    cmd_json_number(json, "raw_waits", part->raw.waits);
    cmd_json_number(json, "raw_epoll", part->raw.epoll);
    cmd_json_close(json, '}');
}

static void json_parts(struct cmd_json *json, const struct cmd_parts *parts)
{
    cmd_json_open(json, "parts", '[');
    for (size_t i = 0; i < parts->count; i++)
        if (!parts->list[i].is_libc)
            json_part(json, &parts->list[i]);
    cmd_json_close(json, ']');
    cmd_json_open(json, "missing", '[');
    for (size_t i = 0; i < parts->missing_count; i++)
        cmd_json_text(json, NULL, parts->missing[i]);
    cmd_json_close(json, ']');
}

static void json_process(struct cmd_json *json,
                         const struct cmd_process *process)
{
    cmd_json_open(json, "process", '{');
    cmd_json_number(json, "pid", process->pid);
    cmd_json_bool(json, "loaded", process->loaded);
    cmd_json_bool(json, "sandboxed", process->seccomp != 0);
    cmd_json_number(json, "open", process->open);
    cmd_json_number(json, "watched", process->watched);
    cmd_json_number(json, "epoll_sets", process->sets);
    if (process->live) {
        cmd_json_number(json, "calls", (int64_t)process->calls);
        cmd_json_number(json, "answered", (int64_t)process->answered);
    }
    cmd_json_close(json, '}');
}

static void show_json(const struct findings *found)
{
    const struct cmd_program *program = &found->program;
    const struct cmd_elf *elf = &program->elf;
    struct cmd_json json = {0, false};

    cmd_json_open(&json, NULL, '{');
    cmd_json_text(&json, "asked", found->name);
    cmd_json_text(&json, "verdict", cmd_answer_name(found->verdict.answer));
    cmd_json_text(&json, "sentence", found->verdict.sentence);
    cmd_json_text(&json, "obstacle", cmd_obstacle_name(program->obstacle));
    cmd_json_text(&json, "why", program->why);
    cmd_json_text(&json, "program", program->path);
    cmd_json_text(&json, "script", program->script);
    if (elf->bits) {
        cmd_json_number(&json, "bits", elf->bits);
        cmd_json_text(&json, "machine", cmd_elf_machine_name(elf->machine));
        cmd_json_text(&json, "linkage", linkage(elf));
        cmd_json_text(&json, "libc", libc_name(cmd_elf_libc(elf)));
    }
    cmd_json_text(&json, "library",
                  program->obstacle == CMD_FREE ? program->library.file : NULL);
    json_parts(&json, &found->parts);
    if (found->process.pid)
        json_process(&json, &found->process);
    cmd_json_close(&json, '}');
}

/* --- the command -------------------------------------------------------- */

static void look_at_process(struct findings *found, int pid,
                            const char *library)
{
    cmd_process_must_be_ours(pid);
    cmd_program_find_running(&found->program, pid, library);
    cmd_parts_of_process(&found->parts, &found->program, pid);
    cmd_process_look(&found->process, pid);
}

static void look_at_file(struct findings *found, const char *library)
{
    struct cmd_program *program = &found->program;

    cmd_program_find(program, found->name, library);
    if (program->obstacle == CMD_MISSING)
        cmd_die_as(CMD_NOT_FOUND, "%s", program->why);
    if (program->elf.bits)
        cmd_parts_of_program(&found->parts, program);
}

/* A number is a process; a program of that name is given by its path. */
static int run(const struct cmd_command *self, int argc, char *argv[])
{
    struct findings found = {.name = NULL};
    const char *library = NULL;
    bool as_json = false;
    int letter, pid;

    while ((letter = cmd_next_option(self, argc, argv)) >= 0) {
        as_json = as_json || letter == LETTER_JSON;
        if (letter == LETTER_LIBRARY)
            library = optarg;
    }
    if (argc - optind != 1)
        cmd_die("name one program or process: epollshim check program");
    found.name = argv[optind];
    pid = cmd_process_number(found.name);
    if (pid)
        look_at_process(&found, pid, library);
    else
        look_at_file(&found, library);
    cmd_verdict_reach(&found.verdict, &found.program, &found.parts);
    if (pid)
        cmd_verdict_reach_running(&found.verdict, &found.process);
    if (as_json)
        show_json(&found);
    else
        show(&found);
    return found.verdict.answer < CMD_NO_GAIN ? 0 : 1;
}

const struct cmd_command cmd_check = {
    .name = "check",
    .operands = "program|pid",
    .summary = "Tell whether the library can help a program or process",
    .details = "The status is 0 if it can or may help, 1 if not.",
    .options = options,
    .run = run,
};
