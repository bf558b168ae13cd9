#include "certs/envelope.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include "certs/der.h"
#include "certs/ossl.h"
#include "certs/sm2.h"
#include "fixture.h"

/* The encryption key DE with the public key EX, EY, enveloped to the key of GB/T 32918.5's example with
 * the session key 00..0F. */
#define ALGORITHM "300C06082A811CCF550168010500"
#define C1_X "11C88AE04CEC1BA554D03D5B5970333A83585826C2A985DE5520D9E934389EFB"
#define C1_Y "84B52D344FB21AA8EA38A4940C8332692B8D4DA2393549212EAFDC0F11CA5C9C"
#define C3 "15D9E4D803966411BDA0C1CAA1CA12FE30F887A3C57EDAD418FB60407BEA2590"
#define C2 "9FC075DCF83B264F74FD38CE164EFA21"
#define SESSION_KEY "30790220" C1_X "022100" C1_Y "0420" C3 "0410" C2
#define EX "D5548C7825CBB56150A3506CD57464AF8A1AE0519DFAF3C58221DC810CAF28DD"
#define EY "921073768FE3D59CE54E79A49445CF73FED23086537027264D168946D479533E"
#define PUBLIC_KEY "03420004" EX EY
#define PRIVATE_1 "21F292BEEF9C7E928502516378A45AEA"
#define PRIVATE_2 "943E2398F31672EF73D059644959F7C4"
#define DE "128B2FA8BD433C6C068C8D803DFF79792A519A55171B1B650C23661D15897263"
#define N_MINUS_DE "ED74D05642BCC393F973727FC200868647B245160AAAE9C647988DEC244BCEC0"
#define P_MINUS_EY "6DEF8C88701C2A631AB1865B6BBA308C012DCF78AC8FD8DAB2E976B92B86ACC1"
#define D "3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8"
#define X "09F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020"
#define Y "CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13"
#define EXAMPLE "3081F0" ALGORITHM SESSION_KEY PUBLIC_KEY "032100" PRIVATE_1 PRIVATE_2
#define ZEROS_16 "00000000000000000000000000000000"
#define SOME_16 "000102030405060708090A0B0C0D0E0F"

static enum err_code parse_hex(const char *hex, struct envelope *out)
{
    AUTO(bytes_freep) struct bytes *der = fixture_hex(hex);
    struct err err = ERR_INIT;
    return envelope_parse(span_bytes(der), out, &err);
}

static void check_field(const uint8_t *field, size_t len, const char *hex)
{
    AUTO(bytes_freep) struct bytes *expected = fixture_hex(hex);
    assert_int_equal(expected->len, len);
    assert_memory_equal(field, expected->at, len);
}

static void reads_the_known_answer(void **state)
{
    (void)state;
    struct envelope envelope;
    assert_int_equal(parse_hex(EXAMPLE, &envelope), ERR_NONE);
    assert_int_equal(envelope.cipher_id, 0x401);
    check_field(envelope.c1_x, 32, C1_X);
    check_field(envelope.c1_y, 32, C1_Y);
    check_field(envelope.c3, 32, C3);
    check_field(envelope.c2, 16, C2);
    check_field(envelope.public_x, 32, EX);
    check_field(envelope.public_y, 32, EY);
    check_field(envelope.encrypted_private, 32, PRIVATE_1 PRIVATE_2);
}

static void writes_the_known_answer(void **state)
{
    (void)state;
    struct envelope envelope;
    assert_int_equal(parse_hex(EXAMPLE, &envelope), ERR_NONE);
    AUTO(bytes_freep) struct bytes *again = envelope_encode(&envelope);
    AUTO(bytes_freep) struct bytes *expected = fixture_hex(EXAMPLE);
    assert_int_equal(again->len, 243);
    assert_true(span_equal(span_bytes(again), span_bytes(expected)));
}

/* ---- OpenSSL as the key that opens it ---- */

static EVP_PKEY *private_key(const char *d_hex, const char *x_hex, const char *y_hex)
{
    AUTO(memory_freep) char *point_hex = memory_printf("04%s%s", x_hex, y_hex);
    AUTO(bytes_freep) struct bytes *point = fixture_hex(point_hex);
    AUTO(bytes_freep) struct bytes *d = fixture_hex(d_hex);
    AUTO(ossl_bn_freep) BIGNUM *number = BN_bin2bn(d->at, 32, NULL);
    AUTO(ossl_pkey_ctx_freep) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "SM2", NULL);
    EVP_PKEY *key = NULL;
    uint8_t native[32];
    char group[] = "SM2";
    assert_int_equal(BN_bn2nativepad(number, native, 32), 32);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point->at, point->len),
        OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_PRIV_KEY, native, sizeof native),
        OSSL_PARAM_construct_end(),
    };
    assert_int_equal(EVP_PKEY_fromdata_init(ctx), 1);
    assert_int_equal(EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_KEYPAIR, params), 1);
    return key;
}

