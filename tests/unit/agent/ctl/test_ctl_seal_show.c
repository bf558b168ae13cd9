#include "agent/ctl/ctl_seal_show.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/clock.h"
#include "certs/der.h"
#include "tests/unit/certs/seal_fixture.h"

static struct seal_world *world;

static struct json *json_of(const struct seal_recipe *recipe)
{
    AUTO(bytes_freep) struct bytes *der = seal_recipe_build(recipe);
    AUTO(seal_freep) struct seal *seal = NULL;
    struct err err = ERR_INIT;
    if (seal_parse(span_bytes(der), &seal, &err) != ERR_NONE)
        fail_msg("%s", err.detail);
    return ctl_seal_json(seal);
}

static char *text_of(const struct json *json, enum lang lang)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    assert_non_null(out);
    ctl_seal_print(out, json, lang);
    assert_int_equal(fclose(out), 0);
    return text;
}

static void check_text(const struct json *json, const char *name, const char *value)
{
    const char *text = json_text_of(json_member(json, name));
    assert_non_null(text);
    assert_string_equal(text, value);
}

static void check_has(const char *text, const char *part)
{
    if (strstr(text, part) == NULL)
        fail_msg("\"%s\" is not in\n%s", part, text);
}

static void every_fact_is_in_the_json(void **state)
{
    AUTO(seal_recipe_freep) struct seal_recipe *recipe = seal_recipe_new(world, SEAL_V5);
    seal_recipe_hex(recipe, FIELD_EXTENSIONS, "300D300B06032A0304010100040161");
    seal_recipe_hex(recipe, FIELD_TIME_STAMP, "A006030400010203");
    AUTO(json_freep) struct json *json = json_of(recipe);
    AUTO(memory_freep) char *text = json_print(json);
    check_has(text,
              "{\"version\":5,\"vendor\":\"TEST&V\",\"id\":\"4401040123456\","
              "\"name\":\"阳光建设有限公司\",\"type\":1,\"created\":\"2025-12-20T08:09:10Z\","
              "\"valid_from\":\"2025-12-21T00:00:00Z\",\"valid_until\":\"2026-01-20T23:59:59Z\","
              "\"picture\":{\"type\":\"PNG\",\"bytes\":8,\"width_mm\":40,\"height_mm\":30},"
              "\"list\":\"certificates\",\"holders\":[{");
    check_has(text, "\"signature_algorithm\":\"1.2.156.10197.1.501\",\"extensions\":[{\"id\":"
                    "\"1.2.3.4\",\"critical\":false,\"value\":\"YQ==\"}],\"time_stamp\":\"AQID\"");
    assert_int_equal(json_count(json_member(json, "holders")), 2);
    check_text(json_item(json_member(json, "holders"), 1), "common_name", "holder");
    check_text(json_member(json, "maker"), "common_name", "制章人");
}

static void every_fact_is_in_the_text(void **state)
{
    AUTO(seal_recipe_freep) struct seal_recipe *recipe = seal_recipe_new(world, SEAL_V5);
    seal_recipe_hex(recipe, FIELD_EXTENSIONS, "300D300B06032A0304010100040161");
    seal_recipe_hex(recipe, FIELD_TIME_STAMP, "A006030400010203");
    AUTO(json_freep) struct json *json = json_of(recipe);
    AUTO(memory_freep) char *text = text_of(json, LANG_EN);
    static const char *const lines[] = {
        "Seal: 阳光建设有限公司\n",
        "  Id: 4401040123456\n",
        "  Version: V5, GM/T 0031-2025\n",
        "  Vendor: TEST&V\n",
        "  Type: unit seal\n",
        "  Created: 2025-12-20T08:09:10Z\n",
        "  Valid: 2025-12-21T00:00:00Z to 2026-01-20T23:59:59Z\n",
        "  Picture: PNG, 40 x 30 mm, 8 bytes\n",
        "  Extension data: 1.2.3.4 YQ==\n",
        "  Signature algorithm: 1.2.156.10197.1.501\n",
        "  Time stamp (not verified): AQID\n",
        "Maker\n  signing certificate\n",
        "    Name: 制章人\n",
        "Holders\n  signing certificate\n",
        "    Name: other\n",
        "    Name: holder\n",
    };
    for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
        check_has(text, lines[i]);
}

