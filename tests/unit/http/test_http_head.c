#include "http/http_head.h"

/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */
#include <stdlib.h>

#include "base/buf.h"

#define HOST "Host: a\r\n"

static enum err_code end_of(struct span bytes, size_t *scanned, size_t *out_length)
{
    struct err err = ERR_INIT;
    return http_head_end(bytes, scanned, out_length, &err);
}

static void test_finds_the_end_wherever_it_is_cut(void **state)
{
    static const char text[] = "GET / HTTP/1.1\r\n" HOST "\r\nbody\r\n\r\n";
    size_t whole = strlen(text) - strlen("body\r\n\r\n");
    for (size_t first = 0; first <= strlen(text); first++) {
        size_t scanned = 0;
        size_t length = 99;
        assert_int_equal(end_of(span_of(text, first), &scanned, &length), ERR_NONE);
        assert_int_equal(length, first >= whole ? whole : 0);
        if (length > 0)
            continue;
        assert_int_equal(end_of(span_text(text), &scanned, &length), ERR_NONE);
        assert_int_equal(length, whole);
    }
}

static void test_refuses_bytes_that_readers_disagree_on(void **state)
{
    static const struct {
        const char *text;
        size_t length;
    } cases[] = {
        {"GET / HTTP/1.1\n", 15},
        {"GET / HTTP/1.1\r\nA: b\n", 21},
        {"GET / HTTP/1.1\rX", 16},
        {"\n", 1},
        {"GET /\0 HTTP/1.1\r\n", 17},
        {"A: \x01", 4},
        {"A: \x7F", 4},
        {"\r\r", 2},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        size_t scanned = 0;
        size_t length = 0;
        assert_int_equal(end_of(span_of(cases[i].text, cases[i].length), &scanned, &length),
                         ERR_HTTP_BAD_REQUEST);
    }
}

/* A head of exactly this many bytes. */
static char *head_of(size_t bytes)
{
    static const char start[] = "GET / HTTP/1.1\r\n" HOST "A: ";
    char *text = memory_new(bytes + 1);
    memset(text, 'x', bytes);
    memcpy(text, start, strlen(start));
    memcpy(text + bytes - 4, "\r\n\r\n", 4);
    return text;
}

static void test_limits_the_head(void **state)
{
    for (int more = -1; more <= 1; more++) {
        size_t bytes = (size_t)(HTTP_HEAD_BYTES_MAX + more);
        AUTO(memory_freep) char *text = head_of(bytes);
        size_t scanned = 0;
        size_t length = 0;
        enum err_code code = end_of(span_of(text, bytes), &scanned, &length);
        assert_int_equal(code, more <= 0 ? ERR_NONE : ERR_HTTP_HEAD_TOO_LARGE);
        assert_int_equal(length, more <= 0 ? bytes : 0);
    }
}

static void test_gives_up_on_a_full_buffer(void **state)
{
    AUTO(memory_freep) char *text = head_of(HTTP_HEAD_BYTES_MAX + 10);
    size_t scanned = 0;
    size_t length = 0;
    assert_int_equal(end_of(span_of(text, HTTP_HEAD_BYTES_MAX - 1), &scanned, &length), ERR_NONE);
    assert_int_equal(length, 0);
    assert_int_equal(end_of(span_of(text, HTTP_HEAD_BYTES_MAX), &scanned, &length),
                     ERR_HTTP_HEAD_TOO_LARGE);
}

