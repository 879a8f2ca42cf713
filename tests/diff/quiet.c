/* SPDX-License-Identifier: MIT */
#include "quiet.h"

#include <pthread.h>
#include <stdatomic.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_rwlock_t comparing = PTHREAD_RWLOCK_INITIALIZER;
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

void quiet_enter(void)
{
    pthread_rwlock_rdlock(&comparing);
}

void quiet_leave(void)
{
    pthread_rwlock_unlock(&comparing);
}

void quiet_enter_alone(void)
{
    pthread_rwlock_wrlock(&comparing);
    pthread_mutex_lock(&lock);
}

void quiet_leave_alone(void)
{
    pthread_mutex_unlock(&lock);
    pthread_rwlock_unlock(&comparing);
}
