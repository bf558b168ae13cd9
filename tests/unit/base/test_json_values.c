#include "base/json.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/base/json_text.h"

/* ---- reading by table ---- */

static void fields_are_read(void **state)
{
    (void)state;
    AUTO(json_freep)
    struct json *json = parsed("{\"text\":\"阳\",\"integer\":5,\"bool\":true,\"object\":{\"x\":1},"
                               "\"array\":[1,2],\"base64\":\"AQI=\",\"nothing\":null}");
    const char *text = NULL;
    const char *nothing = "kept";
    const char *absent = "kept";
    int64_t integer = 0;
    bool boolean = false;
    const struct json *object = NULL;
    const struct json *array = NULL;
    AUTO(bytes_freep) struct bytes *base64 = NULL;
    struct err err = ERR_INIT;
    const struct json_field fields[] = {
        {"text", JSON_TEXT, .limit = 3, .out = &text},
        {"integer", JSON_INTEGER, .limit = 5, .out = &integer},
        {"bool", JSON_BOOL, .out = &boolean},
        {"object", JSON_OBJECT, .out = &object},
        {"array", JSON_ARRAY, .limit = 2, .out = &array},
        {"base64", JSON_BASE64, .limit = 2, .out = &base64},
        {"nothing", JSON_TEXT, .limit = 9, .optional = true, .out = &nothing},
        {"absent", JSON_TEXT, .limit = 9, .optional = true, .out = &absent},
    };
    assert_int_equal(json_read(json, fields, ARRAY_SIZE(fields), JSON_UNKNOWN_REFUSED, &err),
                     ERR_NONE);
    assert_string_equal(text, "阳");
    assert_int_equal(integer, 5);
    assert_true(boolean);
    assert_true(json_is_object(object));
    assert_int_equal(json_count(array), 2);
    assert_true(span_equal(span_bytes(base64), SPAN_ARRAY(((uint8_t[]){1, 2}))));
    assert_string_equal(nothing, "kept");
    assert_string_equal(absent, "kept");
}

/* One field "f" of this type and limit. */
static enum err_code read_field(const char *value, enum json_type type, size_t limit)
{
    AUTO(memory_freep) char *text = memory_printf("{\"f\":%s}", value);
    AUTO(json_freep) struct json *json = parsed(text);
    union {
        const char *text;
        int64_t integer;
        bool boolean;
        const struct json *json;
        struct bytes *bytes;
    } out = {0};
    const struct json_field field = {"f", type, .limit = limit, .out = &out};
    struct err err = ERR_INIT;
    enum err_code code = json_read(json, &field, 1, JSON_UNKNOWN_REFUSED, &err);
    if (code == ERR_NONE && type == JSON_BASE64)
        bytes_free(out.bytes);
    else if (code != ERR_NONE)
        assert_non_null(strstr(err.detail, "f"));
    return code;
}

static void each_type_has_its_limits(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        enum json_type type;
        size_t limit;
        enum err_code code;
    } cases[] = {
        {"\"a\"", JSON_TEXT, 2, ERR_NONE},
        {"\"ab\"", JSON_TEXT, 2, ERR_NONE},
        {"\"abc\"", JSON_TEXT, 2, ERR_FIELD_VALUE},
        {"\"\"", JSON_TEXT, 2, ERR_FIELD_VALUE},
        {"\"阳\"", JSON_TEXT, 2, ERR_FIELD_VALUE},
        {"1", JSON_TEXT, 2, ERR_FIELD_TYPE},
        {"[]", JSON_TEXT, 2, ERR_FIELD_TYPE},
        {"null", JSON_TEXT, 2, ERR_FIELD_MISSING},
        {"0", JSON_INTEGER, 5, ERR_NONE},
        {"4", JSON_INTEGER, 5, ERR_NONE},
        {"5", JSON_INTEGER, 5, ERR_NONE},
        {"6", JSON_INTEGER, 5, ERR_FIELD_VALUE},
        {"-1", JSON_INTEGER, 5, ERR_FIELD_VALUE},
        {"-0", JSON_INTEGER, 5, ERR_NONE},
        {"1.5", JSON_INTEGER, 5, ERR_FIELD_VALUE},
        {"5e0", JSON_INTEGER, 5, ERR_NONE},
        {"1e999", JSON_INTEGER, 5, ERR_FIELD_VALUE},
        {"-1e999", JSON_INTEGER, 5, ERR_FIELD_VALUE},
        {"1e999", JSON_INTEGER, SIZE_MAX, ERR_FIELD_VALUE},
        {"9007199254740991", JSON_INTEGER, 0, ERR_NONE},
        {"9007199254740992", JSON_INTEGER, 0, ERR_FIELD_VALUE},
        {"9007199254740992", JSON_INTEGER, SIZE_MAX, ERR_FIELD_VALUE},
        {"\"5\"", JSON_INTEGER, 5, ERR_FIELD_TYPE},
        {"true", JSON_INTEGER, 5, ERR_FIELD_TYPE},
        {"true", JSON_BOOL, 0, ERR_NONE},
        {"false", JSON_BOOL, 0, ERR_NONE},
        {"1", JSON_BOOL, 0, ERR_FIELD_TYPE},
        {"\"true\"", JSON_BOOL, 0, ERR_FIELD_TYPE},
        {"{}", JSON_OBJECT, 0, ERR_NONE},
        {"[]", JSON_OBJECT, 0, ERR_FIELD_TYPE},
        {"[1]", JSON_ARRAY, 2, ERR_NONE},
        {"[1,2]", JSON_ARRAY, 2, ERR_NONE},
        {"[1,2,3]", JSON_ARRAY, 2, ERR_FIELD_VALUE},
        {"{}", JSON_ARRAY, 2, ERR_FIELD_TYPE},
        {"\"\"", JSON_BASE64, 2, ERR_NONE},
        {"\"AQ==\"", JSON_BASE64, 2, ERR_NONE},
        {"\"AQI=\"", JSON_BASE64, 2, ERR_NONE},
        {"\"AQID\"", JSON_BASE64, 2, ERR_FIELD_VALUE},
        {"\"AQ=\"", JSON_BASE64, 2, ERR_FIELD_VALUE},
        {"\"AQ=x\"", JSON_BASE64, 2, ERR_FIELD_VALUE},
        {"1", JSON_BASE64, 2, ERR_FIELD_TYPE},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        enum err_code code = read_field(cases[i].value, cases[i].type, cases[i].limit);
        if (code != cases[i].code)
            fail_msg("%zu: %s as %d: %s", i, cases[i].value, cases[i].type, err_code_text(code));
    }
}

