/* One accepted connection as a stream of bytes, with TLS or without; never blocks. */
#pragma once

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum http_stream_state {
    HTTP_STREAM_DONE, /* bytes were moved, the handshake is over */
    HTTP_STREAM_WAIT_READ, /* again when the descriptor is readable */
    HTTP_STREAM_WAIT_WRITE, /* again when it is writable */
    HTTP_STREAM_END, /* the peer sends no more */
    HTTP_STREAM_BROKEN, /* nothing can be read or written any more */
};

struct http_stream {
    int fd;
    SSL *ssl; /* NULL: plain */
};

/* Takes fd over. tls: NULL for a plain stream. */
void http_stream_init(struct http_stream *stream, int fd, SSL_CTX *tls);
void http_stream_done(struct http_stream *stream);
/* A plain stream is done at once. */
enum http_stream_state http_stream_handshake(struct http_stream *stream);
/* size, length > 0. *out_count is set with HTTP_STREAM_DONE only. */
enum http_stream_state http_stream_read(struct http_stream *stream, uint8_t *into, size_t size,
                                        size_t *out_count);
/* Whether it was read already and waits in here, where the descriptor doesn't tell of it. */
bool http_stream_holds(const struct http_stream *stream);
enum http_stream_state http_stream_write(struct http_stream *stream, const uint8_t *from,
                                         size_t length, size_t *out_count);
/* Says that we send no more; reading what still comes is left to http_stream_drain. */
void http_stream_finish(struct http_stream *stream);
/* Throws away what has come: closing with unread bytes would reset the connection and with it the answer
 * that the peer has not read yet. */
enum http_stream_state http_stream_drain(struct http_stream *stream);
