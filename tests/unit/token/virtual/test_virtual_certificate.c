#include "token/virtual/virtual_certificate.h"

#include "authority.h"
#include "bench.h"
#include "token/virtual/virtual_issuer.h"

static struct bytes *issue(const struct virtual_pair *pair)
{
    struct err err = ERR_INIT;
    struct authority authority;
    struct bytes *der = NULL;
    AUTO(virtual_issuer_freep) struct virtual_issuer *issuer = NULL;
    const struct virtual_subject subject = {"O", "CN", 1700000000, 1800000000};
    authority_init(&authority);
    assert_int_equal(virtual_issuer_open(authority.rsa_cert, authority.rsa_key, &issuer, &err),
                     ERR_NONE);
    assert_int_equal(virtual_issuer_sign(issuer, pair, &subject, VIRTUAL_USAGE_BOTH, &der, &err),
                     ERR_NONE);
    authority_done(&authority);
    return der;
}

static void knows_whose_key_is_in_it(void **state)
{
    (void)state;
    struct err err = ERR_INIT;
    AUTO(virtual_pair_freep) struct virtual_pair *pair = NULL;
    AUTO(virtual_pair_freep) struct virtual_pair *other = NULL;
    assert_int_equal(virtual_pair_generate(VIRTUAL_PAIR_P256, &pair, &err), ERR_NONE);
    assert_int_equal(virtual_pair_generate(VIRTUAL_PAIR_P256, &other, &err), ERR_NONE);
    AUTO(bytes_freep) struct bytes *der = issue(pair);
    AUTO(json_freep) struct json *out = json_new_object();
    virtual_certificate_add_pem(out, "cert", span_bytes(der));
    virtual_certificate_add_pem(out, "none", SPAN_NONE);
    const char *pem = json_text_of(json_member(out, "cert"));
    assert_null(json_text_of(json_member(out, "none")));
    assert_true(virtual_certificate_is_of(span_bytes(der), pair));
    assert_true(virtual_certificate_is_of(span_text(pem), pair));
    assert_false(virtual_certificate_is_of(span_bytes(der), other));
    assert_false(virtual_certificate_is_of(span_text("no certificate"), pair));
    assert_false(virtual_certificate_is_of(SPAN_NONE, pair));
}

/* A placeholder as RFC 9925 describes it: no names but one empty one, no signature, a P-256 key. */
#define UNSIGNED \
    "3081A5" \
    "308193A003020102020101300A06082B060105050706243000301E170D3234303130313030303030305A170D3234" \
    "303130313030303030305A30003059301306072A8648CE3D020106082A8648CE3D030107034200" \
    "046B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296" \
    "4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5" \
    "300A06082B06010505070624030100"

static void knows_one_that_nobody_signed(void **state)
{
    (void)state;
    struct err err = ERR_INIT;
    AUTO(virtual_pair_freep) struct virtual_pair *pair = NULL;
    assert_int_equal(virtual_pair_generate(VIRTUAL_PAIR_P256, &pair, &err), ERR_NONE);
    AUTO(bytes_freep) struct bytes *der = issue(pair);
    assert_true(virtual_certificate_is_signed(span_bytes(der)));
    assert_false(virtual_certificate_is_signed(span_text("no certificate")));
    assert_false(virtual_certificate_is_signed(SPAN_NONE));
    AUTO(bytes_freep) struct bytes *placeholder = bench_bytes(UNSIGNED);
    AUTO(json_freep) struct json *out = json_new_object();
    virtual_certificate_add_pem(out, "it is a certificate", span_bytes(placeholder));
    assert_false(virtual_certificate_is_signed(span_bytes(placeholder)));
    assert_false(virtual_certificate_is_of(span_bytes(placeholder), pair));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_whose_key_is_in_it),
        cmocka_unit_test(knows_one_that_nobody_signed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