static void decrypt_session_key(const struct bytes *der, EVP_PKEY *key, uint8_t out[16])
{
    struct span content, part, cipher;
    struct span from = span_bytes(der);
    uint8_t plain[64];
    size_t length = sizeof plain;
    assert_true(der_take(&from, DER_SEQUENCE, &content));
    assert_true(der_take(&content, DER_SEQUENCE, &part));
    assert_true(der_take_whole(&content, DER_SEQUENCE, &cipher));
    AUTO(ossl_pkey_ctx_freep) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
    assert_int_equal(EVP_PKEY_decrypt_init(ctx), 1);
    assert_int_equal(EVP_PKEY_decrypt(ctx, plain, &length, cipher.at, cipher.len), 1);
    assert_int_equal(length, 16);
    memcpy(out, plain, 16);
}

static void decrypt_private_key(const struct envelope *envelope, const uint8_t session_key[16],
                                uint8_t out[32])
{
    AUTO(ossl_cipher_ctx_freep) EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int length = 0;
    assert_int_equal(EVP_DecryptInit_ex(ctx, EVP_sm4_ecb(), NULL, session_key, NULL), 1);
    EVP_CIPHER_CTX_set_padding(ctx, 0);
    assert_int_equal(EVP_DecryptUpdate(ctx, out, &length, envelope->encrypted_private, 32), 1);
    assert_int_equal(length, 32);
}

static void openssl_opens_the_known_answer(void **state)
{
    (void)state;
    AUTO(bytes_freep) struct bytes *der = fixture_hex(EXAMPLE);
    AUTO(bytes_freep) struct bytes *expected = fixture_hex(SOME_16);
    AUTO(ossl_pkey_freep) EVP_PKEY *key = private_key(D, X, Y);
    struct envelope envelope;
    uint8_t session_key[16], encryption_key[32];
    decrypt_session_key(der, key, session_key);
    assert_memory_equal(session_key, expected->at, 16);
    assert_int_equal(parse_hex(EXAMPLE, &envelope), ERR_NONE);
    decrypt_private_key(&envelope, session_key, encryption_key);
    check_field(encryption_key, 32, DE);
}

static enum err_code make(const char *private_hex, const char *x_hex, const char *y_hex,
                          struct span recipient, struct bytes **out)
{
    AUTO(bytes_freep) struct bytes *private = fixture_hex(private_hex);
    AUTO(bytes_freep) struct bytes *x = fixture_hex(x_hex);
    AUTO(bytes_freep) struct bytes *y = fixture_hex(y_hex);
    struct err err = ERR_INIT;
    return envelope_make(span_bytes(private), x->at, y->at, recipient, out, &err);
}

static struct bytes *example_recipient(void)
{
    AUTO(bytes_freep) struct bytes *x = fixture_hex(X);
    AUTO(bytes_freep) struct bytes *y = fixture_hex(Y);
    struct bytes *spki = NULL;
    struct err err = ERR_INIT;
    assert_int_equal(sm2_public_key(x->at, y->at, &spki, &err), ERR_NONE);
    return spki;
}

/* Many times: the numbers of C1 are short now and then. */
static void openssl_opens_what_was_made(void **state)
{
    (void)state;
    AUTO(bytes_freep) struct bytes *recipient = example_recipient();
    AUTO(ossl_pkey_freep) EVP_PKEY *key = private_key(D, X, Y);
    for (int i = 0; i < 600; i++) {
        AUTO(bytes_freep) struct bytes *der = NULL;
        struct envelope envelope;
        uint8_t session_key[16], encryption_key[32];
        struct err err = ERR_INIT;
        assert_int_equal(make(DE, EX, EY, span_bytes(recipient), &der), ERR_NONE);
        assert_int_equal(envelope_parse(span_bytes(der), &envelope, &err), ERR_NONE);
        decrypt_session_key(der, key, session_key);
        decrypt_private_key(&envelope, session_key, encryption_key);
        check_field(encryption_key, 32, DE);
        check_field(envelope.public_x, 32, EX);
        check_field(envelope.public_y, 32, EY);
    }
}

