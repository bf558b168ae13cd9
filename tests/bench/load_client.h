/* One TLS 1.3 connection to 127.0.0.1 that never blocks, and the time. Whatever goes wrong ends the program: a
 * figure with errors in it is none. */
#pragma once

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>

struct load_client {
    int fd;
    SSL *ssl;
    bool wants_write; /* the last call waits until the descriptor is writable, else readable */
};

/* Says what went wrong and ends the program. */
void load_fail(const char *what) __attribute__((noreturn));
/* Verifies nothing and resumes nothing: both servers do a full handshake each time. */
SSL_CTX *load_context(void);
int64_t load_now_ns(void);

void load_open(struct load_client *client, SSL_CTX *context, uint16_t port);
void load_close(struct load_client *client);
/* Each is true when it is done, false when it has to wait. load_read gives at least one byte. */
bool load_shake_hands(struct load_client *client);
bool load_write(struct load_client *client, const void *bytes, size_t length);
bool load_read(struct load_client *client, void *into, size_t size, size_t *out_count);
/* Until the descriptor is ready for what the client waits for. */
void load_wait(const struct load_client *client);
