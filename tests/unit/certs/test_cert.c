#include "certs/cert.h"

#include <openssl/pem.h>
#include <openssl/x509.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include "base/hex.h"
#include "certs/cert_x509.h"
#include "certs/proof.h"
#include "certs/sm2.h"
#include "fixture.h"

static struct fixture_key *sm2_key, *rsa_key;

static enum err_code parse(struct span der)
{
    AUTO(cert_freep) struct cert *cert = NULL;
    struct err err = ERR_INIT;
    enum err_code code = cert_parse(der, &cert, &err);
    assert_int_equal(code, err.code);
    assert_true((cert != NULL) == (code == ERR_NONE));
    return code;
}

static void tells_the_facts(void **state)
{
    (void)state;
    AUTO(bytes_freep) struct bytes *der = fixture_end("张三", sm2_key, NULL, SPAN_NONE);
    AUTO(bytes_freep) struct bytes *name = fixture_name("阳光建设有限公司", "张三");
    AUTO(cert_freep) struct cert *cert = fixture_parse(span_bytes(der));
    const struct cert_facts *facts = cert_peek(cert);
    uint8_t digest[32];
    proof_sha256(span_bytes(der), digest);
    AUTO(memory_freep) char *sha256 = hex_encode(SPAN_ARRAY(digest));
    assert_string_equal(facts->subject, "CN=张三,O=阳光建设有限公司,C=CN");
    assert_string_equal(facts->issuer, facts->subject);
    assert_string_equal(facts->common_name, "张三");
    assert_string_equal(facts->organisation, "阳光建设有限公司");
    assert_string_equal(facts->sha256, sha256);
    assert_int_equal(facts->not_before_utc, FIXTURE_NOW - 30 * FIXTURE_DAY);
    assert_int_equal(facts->not_after_utc, FIXTURE_NOW + 30 * FIXTURE_DAY);
    assert_int_equal(facts->algorithm, CERT_SM2);
    assert_int_equal(facts->usage, CERT_USAGE_SIGN);
    assert_true(span_equal(facts->der, span_bytes(der)));
    assert_true(span_equal(facts->public_key, span_bytes(sm2_key->public_key)));
    assert_true(span_equal(facts->subject_der, span_bytes(name)));
    assert_int_equal(strlen(facts->serial), 4);
}

static void the_bytes_given_need_not_stay(void **state)
{
    (void)state;
    AUTO(cert_freep) struct cert *cert = NULL;
    {
        AUTO(bytes_freep) struct bytes *der = fixture_end("a", rsa_key, NULL, SPAN_NONE);
        cert = fixture_parse(span_bytes(der));
    }
    assert_int_equal(cert_peek(cert)->algorithm, CERT_RSA);
    assert_int_equal(cert_peek(cert)->public_key.at[0], 0x30);
}

static void absent_names_are_empty_texts(void **state)
{
    (void)state;
    AUTO(bytes_freep)
    struct bytes *der = fixture_cert(&(struct fixture_cert){.common_name = NULL, .key = sm2_key});
    AUTO(cert_freep) struct cert *cert = fixture_parse(span_bytes(der));
    assert_string_equal(cert_peek(cert)->common_name, "");
    assert_string_equal(cert_peek(cert)->organisation, "");
    assert_string_equal(cert_peek(cert)->subject, "C=CN");
}

static void usage_is_told_by_key_usage(void **state)
{
    (void)state;
    static const struct {
        const char *constraints, *usage;
        enum cert_usage expected;
    } cases[] = {
        {NULL, "critical,digitalSignature,nonRepudiation", CERT_USAGE_SIGN},
        {NULL, "digitalSignature", CERT_USAGE_SIGN},
        {NULL, "nonRepudiation", CERT_USAGE_SIGN},
        {"CA:FALSE", "keyEncipherment,dataEncipherment,keyAgreement", CERT_USAGE_ENCRYPT},
        {NULL, "keyEncipherment", CERT_USAGE_ENCRYPT},
        {NULL, "dataEncipherment", CERT_USAGE_ENCRYPT},
        {NULL, "keyAgreement", CERT_USAGE_ENCRYPT},
        {NULL, "digitalSignature,keyEncipherment", CERT_USAGE_BOTH},
        {NULL, "cRLSign", CERT_USAGE_OTHER},
        {NULL, NULL, CERT_USAGE_OTHER},
        {"critical,CA:TRUE", "keyCertSign", CERT_USAGE_CA},
        {"critical,CA:TRUE", "digitalSignature,keyCertSign", CERT_USAGE_CA},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO(bytes_freep)
        struct bytes *der = fixture_cert(&(struct fixture_cert){
            .common_name = "a",
            .key = sm2_key,
            .basic_constraints = cases[i].constraints,
            .key_usage = cases[i].usage,
        });
        AUTO(cert_freep) struct cert *cert = fixture_parse(span_bytes(der));
        assert_int_equal(cert_peek(cert)->usage, cases[i].expected);
    }
}

