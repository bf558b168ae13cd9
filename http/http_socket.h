/* A WebSocket's end, for the server. */
#pragma once

#include "http/http_server.h"

/* What may wait for a slow reader, with a second bound for many small messages. */
#define HTTP_SOCKET_WAITING_BYTES_MAX ((size_t)1 << 20)
#define HTTP_SOCKET_WAITING_MESSAGES_MAX 4096
/* For the client's answer to our close. */
#define HTTP_SOCKET_CLOSE_MS 2000

/* The connection is gone, or was never upgraded: tells the owner and frees. */
void http_socket_end(struct http_socket *socket);
