#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include "base/hex.h"
#include "certs/der.h"
#include "certs/seal.h"
#include "certs/sm2.h"
#include "seal_fixture.h"

static struct seal_world *world, *rsa_world;

static const enum seal_version versions[] = {SEAL_V1, SEAL_V4, SEAL_V5};

static enum err_code verify(struct span der, const struct seal_check *check, struct err *err)
{
    AUTO(seal_freep) struct seal *seal = NULL;
    *err = ERR_INIT;
    if (seal_parse(der, &seal, err) != ERR_NONE)
        return err->code;
    return seal_verify(seal, check, err);
}

static enum err_code verify_recipe(const struct seal_recipe *recipe, struct err *err)
{
    AUTO(bytes_freep) struct bytes *der = seal_recipe_build(recipe);
    struct seal_check check = seal_fixture_check(recipe->world);
    return verify(span_bytes(der), &check, err);
}

static void good_seals_verify(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
        AUTO(seal_recipe_freep) struct seal_recipe *sm2 = seal_recipe_new(world, versions[i]);
        AUTO(seal_recipe_freep) struct seal_recipe *rsa = seal_recipe_new(rsa_world, versions[i]);
        struct err err;
        assert_int_equal(verify_recipe(sm2, &err), ERR_NONE);
        assert_int_equal(verify_recipe(rsa, &err), ERR_NONE);
        seal_recipe_hex(sm2, FIELD_EXTENSIONS, "300C300A06022A040101000401AA");
        assert_int_equal(verify_recipe(sm2, &err), ERR_NONE);
        if (versions[i] == SEAL_V1)
            continue;
        seal_recipe_digests(sm2, "SM3", "SM3");
        assert_int_equal(verify_recipe(sm2, &err), ERR_NONE);
    }
}

/* ---- format ---- */

static void a_critical_extension_must_be_understood(void **state)
{
    (void)state;
    AUTO(seal_recipe_freep) struct seal_recipe *recipe = seal_recipe_new(world, SEAL_V4);
    struct err err;
    seal_recipe_hex(recipe, FIELD_EXTENSIONS, "300C300A06022A040101FF0401AA");
    assert_int_equal(verify_recipe(recipe, &err), ERR_SEAL_FORMAT);
    assert_non_null(strstr(err.detail, "critical"));
}

/* ---- maker ---- */

static enum err_code verify_maker(struct fixture_cert wish, int64_t now_utc, struct err *err)
{
    AUTO(seal_recipe_freep) struct seal_recipe *recipe = seal_recipe_new(world, SEAL_V4);
    wish.common_name = "maker";
    wish.key = wish.key == NULL ? world->maker_key : wish.key;
    AUTO(bytes_freep) struct bytes *maker = fixture_cert(&wish);
    seal_recipe_item(recipe, FIELD_MAKER, DER_OCTET_STRING, span_bytes(maker));
    AUTO(bytes_freep) struct bytes *der = seal_recipe_build(recipe);
    struct seal_check check = seal_fixture_check(world);
    check.now_utc = now_utc;
    return verify(span_bytes(der), &check, err);
}

static struct fixture_cert maker_with_usage(const char *usage)
{
    return (struct fixture_cert){
        .issuer_key = world->root_key, .issuer = span_bytes(world->root), .key_usage = usage};
}

static void the_makers_usage_has_digital_signature(void **state)
{
    (void)state;
    static const struct {
        const char *usage;
        enum err_code code;
    } cases[] = {
        {"critical,digitalSignature", ERR_NONE},
        {"digitalSignature", ERR_NONE},
        {"critical,digitalSignature,nonRepudiation", ERR_NONE},
        {"critical,digitalSignature,keyEncipherment", ERR_NONE},
        {"critical,nonRepudiation", ERR_SEAL_MAKER},
        {"critical,keyEncipherment,dataEncipherment,keyAgreement", ERR_SEAL_MAKER},
        {"critical,keyCertSign,cRLSign", ERR_SEAL_MAKER},
        {NULL, ERR_SEAL_MAKER},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct err err;
        enum err_code code = verify_maker(maker_with_usage(cases[i].usage), FIXTURE_NOW, &err);
        assert_int_equal(code, cases[i].code);
    }
}

