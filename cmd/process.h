/* SPDX-License-Identifier: MIT */
/* A running process, as /proc shows it to who may look. */
#ifndef CMD_PROCESS_H
#define CMD_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

struct cmd_process {
    int pid;
    bool loaded;  /* the library is mapped, though its file may be gone */
    int seccomp;  /* 0, 1 (strict) or 2 (filters), as in /proc/PID/status */
    long open;    /* descriptors it has open */
    long watched; /* descriptors registered in epoll sets, whoever made them */
    long sets;    /* epoll sets */

    /* From its live page; `live` is false if it has none. */
    bool live;
    uint64_t calls, answered;
};

/* The number of a process in `text`, or 0 if it is no number. */
int cmd_process_number(const char *text);

/* Ends the command if there is no such process, or it may not be looked at. */
void cmd_process_must_be_ours(int pid);

/* After that. */
void cmd_process_look(struct cmd_process *process, int pid);

#endif
