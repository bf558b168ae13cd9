#include "agent/web/web_gate.h"

/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */

#define GOOD_HOST "127.0.0.1:27510"
#define ORIGIN "https://portal.test"

static struct web_gate_facts page_get(void)
{
    return (struct web_gate_facts){
        .loopback = true,
        .same_user = true,
        .port = 27510,
        .method = HTTP_GET,
        .host = GOOD_HOST,
        .host_count = 1,
        .origin = ORIGIN,
        .origin_count = 1,
        .origin_listed = true,
    };
}

static struct web_gate_facts page_post(void)
{
    struct web_gate_facts facts = page_get();
    facts.method = HTTP_POST;
    facts.content_type = "application/json";
    facts.content_type_count = 1;
    facts.content_length = 10;
    return facts;
}

static struct web_gate_facts terminal_get(void)
{
    return (struct web_gate_facts){
        .local = true, .same_user = true, .method = HTTP_GET, .host = "localhost", .host_count = 1};
}

static enum err_code judge(struct web_gate_facts facts, bool *out_known)
{
    struct err err = ERR_INIT;
    enum err_code code = web_gate_judge(&facts, out_known, &err);
    assert_int_equal(code, err.code);
    return code;
}

static void expect(struct web_gate_facts facts, enum err_code code, bool known)
{
    bool told = !known;
    enum err_code got = judge(facts, &told);
    if (got != code)
        print_error("host \"%s\", origin \"%s\": %s, not %s\n", facts.host ? facts.host : "(none)",
                    facts.origin ? facts.origin : "(none)", err_code_text(got),
                    err_code_text(code));
    assert_int_equal(got, code);
    assert_int_equal(told, known);
}

static void test_lets_pages_and_terminals_in(void **state)
{
    expect(page_get(), ERR_NONE, true);
    expect(page_post(), ERR_NONE, true);
    expect(terminal_get(), ERR_NONE, false);
}

static void test_peers(void **state)
{
    struct web_gate_facts facts = page_get();
    facts.loopback = false;
    expect(facts, ERR_HTTP_PEER, false);
    facts = page_get();
    facts.same_user = false;
    expect(facts, ERR_HTTP_PEER, false);
    facts = terminal_get();
    facts.same_user = false;
    expect(facts, ERR_HTTP_PEER, false);
}

static void test_hosts(void **state)
{
    static const char *const good[] = {"127.0.0.1:27510", "[::1]:27510", "localhost:27510"};
    static const char *const bad[] = {
        "",
        "127.0.0.1",
        "localhost",
        "[::1]",
        "::1:27510",
        "127.0.0.1:27511",
        "127.0.0.1:027510",
        "127.0.0.1:27510 ",
        "127.0.0.1:",
        "localhost.:27510",
        "localhost:27510.",
        "LOCALHOST:27510",
        "localhost.localdomain:27510",
        "evil.test:27510",
        "evil.test",
        "localhost.evil.test:27510",
        "127.0.0.1.evil.test:27510",
        "127.0.0.1.nip.io:27510",
        "evil@127.0.0.1:27510",
        "127.0.0.1:27510@evil.test",
        "2130706433:27510",
        "0x7f000001:27510",
        "0177.0.0.1:27510",
        "127.1:27510",
        "127.0.0.2:27510",
        "0.0.0.0:27510",
        "[::]:27510",
        "[::ffff:127.0.0.1]:27510",
        "[0:0:0:0:0:0:0:1]:27510",
        "[::1%25lo]:27510",
        "127.0.0.1:27510,evil.test",
        "https://127.0.0.1:27510",
        "127.0.0.1:27510/",
        "127.0.0.1:65536",
        "127.0.0.1:+27510",
    };
    for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
        struct web_gate_facts facts = page_get();
        facts.host = good[i];
        expect(facts, ERR_NONE, true);
    }
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct web_gate_facts facts = page_get();
        facts.host = bad[i];
        expect(facts, ERR_HTTP_HOST, false);
    }
    for (unsigned count = 0; count < 4; count++) {
        struct web_gate_facts facts = page_get();
        facts.host_count = count;
        expect(facts, count == 1 ? ERR_NONE : ERR_HTTP_HOST, count == 1);
    }
}

