/* What our TLS offers: 1.2 and 1.3, ECDHE with AEAD, ALPN "http/1.1", stateless tickets. */
#pragma once

#include <openssl/ssl.h>

#include "base/err.h"
#include "base/span.h"

/* A context for servers with this identity (PEM certificate with its chain, PEM key). ERR_TLS also when
 * key and certificate don't belong together. */
MUST_CHECK enum err_code http_tls_new(struct span cert_pem, struct span key_pem, SSL_CTX **out,
                                      struct err *err);
void http_tls_freep(SSL_CTX **tls);
