/* SPDX-License-Identifier: MIT */
/*
 * Will the library help this program? Judged from what its files ask for.
 */
#ifndef CMD_VERDICT_H
#define CMD_VERDICT_H

#include "parts.h"
#include "process.h"

enum cmd_answer {
    CMD_CAN_HELP,
    CMD_MAY_HELP, /* something speaks for it, and something against */
    CMD_NO_GAIN,
    CMD_CANNOT,
};

struct cmd_verdict {
    enum cmd_answer answer;
    const char *sentence;

    /* What it was concluded from, over all parts. */
    bool waits;     /* the program itself imports a call that is answered */
    bool lib_waits; /* ... or one of its libraries does */
    bool epoll, uring, sandbox, loads;
    unsigned raw_waits, raw_epoll;
};

void cmd_verdict_reach(struct cmd_verdict *verdict,
                       const struct cmd_program *program,
                       const struct cmd_parts *parts);

/* Of a running process: is it helped already, or can it be? */
void cmd_verdict_reach_running(struct cmd_verdict *verdict,
                               const struct cmd_process *process);

/* "can help" and so on, as JSON has it. */
const char *cmd_answer_name(enum cmd_answer answer);

#endif
