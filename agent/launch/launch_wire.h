/* What agent and launcher say to each other: one message a datagram (SOCK_SEQPACKET), descriptors beside it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* A channel, and what becomes standard input and output. */
#define LAUNCH_FDS_MAX 2

enum launch_word {
    LAUNCH_START, /* agent, on the common socket: value is a task; its channel comes along */
    LAUNCH_SIGNAL, /* agent, on a channel: value is SIGTERM or SIGKILL */
    LAUNCH_STARTED, /* launcher, on a channel: value is the process id */
    LAUNCH_FAILED, /* launcher, on a channel: value is errno; nothing follows */
    LAUNCH_ENDED, /* launcher, on a channel: value is as waitpid reports it; nothing follows */
};

struct launch_message {
    int32_t word;
    int32_t value;
};

struct launch_fds {
    int count;
    int at[LAUNCH_FDS_MAX];
};

/* False with errno. fds stay the caller's; NULL: none. Never raises SIGPIPE. */
bool launch_wire_send(int socket, const struct launch_message *message,
                      const struct launch_fds *fds);

enum launch_received {
    LAUNCH_RECEIVED, /* *out_message and *out_fds, whose descriptors the caller closes */
    LAUNCH_NOTHING, /* not now */
    LAUNCH_CLOSED, /* the other side is gone */
    LAUNCH_BROKEN, /* no message of ours: what came with it was closed */
};

/* Does not block. */
enum launch_received launch_wire_receive(int socket, struct launch_message *out_message,
                                         struct launch_fds *out_fds);
void launch_fds_done(struct launch_fds *fds);