static void test_methods(void **state)
{
    static const enum err_code expected[] = {
        [HTTP_GET] = ERR_NONE,           [HTTP_POST] = ERR_NONE,    [HTTP_PUT] = ERR_HTTP_METHOD,
        [HTTP_DELETE] = ERR_HTTP_METHOD, [HTTP_OPTIONS] = ERR_NONE, [HTTP_HEAD] = ERR_HTTP_METHOD,
        [HTTP_OTHER] = ERR_HTTP_METHOD,
    };
    for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
        struct web_gate_facts facts = page_post();
        facts.method = (enum http_method)i;
        expect(facts, expected[i], expected[i] == ERR_NONE);
    }
    struct web_gate_facts facts = terminal_get();
    facts.method = HTTP_OPTIONS;
    expect(facts, ERR_HTTP_METHOD, false);
}

static void test_origins(void **state)
{
    struct web_gate_facts facts = page_get();
    facts.origin_listed = false;
    expect(facts, ERR_HTTP_ORIGIN, false);
    facts = page_get();
    facts.origin = NULL;
    facts.origin_count = 0;
    expect(facts, ERR_HTTP_ORIGIN, false);
    facts = page_get();
    facts.origin_count = 2;
    expect(facts, ERR_HTTP_ORIGIN, false);
    facts = page_get();
    facts.origin = "null"; /* even when somebody lists it */
    expect(facts, ERR_HTTP_ORIGIN, false);
    facts = terminal_get();
    facts.origin = ORIGIN;
    facts.origin_count = 1;
    facts.origin_listed = true;
    expect(facts, ERR_HTTP_ORIGIN, false);
}

static void test_fetch_metadata(void **state)
{
    static const struct {
        const char *mode;
        const char *dest;
        enum err_code code;
    } cases[] = {
        {NULL, NULL, ERR_NONE},
        {"cors", "empty", ERR_NONE},
        {"websocket", "websocket", ERR_NONE},
        {"websocket", "empty", ERR_NONE},
        {"navigate", "document", ERR_HTTP_FETCH_METADATA},
        {"navigate", NULL, ERR_HTTP_FETCH_METADATA},
        {NULL, "document", ERR_HTTP_FETCH_METADATA},
        {"no-cors", "image", ERR_HTTP_FETCH_METADATA},
        {"no-cors", "script", ERR_HTTP_FETCH_METADATA},
        {"cors", "iframe", ERR_HTTP_FETCH_METADATA},
        {"cors", "", ERR_HTTP_FETCH_METADATA},
        {"cors", "Empty", ERR_HTTP_FETCH_METADATA},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct web_gate_facts facts = page_get();
        facts.fetch_mode = cases[i].mode;
        facts.fetch_mode_count = cases[i].mode != NULL;
        facts.fetch_dest = cases[i].dest;
        facts.fetch_dest_count = cases[i].dest != NULL;
        expect(facts, cases[i].code, true);
    }
    struct web_gate_facts facts = page_get();
    facts.fetch_mode = "cors";
    facts.fetch_mode_count = 2;
    expect(facts, ERR_HTTP_FETCH_METADATA, true);
}

static void test_content_types(void **state)
{
    static const struct {
        const char *type;
        enum err_code code;
    } cases[] = {
        {"application/json", ERR_NONE},
        {"application/json;charset=utf-8", ERR_NONE},
        {"APPLICATION/JSON; charset=UTF-8", ERR_NONE},
        {NULL, ERR_HTTP_CONTENT_TYPE},
        {"", ERR_HTTP_CONTENT_TYPE},
        {"text/plain", ERR_HTTP_CONTENT_TYPE},
        {"text/plain; application/json", ERR_HTTP_CONTENT_TYPE},
        {"application/x-www-form-urlencoded", ERR_HTTP_CONTENT_TYPE},
        {"multipart/form-data; boundary=application/json", ERR_HTTP_CONTENT_TYPE},
        {"application/jsonp", ERR_HTTP_CONTENT_TYPE},
        {"application/json, text/plain", ERR_HTTP_CONTENT_TYPE},
        {"application/json;charset=gbk", ERR_HTTP_CONTENT_TYPE},
        {"application/problem+json", ERR_HTTP_CONTENT_TYPE},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct web_gate_facts facts = page_post();
        facts.content_type = cases[i].type;
        facts.content_type_count = cases[i].type != NULL;
        expect(facts, cases[i].code, true);
    }
    struct web_gate_facts facts = page_post();
    facts.content_type_count = 2;
    expect(facts, ERR_HTTP_CONTENT_TYPE, true);
}

