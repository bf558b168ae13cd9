#include "portal/web/web_page.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include <openssl/evp.h>

#include "base/hex.h"
#include "tests/unit/portal/world.h"
#include "web_world.h"

static struct portal *portal;
static struct web_world *world;

static int setup(void **state)
{
    portal = world_bare();
    world = web_world_new(portal, NULL);
    return 0;
}

static int teardown(void **state)
{
    web_world_free(world);
    portal_free(portal);
    return 0;
}

static void get(const char *method, const char *path, const char *more, struct web_result *out)
{
    AUTO(memory_freep) char *head = web_world_head(world, method, path, more);
    AUTO(memory_freep) char *request = memory_printf("%s\r\n", head);
    web_world_say(world, span_text(request), out);
}

static void expect_header(const struct web_result *result, const char *name, const char *value)
{
    AUTO(memory_freep) char *found = web_result_header(result, name);
    if (found == NULL || strcmp(found, value) != 0)
        fail_msg("%s: %s instead of %s", name, found, value);
}

static void tags_are_compared(void **state)
{
    static const char tag[] = "\"abc\"";
    static const char *const known[] = {"\"abc\"",         "W/\"abc\"",         "*",
                                        "\"x\", \"abc\"",  " \"x\" ,W/\"abc\"", "\"abc\",",
                                        "\"a,b\", \"abc\""};
    static const char *const unknown[] = {NULL, "",   "abc", "\"abcd\"",    "\"ab\"",
                                          "\"", ",,", "**",  "\"x\" \"abc", "\"*\""};
    for (size_t i = 0; i < ARRAY_SIZE(known); i++)
        if (!web_page_is_known(known[i], tag))
            fail_msg("not known: %s", known[i]);
    for (size_t i = 0; i < ARRAY_SIZE(unknown); i++)
        if (web_page_is_known(unknown[i], tag))
            fail_msg("known: %s", unknown[i]);
}

static void each_tag_is_of_its_content(void **state)
{
    for (size_t i = 0; i < web_file_count; i++) {
        uint8_t hash[32];
        EVP_Digest(web_files[i].at, web_files[i].size_bytes, hash, NULL, EVP_sha256(), NULL);
        AUTO(bytes_freep) struct bytes *stated = NULL;
        AUTO(memory_freep)
        char *hex =
            memory_printf("%.*s", (int)strlen(web_files[i].etag) - 2, web_files[i].etag + 1);
        stated = hex_decode(hex);
        assert_non_null(stated);
        assert_true(span_equal(span_bytes(stated), SPAN_ARRAY(hash)));
    }
}

static void every_address_answers_with_its_file(void **state)
{
    assert_true(web_page_count() > web_file_count);
    for (size_t i = 0; i < web_page_count(); i++) {
        struct web_page page = web_page_at(i);
        if (strchr(page.pattern, '{') != NULL)
            continue;
        AUTO(web_result_done) struct web_result result = {0};
        get("GET", page.pattern, "", &result);
        assert_int_equal(result.status, 200);
        assert_true(span_equal(span_of(result.body, result.body_bytes),
                               span_of(page.file->at, page.file->size_bytes)));
        expect_header(&result, "ETag", page.file->etag);
        expect_header(&result, "Content-Type", page.file->content_type);
        expect_header(&result, "Cache-Control", "no-cache");
    }
}

static void the_shell_stands_at_every_page(void **state)
{
    static const char *const paths[] = {"/", "/orders/20261122000001", "/keys/20210922/seal",
                                        "/review/20261122000001", "/login"};
    for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
        AUTO(web_result_done) struct web_result result = {0};
        get("GET", paths[i], "", &result);
        assert_int_equal(result.status, 200);
        assert_non_null(strstr(result.body, "<!doctype html>"));
    }
}

static void what_the_browser_has_is_not_sent_again(void **state)
{
    struct web_page page = web_page_at(0);
    AUTO(memory_freep) char *known = memory_printf("If-None-Match: %s\r\n", page.file->etag);
    AUTO(web_result_done) struct web_result again = {0};
    AUTO(web_result_done) struct web_result changed = {0};
    get("GET", page.pattern, known, &again);
    get("GET", page.pattern, "If-None-Match: \"old\"\r\n", &changed);
    assert_int_equal(again.status, 304);
    assert_int_equal(again.body_bytes, 0);
    expect_header(&again, "ETag", page.file->etag);
    assert_int_equal(changed.status, 200);
}

static void a_head_has_no_body(void **state)
{
    struct web_page page = web_page_at(0);
    AUTO(memory_freep) char *length = memory_printf("%zu", page.file->size_bytes);
    AUTO(web_result_done) struct web_result result = {0};
    get("HEAD", page.pattern, "", &result);
    assert_int_equal(result.status, 200);
    assert_int_equal(result.body_bytes, 0);
    expect_header(&result, "Content-Length", length);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tags_are_compared),
        cmocka_unit_test(each_tag_is_of_its_content),
        cmocka_unit_test(every_address_answers_with_its_file),
        cmocka_unit_test(the_shell_stands_at_every_page),
        cmocka_unit_test(what_the_browser_has_is_not_sent_again),
        cmocka_unit_test(a_head_has_no_body),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
