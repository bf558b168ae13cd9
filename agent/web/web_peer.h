/* Whose process is at the other end of a loopback connection, asked of the kernel. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/err.h"

/* 127.0.0.0/8 or ::1. */
bool web_peer_is_loopback(const struct sockaddr *peer);
/* The user of the socket at peer that is connected to our port on the loopback address of its family.
 * Fails with ERR_HTTP_PEER when there is no such socket (any more), and with ERR_SOCKET.
 * Source: sock_diag(7), inet_diag_req_v2. */
MUST_CHECK enum err_code web_peer_uid(const struct sockaddr *peer, uint16_t our_port, uid_t *out,
                                      struct err *err);
/* The user who listens on a TCP port of 127.0.0.1 or of all addresses; false when it can't be found. */
bool web_peer_holder(uint16_t port, uid_t *out);
