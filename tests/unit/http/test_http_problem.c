#include "http/http_problem.h"

/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */
#include <stdlib.h>

#include "http/http_server.h"

/* Every error there is must fit, also with the longest detail. */
static void test_makes_a_whole_answer_of_every_error(void **state)
{
    for (int code = 1; code < ERR_CODE_COUNT; code++) {
        struct err err = ERR_INIT;
        char detail[ERR_DETAIL_BYTES];
        memset(detail, '"', sizeof detail - 1);
        detail[sizeof detail - 1] = '\0';
        err_set(&err, (enum err_code)code, "%s", detail);
        char headers[HTTP_REFUSAL_HEADERS_BYTES_MAX + 1];
        memset(headers, 'h', sizeof headers);
        memcpy(headers, "X-More: ", 8);
        memcpy(headers + sizeof headers - 3, "\r\n", 3);
        for (int lang = 0; lang < 2; lang++) {
            AUTO(bytes_freep)
            struct bytes *message = http_problem_message(&err, (enum lang)lang, headers);
            AUTO(memory_freep)
            char *start = memory_printf("HTTP/1.1 %d ", err_http_status((enum err_code)code));
            assert_non_null(message);
            const char *text = (const char *)message->at;
            const char *body = strstr(text, "\r\n\r\n") + 4;
            const char *length = strstr(text, "Content-Length: ");
            assert_memory_equal(text, start, strlen(start));
            assert_int_equal(strtoul(length + strlen("Content-Length: "), NULL, 10), strlen(body));
            assert_non_null(strstr(text, "Connection: close\r\n"));
            assert_non_null(strstr(text, headers));
            assert_non_null(strstr(text, "Content-Type: application/problem+json\r\n"));
        }
    }
}

static void test_needs_no_further_headers(void **state)
{
    struct err err = ERR_INIT;
    err_set(&err, ERR_HTTP_TOO_LARGE, "7 bytes");
    AUTO(bytes_freep) struct bytes *message = http_problem_message(&err, LANG_EN, NULL);
    assert_non_null(strstr((const char *)message->at, "nosniff\r\n\r\n{"));
}

static void test_speaks_both_languages(void **state)
{
    struct err err = ERR_INIT;
    err_set(&err, ERR_HTTP_TOO_LARGE, "7 bytes");
    AUTO(json_freep) struct json *zh = http_problem_json(&err, LANG_ZH);
    AUTO(json_freep) struct json *en = http_problem_json(&err, LANG_EN);
    assert_string_equal(json_text_of(json_member(zh, "title")), "请求内容过大");
    assert_string_equal(json_text_of(json_member(en, "title")), "The request is too large");
    assert_string_equal(json_text_of(json_member(en, "code")), "too-large");
    assert_string_equal(json_text_of(json_member(en, "detail")), "7 bytes");
}

/* A name that was cut within a character must not make the answer unreadable. */
static void test_stays_readable_with_a_broken_detail(void **state)
{
    struct err err = ERR_INIT;
    struct err ignored = ERR_INIT;
    AUTO(json_freep) struct json *read = NULL;
    err_set(&err, ERR_FIELD_UNKNOWN, "unknown field \"%.4s\"", "你好");
    AUTO(json_freep) struct json *problem = http_problem_json(&err, LANG_ZH);
    AUTO(memory_freep) char *text = json_print(problem);
    assert_int_equal(json_parse(span_text(text), 4096, &read, &ignored), ERR_NONE);
    assert_string_equal(json_text_of(json_member(read, "detail")), "unknown field \"你?\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_makes_a_whole_answer_of_every_error),
        cmocka_unit_test(test_needs_no_further_headers),
        cmocka_unit_test(test_speaks_both_languages),
        cmocka_unit_test(test_stays_readable_with_a_broken_detail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
