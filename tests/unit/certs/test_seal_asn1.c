#include "certs/seal_asn1.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include "base/hex.h"
#include "certs/der.h"
#include "seal_checks.h"

#define IN_V1 1
#define IN_V4 2
#define IN_V5 4
#define IN_ALL 7

static const struct {
    enum seal_version version;
    unsigned bit;
} versions[] = {{SEAL_V1, IN_V1}, {SEAL_V4, IN_V4}, {SEAL_V5, IN_V5}};

/* ---- one field at a time ---- */

struct variant {
    unsigned in; /* which versions */
    enum seal_field field;
    const char *hex;
};

static void each_variant(const struct variant *variant, enum err_code code, const char *where)
{
    for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
        if ((variant->in & versions[i].bit) == 0)
            continue;
        AUTO(seal_recipe_freep)
        struct seal_recipe *recipe = seal_recipe_new(seal_checks_world(), versions[i].version);
        seal_recipe_hex(recipe, variant->field, variant->hex);
        if (code == ERR_NONE)
            seal_checks_good(recipe);
        else
            seal_checks_refused(recipe, code, where);
    }
}

static void the_three_versions_are_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
        AUTO(bytes_freep)
        struct bytes *der = seal_fixture(seal_checks_world(), versions[i].version);
        struct seal_parts parts;
        struct err err = ERR_INIT;
        assert_int_equal(seal_asn1_read(span_bytes(der), &parts, &err), ERR_NONE);
        assert_int_equal(parts.version, versions[i].version);
        assert_true(span_equal(parts.vendor, span_text("TEST&V")));
        assert_true(span_equal(parts.id, span_text("4401040123456")));
        assert_true(span_equal(parts.name, span_text("阳光建设有限公司")));
        assert_int_equal(parts.type, 1);
        assert_int_equal(parts.list, SEAL_LIST_CERTIFICATES);
        assert_int_equal(parts.holder_count, 2);
        assert_true(span_equal(parts.holders[1], span_bytes(seal_checks_world()->holder)));
        assert_int_equal(parts.created_utc, 1766218150);
        assert_int_equal(parts.valid_from_utc, 1766275200);
        assert_int_equal(parts.valid_until_utc, 1768953599);
        assert_true(span_equal(parts.picture_type, span_text("PNG")));
        assert_int_equal(parts.picture.len, 8);
        assert_int_equal(parts.picture_width_mm, 40);
        assert_int_equal(parts.picture_height_mm, 30);
        assert_int_equal(parts.extension_count, 0);
        assert_true(span_equal(parts.maker_cert, span_bytes(seal_checks_world()->maker)));
        assert_int_equal(parts.time_stamp.len, 0);
    }
}