static void a_mark_can_be_asked_of_the_maker(void **state)
{
    (void)state;
    static const struct {
        const char *purposes; /* NULL: none */
        bool asked;
        enum err_code code;
    } cases[] = {
        {NULL, false, ERR_NONE},
        {NULL, true, ERR_SEAL_MAKER},
        {"critical," SEAL_MAKER_PURPOSE, true, ERR_NONE},
        {"critical," SEAL_MAKER_PURPOSE, false, ERR_NONE},
        {SEAL_MAKER_PURPOSE, true, ERR_NONE},
        {"emailProtection," SEAL_MAKER_PURPOSE, true, ERR_NONE},
        {SEAL_MAKER_PURPOSE ".1", true, ERR_SEAL_MAKER},
        {"anyExtendedKeyUsage,emailProtection", true, ERR_SEAL_MAKER},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct fixture_cert wish = maker_with_usage("critical,digitalSignature");
        AUTO(seal_recipe_freep) struct seal_recipe *recipe = seal_recipe_new(world, SEAL_V4);
        struct err err;
        wish.common_name = "maker";
        wish.key = world->maker_key;
        wish.extra_oid = cases[i].purposes == NULL ? NULL : "extendedKeyUsage";
        wish.extra_value = cases[i].purposes;
        AUTO(bytes_freep) struct bytes *maker = fixture_cert(&wish);
        seal_recipe_item(recipe, FIELD_MAKER, DER_OCTET_STRING, span_bytes(maker));
        AUTO(bytes_freep) struct bytes *der = seal_recipe_build(recipe);
        struct seal_check check = seal_fixture_check(world);
        check.marked_maker = cases[i].asked;
        if (verify(span_bytes(der), &check, &err) != cases[i].code)
            fail_msg("case %zu: %s", i, err.detail);
    }
}

