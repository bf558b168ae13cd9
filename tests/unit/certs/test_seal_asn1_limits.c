#include "certs/seal_asn1.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include "base/hex.h"
#include "certs/der.h"
#include "seal_checks.h"

static const enum seal_version versions[] = {SEAL_V1, SEAL_V4, SEAL_V5};

/* ---- limits ---- */

static void texts_have_a_limit(void **state)
{
    (void)state;
    static const struct {
        enum seal_field field;
        uint8_t tag;
    } cases[] = {{FIELD_VENDOR, DER_IA5_STRING},
                 {FIELD_ID, DER_IA5_STRING},
                 {FIELD_NAME, DER_UTF8_STRING},
                 {FIELD_PICTURE_TYPE, DER_IA5_STRING}};
    uint8_t text[SEAL_TEXT_BYTES_MAX + 1];
    memset(text, 'x', sizeof text);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO(seal_recipe_freep)
        struct seal_recipe *recipe = seal_recipe_new(seal_checks_world(), SEAL_V4);
        seal_recipe_item(recipe, cases[i].field, cases[i].tag, span_of(text, sizeof text - 2));
        seal_checks_good(recipe);
        seal_recipe_item(recipe, cases[i].field, cases[i].tag, span_of(text, sizeof text - 1));
        seal_checks_good(recipe);
        seal_recipe_item(recipe, cases[i].field, cases[i].tag, SPAN_ARRAY(text));
        seal_checks_refused(recipe, ERR_SEAL_FORMAT, "GB/T 38540-2020 SES_");
    }
}

static void set_list(struct seal_recipe *recipe, const char *item_hex, size_t count)
{
    AUTO(bytes_freep) struct bytes *item = fixture_hex(item_hex);
    AUTO(buf_done) struct buf list = BUF_INIT(SEAL_BYTES_MAX);
    for (size_t i = 0; i < count; i++)
        buf_add(&list, span_bytes(item));
    seal_recipe_item(recipe, FIELD_LIST, DER_SEQUENCE, buf_span(&list));
}

static void holders_have_a_limit(void **state)
{
    (void)state;
    static const struct {
        size_t count;
        enum err_code code;
    } cases[] = {{1, ERR_NONE}, {63, ERR_NONE}, {64, ERR_NONE}, {65, ERR_SEAL_FORMAT}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO(seal_recipe_freep)
        struct seal_recipe *certs = seal_recipe_new(seal_checks_world(), SEAL_V1);
        AUTO(seal_recipe_freep)
        struct seal_recipe *digests = seal_recipe_new(seal_checks_world(), SEAL_V4);
        struct err err;
        set_list(certs, "04023000", cases[i].count);
        assert_int_equal(seal_checks_read(certs, &err), cases[i].code);
        seal_recipe_hex(digests, FIELD_LIST_TYPE, "020102");
        set_list(digests, "300613016104013A", cases[i].count);
        assert_int_equal(seal_checks_read(digests, &err), cases[i].code);
    }
}

static void digests_have_their_form(void **state)
{
    (void)state;
    static const struct {
        const char *list;
        enum err_code code;
    } cases[] = {
        {"300830061301610401AA", ERR_NONE},
        {"300730051300"
         "0401AA",
         ERR_NONE},
        {"30073005130161"
         "0400",
         ERR_SEAL_FORMAT},
        {"300830061601610401AA", ERR_SEAL_FORMAT},
        {"300830060C01610401AA", ERR_SEAL_FORMAT},
        {"3008300613012A0401AA", ERR_SEAL_FORMAT},
        {"300830061301610301AA", ERR_SEAL_FORMAT},
        {"300A30081301610401AA0500", ERR_SEAL_FORMAT},
        {"300530031301"
         "61",
         ERR_SEAL_FORMAT},
        {"300404023000", ERR_SEAL_FORMAT},
        {"30023000", ERR_SEAL_FORMAT},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO(seal_recipe_freep)
        struct seal_recipe *recipe = seal_recipe_new(seal_checks_world(), SEAL_V5);
        struct err err;
        seal_recipe_hex(recipe, FIELD_LIST_TYPE, "020102");
        seal_recipe_hex(recipe, FIELD_LIST, cases[i].list);
        assert_int_equal(seal_checks_read(recipe, &err), cases[i].code);
    }
}

