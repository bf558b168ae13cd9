#include "base/json.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/base/json_text.h"

/* ---- what is JSON ---- */

static void only_json_is_read(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum err_code code;
    } cases[] = {
        {"{}", ERR_NONE},
        {" \t\r\n{\t}\n ", ERR_NONE},
        {"[]", ERR_NONE},
        {"null", ERR_NONE},
        {"\"a\"", ERR_NONE},
        {"{\"a\":[1,{\"b\":null}],\"c\":true}", ERR_NONE},
        {"{\"阳\":\"光\"}", ERR_NONE},
        {"", ERR_JSON_SYNTAX},
        {" ", ERR_JSON_SYNTAX},
        {"{", ERR_JSON_SYNTAX},
        {"}", ERR_JSON_SYNTAX},
        {"[1", ERR_JSON_SYNTAX},
        {"{\"a\"}", ERR_JSON_SYNTAX},
        {"{\"a\":}", ERR_JSON_SYNTAX},
        {"{\"a\":1,}", ERR_JSON_SYNTAX},
        {"{a:1}", ERR_JSON_SYNTAX},
        {"{'a':1}", ERR_JSON_SYNTAX},
        {"[1,]", ERR_JSON_SYNTAX},
        {"[,1]", ERR_JSON_SYNTAX},
        {"[1 2]", ERR_JSON_SYNTAX},
        {"{} {}", ERR_JSON_SYNTAX},
        {"{}x", ERR_JSON_SYNTAX},
        {"{}]", ERR_JSON_SYNTAX},
        {"{}/* */", ERR_JSON_SYNTAX},
        {"// c\n{}", ERR_JSON_SYNTAX},
        {"\xEF\xBB\xBF{}", ERR_JSON_SYNTAX}, /* byte order mark */
        {"{}\xC2\xA0", ERR_JSON_SYNTAX},
        {"{\v}", ERR_JSON_SYNTAX},
        {"nul", ERR_JSON_SYNTAX},
        {"True", ERR_JSON_SYNTAX},
        {"NaN", ERR_JSON_SYNTAX},
        {"Infinity", ERR_JSON_SYNTAX},
        {"-Infinity", ERR_JSON_SYNTAX},
        {"\"a", ERR_JSON_SYNTAX},
        {"\"a\\\"", ERR_JSON_SYNTAX},
        {"\"\\x\"", ERR_JSON_SYNTAX},
        {"\"\\", ERR_JSON_SYNTAX},
        {"\"a\nb\"", ERR_JSON_SYNTAX},
        {"\"a\tb\"", ERR_JSON_SYNTAX},
        {"\"\x01\"", ERR_JSON_SYNTAX},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO(json_freep) struct json *json = NULL;
        enum err_code code = parse(span_text(cases[i].text), &json);
        if (code != cases[i].code)
            fail_msg("%s: %s", cases[i].text, err_code_text(code));
        assert_true((json != NULL) == (code == ERR_NONE));
    }
}

static void numbers_have_the_form_of_the_standard(void **state)
{
    (void)state;
    static const char *const good[] = {"0",   "-0",   "1",    "10",     "1.5",  "0.5",
                                       "1e5", "1E+5", "1e-5", "1.5e10", "-1.0", "1e999"};
    static const char *const bad[] = {"01",  "-",    "+1",  "1.",    ".5",  "-.5", "1e",
                                      "1e+", "1.e5", "0x1", "1.5.5", "1-1", "--1", "00"};
    for (size_t i = 0; i < ARRAY_SIZE(good); i++)
        for (size_t k = 0; k < 2; k++) {
            AUTO(memory_freep) char *text = memory_printf(k == 0 ? "%s" : "[%s]", good[i]);
            AUTO(json_freep) struct json *json = parsed(text);
            assert_non_null(json);
        }
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        for (size_t k = 0; k < 2; k++) {
            AUTO(memory_freep) char *text = memory_printf(k == 0 ? "%s" : "[%s]", bad[i]);
            AUTO(json_freep) struct json *json = NULL;
            if (parse(span_text(text), &json) != ERR_JSON_SYNTAX)
                fail_msg("%s was read", text);
        }
}