static void names_of_any_kind_become_utf8(void **state)
{
    (void)state;
    static const uint8_t bmp[] = {0x96, 0x33, 0x51, 0x49};
    static const uint8_t nul[] = {'a', 0, 'b', '\n', 0x7F};
    X509_NAME *name = X509_NAME_new();
    X509_NAME_add_entry_by_NID(name, NID_organizationName, V_ASN1_BMPSTRING, bmp, sizeof bmp, -1,
                               0);
    X509_NAME_add_entry_by_NID(name, NID_commonName, V_ASN1_UTF8STRING, (const uint8_t *)"first",
                               -1, -1, 0);
    X509_NAME_add_entry_by_NID(name, NID_commonName, V_ASN1_UTF8STRING, nul, sizeof nul, -1, 0);
    AUTO(bytes_freep) struct bytes *plain = fixture_end("x", sm2_key, NULL, SPAN_NONE);
    const uint8_t *at = plain->at;
    uint8_t *der = NULL;
    X509 *x509 = d2i_X509(NULL, &at, (long)plain->len);
    X509_set_subject_name(x509, name);
    int length = i2d_re_X509_tbs(x509, NULL) > 0 ? i2d_X509(x509, &der) : 0;
    AUTO(cert_freep) struct cert *cert = fixture_parse(span_of(der, (size_t)length));
    assert_string_equal(cert_peek(cert)->organisation, "阳光");
    assert_string_equal(cert_peek(cert)->common_name, "a b  ");
    assert_string_equal(cert_peek(cert)->subject, "CN=a\\00b\\0A\\7F,CN=first,O=阳光");
    OPENSSL_free(der);
    X509_free(x509);
    X509_NAME_free(name);
}

static void long_names_are_cut_between_characters(void **state)
{
    (void)state;
    /* X.520 allows 64 characters each: four attributes of 3-byte characters. */
    static const char part[] = "阳阳阳阳阳阳阳阳阳阳阳阳阳阳阳阳阳阳阳阳阳阳阳阳阳阳阳阳阳阳";
    AUTO(memory_freep) char *twice = memory_printf("%s%s", part, part);
    AUTO(bytes_freep)
    struct bytes *der = fixture_cert(&(struct fixture_cert){
        .organisation = twice,
        .common_name = twice,
        .key = sm2_key,
    });
    AUTO(cert_freep) struct cert *cert = fixture_parse(span_bytes(der));
    size_t length = strlen(cert_peek(cert)->subject);
    assert_in_range(length, CERT_TEXT_BYTES_MAX - 3, CERT_TEXT_BYTES_MAX - 1);
    assert_string_equal(cert_peek(cert)->subject + length - 3, "阳");
    assert_string_equal(cert_peek(cert)->common_name, twice);
}

static void subjects_compare_as_rfc_5280_says(void **state)
{
    (void)state;
    static const struct {
        const char *organisation, *common_name;
        bool same;
    } cases[] = {
        {"Yang Guang", "a", true},  {"yang  GUANG", "a", true}, {" Yang Guang ", "a", true},
        {"Yang Guang", "b", false}, {"YangGuang", "a", false},  {NULL, "a", false},
    };
    AUTO(bytes_freep)
    struct bytes *first = fixture_cert(
        &(struct fixture_cert){.organisation = "Yang Guang", .common_name = "a", .key = sm2_key});
    AUTO(cert_freep) struct cert *a = fixture_parse(span_bytes(first));
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO(bytes_freep)
        struct bytes *second = fixture_cert(&(struct fixture_cert){
            .organisation = cases[i].organisation,
            .common_name = cases[i].common_name,
            .key = sm2_key,
        });
        AUTO(cert_freep) struct cert *b = fixture_parse(span_bytes(second));
        assert_true(cert_same_subject(a, b) == cases[i].same);
    }
}