static void test_sizes_and_pins(void **state)
{
    struct web_gate_facts facts = page_post();
    facts.content_length = WEB_BODY_BYTES_MAX - 1;
    expect(facts, ERR_NONE, true);
    facts.content_length = WEB_BODY_BYTES_MAX;
    expect(facts, ERR_NONE, true);
    facts.content_length = WEB_BODY_BYTES_MAX + 1;
    expect(facts, ERR_HTTP_TOO_LARGE, true);
    facts = page_get();
    facts.names_pin = true;
    expect(facts, ERR_PIN_IN_REQUEST, true);
}

/* Each refusal comes before those after it in docs/api/local.md. */
static void test_order(void **state)
{
    struct web_gate_facts facts = {.method = HTTP_PUT,
                                   .port = 27510,
                                   .host = "evil.test",
                                   .host_count = 1,
                                   .fetch_mode = "navigate",
                                   .fetch_mode_count = 1,
                                   .names_pin = true,
                                   .content_length = WEB_BODY_BYTES_MAX + 1};
    expect(facts, ERR_HTTP_PEER, false);
    facts.loopback = facts.same_user = true;
    expect(facts, ERR_HTTP_HOST, false);
    facts.host = GOOD_HOST;
    expect(facts, ERR_HTTP_METHOD, false);
    facts.method = HTTP_POST;
    expect(facts, ERR_HTTP_ORIGIN, false);
    facts.origin = ORIGIN;
    facts.origin_count = 1;
    facts.origin_listed = true;
    expect(facts, ERR_HTTP_FETCH_METADATA, true);
    facts.fetch_mode_count = 0;
    expect(facts, ERR_HTTP_CONTENT_TYPE, true);
    facts.content_type = "application/json";
    facts.content_type_count = 1;
    expect(facts, ERR_HTTP_TOO_LARGE, true);
    facts.content_length = 0;
    expect(facts, ERR_PIN_IN_REQUEST, true);
}

/* docs/adr/0008: only a script's no-cors fetch() from outside; everything else learns nothing. */
static void test_knocks(void **state)
{
    struct web_gate_facts knock = page_get();
    knock.origin = NULL;
    knock.origin_count = 0;
    knock.origin_listed = false;
    knock.fetch_mode = "no-cors";
    knock.fetch_dest = "empty";
    knock.fetch_mode_count = knock.fetch_dest_count = 1;
    assert_true(web_gate_is_knock(&knock));
    struct web_gate_facts other = knock;
    other.origin_count = 1;
    assert_false(web_gate_is_knock(&other));
    other = knock;
    other.method = HTTP_POST;
    assert_false(web_gate_is_knock(&other));
    other = knock;
    other.fetch_dest = "script";
    assert_false(web_gate_is_knock(&other));
    other = knock;
    other.fetch_mode = "navigate";
    assert_false(web_gate_is_knock(&other));
    other = knock;
    other.fetch_mode_count = 0;
    assert_false(web_gate_is_knock(&other));
    other = knock;
    other.fetch_dest_count = 2;
    assert_false(web_gate_is_knock(&other));
    other = knock;
    other.local = true;
    assert_false(web_gate_is_knock(&other));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lets_pages_and_terminals_in),
        cmocka_unit_test(test_peers),
        cmocka_unit_test(test_hosts),
        cmocka_unit_test(test_methods),
        cmocka_unit_test(test_origins),
        cmocka_unit_test(test_fetch_metadata),
        cmocka_unit_test(test_content_types),
        cmocka_unit_test(test_sizes_and_pins),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_knocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
