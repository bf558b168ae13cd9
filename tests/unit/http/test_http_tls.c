#include "http/http_tls.h"

/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */

#include "base/clock.h"
#include "http/http_identity.h"

struct identity {
    struct bytes *cert;
    struct secret *key;
};

static void identity_done(struct identity *identity)
{
    bytes_freep(&identity->cert);
    secret_freep(&identity->key);
}

static struct identity make(void)
{
    struct err err = ERR_INIT;
    struct identity identity = {0};
    assert_int_equal(http_identity_make(clock_now_utc(), &identity.cert, &identity.key, &err),
                     ERR_NONE);
    return identity;
}

/* A handshake in memory. client: its settings. */
static bool shake(SSL_CTX *server_context, SSL_CTX *client_context, SSL **out_client)
{
    SSL *server = SSL_new(server_context);
    SSL *client = SSL_new(client_context);
    BIO *server_bio;
    BIO *client_bio;
    bool done = false;
    assert_int_equal(BIO_new_bio_pair(&server_bio, 0, &client_bio, 0), 1);
    SSL_set_bio(server, server_bio, server_bio);
    SSL_set_bio(client, client_bio, client_bio);
    SSL_set_accept_state(server);
    SSL_set_connect_state(client);
    for (int i = 0; i < 10 && !done; i++) {
        int client_result = SSL_do_handshake(client);
        int server_result = SSL_do_handshake(server);
        done = client_result == 1 && server_result == 1;
    }
    SSL_free(server);
    *out_client = client;
    return done;
}

static void test_offers_aead_with_forward_secrecy_only(void **state)
{
    static const struct {
        const char *suites;
        bool accepted;
    } cases[] = {
        {"ECDHE-ECDSA-AES128-GCM-SHA256", true}, {"ECDHE-ECDSA-AES256-GCM-SHA384", true},
        {"ECDHE-ECDSA-CHACHA20-POLY1305", true}, {"ECDHE-ECDSA-AES128-SHA256", false},
        {"ECDHE-ECDSA-AES128-SHA", false},       {"AES128-GCM-SHA256", false},
    };
    struct err err = ERR_INIT;
    AUTO(identity_done) struct identity identity = make();
    AUTO(http_tls_freep) SSL_CTX *server = NULL;
    assert_int_equal(
        http_tls_new(span_bytes(identity.cert), secret_peek(identity.key), &server, &err),
        ERR_NONE);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        SSL *client;
        AUTO(http_tls_freep) SSL_CTX *context = SSL_CTX_new(TLS_client_method());
        SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION);
        assert_int_equal(SSL_CTX_set_cipher_list(context, cases[i].suites), 1);
        assert_int_equal(shake(server, context, &client), cases[i].accepted);
        SSL_free(client);
    }
}

static void test_speaks_http_1_1_only(void **state)
{
    static const struct {
        const char *offered;
        unsigned length;
        const char *chosen;
    } cases[] = {
        {"\x08http/1.1", 9, "http/1.1"},
        {"\x02h2\x08http/1.1", 12, "http/1.1"},
        {"\x02h2", 3, ""},
    };
    struct err err = ERR_INIT;
    AUTO(identity_done) struct identity identity = make();
    AUTO(http_tls_freep) SSL_CTX *server = NULL;
    assert_int_equal(
        http_tls_new(span_bytes(identity.cert), secret_peek(identity.key), &server, &err),
        ERR_NONE);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        SSL *client;
        const unsigned char *chosen;
        unsigned length;
        AUTO(http_tls_freep) SSL_CTX *context = SSL_CTX_new(TLS_client_method());
        assert_int_equal(SSL_CTX_set_alpn_protos(context, (const unsigned char *)cases[i].offered,
                                                 cases[i].length),
                         0);
        assert_true(shake(server, context, &client));
        SSL_get0_alpn_selected(client, &chosen, &length);
        assert_int_equal(length, strlen(cases[i].chosen));
        assert_memory_equal(chosen != NULL ? (const char *)chosen : "", cases[i].chosen, length);
        SSL_free(client);
    }
}

static void test_refuses_what_does_not_fit(void **state)
{
    AUTO(identity_done) struct identity one = make();
    AUTO(identity_done) struct identity two = make();
    const struct {
        struct span cert;
        struct span key;
    } cases[] = {
        {span_bytes(one.cert), secret_peek(two.key)},
        {SPAN_NONE, secret_peek(one.key)},
        {span_bytes(one.cert), SPAN_NONE},
        {secret_peek(one.key), span_bytes(one.cert)},
        {span_text("x"), span_text("y")},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct err err = ERR_INIT;
        SSL_CTX *tls = NULL;
        assert_int_equal(http_tls_new(cases[i].cert, cases[i].key, &tls, &err), ERR_TLS);
        assert_null(tls);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_offers_aead_with_forward_secrecy_only),
        cmocka_unit_test(test_speaks_http_1_1_only),
        cmocka_unit_test(test_refuses_what_does_not_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