static void pem_is_what_openssl_reads(void **state)
{
    (void)state;
    AUTO(bytes_freep) struct bytes *der = fixture_end("a", sm2_key, NULL, SPAN_NONE);
    AUTO(cert_freep) struct cert *cert = fixture_parse(span_bytes(der));
    AUTO(memory_freep) char *pem = cert_pem(cert);
    BIO *bio = BIO_new_mem_buf(pem, -1);
    uint8_t *back = NULL;
    X509 *x509 = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    int length = i2d_X509(x509, &back);
    assert_true(span_equal(span_of(back, (size_t)length), span_bytes(der)));
    OPENSSL_free(back);
    X509_free(x509);
    BIO_free(bio);
}

static void verifies_what_the_key_signed(void **state)
{
    (void)state;
    struct fixture_key *const keys[] = {sm2_key, rsa_key};
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        AUTO(bytes_freep) struct bytes *der = fixture_end("a", keys[i], NULL, SPAN_NONE);
        AUTO(bytes_freep) struct bytes *signature = NULL;
        AUTO(cert_freep) struct cert *cert = fixture_parse(span_bytes(der));
        struct err err = ERR_INIT;
        struct span message = span_text("what is signed");
        assert_int_equal(signer_sign_message(&keys[i]->signer, message, &signature, &err),
                         ERR_NONE);
        assert_int_equal(cert_verify(cert, message, span_bytes(signature), &err), ERR_NONE);
        assert_int_equal(cert_verify(cert, span_text("other"), span_bytes(signature), &err),
                         ERR_SIGNATURE);
        assert_int_equal(cert_verify(cert, message, SPAN_NONE, &err), ERR_SIGNATURE);
        for (size_t at = 0; at < signature->len; at++) {
            signature->at[at] ^= 1;
            assert_int_equal(cert_verify(cert, message, span_bytes(signature), &err),
                             ERR_SIGNATURE);
            signature->at[at] ^= 1;
        }
        struct span cut = span_part(span_bytes(signature), 0, signature->len - 1);
        assert_int_equal(cert_verify(cert, message, cut, &err), ERR_SIGNATURE);
        AUTO(bytes_freep) struct bytes *longer = bytes_new_size(signature->len + 1);
        memcpy(longer->at, signature->at, signature->len);
        assert_int_equal(cert_verify(cert, message, span_bytes(longer), &err), ERR_SIGNATURE);
    }
}

static void an_empty_message_can_be_signed(void **state)
{
    (void)state;
    AUTO(bytes_freep) struct bytes *der = fixture_end("a", sm2_key, NULL, SPAN_NONE);
    AUTO(bytes_freep) struct bytes *signature = NULL;
    AUTO(cert_freep) struct cert *cert = fixture_parse(span_bytes(der));
    struct err err = ERR_INIT;
    assert_int_equal(signer_sign_message(&sm2_key->signer, SPAN_NONE, &signature, &err), ERR_NONE);
    assert_int_equal(cert_verify(cert, SPAN_NONE, span_bytes(signature), &err), ERR_NONE);
}

static void keys_on_the_nist_curves_verify(void **state)
{
    (void)state;
    static const enum cert_algorithm algorithms[] = {CERT_P256, CERT_P384};
    for (size_t i = 0; i < ARRAY_SIZE(algorithms); i++) {
        AUTO(fixture_key_freep) struct fixture_key *key = fixture_key_new(algorithms[i], 0);
        AUTO(bytes_freep) struct bytes *der = fixture_end("a", key, NULL, SPAN_NONE);
        AUTO(cert_freep) struct cert *cert = fixture_parse(span_bytes(der));
        AUTO(bytes_freep) struct bytes *signature = NULL;
        struct err err = ERR_INIT;
        assert_int_equal(cert_peek(cert)->algorithm, algorithms[i]);
        assert_int_equal(signer_sign_message(&key->signer, span_text("abc"), &signature, &err),
                         ERR_NONE);
        assert_int_equal(cert_verify(cert, span_text("abc"), span_bytes(signature), &err),
                         ERR_NONE);
        assert_int_equal(cert_verify(cert, span_text("abd"), span_bytes(signature), &err),
                         ERR_SIGNATURE);
    }
}