/* The fixture's seals are made on 2025-12-20 08:09:10. */
static void the_maker_is_valid_then_and_now(void **state)
{
    (void)state;
    static const int64_t made = 1766218150;
    static const struct {
        int64_t before, after, now;
        enum err_code code;
        const char *when;
    } cases[] = {
        {made, FIXTURE_NOW + 1, FIXTURE_NOW, ERR_NONE, ""},
        {made, FIXTURE_NOW, FIXTURE_NOW + 1, ERR_SEAL_MAKER, "now"},
        {made + 1, FIXTURE_NOW + 9, FIXTURE_NOW, ERR_SEAL_MAKER, "when the seal was made"},
        {made - 9, made - 1, FIXTURE_NOW, ERR_SEAL_MAKER, "now"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct fixture_cert wish = maker_with_usage("critical,digitalSignature");
        struct err err;
        wish.not_before_utc = cases[i].before;
        wish.not_after_utc = cases[i].after;
        assert_int_equal(verify_maker(wish, cases[i].now, &err), cases[i].code);
        assert_non_null(strstr(err.detail, cases[i].when));
    }
}

static void the_maker_chains_to_a_root(void **state)
{
    (void)state;
    AUTO(seal_world_freep) struct seal_world *stranger = seal_world_new(CERT_SM2);
    AUTO(bytes_freep) struct bytes *der = seal_fixture(stranger, SEAL_V4);
    struct seal_check check = seal_fixture_check(world);
    struct fixture_cert self_signed = {.key_usage = "critical,digitalSignature"};
    struct err err;
    check.signer = NULL;
    assert_int_equal(verify(span_bytes(der), &check, &err), ERR_SEAL_MAKER);
    check.roots = stranger->roots;
    assert_int_equal(verify(span_bytes(der), &check, &err), ERR_NONE);
    assert_int_equal(verify_maker(self_signed, FIXTURE_NOW, &err), ERR_SEAL_MAKER);
}

static void intermediates_are_used(void **state)
{
    (void)state;
    AUTO(fixture_key_freep) struct fixture_key *key = fixture_key_new(CERT_SM2, 0);
    AUTO(bytes_freep)
    struct bytes *issuing = fixture_ca("issuing", key, world->root_key, span_bytes(world->root));
    AUTO(bytes_freep)
    struct bytes *maker = fixture_end("maker", world->maker_key, key, span_bytes(issuing));
    AUTO(seal_recipe_freep) struct seal_recipe *recipe = seal_recipe_new(world, SEAL_V1);
    seal_recipe_item(recipe, FIELD_MAKER, DER_OCTET_STRING, span_bytes(maker));
    AUTO(bytes_freep) struct bytes *der = seal_recipe_build(recipe);
    struct seal_check check = seal_fixture_check(world);
    struct span intermediate = span_bytes(issuing);
    struct err err;
    assert_int_equal(verify(span_bytes(der), &check, &err), ERR_SEAL_MAKER);
    check.intermediates = &intermediate;
    check.intermediate_count = 1;
    assert_int_equal(verify(span_bytes(der), &check, &err), ERR_NONE);
}

static void a_maker_that_is_no_certificate(void **state)
{
    (void)state;
    static const char *const makers[] = {"04023000", "0406300430003000"};
    for (size_t i = 0; i < ARRAY_SIZE(makers); i++) {
        AUTO(seal_recipe_freep) struct seal_recipe *recipe = seal_recipe_new(world, SEAL_V4);
        struct err err;
        seal_recipe_hex(recipe, FIELD_MAKER, makers[i]);
        assert_int_equal(verify_recipe(recipe, &err), ERR_SEAL_MAKER);
    }
}

/* ---- signature ---- */

static void the_makers_key_signed(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
        AUTO(seal_recipe_freep) struct seal_recipe *recipe = seal_recipe_new(world, versions[i]);
        struct err err;
        seal_recipe_item(recipe, FIELD_MAKER, DER_OCTET_STRING, span_bytes(world->holder));
        assert_int_equal(verify_recipe(recipe, &err), ERR_SEAL_SIGNATURE);
    }
}

/* Signed as another version signs. */
static void the_right_bytes_are_signed(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
        AUTO(seal_recipe_freep) struct seal_recipe *recipe = seal_recipe_new(world, versions[i]);
        AUTO(bytes_freep) struct bytes *signature = NULL;
        AUTO(bytes_freep) struct bytes *der = seal_recipe_build(recipe);
        AUTO(buf_done) struct buf bits = BUF_INIT(100);
        struct span whole = span_bytes(der), content, info;
        struct err err = ERR_INIT;
        assert_true(der_take(&whole, DER_SEQUENCE, &content));
        assert_true(der_take_whole(&content, DER_SEQUENCE, &info));
        if (versions[i] != SEAL_V1)
            info = span_part(info, 4, info.len - 4);
        assert_int_equal(signer_sign_message(&world->maker_key->signer, info, &signature, &err),
                         ERR_NONE);
        der_add_bits(&bits, span_bytes(signature));
        bytes_free(recipe->fields[FIELD_SIGNATURE]);
        recipe->fields[FIELD_SIGNATURE] = buf_bytes(&bits);
        assert_int_equal(verify_recipe(recipe, &err), ERR_SEAL_SIGNATURE);
    }
}