static void digests_are_shown(void **state)
{
    AUTO(seal_recipe_freep) struct seal_recipe *recipe = seal_recipe_new(world, SEAL_V4);
    seal_recipe_hex(recipe, FIELD_LIST_TYPE, "020102");
    seal_recipe_hex(recipe, FIELD_LIST, "300B30091303534D330402AB01");
    AUTO(json_freep) struct json *json = json_of(recipe);
    AUTO(memory_freep) char *text = text_of(json, LANG_ZH);
    check_text(json, "list", "digests");
    check_has(text, "签章者\n    证书杂凑值：SM3 AB01\n");
    check_has(text, "  版本：V4, GB/T 38540-2020\n");
    check_has(text, "  图片：PNG，40 × 30 毫米，8 字节\n");
    assert_null(strstr(text, "时间戳"));
}

static void certificates_that_cant_be_read_are_named(void **state)
{
    AUTO(seal_recipe_freep) struct seal_recipe *recipe = seal_recipe_new(world, SEAL_V1);
    seal_recipe_hex(recipe, FIELD_LIST, "300404023000");
    seal_recipe_hex(recipe, FIELD_MAKER, "04023000");
    AUTO(json_freep) struct json *json = json_of(recipe);
    AUTO(memory_freep) char *text = text_of(json, LANG_EN);
    check_text(json_member(json, "maker"), "error", "der");
    check_has(text, "Maker\n    Not readable: certificate");
    check_has(text, "Holders\n    Not readable: certificate");
}

static void kinds_of_seals(void **state)
{
    static const struct {
        const char *type, *text;
    } cases[] = {
        {"020101", "  Type: unit seal\n"},
        {"020102", "  Type: personal seal\n"},
        {"020163", "  Type: 99\n"},
        {"02087FFFFFFFFFFFFFFF", "  Type: "},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO(seal_recipe_freep) struct seal_recipe *recipe = seal_recipe_new(world, SEAL_V4);
        seal_recipe_hex(recipe, FIELD_TYPE, cases[i].type);
        AUTO(json_freep) struct json *json = json_of(recipe);
        AUTO(memory_freep) char *text = text_of(json, LANG_EN);
        check_has(text, cases[i].text);
    }
}

static void object_identifiers(void **state)
{
    static const struct {
        const char *hex, *text;
    } cases[] = {
        {"060127", "0.39"},
        {"060128", "1.0"},
        {"06014F", "1.39"},
        {"060150", "2.0"},
        {"06028837", "2.999"},
        {"06082A811CCF55018375", "1.2.156.10197.1.501"},
        {"06092A864886F70D01010B", "1.2.840.113549.1.1.11"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO(seal_recipe_freep) struct seal_recipe *recipe = seal_recipe_new(world, SEAL_V4);
        seal_recipe_hex(recipe, FIELD_ALGORITHM, cases[i].hex);
        AUTO(json_freep) struct json *json = json_of(recipe);
        check_text(json, "signature_algorithm", cases[i].text);
    }
}

static void a_long_object_identifier_is_hexadecimal(void **state)
{
    AUTO(seal_recipe_freep) struct seal_recipe *recipe = seal_recipe_new(world, SEAL_V4);
    uint8_t oid[300];
    memset(oid, 1, sizeof oid);
    seal_recipe_item(recipe, FIELD_ALGORITHM, DER_OID, SPAN_ARRAY(oid));
    AUTO(json_freep) struct json *json = json_of(recipe);
    const char *text = json_text_of(json_member(json, "signature_algorithm"));
    assert_int_equal(strlen(text), 600);
    assert_memory_equal(text, "0101", 4);
}

static int make_world(void **state)
{
    world = seal_world_new(CERT_SM2);
    return 0;
}

static int free_world(void **state)
{
    seal_world_freep(&world);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_fact_is_in_the_json),
        cmocka_unit_test(every_fact_is_in_the_text),
        cmocka_unit_test(digests_are_shown),
        cmocka_unit_test(certificates_that_cant_be_read_are_named),
        cmocka_unit_test(kinds_of_seals),
        cmocka_unit_test(object_identifiers),
        cmocka_unit_test(a_long_object_identifier_is_hexadecimal),
    };
    return cmocka_run_group_tests(tests, make_world, free_world);
}
