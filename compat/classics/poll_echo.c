/* SPDX-License-Identifier: MIT */
/*
 * The echo server of the textbooks: one fixed array, -1 in what is free,
 * POLLRDNORM, the listener in front.
 *
 * usage: poll_echo PORT
 */
#include "common.h"

#include <poll.h>

#define SLOTS 1000

static struct pollfd slots[SLOTS];
static int highest;

static void take(int client)
{
    for (int i = 1; i < SLOTS; i++)
        if (slots[i].fd < 0) {
            slots[i].fd = client;
            slots[i].events = POLLRDNORM;
            highest = i > highest ? i : highest;
            return;
        }
    close(client);
}

static void serve(struct pollfd *slot)
{
    char data[4096];
    ssize_t size = read(slot->fd, data, sizeof(data));

    if (size > 0 && write_all(slot->fd, data, (size_t)size))
        return;
    close(slot->fd);
    slot->fd = -1;
}

int main(int argc, char *argv[])
{
    end_on_sigterm();
    for (int i = 0; i < SLOTS; i++)
        slots[i].fd = -1;
    slots[0].fd = listen_on(port_argument(argc, argv, 1));
    slots[0].events = POLLRDNORM;
    for (;;) {
        int ready = poll(slots, (nfds_t)highest + 1, -1);
        if (ready > 0 && slots[0].revents & POLLRDNORM) {
            int client = accept(slots[0].fd, NULL, NULL);
            if (client >= 0)
                take(client);
            ready--;
        }
        for (int i = 1; i <= highest && ready > 0; i++)
            if (slots[i].fd >= 0 && slots[i].revents & (POLLRDNORM | POLLERR)) {
                serve(&slots[i]);
                ready--;
            }
    }
}
