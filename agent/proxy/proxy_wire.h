/* What the launcher's task tells the agent of the desktop's proxy and of the log-in: once, over a socket. */
#pragma once

#include "agent/proxy/proxy_desktop.h"
#include "base/clock.h"

struct proxy_told {
    struct proxy_desktop desktop; /* without user and password: the log-in has them */
    struct secret *login; /* "user:password" and a zero byte; NULL: none */
    bool login_desktops; /* it is the desktop's, for its own proxy alone */
    char *login_wrong; /* why the log-in's file can't be used; NULL: nothing is wrong with it */
};

void proxy_told_done(struct proxy_told *told);
/* ERR_SOCKET. */
MUST_CHECK enum err_code proxy_wire_send(int fd, const struct proxy_told *told, struct err *err);
/* ERR_SOCKET: also for what is no such message; ERR_DEADLINE, ERR_NO_LOCKED_MEMORY. */
MUST_CHECK enum err_code proxy_wire_receive(int fd, struct deadline deadline,
                                            struct proxy_told *out, struct err *err);