static void unknown_and_missing_fields_are_told(void **state)
{
    (void)state;
    AUTO(json_freep) struct json *json = parsed("{\"known\":\"a\",\"other\":1}");
    const char *known = NULL;
    const char *missing = NULL;
    struct err err = ERR_INIT;
    const struct json_field fields[] = {
        {"known", JSON_TEXT, .limit = 9, .out = &known},
        {"missing", JSON_TEXT, .limit = 9, .out = &missing},
    };
    assert_int_equal(json_read(json, fields, 1, JSON_UNKNOWN_REFUSED, &err), ERR_FIELD_UNKNOWN);
    assert_non_null(strstr(err.detail, "\"other\""));
    assert_int_equal(json_read(json, fields, 2, JSON_UNKNOWN_IGNORED, &err), ERR_FIELD_MISSING);
    assert_non_null(strstr(err.detail, "\"missing\""));
    assert_null(known); /* nothing is written unless all is right */
    assert_int_equal(json_read(json, fields, 1, JSON_UNKNOWN_IGNORED, &err), ERR_NONE);
    assert_string_equal(known, "a");
    assert_int_equal(json_read(json_member(json, "known"), fields, 1, JSON_UNKNOWN_IGNORED, &err),
                     ERR_FIELD_TYPE);
    assert_int_equal(json_read(NULL, fields, 1, JSON_UNKNOWN_IGNORED, &err), ERR_FIELD_TYPE);
}

/* The name comes from a stranger and ends in our answer, which must be UTF-8. */
static void a_long_unknown_name_is_cut_into_utf8(void **state)
{
    (void)state;
    AUTO(json_freep)
    struct json *json = parsed("{\"a阳阳阳阳阳阳阳阳阳阳阳阳阳阳阳阳阳阳阳阳阳阳阳阳阳\":1}");
    struct err err = ERR_INIT;
    assert_int_equal(json_read(json, NULL, 0, JSON_UNKNOWN_REFUSED, &err), ERR_FIELD_UNKNOWN);
    for (const char *at = err.detail; *at != '\0';) {
        size_t length = text_utf8_length(at, strlen(at));
        assert_true(length > 0);
        at += length;
    }
}

/* ---- looking around ---- */

static void nodes_are_found(void **state)
{
    (void)state;
    AUTO(json_freep) struct json *json = parsed("{\"a\":[\"x\",{\"Pin\":1}],\"b\":2}");
    const struct json *array = json_member(json, "a");
    assert_int_equal(json_count(array), 2);
    assert_string_equal(json_text_of(json_item(array, 0)), "x");
    assert_null(json_item(array, 2));
    assert_null(json_item(array, SIZE_MAX));
    assert_null(json_member(json, "A"));
    assert_null(json_member(array, "a"));
    assert_null(json_text_of(json_member(json, "b")));
    assert_null(json_text_of(NULL));
    assert_int_equal(json_count(NULL), 0);
    assert_false(json_is_object(NULL));
    assert_false(json_is_object(array));
    assert_true(json_has_member_anywhere(json, "pin"));
    assert_true(json_has_member_anywhere(json, "A"));
    assert_false(json_has_member_anywhere(json, "x"));
    assert_false(json_has_member_anywhere(NULL, "x"));
}