static void makes_nothing_out_of_a_wrong_pair(void **state)
{
    (void)state;
    static const char order[] = "FFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123";
    AUTO(bytes_freep) struct bytes *recipient = example_recipient();
    struct span to = span_bytes(recipient);
    struct bytes *der = NULL;
    assert_int_equal(make(DE, X, Y, to, &der), ERR_ENVELOPE_KEY);
    assert_int_equal(make(DE, EX, Y, to, &der), ERR_ENVELOPE_KEY);
    assert_int_equal(make(order, EX, EY, to, &der), ERR_ENVELOPE_KEY);
    assert_int_equal(make(ZEROS_16 ZEROS_16, EX, EY, to, &der), ERR_ENVELOPE_KEY);
    assert_int_equal(make(SOME_16, EX, EY, to, &der), ERR_ENVELOPE_KEY);
    assert_int_equal(make(DE "00", EX, EY, to, &der), ERR_ENVELOPE_KEY);
    assert_int_equal(make(DE, EX, EY, span_part(to, 0, to.len - 1), &der), ERR_CERT_PUBLIC_KEY);
    recipient->at[recipient->len - 1] ^= 1;
    assert_int_equal(make(DE, EX, EY, to, &der), ERR_CERT_PUBLIC_KEY);
    assert_null(der);
}

/* ---- strictness ---- */

static struct bytes *wrap(const char *content_hex)
{
    AUTO(buf_done) struct buf buf = BUF_INIT(4096);
    AUTO(bytes_freep) struct bytes *content = fixture_hex(content_hex);
    der_add(&buf, DER_SEQUENCE, span_bytes(content));
    return buf_bytes(&buf);
}

static enum err_code parse_content(const char *content_hex, struct envelope *out)
{
    AUTO(bytes_freep) struct bytes *der = wrap(content_hex);
    struct err err = ERR_INIT;
    return envelope_parse(span_bytes(der), out, &err);
}

#define ENCRYPTED "032100" PRIVATE_1 PRIVATE_2

static void each_part_is_checked(void **state)
{
    (void)state;
    static const struct {
        const char *what, *content;
        enum err_code code;
    } cases[] = {
        {"as it should be", ALGORITHM SESSION_KEY PUBLIC_KEY ENCRYPTED, ERR_NONE},
        {"no parameters", "300A06082A811CCF55016801" SESSION_KEY PUBLIC_KEY ENCRYPTED, ERR_NONE},
        {"plain SM4", "300906072A811CCF550168" SESSION_KEY PUBLIC_KEY ENCRYPTED, ERR_NONE},
        {"SM1", "300906072A811CCF550166" SESSION_KEY PUBLIC_KEY ENCRYPTED, ERR_NONE},
        {"SM1-ECB", "300A06082A811CCF55016601" SESSION_KEY PUBLIC_KEY ENCRYPTED, ERR_NONE},
        {"SM4-CBC", "300A06082A811CCF55016802" SESSION_KEY PUBLIC_KEY ENCRYPTED, ERR_ENVELOPE},
        {"AES", "300B060960864801650304010105" SESSION_KEY PUBLIC_KEY ENCRYPTED, ERR_ENVELOPE},
        {"other parameters", "300D06082A811CCF55016801040100" SESSION_KEY PUBLIC_KEY ENCRYPTED,
         ERR_ENVELOPE},
        {"no algorithm", SESSION_KEY PUBLIC_KEY ENCRYPTED, ERR_ENVELOPE},
        {"no session key", ALGORITHM PUBLIC_KEY ENCRYPTED, ERR_ENVELOPE},
        {"no public key", ALGORITHM SESSION_KEY ENCRYPTED, ERR_ENVELOPE},
        {"no private key", ALGORITHM SESSION_KEY PUBLIC_KEY, ERR_ENVELOPE},
        {"a fifth part", ALGORITHM SESSION_KEY PUBLIC_KEY ENCRYPTED "0500", ERR_ENVELOPE},
        {"C3 of 31 bytes",
         ALGORITHM "30780220" C1_X "022100" C1_Y
                   "041FD9E4D803966411BDA0C1CAA1CA12FE30F887A3C57EDAD4"
                   "18FB60407BEA25900410" C2 PUBLIC_KEY ENCRYPTED,
         ERR_ENVELOPE},
        {"C2 of 15 bytes",
         ALGORITHM "30780220" C1_X "022100" C1_Y "0420" C3
                   "040FC075DCF83B264F74FD38CE164EFA21" PUBLIC_KEY ENCRYPTED,
         ERR_ENVELOPE},
        {"C2 of 17 bytes",
         ALGORITHM "307A0220" C1_X "022100" C1_Y "0420" C3 "0411" C2 "00" PUBLIC_KEY ENCRYPTED,
         ERR_ENVELOPE},
        {"more in the session key",
         ALGORITHM "307B0220" C1_X "022100" C1_Y "0420" C3 "0410" C2 "0500" PUBLIC_KEY ENCRYPTED,
         ERR_ENVELOPE},
        {"C1 negative",
         ALGORITHM "30780220" C1_X "0220" C1_Y "0420" C3 "0410" C2 PUBLIC_KEY ENCRYPTED,
         ERR_ENVELOPE},
        {"C1 off the curve",
         ALGORITHM "30780220" C1_X "0220" C1_X "0420" C3 "0410" C2 PUBLIC_KEY ENCRYPTED,
         ERR_ENVELOPE},
        {"C1 at infinity",
         ALGORITHM "303A"
                   "020100020100"
                   "0420" C3 "0410" C2 PUBLIC_KEY ENCRYPTED,
         ERR_ENVELOPE},
        {"public key off the curve", ALGORITHM SESSION_KEY "03420004" EX EX ENCRYPTED,
         ERR_ENVELOPE},
        {"compressed public key", ALGORITHM SESSION_KEY "03220002" EX ENCRYPTED, ERR_ENVELOPE},
        {"public key without 04", ALGORITHM SESSION_KEY "034100" EX EY ENCRYPTED, ERR_ENVELOPE},
        {"hybrid public key", ALGORITHM SESSION_KEY "03420006" EX EY ENCRYPTED, ERR_ENVELOPE},
        {"private key of 31",
         ALGORITHM SESSION_KEY PUBLIC_KEY "032000" PRIVATE_1 "3E2398F31672EF73D059644959F7C4",
         ERR_ENVELOPE},
        {"private key of 33", ALGORITHM SESSION_KEY PUBLIC_KEY "032200" PRIVATE_1 PRIVATE_2 "00",
         ERR_ENVELOPE},
        {"private key of 48",
         ALGORITHM SESSION_KEY PUBLIC_KEY "033100" ZEROS_16 PRIVATE_1 PRIVATE_2, ERR_ENVELOPE},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct envelope envelope;
        enum err_code code = parse_content(cases[i].content, &envelope);
        if (code != cases[i].code)
            fail_msg("%s: %s", cases[i].what, err_code_text(code));
    }
}

