#include "certs/seal.h"

#include <openssl/pem.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include "base/file.h"
#include "certs/der.h"
#include "certs/ossl.h"
#include "seal_fixture.h"

static struct seal_world *world;

static struct seal *parse(struct span der)
{
    struct seal *seal = NULL;
    struct err err = ERR_INIT;
    if (seal_parse(der, &seal, &err) != ERR_NONE)
        fail_msg("%s: %s", err_code_text(err.code), err.detail);
    return seal;
}

static struct seal *parse_recipe(const struct seal_recipe *recipe)
{
    AUTO(bytes_freep) struct bytes *der = seal_recipe_build(recipe);
    return parse(span_bytes(der));
}

/* ---- facts ---- */

static void facts_are_the_seals_own(void **state)
{
    (void)state;
    AUTO(bytes_freep) struct bytes *der = seal_fixture(world, SEAL_V4);
    AUTO(bytes_freep) struct bytes *kept = bytes_new(span_bytes(der));
    AUTO(seal_freep) struct seal *seal = parse(span_bytes(der));
    memset(der->at, 0, der->len);
    const struct seal_facts *facts = seal_peek(seal);
    assert_int_equal(facts->version, SEAL_V4);
    assert_string_equal(facts->vendor, "TEST&V");
    assert_string_equal(facts->id, "4401040123456");
    assert_string_equal(facts->name, "阳光建设有限公司");
    assert_string_equal(facts->picture_type, "PNG");
    assert_int_equal(facts->type, 1);
    assert_int_equal(facts->created_utc, 1766218150);
    assert_int_equal(facts->valid_from_utc, 1766275200);
    assert_int_equal(facts->valid_until_utc, 1768953599);
    assert_int_equal(facts->list, SEAL_LIST_CERTIFICATES);
    assert_int_equal(facts->holder_count, 2);
    assert_true(span_equal(facts->holders[0], span_bytes(world->other_holder)));
    assert_null(facts->holder_digests);
    assert_int_equal(facts->picture.len, 8);
    assert_int_equal(facts->picture_width_mm, 40);
    assert_int_equal(facts->picture_height_mm, 30);
    assert_true(span_equal(facts->maker_cert, span_bytes(world->maker)));
    assert_true(span_equal(facts->der, span_bytes(kept)));
    assert_int_equal(facts->algorithm.len, 8);
    assert_int_equal(facts->extension_count, 0);
    assert_int_equal(facts->time_stamp.len, 0);
}

static void facts_of_the_rarer_parts(void **state)
{
    (void)state;
    AUTO(seal_recipe_freep) struct seal_recipe *recipe = seal_recipe_new(world, SEAL_V5);
    seal_recipe_digests(recipe, "sm3", "SM3");
    seal_recipe_hex(recipe, FIELD_EXTENSIONS, "300C300A06022A040101FF0401AA");
    seal_recipe_hex(recipe, FIELD_TIME_STAMP, "A006030400010203");
    AUTO(seal_freep) struct seal *seal = parse_recipe(recipe);
    const struct seal_facts *facts = seal_peek(seal);
    assert_int_equal(facts->list, SEAL_LIST_DIGESTS);
    assert_int_equal(facts->holder_count, 2);
    assert_int_equal(facts->holders[1].len, 32);
    assert_string_equal(facts->holder_digests[0], "sm3");
    assert_string_equal(facts->holder_digests[1], "sm3");
    assert_int_equal(facts->extension_count, 1);
    assert_true(facts->extensions[0].critical);
    assert_int_equal(facts->time_stamp.len, 3);
}

static void nothing_comes_out_of_a_malformed_one(void **state)
{
    (void)state;
    struct seal *seal = NULL;
    struct err err = ERR_INIT;
    AUTO(bytes_freep) struct bytes *der = seal_fixture(world, SEAL_V1);
    assert_int_equal(seal_parse(span_of(der->at, der->len - 1), &seal, &err), ERR_SEAL_FORMAT);
    assert_int_equal(seal_parse(SPAN_NONE, &seal, &err), ERR_SEAL_FORMAT);
    AUTO(bytes_freep) struct bytes *large = bytes_new_size(SEAL_BYTES_MAX + 1);
    assert_int_equal(seal_parse(span_bytes(large), &seal, &err), ERR_SEAL_FORMAT);
    assert_null(seal);
    seal_free(NULL);
}

/* ---- whom it binds ---- */

static void certificates_bind_when_equal_to_the_byte(void **state)
{
    (void)state;
    AUTO(bytes_freep) struct bytes *der = seal_fixture(world, SEAL_V1);
    AUTO(seal_freep) struct seal *seal = parse(span_bytes(der));
    AUTO(cert_freep) struct cert *maker = fixture_parse(span_bytes(world->maker));
    AUTO(bytes_freep)
    struct bytes *renewed_der =
        fixture_end("holder", world->holder_key, world->root_key, span_bytes(world->root));
    AUTO(cert_freep) struct cert *renewed = fixture_parse(span_bytes(renewed_der));
    assert_true(seal_binds(seal, world->holder_cert));
    assert_true(seal_binds(seal, world->other_holder_cert));
    assert_false(seal_binds(seal, renewed));
    assert_false(seal_binds(seal, maker));
}

