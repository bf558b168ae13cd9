/* A blocking HTTP client for tests that says exactly what it is told to, over TLS, TCP or a Unix socket.
 * Every wait ends after CLIENT_WAIT_MS. */
#pragma once

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/span.h"

#define CLIENT_WAIT_MS 5000
#define CLIENT_ANSWER_BYTES_MAX ((size_t)4 << 20)

struct client {
    int fd;
    SSL_CTX *context;
    SSL *ssl; /* NULL: plain */
    struct buf received;
};

/* ssl is left NULL by client_tcp and client_unix; client_tls adds it. Fail the test when they can't. */
void client_tcp(struct client *client, const char *host, uint16_t port);
void client_unix(struct client *client, const char *path);
/* Handshake over an open client; false when the server refuses. min and max: TLS1_2_VERSION and so on, 0:
 * any. session: to resume, NULL: none. */
bool client_try_tls(struct client *client, int min, int max, SSL_SESSION *session);
void client_tls(struct client *client, const char *host, uint16_t port);
void client_close(struct client *client);

void client_send(struct client *client, const void *bytes, size_t length);
void client_say(struct client *client, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* One answer: its status; its head and body are then in the two texts, valid until the next call. 0 when
 * the connection ended (or the time) before it was complete. */
struct answer {
    int status;
    char *head;
    char *body;
    size_t body_length;
};
void client_answer(struct client *client, struct answer *out);
void answer_done(struct answer *answer);
/* The value of a header of the answer, the caller's; NULL when absent. */
char *answer_header(const struct answer *answer, const char *name);
/* count bytes; false at the end of the connection. */
bool client_read(struct client *client, uint8_t *into, size_t count);
/* How long it took until the server closed; -1 when it did not within CLIENT_WAIT_MS. What it sent before
 * is thrown away. */
int64_t client_wait_closed(struct client *client);

/* A masked WebSocket frame with FIN. */
void client_frame(struct client *client, uint8_t opcode, const void *payload, size_t length);
/* One frame from the server: its opcode, -1 at the end; payload is a text of at most size - 1 bytes. */
int client_read_frame(struct client *client, char *payload, size_t size, size_t *out_length);
/* The head of an upgrade for path, with more header lines (each with CRLF). */
void client_ask_socket(struct client *client, const char *path, const char *more);