static void every_field_has_its_form(void **state)
{
    (void)state;
    static const struct {
        struct variant variant;
        const char *where;
    } cases[] = {
        {{IN_ALL, FIELD_HEADER_ID, ""}, "SES_Header.ID"},
        {{IN_ALL, FIELD_HEADER_ID,
          "16024553"
          "160145"},
         "SES_Header.version"},
        {{IN_ALL, FIELD_HEADER_ID, "16026573"}, "SES_Header.ID"},
        {{IN_ALL, FIELD_HEADER_ID, "1603455300"}, "SES_Header.ID"},
        {{IN_ALL, FIELD_HEADER_ID, "0C024553"}, "SES_Header.ID"},
        {{IN_ALL, FIELD_HEADER_VERSION, ""}, "SES_Header.version"},
        {{IN_ALL, FIELD_HEADER_VERSION, "0201FF"}, "SES_Header.version"},
        {{IN_ALL, FIELD_HEADER_VERSION, "02050100000004"}, "SES_Header.version"},
        {{IN_ALL, FIELD_VENDOR, "0C0141"}, "SES_Header.Vid"},
        {{IN_ALL, FIELD_VENDOR, "1601C1"}, "SES_Header.Vid"},
        {{IN_ALL, FIELD_VENDOR, "16024100"}, "SES_Header.Vid"},
        {{IN_ALL, FIELD_VENDOR, "1602411B"}, "SES_Header.Vid"},
        {{IN_ALL, FIELD_VENDOR, "16027F41"}, "SES_Header.Vid"},
        {{IN_ALL, FIELD_HEADER_MORE, "0500"}, "SES_Header"},
        {{IN_ALL, FIELD_ID, "1600"}, "SES_SealInfo.esID"},
        {{IN_ALL, FIELD_ID, "0C0141"}, "SES_SealInfo.esID"},
        {{IN_ALL, FIELD_ID, "1602E998"}, "SES_SealInfo.esID"},
        {{IN_ALL, FIELD_ID, ""}, "SES_SealInfo.esID"},
        {{IN_ALL, FIELD_TYPE, "0201FF"}, "SES_ESPropertyInfo.type"},
        {{IN_ALL, FIELD_TYPE, "0A0101"}, "SES_ESPropertyInfo.type"},
        {{IN_ALL, FIELD_TYPE, "0209008000000000000000"}, "SES_ESPropertyInfo.type"},
        {{IN_ALL, FIELD_NAME, "160141"}, "SES_ESPropertyInfo.name"},
        {{IN_ALL, FIELD_NAME, "0C02E998"}, "SES_ESPropertyInfo.name"},
        {{IN_ALL, FIELD_NAME, "0C02C080"}, "SES_ESPropertyInfo.name"},
        {{IN_ALL, FIELD_NAME, "0C03EDA080"}, "SES_ESPropertyInfo.name"},
        {{IN_ALL, FIELD_NAME, "0C0100"}, "SES_ESPropertyInfo.name"},
        {{IN_ALL, FIELD_NAME, "0C021B5B"}, "SES_ESPropertyInfo.name"},
        {{IN_ALL, FIELD_NAME, "0C02C29B"}, "SES_ESPropertyInfo.name"},
        {{IN_V1, FIELD_LIST_TYPE, "020101"}, "SES_ESPropertyInfo.certList"},
        {{IN_V4 | IN_V5, FIELD_LIST_TYPE, ""}, "SES_ESPropertyInfo.certListType"},
        {{IN_V4 | IN_V5, FIELD_LIST_TYPE, "020100"}, "SES_ESPropertyInfo.certListType"},
        {{IN_V4 | IN_V5, FIELD_LIST_TYPE, "020102"}, "SES_ESPropertyInfo.certList"},
        {{IN_V4 | IN_V5, FIELD_LIST_TYPE, "020103"}, "SES_ESPropertyInfo.certListType"},
        {{IN_V4 | IN_V5, FIELD_LIST_TYPE, "0201FF"}, "SES_ESPropertyInfo.certListType"},
        {{IN_ALL, FIELD_LIST, "3000"}, "SES_ESPropertyInfo.certList"},
        {{IN_ALL, FIELD_LIST, "3100"}, "SES_ESPropertyInfo.certList"},
        {{IN_ALL, FIELD_LIST, "30020400"}, "SES_ESPropertyInfo.certList"},
        {{IN_ALL, FIELD_LIST, "30023000"}, "SES_ESPropertyInfo.certList"},
        {{IN_ALL, FIELD_LIST, "300404023001"}, "SES_ESPropertyInfo.certList"},
        {{IN_ALL, FIELD_LIST,
          "30060404"
          "30000500"},
         "SES_ESPropertyInfo.certList"},
        {{IN_ALL, FIELD_LIST, "300404023100"}, "SES_ESPropertyInfo.certList"},
        {{IN_ALL, FIELD_CREATED, ""}, "SES_ESPropertyInfo."},
        {{IN_ALL, FIELD_PROPERTY_MORE, "0500"}, "SES_ESPropertyInfo"},
        {{IN_ALL, FIELD_PICTURE_TYPE, "1600"}, "SES_ESPictrueInfo.type"},
        {{IN_ALL, FIELD_PICTURE_TYPE, "0C03504E47"}, "SES_ESPictrueInfo.type"},
        {{IN_ALL, FIELD_PICTURE, "0400"}, "SES_ESPictrueInfo.data"},
        {{IN_ALL, FIELD_PICTURE, "03020000"}, "SES_ESPictrueInfo.data"},
        {{IN_ALL, FIELD_WIDTH, "020100"}, "SES_ESPictrueInfo.width"},
        {{IN_ALL, FIELD_WIDTH, "020200C9"}, "SES_ESPictrueInfo.width"},
        {{IN_ALL, FIELD_WIDTH, "0201FF"}, "SES_ESPictrueInfo.width"},
        {{IN_ALL, FIELD_HEIGHT, "020100"}, "SES_ESPictrueInfo.height"},
        {{IN_ALL, FIELD_HEIGHT, "020200C9"}, "SES_ESPictrueInfo.height"},
        {{IN_ALL, FIELD_HEIGHT, ""}, "SES_ESPictrueInfo.height"},
        {{IN_ALL, FIELD_PICTURE_MORE, "0500"}, "SES_ESPictrueInfo"},
        {{IN_ALL, FIELD_MAKER, "0400"}, "SESeal.cert"},
        {{IN_ALL, FIELD_MAKER, "04023001"}, "SESeal.cert"},
        {{IN_ALL, FIELD_MAKER, "040430000500"}, "SESeal.cert"},
        {{IN_ALL, FIELD_MAKER, "3000"}, "SESeal.cert"},
        {{IN_ALL, FIELD_ALGORITHM, "300A06082A811CCF55018375"}, "SESeal.signAlgID"},
        {{IN_ALL, FIELD_SIGNATURE, "030100"}, "SESeal.signedValue"},
        {{IN_ALL, FIELD_SIGNATURE, "03020780"}, "SESeal.signedValue"},
        {{IN_ALL, FIELD_SIGNATURE, "04023000"}, "SESeal.signedValue"},
        {{IN_V1, FIELD_ALGORITHM, ""}, "SESeal.signAlgID"},
        {{IN_V4 | IN_V5, FIELD_ALGORITHM, ""}, "SESeal: 3 parts"},
        {{IN_V1, FIELD_SIGN_INFO_MORE, "0500"}, "SESeal"},
        {{IN_V4, FIELD_SIGN_INFO_MORE, "0500"}, "SESeal: 5 parts"},
        {{IN_V5, FIELD_SIGN_INFO_MORE, "0500"}, "SESeal.timeStamp"},
        {{IN_V1, FIELD_MORE, "0500"}, "SESeal: 3 parts"},
        {{IN_V4, FIELD_MORE, "0500"}, "SESeal: 5 parts"},
        {{IN_V4, FIELD_TIME_STAMP, "A0040302003A"}, "SESeal: 5 parts"},
        {{IN_V5, FIELD_TIME_STAMP, "0302003A"}, "SESeal.timeStamp"},
        {{IN_V5, FIELD_TIME_STAMP, "A1040302003A"}, "SESeal.timeStamp"},
        {{IN_V5, FIELD_TIME_STAMP, "A003030100"}, "SESeal.timeStamp"},
        {{IN_V5, FIELD_TIME_STAMP, "A00403020180"}, "SESeal.timeStamp"},
        {{IN_V5, FIELD_TIME_STAMP, "A0060302003A0500"}, "SESeal.timeStamp"},
        {{IN_V5, FIELD_TIME_STAMP, "A000"}, "SESeal.timeStamp"},
        {{IN_V5, FIELD_TIME_STAMP, "A0040302003A0500"}, "SESeal: 6 parts"},
        {{IN_V5, FIELD_TIME_STAMP, "8002003A"}, "SESeal.timeStamp"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        each_variant(&cases[i].variant, ERR_SEAL_FORMAT, cases[i].where);
}

static void what_other_makers_write_is_read(void **state)
{
    (void)state;
    static const struct variant good[] = {
        {IN_ALL, FIELD_VENDOR, "1600"},
        {IN_ALL, FIELD_TYPE, "020100"},
        {IN_ALL, FIELD_TYPE, "020163"},
        {IN_ALL, FIELD_TYPE, "02087FFFFFFFFFFFFFFF"},
        {IN_ALL, FIELD_NAME, "0C00"},
        {IN_ALL, FIELD_NAME, "0C04F09F9887"},
        {IN_ALL, FIELD_NAME, "0C02C2A0"},
        {IN_ALL, FIELD_ID, "16037B7E7D"},
        {IN_ALL, FIELD_PICTURE_TYPE, "1603706E67"},
        {IN_ALL, FIELD_PICTURE_TYPE, "16034F4644"},
        {IN_ALL, FIELD_WIDTH, "020101"},
        {IN_ALL, FIELD_WIDTH, "020200C8"},
        {IN_ALL, FIELD_HEIGHT, "020101"},
        {IN_ALL, FIELD_HEIGHT, "020200C8"},
        {IN_ALL, FIELD_ALGORITHM, "06082A811CCF5501822D"}, /* judged with the signature */
        {IN_V5, FIELD_TIME_STAMP, "A006030400010203"},
        {IN_V5, FIELD_TIME_STAMP, "A0040302003A"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(good); i++)
        each_variant(&good[i], ERR_NONE, NULL);
}

static void unknown_versions_are_told(void **state)
{
    (void)state;
    static const char *const numbers[] = {"020100", "020102", "020103", "020106", "02047FFFFFFF"};
    for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
        each_variant(&(struct variant){IN_ALL, FIELD_HEADER_VERSION, numbers[i]}, ERR_SEAL_VERSION,
                     "SES_Header.version");
}

/* The header says one version, the parts are those of another. */
static void the_parts_fit_the_version(void **state)
{
    (void)state;
    each_variant(&(struct variant){IN_V4 | IN_V5, FIELD_HEADER_VERSION, "020101"}, ERR_SEAL_FORMAT,
                 "GM/T 0031-2014 SES_ESPropertyInfo.certList");
    each_variant(&(struct variant){IN_V1, FIELD_HEADER_VERSION, "020104"}, ERR_SEAL_FORMAT,
                 "GB/T 38540-2020 SES_ESPropertyInfo.certListType");
    each_variant(&(struct variant){IN_V1, FIELD_HEADER_VERSION, "020105"}, ERR_SEAL_FORMAT,
                 "GM/T 0031-2025 SES_ESPropertyInfo.certListType");
    each_variant(&(struct variant){IN_V4, FIELD_HEADER_VERSION, "020105"}, ERR_NONE, NULL);
    AUTO(seal_recipe_freep)
    struct seal_recipe *recipe = seal_recipe_new(seal_checks_world(), SEAL_V1);
    recipe->form = SEAL_V4;
    seal_checks_refused(recipe, ERR_SEAL_FORMAT, "GM/T 0031-2014 SESeal: 4 parts");
}

/* ---- times ---- */

static void times_are_utc_with_seconds(void **state)
{
    (void)state;
    static const struct {
        unsigned in;
        uint8_t tag;
        const char *text;
        bool good;
    } cases[] = {
        {IN_V1, DER_UTC_TIME, "240229235959Z", true},
        {IN_V1, DER_UTC_TIME, "491231235959Z", true},
        {IN_V1, DER_UTC_TIME, "500101000000Z", true},
        {IN_V1, DER_UTC_TIME, "2402292359Z", false},
        {IN_V1, DER_UTC_TIME, "240229235959", false},
        {IN_V1, DER_UTC_TIME, "240229235959+0800", false},
        {IN_V1, DER_UTC_TIME, "250229235959Z", false},
        {IN_V1, DER_UTC_TIME, "241329235959Z", false},
        {IN_V1, DER_UTC_TIME, "240229245959Z", false},
        {IN_V1, DER_UTC_TIME, "240229235960Z", false},
        {IN_V1, DER_UTC_TIME, "24022923595 Z", false},
        {IN_V1, DER_UTC_TIME, "/00101000000Z", false},
        {IN_V1, DER_GENERALIZED_TIME, "20240229235959Z", false},
        {IN_V1, DER_UTC_TIME, "20240229235959Z", false},
        {IN_V4 | IN_V5, DER_GENERALIZED_TIME, "20240229235959Z", true},
        {IN_V4 | IN_V5, DER_GENERALIZED_TIME, "99991231235959Z", true},
        {IN_V4 | IN_V5, DER_GENERALIZED_TIME, "20240229235959.5Z", false},
        {IN_V4 | IN_V5, DER_GENERALIZED_TIME, "202402292359Z", false},
        {IN_V4 | IN_V5, DER_GENERALIZED_TIME, "20240229235959z", false},
        {IN_V4 | IN_V5, DER_GENERALIZED_TIME, "20240229235959", false},
        {IN_V4 | IN_V5, DER_GENERALIZED_TIME, "20240230235959Z", false},
        {IN_V4 | IN_V5, DER_GENERALIZED_TIME, " 0240229235959Z", false},
        {IN_V4 | IN_V5, DER_GENERALIZED_TIME, "00000101000000Z", false},
        {IN_V4 | IN_V5, DER_UTC_TIME, "240229235959Z", false},
        {IN_V4 | IN_V5, DER_GENERALIZED_TIME, "", false},
    };
    static const struct {
        enum seal_field field;
        const char *where;
    } fields[] = {
        {FIELD_CREATED, "createDate"}, {FIELD_FROM, "validStart"}, {FIELD_UNTIL, "validEnd"}};
    for (size_t i = 0; i < ARRAY_SIZE(cases) * ARRAY_SIZE(fields) * ARRAY_SIZE(versions); i++) {
        size_t v = i % ARRAY_SIZE(versions), f = i / ARRAY_SIZE(versions) % ARRAY_SIZE(fields);
        size_t c = i / ARRAY_SIZE(versions) / ARRAY_SIZE(fields);
        if ((cases[c].in & versions[v].bit) == 0)
            continue;
        AUTO(seal_recipe_freep)
        struct seal_recipe *recipe = seal_recipe_new(seal_checks_world(), versions[v].version);
        seal_recipe_item(recipe, fields[f].field, cases[c].tag, span_text(cases[c].text));
        if (cases[c].good)
            seal_checks_good(recipe);
        else
            seal_checks_refused(recipe, ERR_SEAL_FORMAT, fields[f].where);
    }
}

static int64_t created(const char *utc_time)
{
    AUTO(seal_recipe_freep)
    struct seal_recipe *recipe = seal_recipe_new(seal_checks_world(), SEAL_V1);
    seal_recipe_item(recipe, FIELD_CREATED, DER_UTC_TIME, span_text(utc_time));
    AUTO(bytes_freep) struct bytes *der = seal_recipe_build(recipe);
    struct seal_parts parts;
    struct err err = ERR_INIT;
    assert_int_equal(seal_asn1_read(span_bytes(der), &parts, &err), ERR_NONE);
    return parts.created_utc;
}

static void two_digits_of_a_year_turn_at_50(void **state)
{
    (void)state;
    assert_int_equal(created("491231235959Z"), 2524607999);
    assert_int_equal(created("500101000000Z"), -631152000);
    assert_int_equal(created("700101000000Z"), 0);
    assert_int_equal(created("000101000000Z"), 946684800);
}

/* ---- bytes ---- */

static void cuts_and_trailing_bytes_are_refused(void **state)
{
    (void)state;
    for (size_t v = 0; v < ARRAY_SIZE(versions); v++) {
        AUTO(bytes_freep)
        struct bytes *der = seal_fixture(seal_checks_world(), versions[v].version);
        AUTO(bytes_freep) struct bytes *longer = bytes_new_size(der->len + 1);
        struct err err;
        for (size_t length = 0; length < der->len; length++) {
            AUTO(bytes_freep) struct bytes *cut = bytes_new(span_of(der->at, length));
            assert_int_equal(seal_checks_read_der(span_bytes(cut), &err), ERR_SEAL_FORMAT);
        }
        memcpy(longer->at, der->at, der->len);
        assert_int_equal(seal_checks_read_der(span_bytes(longer), &err), ERR_SEAL_FORMAT);
    }
}

static void outer_shapes_are_refused(void **state)
{
    (void)state;
    static const char *const shapes[] = {
        "",
        "30",
        "3000",
        "3080",
        "30800000",
        "3100",
        "0500",
        "30023000",
        "3004300030 00",
        "300430003000",
        "3081020500",
        "30020500",
        "A0023000",
        "30063000300030003000",
    };
    for (size_t i = 0; i < ARRAY_SIZE(shapes); i++) {
        AUTO(bytes_freep) struct bytes *der = hex_decode(shapes[i]);
        struct err err;
        assert_int_equal(seal_checks_read_der(span_bytes(der), &err), ERR_SEAL_FORMAT);
    }
}

static void the_signed_bytes_are_those_of_the_version(void **state)
{
    (void)state;
    static const uint8_t info[] = {0x30, 0x00}, cert[] = {0x04, 0x01, 0x11},
                         oid[] = {0x06, 0x01, 7};
    static const uint8_t v1[] = {0x30, 0x08, 0x30, 0x00, 0x04, 0x01, 0x11, 0x06, 0x01, 7};
    for (size_t v = 0; v < ARRAY_SIZE(versions); v++) {
        struct seal_parts parts = {.version = versions[v].version,
                                   .info = SPAN_ARRAY(info),
                                   .maker_whole = SPAN_ARRAY(cert),
                                   .algorithm_whole = SPAN_ARRAY(oid)};
        AUTO(bytes_freep) struct bytes *message = seal_asn1_signed_bytes(&parts);
        struct span expected = parts.version == SEAL_V1 ? SPAN_ARRAY(v1) : SPAN_ARRAY(info);
        assert_true(span_equal(span_bytes(message), expected));
    }
}

static void algorithms_have_their_oid(void **state)
{
    (void)state;
    AUTO(bytes_freep) struct bytes *sm2 = fixture_hex("06082A811CCF55018375");
    AUTO(bytes_freep) struct bytes *rsa = fixture_hex("06092A864886F70D01010B");
    assert_true(span_equal(seal_asn1_algorithm(CERT_SM2), span_bytes(sm2)));
    assert_true(span_equal(seal_asn1_algorithm(CERT_RSA), span_bytes(rsa)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(the_three_versions_are_read, fixture_no_errors_left),
        cmocka_unit_test_teardown(every_field_has_its_form, fixture_no_errors_left),
        cmocka_unit_test_teardown(what_other_makers_write_is_read, fixture_no_errors_left),
        cmocka_unit_test_teardown(unknown_versions_are_told, fixture_no_errors_left),
        cmocka_unit_test_teardown(the_parts_fit_the_version, fixture_no_errors_left),
        cmocka_unit_test_teardown(times_are_utc_with_seconds, fixture_no_errors_left),
        cmocka_unit_test_teardown(two_digits_of_a_year_turn_at_50, fixture_no_errors_left),
        cmocka_unit_test_teardown(cuts_and_trailing_bytes_are_refused, fixture_no_errors_left),
        cmocka_unit_test_teardown(outer_shapes_are_refused, fixture_no_errors_left),
        cmocka_unit_test_teardown(the_signed_bytes_are_those_of_the_version,
                                  fixture_no_errors_left),
        cmocka_unit_test_teardown(algorithms_have_their_oid, fixture_no_errors_left),
    };
    return cmocka_run_group_tests_name("certs/seal_asn1", tests, seal_checks_start,
                                       seal_checks_stop);
}