static void test_judges_heads(void **state)
{
    static const struct {
        const char *head;
        enum err_code code;
        enum http_method method;
        uint64_t length;
    } cases[] = {
        {"GET / HTTP/1.1\r\n" HOST "\r\n", ERR_NONE, HTTP_GET, 0},
        {"POST /a?b=c&d=%20 HTTP/1.1\r\n" HOST "Content-Length: 12\r\n\r\n", ERR_NONE, HTTP_POST,
         12},
        {"PUT /a HTTP/1.1\r\nhOsT:a\r\ncontent-length:0\r\n\r\n", ERR_NONE, HTTP_PUT, 0},
        {"DELETE /a HTTP/1.1\r\n" HOST "\r\n", ERR_NONE, HTTP_DELETE, 0},
        {"OPTIONS /a HTTP/1.1\r\n" HOST "\r\n", ERR_NONE, HTTP_OPTIONS, 0},
        {"HEAD /a HTTP/1.1\r\nHost: \t a \t\r\nX:\r\nY: \xE4\xBD\xA0\r\n\r\n", ERR_NONE, HTTP_HEAD,
         0},
        {"POST / HTTP/1.1\r\n" HOST "Content-Length: 1073741824\r\n\r\n", ERR_NONE, HTTP_POST,
         1073741824},

        {"POST / HTTP/1.1\r\n" HOST "Content-Length: 1073741825\r\n\r\n", ERR_HTTP_TOO_LARGE, 0, 0},
        {"POST / HTTP/1.1\r\n" HOST "Content-Length: 99999999999999999999999\r\n\r\n",
         ERR_HTTP_TOO_LARGE, 0, 0},
        {"POST / HTTP/1.1\r\n" HOST "Content-Length: -1\r\n\r\n", ERR_HTTP_BAD_REQUEST, 0, 0},
        {"POST / HTTP/1.1\r\n" HOST "Content-Length: +1\r\n\r\n", ERR_HTTP_BAD_REQUEST, 0, 0},
        {"POST / HTTP/1.1\r\n" HOST "Content-Length: 0x1\r\n\r\n", ERR_HTTP_BAD_REQUEST, 0, 0},
        {"POST / HTTP/1.1\r\n" HOST "Content-Length: 1 2\r\n\r\n", ERR_HTTP_BAD_REQUEST, 0, 0},
        {"POST / HTTP/1.1\r\n" HOST "Content-Length: 1, 1\r\n\r\n", ERR_HTTP_BAD_REQUEST, 0, 0},
        {"POST / HTTP/1.1\r\n" HOST "Content-Length:\r\n\r\n", ERR_HTTP_BAD_REQUEST, 0, 0},
        {"POST / HTTP/1.1\r\n" HOST "Content-Length: 1\r\nContent-Length: 1\r\n\r\n",
         ERR_HTTP_BAD_REQUEST, 0, 0},
        {"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n", ERR_HTTP_LENGTH_REQUIRED,
         0, 0},
        {"POST / HTTP/1.1\r\n" HOST "transfer-encoding:identity\r\nContent-Length: 1\r\n\r\n",
         ERR_HTTP_LENGTH_REQUIRED, 0, 0},
        {"GET / HTTP/1.1\r\n\r\n", ERR_HTTP_BAD_REQUEST, 0, 0},
        {"GET / HTTP/1.1\r\n" HOST HOST "\r\n", ERR_HTTP_BAD_REQUEST, 0, 0},
        {"GET / HTTP/1.1\r\n" HOST "HOST: b\r\n\r\n", ERR_HTTP_BAD_REQUEST, 0, 0},
        {"GET / HTTP/1.1\r\nHost:  \r\n\r\n", ERR_HTTP_BAD_REQUEST, 0, 0},
        {"GET / HTTP/1.1\r\n" HOST " folded\r\n\r\n", ERR_HTTP_BAD_REQUEST, 0, 0},
        {"GET / HTTP/1.1\r\n" HOST "\tfolded\r\n\r\n", ERR_HTTP_BAD_REQUEST, 0, 0},
        {"GET / HTTP/1.1\r\n Host: a\r\n\r\n", ERR_HTTP_BAD_REQUEST, 0, 0},
        {"GET / HTTP/1.1\r\nHost : a\r\n\r\n", ERR_HTTP_BAD_REQUEST, 0, 0},
        {"GET / HTTP/1.1\r\n" HOST "no colon\r\n\r\n", ERR_HTTP_BAD_REQUEST, 0, 0},
        {"GET / HTTP/1.1\r\n" HOST ": empty\r\n\r\n", ERR_HTTP_BAD_REQUEST, 0, 0},
        {"GET / HTTP/1.1\r\n" HOST "B\xE4: x\r\n\r\n", ERR_HTTP_BAD_REQUEST, 0, 0},
        {"\r\nGET / HTTP/1.1\r\n" HOST "\r\n", ERR_HTTP_BAD_REQUEST, 0, 0},
        {"GET  / HTTP/1.1\r\n" HOST "\r\n", ERR_HTTP_BAD_REQUEST, 0, 0},
        {"GET / HTTP/1.1 \r\n" HOST "\r\n", ERR_HTTP_BAD_REQUEST, 0, 0},
        {"GET /\r\n" HOST "\r\n", ERR_HTTP_BAD_REQUEST, 0, 0},
        {"GET\r\n" HOST "\r\n", ERR_HTTP_BAD_REQUEST, 0, 0},
        {"get / HTTP/1.1\r\n" HOST "\r\n", ERR_HTTP_METHOD, 0, 0},
        {"TRACE / HTTP/1.1\r\n" HOST "\r\n", ERR_HTTP_METHOD, 0, 0},
        {"CONNECT a:1 HTTP/1.1\r\n" HOST "\r\n", ERR_HTTP_METHOD, 0, 0},
        {"G@T / HTTP/1.1\r\n" HOST "\r\n", ERR_HTTP_BAD_REQUEST, 0, 0},
        {"GET http://a/ HTTP/1.1\r\n" HOST "\r\n", ERR_HTTP_BAD_REQUEST, 0, 0},
        {"OPTIONS * HTTP/1.1\r\n" HOST "\r\n", ERR_HTTP_BAD_REQUEST, 0, 0},
        {"GET /%zz HTTP/1.1\r\n" HOST "\r\n", ERR_HTTP_BAD_REQUEST, 0, 0},
        {"GET /%4 HTTP/1.1\r\n" HOST "\r\n", ERR_HTTP_BAD_REQUEST, 0, 0},
        {"GET /%00 HTTP/1.1\r\n" HOST "\r\n", ERR_HTTP_BAD_REQUEST, 0, 0},
        {"GET /\xE4\xBD\xA0 HTTP/1.1\r\n" HOST "\r\n", ERR_HTTP_BAD_REQUEST, 0, 0},
        {"GET /#a HTTP/1.1\r\n" HOST "\r\n", ERR_HTTP_BAD_REQUEST, 0, 0},
        {"GET /<a> HTTP/1.1\r\n" HOST "\r\n", ERR_HTTP_BAD_REQUEST, 0, 0},
        {"GET /\\..\\a HTTP/1.1\r\n" HOST "\r\n", ERR_HTTP_BAD_REQUEST, 0, 0},
        {"GET / HTTP/1.0\r\n" HOST "\r\n", ERR_HTTP_VERSION, 0, 0},
        {"GET / HTTP/2.0\r\n" HOST "\r\n", ERR_HTTP_VERSION, 0, 0},
        {"GET / http/1.1\r\n" HOST "\r\n", ERR_HTTP_BAD_REQUEST, 0, 0},
        {"GET / HTTP/11\r\n" HOST "\r\n", ERR_HTTP_BAD_REQUEST, 0, 0},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct err err = ERR_INIT;
        struct http_head head = {HTTP_OTHER, 77};
        enum err_code code = http_head_check(span_text(cases[i].head), &head, &err);
        if (code != cases[i].code)
            print_error("case %zu: %s\n", i, cases[i].head);
        assert_int_equal(code, cases[i].code);
        assert_int_equal(head.method, code == ERR_NONE ? cases[i].method : HTTP_OTHER);
        assert_int_equal(head.content_length, code == ERR_NONE ? cases[i].length : 77);
    }
}

