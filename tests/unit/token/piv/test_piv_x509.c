#include "token/piv/piv_x509.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/token/scripted_channel.h"

/* A self-signed certificate of P-256, by another program. */
static const char of_p256[] =
    "3082016e30820113a0030201020214782c916e90594ce3f458eb183ffedf59040bdcf1300a06082a8648"
    "ce3d040302300c310a300806035504030c0178301e170d3236313132333031333130375a170d33363131"
    "32303031333130375a300c310a300806035504030c01783059301306072a8648ce3d020106082a8648ce"
    "3d030107034200048f50c42fb0a02bc8b99d580f54b9b8cfa6ca12bccd5e1ad4ce2e75fba0c4178da662"
    "d81b187b073f47cd4a4a38ca2b9037c21729460d1f50b5b823bb7816ef33a3533051301d0603551d0e04"
    "160414b6e343b04a9f34c2b75b091df7b101c447898505301f0603551d23041830168014b6e343b04a9f"
    "34c2b75b091df7b101c447898505300f0603551d130101ff040530030101ff300a06082a8648ce3d0403"
    "020349003046022100ff30006a5581bd5fd25d65483c73e1aa5956599ac591ee318b35543dbc51620902"
    "2100ff519213bc416684fc657e67f4366b8bbaeb5bed44fa52e19f748f5173b2314f";

static void finds_the_public_key(void **state)
{
    AUTO(bytes_freep) struct bytes *der = scripted_channel_bytes(of_p256);
    struct token_public_key key;
    assert_true(piv_x509_public_key(span_bytes(der), &key));
    assert_int_equal(key.algorithm, TOKEN_P256);
    assert_int_equal(key.x[0], 0x8F);
    assert_int_equal(key.y[31], 0x33);
    assert_false(piv_x509_is_placeholder(span_bytes(der)));
}

static void refuses_cut_certificates(void **state)
{
    AUTO(bytes_freep) struct bytes *der = scripted_channel_bytes(of_p256);
    struct token_public_key key;
    for (size_t length = 0; length < der->len; length++) {
        assert_false(piv_x509_public_key(span_of(der->at, length), &key));
        assert_false(piv_x509_is_placeholder(span_of(der->at, length)));
    }
}

/* Whatever a byte is changed to: nothing outside of the certificate is read. */
static void survives_every_changed_byte(void **state)
{
    AUTO(bytes_freep) struct bytes *der = scripted_channel_bytes(of_p256);
    for (size_t i = 0; i < der->len; i++) {
        AUTO(bytes_freep) struct bytes *changed = bytes_new(span_bytes(der));
        struct token_public_key key;
        changed->at[i] ^= 0x81;
        if (piv_x509_public_key(span_bytes(changed), &key))
            assert_int_equal(key.algorithm, TOKEN_P256);
    }
}

static void check_placeholder(enum token_algorithm algorithm, size_t bytes_max)
{
    AUTO(buf_done) struct buf cert = BUF_INIT(PIV_X509_PLACEHOLDER_BYTES_MAX);
    struct token_public_key key = {.algorithm = algorithm}, back;
    memset(key.x, 0x11, token_point_bytes(algorithm));
    memset(key.y, 0x22, token_point_bytes(algorithm));
    if (algorithm == TOKEN_RSA2048) {
        memset(key.modulus, 0xEE, sizeof key.modulus);
        key.exponent = 65537;
    }
    piv_x509_placeholder(&key, &cert);
    assert_true(cert.len > 0 && cert.len <= bytes_max);
    assert_true(piv_x509_is_placeholder(buf_span(&cert)));
    assert_true(piv_x509_public_key(buf_span(&cert), &back));
    assert_memory_equal(&back, &key, sizeof key);
    assert_true(piv_x509_begins_placeholder(buf_span(&cert)));
}

static void placeholders_keep_the_public_key(void **state)
{
    check_placeholder(TOKEN_P256, 199); /* with a name of 38 bytes in one short command */
    check_placeholder(TOKEN_SM2, 199);
    check_placeholder(TOKEN_P384, 240);
    check_placeholder(TOKEN_RSA2048, 400);
}

static void a_cut_off_placeholder_is_known_by_its_beginning(void **state)
{
    AUTO(bytes_freep)
    struct bytes *begun = scripted_channel_bytes(
        "72 07 72656E65772D31 70 82 0175 30 82 0171 30 82 015E A003020102 020101"
        "300A06082B06010505070624 3000");
    AUTO(bytes_freep) struct bytes *other = scripted_channel_bytes(of_p256);
    struct span object = span_bytes(begun);
    assert_true(piv_x509_begins_placeholder(object));
    for (size_t len = 0; len < object.len - 2; len++)
        assert_false(piv_x509_begins_placeholder(span_of(object.at, len)));
    assert_false(piv_x509_begins_placeholder(span_bytes(other)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_public_key),
        cmocka_unit_test(refuses_cut_certificates),
        cmocka_unit_test(survives_every_changed_byte),
        cmocka_unit_test(placeholders_keep_the_public_key),
        cmocka_unit_test(a_cut_off_placeholder_is_known_by_its_beginning),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
