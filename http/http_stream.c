#include "http/http_stream.h"

#include <errno.h>
#include <openssl/err.h>
#include <sys/socket.h>

#include "base/file.h"

/* Reads between two looks at other connections. */
#define DRAIN_READS_MAX 16

/* SSL_get_error goes by the thread's queue, which must be empty before each call. Emptying takes longer than a
 * look, and mostly there is nothing in it. */
static void forget_errors(void)
{
    if (ERR_peek_error() != 0)
        ERR_clear_error();
}

void http_stream_init(struct http_stream *stream, int fd, SSL_CTX *tls)
{
    *stream = (struct http_stream){.fd = fd};
    if (tls == NULL)
        return;
    stream->ssl = SSL_new(tls);
    if (stream->ssl == NULL || SSL_set_fd(stream->ssl, fd) != 1)
        abort(); /* out of memory */
    SSL_set_accept_state(stream->ssl);
}

void http_stream_done(struct http_stream *stream)
{
    SSL_free(stream->ssl);
    stream->ssl = NULL;
    file_closep(&stream->fd);
    forget_errors();
}

static enum http_stream_state ssl_state(struct http_stream *stream, int result)
{
    switch (SSL_get_error(stream->ssl, result)) {
    case SSL_ERROR_NONE:
        return HTTP_STREAM_DONE;
    case SSL_ERROR_WANT_READ:
        return HTTP_STREAM_WAIT_READ;
    case SSL_ERROR_WANT_WRITE:
        return HTTP_STREAM_WAIT_WRITE;
    case SSL_ERROR_ZERO_RETURN:
        return HTTP_STREAM_END;
    default:
        return HTTP_STREAM_BROKEN;
    }
}

static bool would_block(void)
{
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

enum http_stream_state http_stream_handshake(struct http_stream *stream)
{
    if (stream->ssl == NULL)
        return HTTP_STREAM_DONE;
    forget_errors();
    return ssl_state(stream, SSL_do_handshake(stream->ssl));
}

static enum http_stream_state plain_read(int fd, uint8_t *into, size_t size, size_t *out_count)
{
    ssize_t got = recv(fd, into, size, 0);
    if (got < 0)
        return would_block() ? HTTP_STREAM_WAIT_READ : HTTP_STREAM_BROKEN;
    if (got == 0)
        return HTTP_STREAM_END;
    *out_count = (size_t)got;
    return HTTP_STREAM_DONE;
}

enum http_stream_state http_stream_read(struct http_stream *stream, uint8_t *into, size_t size,
                                        size_t *out_count)
{
    if (stream->ssl == NULL)
        return plain_read(stream->fd, into, size, out_count);
    forget_errors();
    return ssl_state(stream, SSL_read_ex(stream->ssl, into, size, out_count));
}

bool http_stream_holds(const struct http_stream *stream)
{
    return stream->ssl != NULL && SSL_has_pending(stream->ssl) == 1;
}

static enum http_stream_state plain_write(int fd, const uint8_t *from, size_t length,
                                          size_t *out_count)
{
    ssize_t put = send(fd, from, length, MSG_NOSIGNAL);
    if (put < 0)
        return would_block() ? HTTP_STREAM_WAIT_WRITE : HTTP_STREAM_BROKEN;
    *out_count = (size_t)put;
    return HTTP_STREAM_DONE;
}

enum http_stream_state http_stream_write(struct http_stream *stream, const uint8_t *from,
                                         size_t length, size_t *out_count)
{
    if (stream->ssl == NULL)
        return plain_write(stream->fd, from, length, out_count);
    forget_errors();
    return ssl_state(stream, SSL_write_ex(stream->ssl, from, length, out_count));
}

void http_stream_finish(struct http_stream *stream)
{
    forget_errors();
    if (stream->ssl != NULL && SSL_is_init_finished(stream->ssl))
        SSL_shutdown(stream->ssl);
    shutdown(stream->fd, SHUT_WR);
}

enum http_stream_state http_stream_drain(struct http_stream *stream)
{
    uint8_t waste[4096];
    enum http_stream_state state = HTTP_STREAM_DONE;
    for (int i = 0; i < DRAIN_READS_MAX && state == HTTP_STREAM_DONE; i++) {
        size_t count;
        state = plain_read(stream->fd, waste, sizeof waste, &count);
    }
    return state;
}
