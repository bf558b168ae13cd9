#include "agent/launch/launch_wire.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Room for more than we take, so that the kernel hands over, and we close, what a wrong message brings. */
#define FDS_ROOM 16

union control {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(FDS_ROOM * sizeof(int))];
};

bool launch_wire_send(int socket, const struct launch_message *message,
                      const struct launch_fds *fds)
{
    struct launch_message copy = *message;
    struct iovec part = {.iov_base = &copy, .iov_len = sizeof copy};
    struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};
    union control control = {0};
    if (fds != NULL && fds->count > 0) {
        size_t bytes = (size_t)fds->count * sizeof(int);
        header.msg_control = control.bytes;
        header.msg_controllen = CMSG_SPACE(bytes);
        struct cmsghdr *rights = CMSG_FIRSTHDR(&header);
        rights->cmsg_level = SOL_SOCKET;
        rights->cmsg_type = SCM_RIGHTS;
        rights->cmsg_len = CMSG_LEN(bytes);
        memcpy(CMSG_DATA(rights), fds->at, bytes);
    }
    ssize_t sent;
    do
        sent = sendmsg(socket, &header, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent == (ssize_t)sizeof copy;
}

void launch_fds_done(struct launch_fds *fds)
{
    for (int i = 0; i < fds->count; i++)
        close(fds->at[i]);
    fds->count = 0;
}

/* False when more came than any message of ours has; all of it is closed then. */
static bool take_fds(struct msghdr *header, struct launch_fds *out)
{
    bool fits = (header->msg_flags & MSG_CTRUNC) == 0;
    for (struct cmsghdr *at = CMSG_FIRSTHDR(header); at != NULL; at = CMSG_NXTHDR(header, at)) {
        if (at->cmsg_level != SOL_SOCKET || at->cmsg_type != SCM_RIGHTS)
            continue;
        size_t count = (at->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < count; i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(at) + i * sizeof fd, sizeof fd);
            if (out->count < LAUNCH_FDS_MAX) {
                out->at[out->count++] = fd;
                continue;
            }
            close(fd);
            fits = false;
        }
    }
    if (!fits)
        launch_fds_done(out);
    return fits;
}

enum launch_received launch_wire_receive(int socket, struct launch_message *out_message,
                                         struct launch_fds *out_fds)
{
    struct launch_message message;
    struct launch_fds fds = {0};
    union control control = {0};
    struct iovec part = {.iov_base = &message, .iov_len = sizeof message};
    struct msghdr header = {
        .msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = control.bytes,
        .msg_controllen = sizeof control.bytes,
    };
    ssize_t got;
    do
        got = recvmsg(socket, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return errno == EAGAIN ? LAUNCH_NOTHING : LAUNCH_CLOSED;
    if (got == 0 && header.msg_controllen == 0)
        return LAUNCH_CLOSED;
    bool whole = got == (ssize_t)sizeof message && (header.msg_flags & MSG_TRUNC) == 0;
    if (!take_fds(&header, &fds) || !whole) {
        launch_fds_done(&fds);
        return LAUNCH_BROKEN;
    }
    *out_message = message;
    *out_fds = fds;
    return LAUNCH_RECEIVED;
}
