/* SPDX-License-Identifier: MIT */
#include "holder.h"
#include "calls.h"
#include "fail.h"

#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* One message: a byte, and the descriptors that travel with it. */
struct parcel {
    struct msghdr header;
    struct iovec data;
    char byte;
    _Alignas(
        struct cmsghdr) char control[CMSG_SPACE(HOLDER_AT_ONCE * sizeof(int))];
};

static void wrap(struct parcel *parcel, unsigned count)
{
    memset(parcel, 0, sizeof(*parcel));
    parcel->data = (struct iovec){&parcel->byte, 1};
    parcel->header = (struct msghdr){
        .msg_iov = &parcel->data,
        .msg_iovlen = 1,
        .msg_control = parcel->control,
        .msg_controllen = CMSG_SPACE(count * sizeof(int)),
    };
}

/* What is received stays open until the process ends. It is killed then and
 * does not exit, so that nothing preloaded reports on it. */
static _Noreturn void hold(int channel, pid_t parent)
{
    struct parcel parcel;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    while (getppid() == parent) {
        wrap(&parcel, HOLDER_AT_ONCE);
        if (recvmsg(channel, &parcel.header, 0) <= 0 ||
            parcel.header.msg_flags & MSG_CTRUNC ||
            send(channel, "", 1, MSG_NOSIGNAL) != 1)
            break;
    }
    kill(getpid(), SIGKILL);
    _exit(1);
}

static int start(void)
{
    int channel[2];
    pid_t parent = getpid();

    if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, channel) < 0)
        fail_errno("socketpair");
    pid_t pid = fork();
    if (pid < 0)
        fail_errno("fork");
    if (pid == 0) {
        close(channel[1]);
        hold(channel[0], parent);
    }
    close(channel[0]);
    return channel[1];
}

void holder_give(const int *fds, unsigned count)
{
    static int channel = -1;
    struct parcel parcel;
    char taken;

    if (channel < 0)
        channel = start();
    wrap(&parcel, count);
    struct cmsghdr *rights = (struct cmsghdr *)parcel.control;
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(count * sizeof(int));
    memcpy(CMSG_DATA(rights), fds, count * sizeof(int));
    if (sendmsg(channel, &parcel.header, MSG_NOSIGNAL) != 1 ||
        recv(channel, &taken, 1, 0) != 1)
        fail("the far ends of the connections could not be handed over");
    for (unsigned i = 0; i < count; i++)
        calls_native.close(fds[i]);
}