static void algorithms_have_names(void **state)
{
    (void)state;
    static const char *const names[] = {"sm2", "rsa2048", "p256", "p384"};
    enum cert_algorithm algorithm = CERT_ALGORITHM_COUNT;
    for (size_t i = 0; i < CERT_ALGORITHM_COUNT; i++) {
        assert_string_equal(cert_algorithm_text((enum cert_algorithm)i), names[i]);
        assert_true(cert_algorithm_from_text(names[i], &algorithm));
        assert_int_equal(algorithm, i);
    }
    assert_false(cert_algorithm_from_text("p521", &algorithm));
    assert_false(cert_algorithm_from_text("", &algorithm));
}

/* ---- refusals ---- */

static void other_keys_are_refused(void **state)
{
    (void)state;
    EVP_PKEY *const keys[] = {EVP_RSA_gen(1024), EVP_RSA_gen(2047), EVP_EC_gen("P-521"),
                              EVP_EC_gen("secp256k1"), EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")};
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        AUTO(fixture_key_freep) struct fixture_key *key = fixture_key_from(keys[i], CERT_RSA);
        AUTO(bytes_freep) struct bytes *issuer = fixture_ca("ca", rsa_key, NULL, SPAN_NONE);
        AUTO(bytes_freep)
        struct bytes *der = fixture_end("a", key, rsa_key, span_bytes(issuer));
        assert_int_equal(parse(span_bytes(der)), ERR_CERT_ALGORITHM);
    }
}

static void a_point_off_the_curve_is_refused(void **state)
{
    (void)state;
    AUTO(bytes_freep) struct bytes *der = fixture_end("a", sm2_key, NULL, SPAN_NONE);
    AUTO(cert_freep) struct cert *cert = fixture_parse(span_bytes(der));
    size_t last = (size_t)(cert_peek(cert)->public_key.at - cert_peek(cert)->der.at) +
                  cert_peek(cert)->public_key.len - 1;
    der->at[last] ^= 1;
    assert_int_equal(parse(span_bytes(der)), ERR_CERT_ALGORITHM);
}

static void every_cut_and_every_tail_is_refused(void **state)
{
    (void)state;
    AUTO(bytes_freep) struct bytes *der = fixture_end("a", sm2_key, NULL, SPAN_NONE);
    for (size_t length = 0; length < der->len; length++) {
        AUTO(bytes_freep) struct bytes *cut = bytes_new(span_part(span_bytes(der), 0, length));
        assert_int_equal(parse(span_bytes(cut)), ERR_DER);
    }
    AUTO(bytes_freep) struct bytes *longer = bytes_new_size(der->len + 1);
    memcpy(longer->at, der->at, der->len);
    assert_int_equal(parse(span_bytes(longer)), ERR_DER_TRAILING);
}

static struct bytes *cert_of_size(size_t wanted)
{
    size_t zeros = wanted - 900;
    for (;; zeros++) {
        AUTO(memory_freep) char *value = memory_new(4 + 2 * zeros + 1);
        memcpy(value, "DER:", 4);
        memset(value + 4, '0', 2 * zeros);
        AUTO(bytes_freep)
        struct bytes *der = fixture_cert(&(struct fixture_cert){
            .common_name = "a",
            .key = rsa_key,
            .extra_oid = "1.2.3.4",
            .extra_value = value,
        });
        if (der->len >= wanted)
            return TAKE(der);
    }
}

static void size_is_limited(void **state)
{
    (void)state;
    AUTO(bytes_freep) struct bytes *largest = cert_of_size(CERT_BYTES_MAX);
    AUTO(bytes_freep) struct bytes *larger = cert_of_size(CERT_BYTES_MAX + 1);
    AUTO(bytes_freep) struct bytes *smaller = cert_of_size(CERT_BYTES_MAX - 1);
    assert_int_equal(parse(span_bytes(smaller)), ERR_NONE);
    assert_int_equal(parse(span_bytes(largest)), ERR_NONE);
    assert_int_equal(parse(span_bytes(larger)), ERR_DER);
}

/* What stands in the certificate in place of old; both have the same length. */
static enum err_code parse_with(const struct bytes *der, const char *old, const char *new)
{
    AUTO(bytes_freep) struct bytes *copy = bytes_new(span_bytes(der));
    AUTO(bytes_freep) struct bytes *from = fixture_hex(old);
    AUTO(bytes_freep) struct bytes *to = fixture_hex(new);
    uint8_t *at = memmem(copy->at, copy->len, from->at, from->len);
    assert_non_null(at);
    assert_int_equal(from->len, to->len);
    memcpy(at, to->at, to->len);
    return parse(span_bytes(copy));
}

