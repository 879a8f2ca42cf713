/* SPDX-License-Identifier: MIT */
/* From what the parts import to one sentence. */
#include "verdict.h"

#include <string.h>

/*
 * Libraries of the system that wait for a descriptor or two of their own, or
 * offer an event loop that few of their users use: nothing is to be concluded
 * from them.
 */
static const char *const modest[] = {
    "libaudit.so",    "libcap-ng.so",  "libcrypto.so",    "libdbus-1.so",
    "libgcrypt.so",   "libgnutls.so",  "libgpg-error.so", "libkrb5.so",
    "libldap-2.5.so", "libldap.so",    "libncurses.so",   "libncursesw.so",
    "libnsl.so",      "libnss_",       "libpam.so",       "libreadline.so",
    "libsasl2.so",    "libselinux.so", "libsystemd.so",   "libtinfo.so",
    "libtirpc.so",
};

static bool is_modest(const char *path)
{
    const char *name = cmd_base_name(path);

    for (size_t i = 0; i < sizeof(modest) / sizeof(*modest); i++)
        if (strncmp(name, modest[i], strlen(modest[i])) == 0)
            return true;
    return false;
}

static void sum_up(struct cmd_verdict *verdict, const struct cmd_parts *parts)
{
    for (size_t i = 0; i < parts->count; i++) {
        const struct cmd_part *part = &parts->list[i];
        bool waits = cmd_imports_wait(&part->imports);
        verdict->sandbox |= part->imports.sandbox && !part->is_libc;
        if (part->is_libc || is_modest(part->path))
            continue;
        verdict->waits |= waits && i == 0;
        verdict->lib_waits |= waits && i > 0;
        verdict->epoll |= part->imports.epoll;
        verdict->uring |= part->imports.uring;
        verdict->loads |= part->imports.loads;
        verdict->raw_waits += part->raw.waits;
        verdict->raw_epoll += part->raw.epoll;
    }
}

static void conclude(struct cmd_verdict *verdict, enum cmd_answer answer,
                     const char *sentence)
{
    verdict->answer = answer;
    verdict->sentence = sentence;
}

/* Nothing is seen to wait; but what is it that can't be seen? */
static void judge_quiet(struct cmd_verdict *verdict, bool script)
{
    if (script)
        conclude(
            verdict, CMD_MAY_HELP,
            "It may help: the script's interpreter calls neither poll nor "
            "select, but what it starts has the library, too: check that.");
    else if (verdict->loads)
        conclude(verdict, CMD_MAY_HELP,
                 "It may help: no call of poll or select is seen, but the "
                 "program loads more at run time.");
    else
        conclude(verdict, CMD_NO_GAIN,
                 "No gain: neither the program nor an event library of its "
                 "calls poll or select.");
}

static void judge_files(struct cmd_verdict *verdict, bool script)
{
    bool waits = verdict->waits || verdict->lib_waits;
    bool other = verdict->epoll || verdict->uring || verdict->raw_epoll;

    if (waits && other)
        conclude(verdict, CMD_MAY_HELP,
                 "It may help: the program can wait by epoll of its own, too; "
                 "the library helps only where it uses poll or select.");
    else if (verdict->waits)
        conclude(verdict, CMD_CAN_HELP,
                 "It can help, if the program waits for many descriptors at "
                 "once (32 or more).");
    else if (verdict->lib_waits)
        conclude(verdict, CMD_MAY_HELP,
                 "It may help: not the program but a library of its calls poll "
                 "or select; it helps if that waits for many descriptors.");
    else if (other)
        conclude(verdict, CMD_NO_GAIN,
                 "No gain: the program waits by epoll or io_uring already.");
    else if (verdict->raw_waits)
        conclude(verdict, CMD_NO_GAIN,
                 "No gain: the program makes its poll or select calls without "
                 "libc, where no library sees them.");
    else
        judge_quiet(verdict, script);
}

void cmd_verdict_reach(struct cmd_verdict *verdict,
                       const struct cmd_program *program,
                       const struct cmd_parts *parts)
{
    *verdict = (struct cmd_verdict){.answer = CMD_CANNOT};
    sum_up(verdict, parts);
    if (program->obstacle == CMD_FREE)
        judge_files(verdict, program->script != NULL);
    else
        conclude(verdict, CMD_CANNOT, "It can't be used with this program.");
}

/* Follows cmd_verdict_reach(), whose answer holds for a process of its own. */
void cmd_verdict_reach_running(struct cmd_verdict *verdict,
                               const struct cmd_process *process)
{
    if (process->loaded && process->live && process->answered)
        conclude(verdict, CMD_CAN_HELP,
                 "The library is loaded, and answering.");
    else if (process->loaded && process->sets == 0 && process->seccomp)
        conclude(verdict, CMD_MAY_HELP,
                 "The library is loaded, but no epoll set is in use; a seccomp "
                 "filter is: if the program asked for it, all calls are "
                 "native.");
    else if (process->loaded && process->live)
        conclude(verdict, CMD_MAY_HELP,
                 "The library is loaded, but has answered no call until now: "
                 "epollshim stats tells why.");
    else if (process->loaded && process->sets)
        conclude(verdict, CMD_CAN_HELP,
                 "The library is loaded, and the process has epoll sets; run "
                 "--live would tell more.");
    else if (process->loaded)
        conclude(verdict, CMD_MAY_HELP,
                 "The library is loaded, but no epoll set is in use at the "
                 "moment: the calls are few, small or better made natively.");
}

const char *cmd_answer_name(enum cmd_answer answer)
{
    static const char *const names[] = {
        [CMD_CAN_HELP] = "can help",
        [CMD_MAY_HELP] = "may help",
        [CMD_NO_GAIN] = "no gain",
        [CMD_CANNOT] = "cannot",
    };

    return names[answer];
}