static void test_limits_fields(void **state)
{
    for (int more = -1; more <= 1; more++) {
        struct err err = ERR_INIT;
        struct http_head head;
        struct buf text = BUF_INIT(65536);
        buf_add_text(&text, "GET / HTTP/1.1\r\n" HOST);
        for (int i = 1; i < HTTP_HEAD_FIELDS_MAX + more; i++)
            buf_add_text(&text, "A: b\r\n");
        buf_add_text(&text, "\r\n");
        assert_int_equal(http_head_check(buf_span(&text), &head, &err),
                         more <= 0 ? ERR_NONE : ERR_HTTP_HEAD_TOO_LARGE);
        buf_done(&text);
    }
}

/* Whatever is cut off or changed, it must be read without a fault. */
static void test_survives_every_cut_and_change(void **state)
{
    static const char text[] =
        "POST /a?b=%20 HTTP/1.1\r\n" HOST "Content-Length: 12\r\nX: y\r\n\r\n";
    for (size_t length = 0; length < sizeof text; length++) {
        struct err err = ERR_INIT;
        struct http_head head;
        AUTO(bytes_freep) struct bytes *cut = bytes_new(span_of(text, length));
        uint8_t *exact = malloc(length > 0 ? length : 1); /* so that a sanitizer sees the end */
        memcpy(exact, cut->at, length);
        enum err_code code = http_head_check(span_of(exact, length), &head, &err);
        (void)code;
        free(exact);
    }
    for (size_t at = 0; at < sizeof text - 1; at++)
        for (int value = 0; value < 256; value++) {
            struct err err = ERR_INIT;
            struct http_head head;
            char changed[sizeof text];
            memcpy(changed, text, sizeof text);
            changed[at] = (char)value;
            enum err_code code = http_head_check(span_of(changed, sizeof text - 1), &head, &err);
            (void)code;
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_finds_the_end_wherever_it_is_cut),
        cmocka_unit_test(test_refuses_bytes_that_readers_disagree_on),
        cmocka_unit_test(test_limits_the_head),
        cmocka_unit_test(test_gives_up_on_a_full_buffer),
        cmocka_unit_test(test_judges_heads),
        cmocka_unit_test(test_limits_fields),
        cmocka_unit_test(test_survives_every_cut_and_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
