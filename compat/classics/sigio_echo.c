/* SPDX-License-Identifier: MIT */
/*
 * A signal-driven UDP echo server: SIGIO says that a datagram is there, the
 * handler queues what it can read, and the main program sends it back between
 * calls of select() that wait for nothing but time.
 *
 * usage: sigio_echo PORT
 */
#include "common.h"

#include <sys/select.h>

#define QUEUE 64

struct datagram {
    struct sockaddr_in from;
    socklen_t length;
    ssize_t size;
    char data[2048];
};

static struct datagram queue[QUEUE];
static volatile sig_atomic_t waiting;
static int server;

static void receive(int number)
{
    int saved = errno;

    (void)number;
    while (waiting < QUEUE) {
        struct datagram *next = &queue[waiting];
        next->length = sizeof(next->from);
        next->size = recvfrom(server, next->data, sizeof(next->data), 0,
                              (struct sockaddr *)&next->from, &next->length);
        if (next->size < 0)
            break;
        waiting++;
    }
    errno = saved;
}

static void answer(void)
{
    sigset_t block, before;

    sigemptyset(&block);
    sigaddset(&block, SIGIO);
    sigprocmask(SIG_BLOCK, &block, &before);
    for (int i = 0; i < waiting; i++)
        sendto(server, queue[i].data, (size_t)queue[i].size, 0,
               (struct sockaddr *)&queue[i].from, queue[i].length);
    waiting = 0;
    receive(SIGIO); /* What came while the queue was full gives no signal. */
    sigprocmask(SIG_SETMASK, &before, NULL);
}

int main(int argc, char *argv[])
{
    struct sockaddr_in address = loopback(port_argument(argc, argv, 1));
    struct sigaction action = {.sa_handler = receive, .sa_flags = SA_RESTART};

    end_on_sigterm();
    sigaction(SIGIO, &action, NULL);
    server = socket(AF_INET, SOCK_DGRAM, 0);
    if (bind(server, (struct sockaddr *)&address, sizeof(address)) < 0)
        die("bind");
    fcntl(server, F_SETOWN, getpid());
    fcntl(server, F_SETFL, O_NONBLOCK | O_ASYNC);
    puts("ready");
    fflush(stdout);
    for (;;) {
        struct timeval soon = {.tv_usec = 20000};
        int ready = select(0, NULL, NULL, NULL, &soon);
        if (ready != 0 && errno != EINTR)
            die("select");
        answer();
    }
}