static void wrong_parts_are_refused(void **state)
{
    (void)state;
    AUTO(bytes_freep)
    struct bytes *der = fixture_cert(&(struct fixture_cert){
        .common_name = "a",
        .key = sm2_key,
        .basic_constraints = "critical,CA:TRUE",
        .key_usage = "critical,keyCertSign",
        .extra_oid = "2.5.29.99",
        .extra_value = "DER:0500",
    });
    assert_int_equal(parse_with(der, "A003020102", "A003020102"), ERR_NONE);
    assert_int_equal(parse_with(der, "A003020102", "A003020101"), ERR_DER); /* version 2 */
    assert_int_equal(parse_with(der, "A003020102", "A003020103"), ERR_DER);
    /* 2025-12-02 00:00:00 in a form that is not allowed */
    assert_int_equal(parse_with(der, "3235313230323030303030305A", "3235313330323030303030305A"),
                     ERR_DER);
    assert_int_equal(parse_with(der, "3235313230323030303030305A", "323531323032303030303030FF"),
                     ERR_DER);
    assert_int_equal(parse_with(der, "3235313230323030303030305A", "3235313230322B30313030305A"),
                     ERR_DER);
    /* an extension twice: basicConstraints under the name of keyUsage */
    assert_int_equal(parse_with(der, "0603551D13", "0603551D0F"), ERR_DER);
    /* bytes behind the DER of a certificate extension, and inside basic constraints */
    assert_int_equal(parse_with(der, "0603551D6304020500", "0603551D6304020101"), ERR_DER);
    assert_int_equal(parse_with(der, "040530030101FF", "040530010101FF"), ERR_DER_TRAILING);
    /* the inner signature algorithm is another one than the outer */
    assert_int_equal(parse_with(der, "06082A811CCF55018375", "06082A811CCF55018376"), ERR_DER);
}