static void the_algorithm_is_the_keys(void **state)
{
    (void)state;
    static const struct {
        bool rsa;
        const char *oid;
        enum err_code code;
    } cases[] = {
        {false, "06082A811CCF55018375", ERR_NONE},
        {false, "06092A864886F70D01010B", ERR_SEAL_SIGNATURE},
        {false, "06082A811CCF5501822D", ERR_SEAL_SIGNATURE}, /* the curve's */
        {false, "06082A811CCF55018374", ERR_SEAL_SIGNATURE},
        {true, "06092A864886F70D01010B", ERR_NONE},
        {true, "06092A864886F70D010105", ERR_SEAL_SIGNATURE}, /* with SHA-1 */
        {true, "06092A864886F70D01010C", ERR_SEAL_SIGNATURE},
        {true, "06082A811CCF55018375", ERR_SEAL_SIGNATURE},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases) * ARRAY_SIZE(versions); i++) {
        size_t c = i / ARRAY_SIZE(versions);
        AUTO(seal_recipe_freep)
        struct seal_recipe *recipe =
            seal_recipe_new(cases[c].rsa ? rsa_world : world, versions[i % ARRAY_SIZE(versions)]);
        struct err err;
        seal_recipe_hex(recipe, FIELD_ALGORITHM, cases[c].oid);
        assert_int_equal(verify_recipe(recipe, &err), cases[c].code);
    }
}

static void raw_signatures_are_refused(void **state)
{
    (void)state;
    uint8_t raw[65] = {0};
    AUTO(seal_recipe_freep) struct seal_recipe *recipe = seal_recipe_new(world, SEAL_V4);
    struct err err;
    memset(raw + 1, 0x11, 64);
    seal_recipe_item(recipe, FIELD_SIGNATURE, DER_BIT_STRING, SPAN_ARRAY(raw));
    assert_int_equal(verify_recipe(recipe, &err), ERR_SEAL_SIGNATURE);
}

/* ---- time ---- */

static void the_seal_is_valid_now(void **state)
{
    (void)state;
    static const int64_t from = 1766275200, until = 1768953599;
    static const struct {
        int64_t now;
        enum err_code code;
    } cases[] = {{from - 1, ERR_SEAL_TIME}, {from, ERR_NONE},  {from + 1, ERR_NONE},
                 {until - 1, ERR_NONE},     {until, ERR_NONE}, {until + 1, ERR_SEAL_TIME}};
    for (size_t v = 0; v < ARRAY_SIZE(versions); v++) {
        AUTO(bytes_freep) struct bytes *der = seal_fixture(world, versions[v]);
        struct seal_check check = seal_fixture_check(world);
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
            struct err err;
            check.now_utc = cases[i].now;
            assert_int_equal(verify(span_bytes(der), &check, &err), cases[i].code);
        }
    }
}

static void a_start_behind_the_end_is_never_valid(void **state)
{
    (void)state;
    AUTO(seal_recipe_freep) struct seal_recipe *recipe = seal_recipe_new(world, SEAL_V4);
    struct err err;
    seal_recipe_item(recipe, FIELD_FROM, DER_GENERALIZED_TIME, span_text("20260102000000Z"));
    seal_recipe_item(recipe, FIELD_UNTIL, DER_GENERALIZED_TIME, span_text("20251231000000Z"));
    assert_int_equal(verify_recipe(recipe, &err), ERR_SEAL_TIME);
}

/* ---- holder ---- */

static void the_signer_is_in_the_list(void **state)
{
    (void)state;
    for (size_t v = 0; v < ARRAY_SIZE(versions); v++) {
        AUTO(bytes_freep) struct bytes *der = seal_fixture(world, versions[v]);
        AUTO(cert_freep) struct cert *maker = fixture_parse(span_bytes(world->maker));
        struct seal_check check = seal_fixture_check(world);
        struct err err;
        check.signer = world->other_holder_cert;
        assert_int_equal(verify(span_bytes(der), &check, &err), ERR_NONE);
        check.signer = maker;
        assert_int_equal(verify(span_bytes(der), &check, &err), ERR_SEAL_HOLDER);
        check.signer = NULL;
        assert_int_equal(verify(span_bytes(der), &check, &err), ERR_NONE);
    }
}

/* ---- order ---- */

