/* SPDX-License-Identifier: MIT */
#include "quiet.h"

#include <pthread.h>
#include <stdatomic.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
/* Odd while a change goes on. */
static atomic_uint changes;

void quiet_disturb(void)
{
    pthread_mutex_lock(&lock);
    atomic_fetch_add(&changes, 1);
}

void quiet_settle(void)
{
    atomic_fetch_add(&changes, 1);
    pthread_mutex_unlock(&lock);
}

unsigned int quiet_mark(void)
{
    return atomic_load(&changes);
}

bool quiet_since(unsigned int mark)
{
    return mark % 2 == 0 && atomic_load(&changes) == mark;
}

void quiet_hold(void)
{
    pthread_mutex_lock(&lock);
}

void quiet_release(void)
{
    pthread_mutex_unlock(&lock);
}