static void every_flipped_bit_is_harmless(void **state)
{
    (void)state;
    struct fixture_key *const keys[] = {sm2_key, rsa_key};
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        AUTO(bytes_freep) struct bytes *der = fixture_ca("a", keys[i], NULL, SPAN_NONE);
        for (size_t bit = 0; bit < der->len * 8; bit++) {
            der->at[bit / 8] ^= (uint8_t)(1 << bit % 8);
            enum err_code code = parse(span_bytes(der));
            assert_true(code == ERR_NONE || code == ERR_DER || code == ERR_DER_TRAILING ||
                        code == ERR_CERT_ALGORITHM);
            der->at[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
    }
}

/* ---- the limits on what a template may hold ---- */

static struct bytes *with_serial(size_t length)
{
    AUTO(bytes_freep) struct bytes *plain = fixture_end("a", sm2_key, NULL, SPAN_NONE);
    const uint8_t *at = plain->at;
    uint8_t *der = NULL;
    uint8_t serial[32];
    memset(serial, 0x7E, sizeof serial);
    X509 *x509 = d2i_X509(NULL, &at, (long)plain->len);
    BIGNUM *number = BN_bin2bn(serial, (int)length, NULL);
    BN_to_ASN1_INTEGER(number, X509_get_serialNumber(x509));
    assert_true(i2d_re_X509_tbs(x509, NULL) > 0);
    int size = i2d_X509(x509, &der);
    struct bytes *bytes = bytes_new(span_of(der, (size_t)size));
    OPENSSL_free(der);
    BN_free(number);
    X509_free(x509);
    return bytes;
}

static void serial_numbers_have_at_most_20_bytes(void **state)
{
    (void)state;
    static const struct {
        size_t length;
        enum err_code code;
    } cases[] = {{1, ERR_NONE}, {19, ERR_NONE}, {20, ERR_NONE}, {21, ERR_DER}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO(bytes_freep) struct bytes *der = with_serial(cases[i].length);
        assert_int_equal(parse(span_bytes(der)), cases[i].code);
    }
}

/* step 0: the same extension count times. */
static struct bytes *with_extensions(int count, int step)
{
    AUTO(bytes_freep)
    struct bytes *plain = fixture_cert(&(struct fixture_cert){.common_name = "a", .key = sm2_key});
    const uint8_t *at = plain->at;
    uint8_t *der = NULL;
    X509 *x509 = d2i_X509(NULL, &at, (long)plain->len);
    for (int i = 0; i < count; i++) {
        AUTO(memory_freep) char *oid = memory_printf("1.2.3.%d", i * step);
        ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
        ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
        X509_EXTENSION *extension = X509_EXTENSION_create_by_OBJ(NULL, object, 0, value);
        X509_add_ext(x509, extension, -1);
        X509_EXTENSION_free(extension);
        ASN1_OCTET_STRING_free(value);
        ASN1_OBJECT_free(object);
    }
    assert_true(i2d_re_X509_tbs(x509, NULL) > 0);
    int size = i2d_X509(x509, &der);
    struct bytes *bytes = bytes_new(span_of(der, (size_t)size));
    OPENSSL_free(der);
    X509_free(x509);
    return bytes;
}

static void at_most_40_extensions(void **state)
{
    (void)state;
    static const struct {
        int count;
        enum err_code code;
    } cases[] = {{0, ERR_NONE}, {39, ERR_NONE}, {40, ERR_NONE}, {41, ERR_DER}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO(bytes_freep) struct bytes *der = with_extensions(cases[i].count, 1);
        assert_int_equal(parse(span_bytes(der)), cases[i].code);
    }
}

static void no_extension_occurs_twice(void **state)
{
    (void)state;
    AUTO(bytes_freep) struct bytes *once = with_extensions(1, 0);
    AUTO(bytes_freep) struct bytes *twice = with_extensions(2, 0);
    assert_int_equal(parse(span_bytes(once)), ERR_NONE);
    assert_int_equal(parse(span_bytes(twice)), ERR_DER);
}

static void free_takes_nothing(void **state)
{
    (void)state;
    struct cert *cert = NULL;
    cert_free(NULL);
    cert_freep(&cert);
}

static int make_keys(void **state)
{
    (void)state;
    sm2_key = fixture_key_new(CERT_SM2, 0);
    rsa_key = fixture_key_new(CERT_RSA, 2048);
    return 0;
}

static int free_keys(void **state)
{
    (void)state;
    fixture_key_freep(&sm2_key);
    fixture_key_freep(&rsa_key);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(tells_the_facts, fixture_no_errors_left),
        cmocka_unit_test_teardown(the_bytes_given_need_not_stay, fixture_no_errors_left),
        cmocka_unit_test_teardown(absent_names_are_empty_texts, fixture_no_errors_left),
        cmocka_unit_test_teardown(usage_is_told_by_key_usage, fixture_no_errors_left),
        cmocka_unit_test_teardown(names_of_any_kind_become_utf8, fixture_no_errors_left),
        cmocka_unit_test_teardown(long_names_are_cut_between_characters, fixture_no_errors_left),
        cmocka_unit_test_teardown(subjects_compare_as_rfc_5280_says, fixture_no_errors_left),
        cmocka_unit_test_teardown(pem_is_what_openssl_reads, fixture_no_errors_left),
        cmocka_unit_test_teardown(verifies_what_the_key_signed, fixture_no_errors_left),
        cmocka_unit_test_teardown(an_empty_message_can_be_signed, fixture_no_errors_left),
        cmocka_unit_test_teardown(keys_on_the_nist_curves_verify, fixture_no_errors_left),
        cmocka_unit_test_teardown(algorithms_have_names, fixture_no_errors_left),
        cmocka_unit_test_teardown(other_keys_are_refused, fixture_no_errors_left),
        cmocka_unit_test_teardown(a_point_off_the_curve_is_refused, fixture_no_errors_left),
        cmocka_unit_test_teardown(every_cut_and_every_tail_is_refused, fixture_no_errors_left),
        cmocka_unit_test_teardown(size_is_limited, fixture_no_errors_left),
        cmocka_unit_test_teardown(wrong_parts_are_refused, fixture_no_errors_left),
        cmocka_unit_test_teardown(every_flipped_bit_is_harmless, fixture_no_errors_left),
        cmocka_unit_test_teardown(serial_numbers_have_at_most_20_bytes, fixture_no_errors_left),
        cmocka_unit_test_teardown(at_most_40_extensions, fixture_no_errors_left),
        cmocka_unit_test_teardown(no_extension_occurs_twice, fixture_no_errors_left),
        cmocka_unit_test(free_takes_nothing),
    };
    return cmocka_run_group_tests_name("certs/cert", tests, make_keys, free_keys);
}
