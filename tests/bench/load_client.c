#include "load_client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

void load_fail(const char *what)
{
    (void)fprintf(stderr, "web_load: %s\n", what);
    ERR_print_errors_fp(stderr);
    exit(1);
}

SSL_CTX *load_context(void)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    if (context == NULL || SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) != 1)
        load_fail("no TLS 1.3");
    SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(context, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    return context;
}

int64_t load_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

void load_open(struct load_client *client, SSL_CTX *context, uint16_t port)
{
    int on = 1;
    struct sockaddr_in server = {.sin_family = AF_INET, .sin_port = htons(port)};
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    client->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (client->fd < 0)
        load_fail("no descriptor");
    setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(client->fd, (struct sockaddr *)&server, sizeof server) != 0 && errno != EINPROGRESS)
        load_fail("no connection");
    client->ssl = SSL_new(context);
    if (client->ssl == NULL || SSL_set_fd(client->ssl, client->fd) != 1)
        load_fail("no memory");
    SSL_set_connect_state(client->ssl);
    client->wants_write = true;
}

void load_close(struct load_client *client)
{
    SSL_shutdown(client->ssl);
    SSL_free(client->ssl);
    close(client->fd);
}

static bool is_done(struct load_client *client, int result)
{
    if (result > 0)
        return true;
    int state = SSL_get_error(client->ssl, result);
    if (state != SSL_ERROR_WANT_READ && state != SSL_ERROR_WANT_WRITE)
        load_fail("the server has ended the connection");
    client->wants_write = state == SSL_ERROR_WANT_WRITE;
    return false;
}

bool load_shake_hands(struct load_client *client)
{
    return is_done(client, SSL_do_handshake(client->ssl));
}

bool load_write(struct load_client *client, const void *bytes, size_t length)
{
    size_t count;
    return is_done(client, SSL_write_ex(client->ssl, bytes, length, &count));
}

bool load_read(struct load_client *client, void *into, size_t size, size_t *out_count)
{
    return is_done(client, SSL_read_ex(client->ssl, into, size, out_count));
}

void load_wait(const struct load_client *client)
{
    struct pollfd wait = {.fd = client->fd, .events = client->wants_write ? POLLOUT : POLLIN};
    if (poll(&wait, 1, -1) < 0 && errno != EINTR)
        load_fail("no wait");
}
