/* SPDX-License-Identifier: MIT */
/* What the scenes share, and those that stand in files of their own. */
#ifndef FAULTS_SCENES_H
#define FAULTS_SCENES_H

#include <sys/types.h>

extern unsigned long scene_seed;

void add_pipe(void);
void make_ready(int place);
void make_quiet(int place);

/* Waits for a child, which must end with 0. */
void end_well(pid_t pid);

/* Each number from 0 to 40 as the limit of descriptors. */
void scene_descriptors(void);

/* Address space for the program alone, and a bit more each time. */
void scene_memory(void);

/* The library's epoll descriptors closed and replaced at random moments. */
void scene_strangers(void);

#endif