static void check_digest_bytes(size_t bytes, enum err_code code)
{
    AUTO(seal_recipe_freep)
    struct seal_recipe *recipe = seal_recipe_new(seal_checks_world(), SEAL_V4);
    AUTO(buf_done) struct buf object = BUF_INIT(SEAL_BYTES_MAX);
    AUTO(buf_done) struct buf list = BUF_INIT(SEAL_BYTES_MAX);
    static const uint8_t zeros[100];
    struct err err;
    der_add(&object, DER_PRINTABLE_STRING, span_text("SM3"));
    der_add(&object, DER_OCTET_STRING, span_of(zeros, bytes));
    der_add(&list, DER_SEQUENCE, buf_span(&object));
    seal_recipe_hex(recipe, FIELD_LIST_TYPE, "020102");
    seal_recipe_item(recipe, FIELD_LIST, DER_SEQUENCE, buf_span(&list));
    assert_int_equal(seal_checks_read(recipe, &err), code);
}

static void digests_have_a_limit(void **state)
{
    (void)state;
    check_digest_bytes(0, ERR_SEAL_FORMAT);
    check_digest_bytes(1, ERR_NONE);
    check_digest_bytes(63, ERR_NONE);
    check_digest_bytes(64, ERR_NONE);
    check_digest_bytes(65, ERR_SEAL_FORMAT);
}

static void check_maker_bytes(size_t bytes, enum err_code code)
{
    AUTO(seal_recipe_freep)
    struct seal_recipe *recipe = seal_recipe_new(seal_checks_world(), SEAL_V4);
    AUTO(bytes_freep) struct bytes *zeros = bytes_new_size(bytes - 4);
    AUTO(buf_done) struct buf cert = BUF_INIT(SEAL_BYTES_MAX);
    struct err err;
    der_add(&cert, DER_SEQUENCE, span_bytes(zeros));
    assert_int_equal(cert.len, bytes);
    seal_recipe_item(recipe, FIELD_MAKER, DER_OCTET_STRING, buf_span(&cert));
    assert_int_equal(seal_checks_read(recipe, &err), code);
}

static void certificates_have_a_limit(void **state)
{
    (void)state;
    check_maker_bytes(CERT_BYTES_MAX - 1, ERR_NONE);
    check_maker_bytes(CERT_BYTES_MAX, ERR_NONE);
    check_maker_bytes(CERT_BYTES_MAX + 1, ERR_SEAL_FORMAT);
}

/* A seal of so many bytes, by way of its picture. */
static struct bytes *seal_of_size(size_t bytes)
{
    AUTO(seal_recipe_freep)
    struct seal_recipe *recipe = seal_recipe_new(seal_checks_world(), SEAL_V4);
    AUTO(bytes_freep) struct bytes *picture = bytes_new_size(40000);
    seal_recipe_hex(recipe, FIELD_SIGNATURE, "03020055");
    seal_recipe_item(recipe, FIELD_PICTURE, DER_OCTET_STRING, span_bytes(picture));
    AUTO(bytes_freep) struct bytes *smaller = seal_recipe_build(recipe);
    bytes_freep(&picture);
    picture = bytes_new_size(40000 + bytes - smaller->len);
    seal_recipe_item(recipe, FIELD_PICTURE, DER_OCTET_STRING, span_bytes(picture));
    return seal_recipe_build(recipe);
}

static void a_seal_has_a_limit(void **state)
{
    (void)state;
    static const struct {
        size_t bytes;
        enum err_code code;
    } cases[] = {{65534, ERR_NONE}, {65535, ERR_NONE}, {65536, ERR_SEAL_FORMAT}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO(bytes_freep) struct bytes *der = seal_of_size(cases[i].bytes);
        struct err err;
        assert_int_equal(der->len, cases[i].bytes);
        assert_int_equal(seal_checks_read_der(span_bytes(der), &err), cases[i].code);
    }
}

/* ---- extension data ---- */

#define EXT_PLAIN \
    "3007" \
    "06022A03" \
    "0401AA"
#define EXT_FALSE \
    "300A" \
    "06022A04" \
    "010100" \
    "0401AA"
#define EXT_TRUE \
    "300A" \
    "06022A05" \
    "0101FF" \
    "0401AA"