static void broken_text_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "\"\xFF\"",
        "\"\xC3\"",
        "\"\xC0\xAF\"",
        "\"\xED\xA0\x80\"",
        "\"\xF5\x80\x80\x80\"",
        "\"\xE9\x98\"",
        "{\"\xFF\":1}",
        "\"\\\xC3\"",
        "\"\\ud800\"",
        "\"\\udc00\"",
        "\"\\ud800x\"",
        "\"\\ud800\\n\"",
        "\"\\ud800\\u0041\"",
        "\"\\ud800\\ud800\"",
        "\"\\udc00\\ud800\"",
        "\"\\u12\"",
        "\"\\u12g4\"",
        "[\"\\u12\",\"x\"]",
        "\"\\uzzzz\"",
        "\"\\u 041\"",
        "\"\\U0041\"",
        "{\"\\ud800\":1}",
        "\"\\ud83d\\\"",
    };
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        AUTO(json_freep) struct json *json = NULL;
        if (parse(span_text(texts[i]), &json) != ERR_JSON_SYNTAX)
            fail_msg("%s was read", texts[i]);
    }
}

static void a_zero_character_is_refused_in_every_form(void **state)
{
    (void)state;
    static const char escaped_name[] = "{\"pin\\u0000x\":1}";
    static const char escaped[] = "{\"a\":\"b\\u0000c\"}";
    static const char raw[] = "{\"a\":\"b\0c\"}";
    static const char behind[] = "{}\0";
    static const char between[] = "{\0}";
    const struct span texts[] = {span_text(escaped_name), span_text(escaped),
                                 span_of(raw, sizeof raw - 1), span_of(behind, sizeof behind - 1),
                                 span_of(between, sizeof between - 1)};
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        AUTO(json_freep) struct json *json = NULL;
        assert_int_equal(parse(texts[i], &json), ERR_JSON_SYNTAX);
    }
    /* an escaped backslash before u0000 is no zero character */
    AUTO(json_freep) struct json *json = parsed("\"\\\\u0000\"");
    assert_string_equal(json_text_of(json), "\\u0000");
}

static void escapes_are_resolved(void **state)
{
    (void)state;
    AUTO(json_freep)
    struct json *json = parsed("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u9633\\ud83d\\ude00\"");
    assert_string_equal(json_text_of(json), "\"\\/\b\f\n\r\tA阳😀");
}

static void the_text_need_not_end_with_zero(void **state)
{
    (void)state;
    AUTO(bytes_freep) struct bytes *text = bytes_new(span_text("[12345]"));
    for (size_t length = 0; length < text->len; length++) {
        /* its own allocation, so that a read behind the end is seen */
        char *cut = malloc(length > 0 ? length : 1);
        memcpy(cut, text->at, length);
        struct json *json = NULL;
        assert_int_equal(parse(span_of(cut, length), &json), ERR_JSON_SYNTAX);
        free(cut);
    }
    char *number = malloc(2);
    memcpy(number, "12", 2);
    AUTO(json_freep) struct json *json = NULL;
    assert_int_equal(parse(span_of(number, 2), &json), ERR_NONE);
    free(number);
}