static void the_cipher_is_told(void **state)
{
    (void)state;
    struct envelope envelope;
    assert_int_equal(
        parse_content("300906072A811CCF550166" SESSION_KEY PUBLIC_KEY ENCRYPTED, &envelope),
        ERR_NONE);
    assert_int_equal(envelope.cipher_id, 0x101);
    assert_int_equal(
        parse_content("300906072A811CCF550168" SESSION_KEY PUBLIC_KEY ENCRYPTED, &envelope),
        ERR_NONE);
    assert_int_equal(envelope.cipher_id, 0x401);
}

#define LONG_PRIVATE(left, right) ALGORITHM SESSION_KEY PUBLIC_KEY "034100" left right

static void a_field_of_64_bytes_has_the_key_in_one_half(void **state)
{
    (void)state;
    static const struct {
        const char *what, *content;
        enum err_code code;
    } cases[] = {
        {"zeros left", LONG_PRIVATE(ZEROS_16 ZEROS_16, PRIVATE_1 PRIVATE_2), ERR_NONE},
        {"encrypted zeros left", LONG_PRIVATE(SOME_16 SOME_16, PRIVATE_1 PRIVATE_2), ERR_NONE},
        {"zeros right", LONG_PRIVATE(PRIVATE_1 PRIVATE_2, ZEROS_16 ZEROS_16), ERR_NONE},
        {"encrypted zeros right", LONG_PRIVATE(PRIVATE_1 PRIVATE_2, SOME_16 SOME_16), ERR_NONE},
        {"both empty", LONG_PRIVATE(ZEROS_16 ZEROS_16, SOME_16 SOME_16), ERR_ENVELOPE},
        {"both full", LONG_PRIVATE(PRIVATE_1 PRIVATE_2, PRIVATE_2 PRIVATE_1), ERR_ENVELOPE},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct envelope envelope;
        enum err_code code = parse_content(cases[i].content, &envelope);
        if (code != cases[i].code)
            fail_msg("%s: %s", cases[i].what, err_code_text(code));
        if (code == ERR_NONE)
            check_field(envelope.encrypted_private, 32, PRIVATE_1 PRIVATE_2);
    }
}