/* ---- building ---- */

static void what_is_built_is_printed(void **state)
{
    (void)state;
    AUTO(json_freep) struct json *json = json_new_object();
    struct json *array = json_new_array();
    json_add_text(json, "text", "a\"\n阳");
    json_add_text(json, "null", NULL);
    json_add_integer(json, "integer", 1795357800000);
    json_add_bool(json, "bool", false);
    json_add_base64(json, "base64", SPAN_ARRAY(((uint8_t[]){1, 2})));
    json_add_utc(json, "utc", 1795357800);
    json_append_text(array, "x");
    json_append_base64(array, SPAN_NONE);
    json_append(array, json_new_object());
    json_add(json, "array", array);
    AUTO(json_freep) struct json *copy = json_copy(json);
    AUTO(memory_freep) char *text = json_print(copy);
    assert_string_equal(text, "{\"text\":\"a\\\"\\n阳\",\"null\":null,\"integer\":1795357800000,"
                              "\"bool\":false,\"base64\":\"AQI=\",\"utc\":\"2026-11-22T14:30:00Z\","
                              "\"array\":[\"x\",\"\",{}]}");
    AUTO(json_freep) struct json *again = parsed(text);
    AUTO(memory_freep) char *second = json_print(again);
    assert_string_equal(second, text);
    AUTO(memory_freep) char *pretty = json_print_pretty(json);
    assert_non_null(strchr(pretty, '\n'));
    AUTO(json_freep) struct json *from_pretty = parsed(pretty);
    AUTO(memory_freep) char *third = json_print(from_pretty);
    assert_string_equal(third, text);
}

static void whole_numbers_print_exactly(void **state)
{
    (void)state;
    static const int64_t numbers[] = {999999999999999,  INT64_MIN,        0,          -1,
                                      INT32_MAX,        INT32_MIN,        1795357800, 253402300799,
                                      9007199254740991, 1000000000000000, 4294967296};
    for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
        AUTO(json_freep) struct json *json = json_new_object();
        json_add_integer(json, "n", numbers[i]);
        AUTO(memory_freep) char *text = json_print(json);
        AUTO(json_freep) struct json *back = parsed(text);
        int64_t number = -1;
        const struct json_field field = {"n", JSON_INTEGER, .out = &number};
        struct err err = ERR_INIT;
        if (numbers[i] >= 0)
            assert_int_equal(json_read(back, &field, 1, JSON_UNKNOWN_REFUSED, &err), ERR_NONE);
        assert_int_equal(number, numbers[i] >= 0 ? numbers[i] : -1);
    }
}

static void what_was_read_is_changed(void **state)
{
    (void)state;
    AUTO(json_freep)
    struct json *json = parsed("{\"a\":{\"l\":[\"x\",1,\"y\",\"x\",null]},\"b\":2}");
    struct json *inner = json_member_to_change(json, "a");
    assert_null(json_member_to_change(json, "A"));
    assert_true(json_is_array(json_member(inner, "l")));
    assert_false(json_is_array(inner) || json_is_array(NULL));
    json_remove_text(json_member_to_change(inner, "l"), "x");
    json_remove_member(json, "b");
    json_remove_member(json, "none");
    AUTO(memory_freep) char *text = json_print(json);
    assert_string_equal(text, "{\"a\":{\"l\":[1,\"y\",null]}}");
}

static void wiping_leaves_no_text(void **state)
{
    (void)state;
    struct json *json = parsed("{\"data\":\"c2VjcmV0\",\"in\":[{\"deep\":\"too\"},1,true,null]}");
    const char *data = json_text_of(json_member(json, "data"));
    const char *deep = json_text_of(json_member(json_item(json_member(json, "in"), 0), "deep"));
    json_wipe(json);
    for (size_t i = 0; i < strlen("c2VjcmV0"); i++)
        assert_int_equal(data[i], 0);
    assert_memory_equal(deep, "\0\0\0", 4);
    json_free(json);
    json_wipe(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_read),
        cmocka_unit_test(each_type_has_its_limits),
        cmocka_unit_test(unknown_and_missing_fields_are_told),
        cmocka_unit_test(a_long_unknown_name_is_cut_into_utf8),
        cmocka_unit_test(nodes_are_found),
        cmocka_unit_test(what_is_built_is_printed),
        cmocka_unit_test(whole_numbers_print_exactly),
        cmocka_unit_test(what_was_read_is_changed),
        cmocka_unit_test(wiping_leaves_no_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