static bool digest_binds(const char *name, const char *algorithm)
{
    AUTO(seal_recipe_freep) struct seal_recipe *recipe = seal_recipe_new(world, SEAL_V4);
    AUTO(cert_freep) struct cert *maker = fixture_parse(span_bytes(world->maker));
    seal_recipe_digests(recipe, name, algorithm);
    AUTO(seal_freep) struct seal *seal = parse_recipe(recipe);
    assert_false(seal_binds(seal, maker));
    return seal_binds(seal, world->holder_cert);
}

static void digests_bind_by_their_algorithm(void **state)
{
    (void)state;
    assert_true(digest_binds("SM3", "SM3"));
    assert_true(digest_binds("sm3", "SM3"));
    assert_true(digest_binds("1.2.156.10197.1.401", "SM3"));
    assert_true(digest_binds("", "SM3"));
    assert_true(digest_binds("qianzhangren", "SM3"));
    assert_true(digest_binds("SHA256", "SHA256"));
    assert_false(digest_binds("SHA256", "SM3"));
    assert_false(digest_binds("SM3", "SHA256"));
    assert_false(digest_binds("SM3", "SHA1"));
    assert_false(digest_binds("SHA1", "SHA1"));
    assert_false(digest_binds("SHA512", "SHA512"));
}

/* A digest of the list is that of no certificate when the list holds certificates, and the reverse. */
static void the_lists_are_not_mixed_up(void **state)
{
    (void)state;
    AUTO(seal_recipe_freep) struct seal_recipe *recipe = seal_recipe_new(world, SEAL_V4);
    AUTO(buf_done) struct buf object = BUF_INIT(100);
    AUTO(buf_done) struct buf list = BUF_INIT(100);
    der_add(&object, DER_PRINTABLE_STRING, span_text("SM3"));
    der_add(&object, DER_OCTET_STRING, span_part(span_bytes(world->holder), 0, 32));
    der_add(&list, DER_SEQUENCE, buf_span(&object));
    seal_recipe_hex(recipe, FIELD_LIST_TYPE, "020102");
    seal_recipe_item(recipe, FIELD_LIST, DER_SEQUENCE, buf_span(&list));
    AUTO(seal_freep) struct seal *seal = parse_recipe(recipe);
    assert_false(seal_binds(seal, world->holder_cert));
}

/* ---- extending ---- */

static enum err_code check_extension(enum seal_field field, const char *hex)
{
    AUTO(bytes_freep) struct bytes *present_der = seal_fixture(world, SEAL_V1);
    AUTO(seal_freep) struct seal *present = parse(span_bytes(present_der));
    AUTO(seal_recipe_freep) struct seal_recipe *recipe = seal_recipe_new(world, SEAL_V4);
    struct err err = ERR_INIT;
    seal_recipe_item(recipe, FIELD_UNTIL, DER_GENERALIZED_TIME, span_text("20260121000000Z"));
    if (hex != NULL)
        seal_recipe_hex(recipe, field, hex);
    AUTO(seal_freep) struct seal *next = parse_recipe(recipe);
    enum err_code code = seal_check_extension(present, next, &err);
    assert_int_equal(code == ERR_NONE, err.detail[0] == '\0');
    return code;
}

