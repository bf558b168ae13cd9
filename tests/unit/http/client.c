#include "tests/unit/http/client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"

static void fail(const char *what)
{
    fprintf(stderr, "client: %s: errno %d\n", what, errno);
    abort();
}

static void open_client(struct client *client, const struct sockaddr *address, socklen_t length)
{
    struct timeval wait = {.tv_sec = CLIENT_WAIT_MS / 1000};
    signal(SIGPIPE, SIG_IGN);
    *client = (struct client){.received = BUF_INIT(CLIENT_ANSWER_BYTES_MAX)};
    client->fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(client->fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    setsockopt(client->fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
    if (client->fd < 0 || connect(client->fd, address, length) != 0)
        fail("connect");
}

void client_tcp(struct client *client, const char *host, uint16_t port)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    if (inet_pton(AF_INET, host, &v4.sin_addr) == 1)
        open_client(client, (struct sockaddr *)&v4, sizeof v4);
    else if (inet_pton(AF_INET6, host, &v6.sin6_addr) == 1)
        open_client(client, (struct sockaddr *)&v6, sizeof v6);
    else
        fail("host");
}

void client_unix(struct client *client, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    open_client(client, (struct sockaddr *)&address, sizeof address);
}

bool client_try_tls(struct client *client, int min, int max, SSL_SESSION *session)
{
    client->context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_security_level(client->context, 0); /* so that old versions are offered at all */
    SSL_CTX_set_options(client->context, SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_min_proto_version(client->context, min);
    SSL_CTX_set_max_proto_version(client->context, max);
    client->ssl = SSL_new(client->context);
    SSL_set_fd(client->ssl, client->fd);
    if (session != NULL)
        SSL_set_session(client->ssl, session);
    ERR_clear_error();
    return SSL_connect(client->ssl) == 1;
}

void client_tls(struct client *client, const char *host, uint16_t port)
{
    client_tcp(client, host, port);
    if (!client_try_tls(client, 0, 0, NULL))
        fail("handshake");
}

void client_close(struct client *client)
{
    if (client->ssl != NULL)
        SSL_shutdown(client->ssl);
    SSL_free(client->ssl);
    SSL_CTX_free(client->context);
    close(client->fd);
    buf_done(&client->received);
    ERR_clear_error();
}

/* A server that closes while we still send is for the test to see in the answer. */
void client_send(struct client *client, const void *bytes, size_t length)
{
    const uint8_t *at = bytes;
    while (length > 0) {
        ssize_t put = client->ssl != NULL ? SSL_write(client->ssl, at, (int)length)
                                          : send(client->fd, at, length, MSG_NOSIGNAL);
        if (put <= 0)
            return;
        at += put;
        length -= (size_t)put;
    }
}

void client_say(struct client *client, const char *format, ...)
{
    AUTO(memory_freep) char *text = NULL;
    va_list arguments;
    va_start(arguments, format);
    int length = vasprintf(&text, format, arguments);
    va_end(arguments);
    client_send(client, text, (size_t)length);
}

static bool receive(struct client *client)
{
    uint8_t bytes[16384];
    ssize_t got = client->ssl != NULL ? SSL_read(client->ssl, bytes, sizeof bytes)
                                      : recv(client->fd, bytes, sizeof bytes, 0);
    if (got <= 0)
        return false;
    buf_add(&client->received, span_of(bytes, (size_t)got));
    if (client->received.bad)
        fail("too much was received");
    return true;
}

static char *text_of(struct span span)
{
    char *text = memory_new(span.len + 1);
    memcpy(text, span.at, span.len);
    return text;
}

char *answer_header(const struct answer *answer, const char *name)
{
    size_t length = strlen(name);
    for (const char *line = strstr(answer->head, "\r\n"); line != NULL;
         line = strstr(line + 2, "\r\n"))
        if (strncasecmp(line + 2, name, length) == 0 && line[2 + length] == ':') {
            const char *value = line + 2 + length + 1;
            value += strspn(value, " ");
            return text_of(span_of(value, strcspn(value, "\r")));
        }
    return NULL;
}

void answer_done(struct answer *answer)
{
    free(answer->head);
    free(answer->body);
    *answer = (struct answer){0};
}

/* The head is taken out of what was received. */
static bool read_head(struct client *client, struct answer *answer)
{
    const uint8_t *end;
    while ((end = client->received.len == 0
                      ? NULL
                      : memmem(client->received.at, client->received.len, "\r\n\r\n", 4)) == NULL)
        if (!receive(client))
            return false;
    size_t length = (size_t)(end - client->received.at) + 4;
    answer->head = text_of(span_of(client->received.at, length));
    answer->status = (int)strtol(answer->head + strlen("HTTP/1.1 "), NULL, 10);
    buf_drop(&client->received, length);
    return true;
}

void client_answer(struct client *client, struct answer *out)
{
    *out = (struct answer){0};
    if (!read_head(client, out))
        return;
    AUTO(memory_freep) char *length = answer_header(out, "Content-Length");
    out->body_length = length != NULL ? strtoull(length, NULL, 10) : 0;
    while (client->received.len < out->body_length)
        if (!receive(client)) {
            answer_done(out);
            return;
        }
    out->body = text_of(span_of(client->received.at, out->body_length));
    buf_drop(&client->received, out->body_length);
}

bool client_read(struct client *client, uint8_t *into, size_t count)
{
    while (client->received.len < count)
        if (!receive(client))
            return false;
    memcpy(into, client->received.at, count);
    buf_drop(&client->received, count);
    return true;
}

int64_t client_wait_closed(struct client *client)
{
    int64_t from = clock_monotonic_ms();
    while (receive(client))
        buf_clear(&client->received);
    int64_t took = clock_monotonic_ms() - from;
    return took < CLIENT_WAIT_MS ? took : -1;
}

void client_frame(struct client *client, uint8_t opcode, const void *payload, size_t length)
{
    static const uint8_t mask[4] = {0x11, 0x22, 0x33, 0x44};
    AUTO(buf_done) struct buf frame = BUF_INIT(CLIENT_ANSWER_BYTES_MAX);
    buf_add_u8(&frame, 0x80 | opcode);
    if (length < 126) {
        buf_add_u8(&frame, (uint8_t)(0x80 | length));
    } else if (length < 65536) {
        buf_add_u8(&frame, 0x80 | 126);
        buf_add_u16_be(&frame, (uint16_t)length);
    } else {
        buf_add_u8(&frame, 0x80 | 127);
        buf_add_u32_be(&frame, 0);
        buf_add_u32_be(&frame, (uint32_t)length);
    }
    buf_add(&frame, span_of(mask, sizeof mask));
    for (size_t i = 0; i < length; i++)
        buf_add_u8(&frame, ((const uint8_t *)payload)[i] ^ mask[i % 4]);
    client_send(client, frame.at, frame.len);
}

int client_read_frame(struct client *client, char *payload, size_t size, size_t *out_length)
{
    uint8_t head[2];
    uint8_t more[8] = {0};
    if (!client_read(client, head, 2))
        return -1;
    uint64_t length = head[1] & 0x7F;
    size_t extra = length == 126 ? 2 : length == 127 ? 8 : 0;
    if (extra > 0) {
        if (!client_read(client, more, extra))
            return -1;
        length = 0;
        for (size_t i = 0; i < extra; i++)
            length = length << 8 | more[i];
    }
    AUTO(memory_freep) char *bytes = memory_new(length + 1);
    if (length > 0 && !client_read(client, (uint8_t *)bytes, length))
        return -1;
    snprintf(payload, size, "%s", bytes);
    if (length < size)
        memcpy(payload, bytes, length);
    *out_length = length;
    return head[0] & 0x0F;
}

void client_ask_socket(struct client *client, const char *path, const char *more)
{
    client_say(client,
               "GET %s HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
               "Connection: keep-alive, Upgrade\r\nSec-WebSocket-Version: 13\r\n"
               "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n%s\r\n",
               path, more);
}
