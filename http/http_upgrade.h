/* The opening handshake of a WebSocket. Source: RFC 6455 4.2. */
#pragma once

#include "http/http_server.h"

/* Whether the request asks for a WebSocket of version 13 with this subprotocol. On success *out_accept is
 * the value of Sec-WebSocket-Accept, the caller's; on failure the request was answered (426, 400). */
bool http_upgrade_check(struct http_request *request, const char *subprotocol, char **out_accept);
/* Whether a comma-separated list holds token, whatever its case. NULL holds nothing. Source: RFC 9110
 * 5.6.1. */
bool http_upgrade_list_has(const char *list, const char *token);
/* The answer to a Sec-WebSocket-Key. The caller frees. */
char *http_upgrade_accept_of(const char *key);