static void an_extension_keeps_all_but_the_end(void **state)
{
    (void)state;
    static const struct {
        enum seal_field field;
        const char *hex;
        enum err_code code;
    } cases[] = {
        {FIELD_ID, NULL, ERR_NONE},
        {FIELD_VENDOR, "160141", ERR_NONE},
        {FIELD_CREATED, "180F32303236303130323030303030305A", ERR_NONE},
        {FIELD_FROM, "180F32303236303130323030303030305A", ERR_NONE},
        {FIELD_ID, "160D34343031303430313233343537", ERR_SEAL_IDENTITY},
        {FIELD_ID, "160C343430313034303132333435", ERR_SEAL_IDENTITY},
        {FIELD_NAME, "0C03E998B3", ERR_SEAL_IDENTITY},
        {FIELD_TYPE, "020102", ERR_SEAL_IDENTITY},
        {FIELD_PICTURE, "040889504E470D0A1A0B", ERR_SEAL_PICTURE},
        {FIELD_PICTURE, "040789504E470D0A1A", ERR_SEAL_PICTURE},
        {FIELD_PICTURE_TYPE, "1603424D50", ERR_SEAL_PICTURE},
        {FIELD_WIDTH, "020129", ERR_SEAL_PICTURE},
        {FIELD_HEIGHT, "02011F", ERR_SEAL_PICTURE},
        {FIELD_UNTIL, "180F32303236303132303233353935395A", ERR_SEAL_END},
        {FIELD_UNTIL, "180F32303236303132303233353935385A", ERR_SEAL_END},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        if (check_extension(cases[i].field, cases[i].hex) != cases[i].code)
            fail_msg("case %zu", i);
}

static void an_extension_goes_to_no_older_standard(void **state)
{
    (void)state;
    AUTO(bytes_freep) struct bytes *present_der = seal_fixture(world, SEAL_V4);
    AUTO(seal_freep) struct seal *present = parse(span_bytes(present_der));
    AUTO(seal_recipe_freep) struct seal_recipe *recipe = seal_recipe_new(world, SEAL_V1);
    struct err err = ERR_INIT;
    seal_recipe_item(recipe, FIELD_UNTIL, DER_UTC_TIME, span_text("260121000000Z"));
    AUTO(seal_freep) struct seal *next = parse_recipe(recipe);
    assert_int_equal(seal_check_extension(present, next, &err), ERR_SEAL_IDENTITY);
}

/* ---- seals that share no code with this reader ---- */

static struct bytes *read_sample(const char *name)
{
    AUTO(memory_freep) char *path = file_join(SEAL_SAMPLES, name);
    struct bytes *content = NULL;
    struct err err = ERR_INIT;
    if (file_read(path, SEAL_BYTES_MAX, &content, &err) != ERR_NONE)
        fail_msg("%s", err.detail);
    return content;
}

static struct cert *read_sample_cert(const char *name)
{
    AUTO(bytes_freep) struct bytes *pem = read_sample(name);
    AUTO(ossl_bio_freep) BIO *bio = BIO_new_mem_buf(pem->at, (int)pem->len);
    AUTO(ossl_x509_freep) X509 *x509 = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    uint8_t *der = NULL;
    int length = i2d_X509(x509, &der);
    assert_true(length > 0);
    struct cert *cert = fixture_parse(span_of(der, (size_t)length));
    OPENSSL_free(der);
    return cert;
}

static void samples_verify(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum seal_version version;
        bool rsa;
    } samples[] = {
        {"seal/v1.esl", SEAL_V1, false},
        {"seal/v1-extensions.esl", SEAL_V1, false},
        {"seal/v1-rsa.esl", SEAL_V1, true},
        {"seal/v4-certificates.esl", SEAL_V4, false},
        {"seal/v4-digests.esl", SEAL_V4, false},
        {"seal/v4-extensions.esl", SEAL_V4, false},
        {"seal/v4-extensions-tagged.esl", SEAL_V4, false},
        {"seal/v4-rsa.esl", SEAL_V4, true},
        {"seal/v5.esl", SEAL_V5, false},
        {"seal/v5-digests.esl", SEAL_V5, false},
        {"seal/v5-time-stamp.esl", SEAL_V5, false},
    };
    AUTO(bytes_freep) struct bytes *pem = read_sample("seal_roots.pem");
    AUTO(chain_roots_freep) struct chain_roots *roots = NULL;
    AUTO(cert_freep) struct cert *sm2 = read_sample_cert("seal_holder_sm2.pem");
    AUTO(cert_freep) struct cert *rsa = read_sample_cert("seal_holder_rsa.pem");
    struct err err = ERR_INIT;
    assert_int_equal(chain_roots_from_pem(span_bytes(pem), &roots, &err), ERR_NONE);
    for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
        AUTO(bytes_freep) struct bytes *der = read_sample(samples[i].name);
        AUTO(seal_freep) struct seal *seal = parse(span_bytes(der));
        struct seal_check check = {.roots = roots,
                                   .signer = samples[i].rsa ? rsa : sm2,
                                   .now_utc = 1798761600}; /* 2027-01-01 */
        assert_int_equal(seal_peek(seal)->version, samples[i].version);
        if (seal_verify(seal, &check, &err) != ERR_NONE)
            fail_msg("%s: %s: %s", samples[i].name, err_code_text(err.code), err.detail);
        check.signer = samples[i].rsa ? sm2 : rsa;
        assert_int_equal(seal_verify(seal, &check, &err), ERR_SEAL_HOLDER);
    }
}

static int make_world(void **state)
{
    (void)state;
    world = seal_world_new(CERT_SM2);
    return 0;
}

static int free_world(void **state)
{
    (void)state;
    seal_world_freep(&world);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(facts_are_the_seals_own, fixture_no_errors_left),
        cmocka_unit_test_teardown(facts_of_the_rarer_parts, fixture_no_errors_left),
        cmocka_unit_test_teardown(nothing_comes_out_of_a_malformed_one, fixture_no_errors_left),
        cmocka_unit_test_teardown(certificates_bind_when_equal_to_the_byte, fixture_no_errors_left),
        cmocka_unit_test_teardown(digests_bind_by_their_algorithm, fixture_no_errors_left),
        cmocka_unit_test_teardown(the_lists_are_not_mixed_up, fixture_no_errors_left),
        cmocka_unit_test_teardown(an_extension_keeps_all_but_the_end, fixture_no_errors_left),
        cmocka_unit_test_teardown(an_extension_goes_to_no_older_standard, fixture_no_errors_left),
        cmocka_unit_test_teardown(samples_verify, fixture_no_errors_left),
    };
    return cmocka_run_group_tests_name("certs/seal", tests, make_world, free_world);
}