static void trailing_bytes_and_cuts_are_refused(void **state)
{
    (void)state;
    AUTO(bytes_freep) struct bytes *der = fixture_hex(EXAMPLE);
    struct envelope envelope = {.cipher_id = 7};
    struct err err = ERR_INIT;
    assert_int_equal(parse_hex(EXAMPLE "00", &envelope), ERR_DER_TRAILING);
    for (size_t length = 0; length < der->len; length++) {
        AUTO(bytes_freep) struct bytes *cut = bytes_new(span_part(span_bytes(der), 0, length));
        assert_int_equal(envelope_parse(span_bytes(cut), &envelope, &err), ERR_ENVELOPE);
    }
    AUTO(bytes_freep) struct bytes *huge = bytes_new_size(ENVELOPE_BYTES_MAX + 1);
    assert_int_equal(envelope_parse(span_bytes(huge), &envelope, &err), ERR_ENVELOPE);
    assert_int_equal(envelope.cipher_id, 7);
}

/* What a flip may change unseen is only what nothing but the key itself can check: C3, C2, the encrypted
 * private key. */
static void every_flipped_bit_is_refused_or_shows(void **state)
{
    (void)state;
    AUTO(bytes_freep) struct bytes *der = fixture_hex(EXAMPLE);
    struct envelope good;
    struct err err = ERR_INIT;
    assert_int_equal(envelope_parse(span_bytes(der), &good, &err), ERR_NONE);
    for (size_t bit = 0; bit < der->len * 8; bit++) {
        struct envelope envelope;
        der->at[bit / 8] ^= (uint8_t)(1 << bit % 8);
        enum err_code code = envelope_parse(span_bytes(der), &envelope, &err);
        assert_true(code == ERR_NONE || code == ERR_ENVELOPE || code == ERR_DER_TRAILING);
        if (code == ERR_NONE) {
            assert_memory_equal(envelope.c1_x, good.c1_x, 64);
            assert_memory_equal(envelope.public_x, good.public_x, 64);
            AUTO(bytes_freep) struct bytes *again = envelope_encode(&envelope);
            bool same_cipher = envelope.cipher_id == good.cipher_id;
            assert_true(!same_cipher || span_equal(span_bytes(again), span_bytes(der)));
        }
        der->at[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

/* ---- does it belong to the certificate ---- */

static void only_the_certificate_of_its_key_fits(void **state)
{
    (void)state;
    AUTO(fixture_key_freep)
    struct fixture_key *key = fixture_key_from(private_key(DE, EX, EY), CERT_SM2);
    /* the same x, the other y */
    AUTO(fixture_key_freep)
    struct fixture_key *mirrored =
        fixture_key_from(private_key(N_MINUS_DE, EX, P_MINUS_EY), CERT_SM2);
    AUTO(fixture_key_freep) struct fixture_key *other = fixture_key_new(CERT_SM2, 0);
    AUTO(fixture_key_freep) struct fixture_key *rsa = fixture_key_new(CERT_RSA, 2048);
    struct {
        struct fixture_key *key;
        enum err_code code;
    } cases[] = {{key, ERR_NONE},
                 {mirrored, ERR_ENVELOPE_KEY},
                 {other, ERR_ENVELOPE_KEY},
                 {rsa, ERR_ENVELOPE_KEY}};
    struct envelope envelope;
    assert_int_equal(parse_hex(EXAMPLE, &envelope), ERR_NONE);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO(bytes_freep) struct bytes *der = fixture_end("a", cases[i].key, NULL, SPAN_NONE);
        AUTO(cert_freep) struct cert *cert = fixture_parse(span_bytes(der));
        struct err err = ERR_INIT;
        assert_int_equal(envelope_check(&envelope, cert, &err), cases[i].code);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(reads_the_known_answer, fixture_no_errors_left),
        cmocka_unit_test_teardown(writes_the_known_answer, fixture_no_errors_left),
        cmocka_unit_test_teardown(openssl_opens_the_known_answer, fixture_no_errors_left),
        cmocka_unit_test_teardown(openssl_opens_what_was_made, fixture_no_errors_left),
        cmocka_unit_test_teardown(makes_nothing_out_of_a_wrong_pair, fixture_no_errors_left),
        cmocka_unit_test_teardown(each_part_is_checked, fixture_no_errors_left),
        cmocka_unit_test_teardown(the_cipher_is_told, fixture_no_errors_left),
        cmocka_unit_test_teardown(a_field_of_64_bytes_has_the_key_in_one_half,
                                  fixture_no_errors_left),
        cmocka_unit_test_teardown(trailing_bytes_and_cuts_are_refused, fixture_no_errors_left),
        cmocka_unit_test_teardown(every_flipped_bit_is_refused_or_shows, fixture_no_errors_left),
        cmocka_unit_test_teardown(only_the_certificate_of_its_key_fits, fixture_no_errors_left),
    };
    return cmocka_run_group_tests_name("certs/envelope", tests, NULL, NULL);
}