/* A seal in which every step fails; each repair lets the next one speak. */
static void the_steps_come_in_the_standards_order(void **state)
{
    (void)state;
    static const enum err_code expected[] = {ERR_SEAL_FORMAT, ERR_SEAL_MAKER,  ERR_SEAL_SIGNATURE,
                                             ERR_SEAL_TIME,   ERR_SEAL_HOLDER, ERR_NONE};
    AUTO(cert_freep) struct cert *maker = fixture_parse(span_bytes(world->maker));
    AUTO(bytes_freep)
    struct bytes *bad_maker = fixture_end("maker", world->maker_key, NULL, SPAN_NONE);
    for (size_t repaired = 0; repaired < ARRAY_SIZE(expected); repaired++) {
        AUTO(seal_recipe_freep) struct seal_recipe *recipe = seal_recipe_new(world, SEAL_V4);
        struct seal_check check = seal_fixture_check(world);
        struct err err;
        if (repaired < 1)
            seal_recipe_hex(recipe, FIELD_EXTENSIONS, "300C300A06022A040101FF0401AA");
        if (repaired < 2)
            seal_recipe_item(recipe, FIELD_MAKER, DER_OCTET_STRING, span_bytes(bad_maker));
        if (repaired < 3)
            seal_recipe_hex(recipe, FIELD_SIGNATURE, "03020011");
        if (repaired < 4)
            seal_recipe_item(recipe, FIELD_UNTIL, DER_GENERALIZED_TIME,
                             span_text("20251231000000Z"));
        check.signer = repaired < 5 ? maker : world->holder_cert;
        AUTO(bytes_freep) struct bytes *der = seal_recipe_build(recipe);
        assert_int_equal(verify(span_bytes(der), &check, &err), expected[repaired]);
    }
}

/* ---- every bit ---- */

/* Every step-th bit but those of the bytes from until the end. */
static void check_flips(struct span good, size_t step, size_t until)
{
    AUTO(bytes_freep) struct bytes *der = bytes_new(good);
    struct seal_check check = seal_fixture_check(world);
    struct err err;
    assert_int_equal(verify(span_bytes(der), &check, &err), ERR_NONE);
    for (size_t i = 0; i < until * 8; i += step) {
        der->at[i / 8] ^= (uint8_t)(1 << i % 8);
        if (verify(span_bytes(der), &check, &err) == ERR_NONE)
            fail_msg("bit %zu of byte %zu", i % 8, i / 8);
        der->at[i / 8] ^= (uint8_t)(1 << i % 8);
    }
}

static void set_one_holder(struct seal_recipe *recipe)
{
    AUTO(buf_done) struct buf list = BUF_INIT(CERT_BYTES_MAX);
    der_add(&list, DER_OCTET_STRING, span_bytes(world->holder));
    seal_recipe_item(recipe, FIELD_LIST, DER_SEQUENCE, buf_span(&list));
}

static void every_flipped_bit_of_v1_is_refused(void **state)
{
    (void)state;
    AUTO(seal_recipe_freep) struct seal_recipe *recipe = seal_recipe_new(world, SEAL_V1);
    set_one_holder(recipe);
    AUTO(bytes_freep) struct bytes *der = seal_recipe_build(recipe);
    check_flips(span_bytes(der), 1, der->len);
}

static void every_flipped_bit_of_v4_is_refused(void **state)
{
    (void)state;
    AUTO(seal_recipe_freep) struct seal_recipe *recipe = seal_recipe_new(world, SEAL_V4);
    seal_recipe_digests(recipe, "SM3", "SM3");
    seal_recipe_hex(recipe, FIELD_EXTENSIONS, "3015300A06022A040101000401AA300706022A050401AA");
    AUTO(bytes_freep) struct bytes *der = seal_recipe_build(recipe);
    check_flips(span_bytes(der), 1, der->len);
}

static void flipped_bits_of_a_list_of_certificates_are_refused(void **state)
{
    (void)state;
    AUTO(bytes_freep) struct bytes *der = seal_fixture(world, SEAL_V4);
    check_flips(span_bytes(der), 7, der->len);
}