static void extension_data_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        enum err_code code;
    } cases[] = {
        {"3000", ERR_NONE},
        {"3009" EXT_PLAIN, ERR_NONE},
        {"300C" EXT_FALSE, ERR_NONE},
        {"3021" EXT_PLAIN EXT_FALSE EXT_TRUE, ERR_NONE},
        {"A00B3009" EXT_PLAIN, ERR_NONE},
        {"A00E300C" EXT_FALSE, ERR_NONE},
        {"A0023000", ERR_NONE},
        {"3012" EXT_PLAIN EXT_PLAIN, ERR_SEAL_FORMAT},
        {"A000", ERR_SEAL_FORMAT},
        {"A009" EXT_PLAIN, ERR_SEAL_FORMAT},
        {"A10B3009" EXT_PLAIN, ERR_SEAL_FORMAT},
        {"A00430000500", ERR_SEAL_FORMAT},
        {"30000500", ERR_SEAL_FORMAT},
        {"A0023000"
         "3000",
         ERR_SEAL_FORMAT},
        {"0500", ERR_SEAL_FORMAT},
        {"3100", ERR_SEAL_FORMAT},
        {"30020500", ERR_SEAL_FORMAT},
        {"300C300A06022A040101010401AA", ERR_SEAL_FORMAT},
        {"300530030401AA", ERR_SEAL_FORMAT},
        {"3006300406022A04", ERR_SEAL_FORMAT},
        {"3009300706022A04"
         "0301AA",
         ERR_SEAL_FORMAT},
        {"300B300906022A040401AA"
         "0500",
         ERR_SEAL_FORMAT},
        {"300F300D06022A04010100010100"
         "0401AA",
         ERR_SEAL_FORMAT},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        for (size_t v = 0; v < ARRAY_SIZE(versions); v++) {
            AUTO(seal_recipe_freep)
            struct seal_recipe *recipe = seal_recipe_new(seal_checks_world(), versions[v]);
            struct err err;
            seal_recipe_hex(recipe, FIELD_EXTENSIONS, cases[i].hex);
            if (seal_checks_read(recipe, &err) != cases[i].code)
                fail_msg("%s: %s", cases[i].hex, err.detail);
        }
}

static void extension_data_are_told_apart(void **state)
{
    (void)state;
    AUTO(seal_recipe_freep)
    struct seal_recipe *recipe = seal_recipe_new(seal_checks_world(), SEAL_V4);
    seal_recipe_hex(recipe, FIELD_EXTENSIONS, "3021" EXT_PLAIN EXT_FALSE EXT_TRUE);
    AUTO(bytes_freep) struct bytes *der = seal_recipe_build(recipe);
    struct seal_parts parts;
    struct err err = ERR_INIT;
    assert_int_equal(seal_asn1_read(span_bytes(der), &parts, &err), ERR_NONE);
    assert_int_equal(parts.extension_count, 3);
    assert_false(parts.extensions[0].critical);
    assert_false(parts.extensions[1].critical);
    assert_true(parts.extensions[2].critical);
    assert_int_equal(parts.extensions[2].id.at[1], 0x05);
    assert_int_equal(parts.extensions[0].value.at[0], 0xAA);
}

static void check_extensions(size_t count, enum err_code code)
{
    AUTO(seal_recipe_freep)
    struct seal_recipe *recipe = seal_recipe_new(seal_checks_world(), SEAL_V4);
    AUTO(buf_done) struct buf list = BUF_INIT(SEAL_BYTES_MAX);
    struct err err;
    for (size_t i = 0; i < count; i++) {
        uint8_t extension[] = {0x06, 0x02, 0x2A, (uint8_t)i, 0x04, 0x01, 0x00};
        der_add(&list, DER_SEQUENCE, SPAN_ARRAY(extension));
    }
    seal_recipe_item(recipe, FIELD_EXTENSIONS, DER_SEQUENCE, buf_span(&list));
    assert_int_equal(seal_checks_read(recipe, &err), code);
}

static void extension_data_have_a_limit(void **state)
{
    (void)state;
    check_extensions(31, ERR_NONE);
    check_extensions(32, ERR_NONE);
    check_extensions(33, ERR_SEAL_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(texts_have_a_limit, fixture_no_errors_left),
        cmocka_unit_test_teardown(holders_have_a_limit, fixture_no_errors_left),
        cmocka_unit_test_teardown(digests_have_their_form, fixture_no_errors_left),
        cmocka_unit_test_teardown(digests_have_a_limit, fixture_no_errors_left),
        cmocka_unit_test_teardown(certificates_have_a_limit, fixture_no_errors_left),
        cmocka_unit_test_teardown(a_seal_has_a_limit, fixture_no_errors_left),
        cmocka_unit_test_teardown(extension_data_are_read, fixture_no_errors_left),
        cmocka_unit_test_teardown(extension_data_are_told_apart, fixture_no_errors_left),
        cmocka_unit_test_teardown(extension_data_have_a_limit, fixture_no_errors_left),
    };
    return cmocka_run_group_tests_name("certs/seal_asn1_limits", tests, seal_checks_start,
                                       seal_checks_stop);
}