static void every_flipped_bit_is_harmless(void **state)
{
    (void)state;
    AUTO(bytes_freep)
    struct bytes *text =
        bytes_new(span_text("{\"a\":[1,-2.5e3,\"\\u9633\\n\",true,null],\"光\":{\"b\":false}}"));
    for (size_t bit = 0; bit < text->len * 8; bit++) {
        AUTO(json_freep) struct json *json = NULL;
        text->at[bit / 8] ^= (uint8_t)(1 << bit % 8);
        enum err_code code = parse(span_bytes(text), &json);
        assert_true(code == ERR_NONE || code == ERR_JSON_SYNTAX || code == ERR_JSON_DUPLICATE);
        text->at[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

/* ---- limits ---- */

static void the_size_is_limited(void **state)
{
    (void)state;
    for (size_t length = LIMIT - 1; length <= LIMIT + 1; length++) {
        AUTO(bytes_freep) struct bytes *text = bytes_new_size(length);
        AUTO(json_freep) struct json *json = NULL;
        memset(text->at, ' ', length);
        text->at[0] = '1';
        assert_int_equal(parse(span_bytes(text), &json),
                         length > LIMIT ? ERR_JSON_LIMIT : ERR_NONE);
    }
}

static void the_depth_is_limited(void **state)
{
    (void)state;
    static const char brackets[][2] = {{'[', ']'}};
    for (size_t depth = JSON_DEPTH_MAX - 1; depth <= JSON_DEPTH_MAX + 1; depth++) {
        char text[2 * (JSON_DEPTH_MAX + 1)];
        AUTO(json_freep) struct json *json = NULL;
        memset(text, brackets[0][0], depth);
        memset(text + depth, brackets[0][1], depth);
        assert_int_equal(parse(span_of(text, 2 * depth), &json),
                         depth > JSON_DEPTH_MAX ? ERR_JSON_LIMIT : ERR_NONE);
    }
    AUTO(json_freep) struct json *quoted = parsed("\"[[[[[[[[[[[[[[[[[[\"");
    AUTO(json_freep) struct json *siblings = parsed("[[],[],[],[],[],[],[],[],[],[],[],[],[],[]]");
    assert_true(quoted != NULL && siblings != NULL);
    AUTO(bytes_freep) struct bytes *deep = bytes_new_size(LIMIT);
    struct json *json = NULL;
    memset(deep->at, '[', LIMIT);
    assert_int_equal(parse(span_bytes(deep), &json), ERR_JSON_LIMIT);
}

static void the_number_of_values_is_limited(void **state)
{
    (void)state;
    for (size_t count = JSON_NODES_MAX - 1; count <= JSON_NODES_MAX + 1; count++) {
        AUTO(bytes_freep) struct bytes *text = bytes_new_size(2 * count + 1);
        AUTO(json_freep) struct json *json = NULL;
        struct err err = ERR_INIT;
        for (size_t i = 0; i < count; i++)
            memcpy(text->at + 2 * i, ",1", 2);
        text->at[0] = '[';
        text->at[2 * count] = ']';
        assert_int_equal(json_parse(span_bytes(text), SIZE_MAX, &json, &err),
                         count > JSON_NODES_MAX ? ERR_JSON_LIMIT : ERR_NONE);
    }
}

static void no_member_occurs_twice(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum err_code code;
    } cases[] = {
        {"{\"a\":1,\"b\":2}", ERR_NONE},
        {"{\"a\":1,\"A\":2}", ERR_NONE},
        {"{\"a\":{\"a\":1}}", ERR_NONE},
        {"[{\"a\":1},{\"a\":1}]", ERR_NONE},
        {"{\"a\":1,\"a\":1}", ERR_JSON_DUPLICATE},
        {"{\"a\":1,\"b\":2,\"a\":null}", ERR_JSON_DUPLICATE},
        {"{\"a\":1,\"\\u0061\":2}", ERR_JSON_DUPLICATE},
        {"{\"\":1,\"\":2}", ERR_JSON_DUPLICATE},
        {"[[{\"x\":{\"a\":1,\"a\":2}}]]", ERR_JSON_DUPLICATE},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO(json_freep) struct json *json = NULL;
        assert_int_equal(parse(span_text(cases[i].text), &json), cases[i].code);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_json_is_read),
        cmocka_unit_test(numbers_have_the_form_of_the_standard),
        cmocka_unit_test(broken_text_is_refused),
        cmocka_unit_test(a_zero_character_is_refused_in_every_form),
        cmocka_unit_test(escapes_are_resolved),
        cmocka_unit_test(the_text_need_not_end_with_zero),
        cmocka_unit_test(every_flipped_bit_is_harmless),
        cmocka_unit_test(the_size_is_limited),
        cmocka_unit_test(the_depth_is_limited),
        cmocka_unit_test(the_number_of_values_is_limited),
        cmocka_unit_test(no_member_occurs_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