/* No key's signature covers the time stamp's three bytes, which stand at the end: the maker signs
 * eSealInfo, and what the stamp vouches for is not stated. Whoever changes them could as well leave them
 * out. All around them is covered. */
static void every_flipped_bit_of_v5_is_refused(void **state)
{
    (void)state;
    AUTO(seal_recipe_freep) struct seal_recipe *recipe = seal_recipe_new(world, SEAL_V5);
    seal_recipe_digests(recipe, "SM3", "SM3");
    seal_recipe_hex(recipe, FIELD_TIME_STAMP, "A006030400112233");
    AUTO(bytes_freep) struct bytes *der = seal_recipe_build(recipe);
    check_flips(span_bytes(der), 1, der->len - 3);
}

static void flipped_bits_of_an_rsa_makers_signature_are_refused(void **state)
{
    (void)state;
    AUTO(bytes_freep) struct bytes *der = seal_fixture(rsa_world, SEAL_V4);
    struct seal_check check = seal_fixture_check(rsa_world);
    struct err err;
    for (size_t i = der->len - 280; i < der->len; i++) {
        der->at[i] ^= 1;
        assert_int_not_equal(verify(span_bytes(der), &check, &err), ERR_NONE);
        der->at[i] ^= 1;
    }
}

static int make_worlds(void **state)
{
    (void)state;
    world = seal_world_new(CERT_SM2);
    rsa_world = seal_world_new(CERT_RSA);
    return 0;
}

static int free_worlds(void **state)
{
    (void)state;
    seal_world_freep(&world);
    seal_world_freep(&rsa_world);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(good_seals_verify, fixture_no_errors_left),
        cmocka_unit_test_teardown(a_critical_extension_must_be_understood, fixture_no_errors_left),
        cmocka_unit_test_teardown(the_makers_usage_has_digital_signature, fixture_no_errors_left),
        cmocka_unit_test_teardown(a_mark_can_be_asked_of_the_maker, fixture_no_errors_left),
        cmocka_unit_test_teardown(the_maker_is_valid_then_and_now, fixture_no_errors_left),
        cmocka_unit_test_teardown(the_maker_chains_to_a_root, fixture_no_errors_left),
        cmocka_unit_test_teardown(intermediates_are_used, fixture_no_errors_left),
        cmocka_unit_test_teardown(a_maker_that_is_no_certificate, fixture_no_errors_left),
        cmocka_unit_test_teardown(the_makers_key_signed, fixture_no_errors_left),
        cmocka_unit_test_teardown(the_right_bytes_are_signed, fixture_no_errors_left),
        cmocka_unit_test_teardown(the_algorithm_is_the_keys, fixture_no_errors_left),
        cmocka_unit_test_teardown(raw_signatures_are_refused, fixture_no_errors_left),
        cmocka_unit_test_teardown(the_seal_is_valid_now, fixture_no_errors_left),
        cmocka_unit_test_teardown(a_start_behind_the_end_is_never_valid, fixture_no_errors_left),
        cmocka_unit_test_teardown(the_signer_is_in_the_list, fixture_no_errors_left),
        cmocka_unit_test_teardown(the_steps_come_in_the_standards_order, fixture_no_errors_left),
        cmocka_unit_test_teardown(every_flipped_bit_of_v1_is_refused, fixture_no_errors_left),
        cmocka_unit_test_teardown(every_flipped_bit_of_v4_is_refused, fixture_no_errors_left),
        cmocka_unit_test_teardown(flipped_bits_of_a_list_of_certificates_are_refused,
                                  fixture_no_errors_left),
        cmocka_unit_test_teardown(every_flipped_bit_of_v5_is_refused, fixture_no_errors_left),
        cmocka_unit_test_teardown(flipped_bits_of_an_rsa_makers_signature_are_refused,
                                  fixture_no_errors_left),
    };
    return cmocka_run_group_tests_name("certs/seal_verify", tests, make_worlds, free_worlds);
}
