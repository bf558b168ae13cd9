#include "http/http_tls.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#define SESSION_CONTEXT "http"

static enum err_code tls_failed(struct err *err, const char *doing)
{
    char text[160];
    unsigned long code = ERR_get_error();
    ERR_error_string_n(code, text, sizeof text);
    ERR_clear_error();
    return err_set_foreign(err, ERR_TLS, (long)code, "%s: %s", doing, text);
}

static void bio_freep(BIO **bio)
{
    BIO_free(*bio);
}

static void x509_freep(X509 **cert)
{
    X509_free(*cert);
}

static void key_freep(EVP_PKEY **key)
{
    EVP_PKEY_free(*key);
}

void http_tls_freep(SSL_CTX **tls)
{
    SSL_CTX_free(*tls);
    *tls = NULL;
}

/* A key with a pass phrase is refused: there is nobody to ask. */
static int no_pass_phrase(char *into, int size, int writing, void *context)
{
    return -1;
}

static BIO *reader_of(struct span pem)
{
    return pem.len > INT_MAX ? NULL : BIO_new_mem_buf(pem.at, (int)pem.len);
}

static enum err_code use_certificates(SSL_CTX *tls, struct span pem, struct err *err)
{
    AUTO(bio_freep) BIO *reader = reader_of(pem);
    AUTO(x509_freep) X509 *leaf = NULL;
    if (reader != NULL)
        leaf = PEM_read_bio_X509(reader, NULL, no_pass_phrase, NULL);
    if (leaf == NULL || SSL_CTX_use_certificate(tls, leaf) != 1)
        return tls_failed(err, "read the TLS certificate");
    for (;;) {
        X509 *next = PEM_read_bio_X509(reader, NULL, no_pass_phrase, NULL);
        if (next == NULL)
            break;
        if (SSL_CTX_add0_chain_cert(tls, next) != 1) {
            X509_free(next);
            return tls_failed(err, "read the chain of the TLS certificate");
        }
    }
    ERR_clear_error(); /* "no start line": the end of the file */
    return ERR_NONE;
}

static enum err_code use_key(SSL_CTX *tls, struct span pem, struct err *err)
{
    AUTO(bio_freep) BIO *reader = reader_of(pem);
    AUTO(key_freep) EVP_PKEY *key = NULL;
    if (reader != NULL)
        key = PEM_read_bio_PrivateKey(reader, NULL, no_pass_phrase, NULL);
    if (key == NULL || SSL_CTX_use_PrivateKey(tls, key) != 1 || SSL_CTX_check_private_key(tls) != 1)
        return tls_failed(err, "use the TLS key");
    return ERR_NONE;
}

/* Takes http/1.1 when it is offered, else goes on without ALPN. Source: RFC 7301 3.2. */
static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_length,
                           const unsigned char *offered, unsigned offered_length, void *context)
{
    static const unsigned char ours[] = "\x08http/1.1";
    unsigned char *chosen = NULL;
    if (SSL_select_next_proto(&chosen, out_length, ours, sizeof ours - 1, offered,
                              offered_length) != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_NOACK;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

static bool set_limits(SSL_CTX *tls)
{
    char groups[] = "X25519:P-256"; /* OpenSSL's macro casts const away */
    SSL_CTX_set_options(tls, SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                 SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_mode(tls, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                              SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_read_ahead(tls, 1); /* a record in one read instead of two */
    /* Tickets hold the session, so that the server keeps none. */
    SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_alpn_select_cb(tls, choose_protocol, NULL);
    return SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION) == 1 &&
           SSL_CTX_set_cipher_list(tls, "ECDHE+AESGCM:ECDHE+CHACHA20") == 1 &&
           SSL_CTX_set1_groups_list(tls, groups) == 1 && SSL_CTX_set_num_tickets(tls, 1) == 1 &&
           SSL_CTX_set_session_id_context(tls, (const unsigned char *)SESSION_CONTEXT,
                                          sizeof SESSION_CONTEXT - 1) == 1;
}

enum err_code http_tls_new(struct span cert_pem, struct span key_pem, SSL_CTX **out,
                           struct err *err)
{
    AUTO(http_tls_freep) SSL_CTX *tls = SSL_CTX_new(TLS_server_method());
    if (tls == NULL || !set_limits(tls))
        return tls_failed(err, "set TLS up");
    if (use_certificates(tls, cert_pem, err) != ERR_NONE || use_key(tls, key_pem, err) != ERR_NONE)
        return err->code;
    *out = TAKE(tls);
    return ERR_NONE;
}
