#include "http/http_route.h"

/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */

static void test_matches(void **state)
{
    static const struct {
        const char *pattern;
        const char *path;
        bool matches;
        const char *id;
    } cases[] = {
        {"/", "/", true, NULL},
        {"/", "", false, NULL},
        {"/v1/status", "/v1/status", true, NULL},
        {"/v1/status", "/v1/status/", false, NULL},
        {"/v1/status", "/v1/statu", false, NULL},
        {"/v1/status", "/v1/statuses", false, NULL},
        {"/v1/status", "/v1/Status", false, NULL},
        {"/a/{id}", "/a/x", true, "x"},
        {"/a/{id}", "/a/A-z_0.9", true, "A-z_0.9"},
        {"/a/{id}", "/a/", false, NULL},
        {"/a/{id}", "/a", false, NULL},
        {"/a/{id}", "/a/x/", false, NULL},
        {"/a/{id}", "/a/x/y", false, NULL},
        {"/a/{id}", "/a/.", false, NULL},
        {"/a/{id}", "/a/..", false, NULL},
        {"/a/{id}", "/a/.hidden", false, NULL},
        {"/a/{id}", "/a/x y", false, NULL},
        {"/a/{id}", "/a/x%79", false, NULL},
        {"/a/{id}", "/a/\xE4\xBD\xA0", false, NULL},
        {"/a/{id}/b", "/a/x/b", true, "x"},
        {"/a/{id}/b", "/a/x/c", false, NULL},
        {"/a/{id}/b", "/a//b", false, NULL},
        {"/a/{+id}", "/a/\xE4\xBD\xA0 (1).pdf", true, "\xE4\xBD\xA0 (1).pdf"},
        {"/a/{+id}", "/a/x%79", true, "x%79"},
        {"/a/{+id}", "/a/", false, NULL},
        {"/a/{+id}", "/a/..", false, NULL},
        {"/a/{+id}", "/a/.x", false, NULL},
        {"/a/{+id}", "/a/x/y", false, NULL},
        {"/a/{+id}", "/a/../y", false, NULL},
        {"/a/{+id}", "/a/x\\y", false, NULL},
        {"/a/{+id}", "/a/x\ny", false, NULL},
        {"/a/{+id}", "/a/x\x7Fy", false, NULL},
        {"/a/{+id}/b", "/a/x y/b", true, "x y"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct http_route_match match = {0};
        bool matches = http_route_matches(cases[i].pattern, cases[i].path, &match);
        if (matches != cases[i].matches)
            print_error("%s %s\n", cases[i].pattern, cases[i].path);
        assert_int_equal(matches, cases[i].matches);
        const char *id = http_route_segment(&match, "id");
        assert_int_equal(id != NULL, cases[i].id != NULL);
        if (id != NULL)
            assert_string_equal(id, cases[i].id);
    }
}

static void test_limits_segments(void **state)
{
    for (int more = -1; more <= 1; more++) {
        struct http_route_match match = {0};
        char path[HTTP_ROUTE_SEGMENT_BYTES_MAX + 8] = "/";
        memset(path + 1, 'x', (size_t)(HTTP_ROUTE_SEGMENT_BYTES_MAX + more));
        assert_int_equal(http_route_matches("/{id}", path, &match), more <= 0);
    }
}

static void test_limits_names(void **state)
{
    for (int more = -1; more <= 1; more++) {
        struct http_route_match match = {0};
        char path[HTTP_ROUTE_NAME_BYTES_MAX + 8] = "/";
        memset(path + 1, 0xE4, (size_t)(HTTP_ROUTE_NAME_BYTES_MAX + more));
        assert_int_equal(http_route_matches("/{+id}", path, &match), more <= 0);
    }
}

static void test_tells_segments_apart(void **state)
{
    struct http_route_match match = {0};
    assert_true(http_route_matches("/{a}/{ab}/{b}/{c}", "/1/2/3/4", &match));
    assert_string_equal(http_route_segment(&match, "a"), "1");
    assert_string_equal(http_route_segment(&match, "ab"), "2");
    assert_string_equal(http_route_segment(&match, "b"), "3");
    assert_string_equal(http_route_segment(&match, "c"), "4");
    assert_null(http_route_segment(&match, "d"));
    assert_null(http_route_segment(&match, ""));
}

static void test_finds_the_first_and_the_methods(void **state)
{
    static const struct http_route routes[] = {
        {.method = HTTP_GET, .pattern = "/a/b"},     {.method = HTTP_GET, .pattern = "/a/{id}"},
        {.method = HTTP_POST, .pattern = "/a/{id}"}, {.method = HTTP_POST, .pattern = "/a/b"},
        {.method = HTTP_OPTIONS, .pattern = "/a/b"},
    };
    struct http_route_match match;
    char allow[HTTP_ROUTE_ALLOW_BYTES] = "x";
    size_t count = ARRAY_SIZE(routes);
    assert_ptr_equal(http_route_find(routes, count, HTTP_GET, "/a/b", &match, allow), &routes[0]);
    assert_ptr_equal(http_route_find(routes, count, HTTP_GET, "/a/c", &match, allow), &routes[1]);
    assert_ptr_equal(http_route_find(routes, count, HTTP_POST, "/a/b", &match, allow), &routes[2]);
    assert_null(http_route_find(routes, count, HTTP_PUT, "/a/b", &match, allow));
    assert_string_equal(allow, "GET, POST, OPTIONS");
    assert_null(http_route_find(routes, count, HTTP_PUT, "/b", &match, allow));
    assert_string_equal(allow, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_matches),
        cmocka_unit_test(test_limits_segments),
        cmocka_unit_test(test_limits_names),
        cmocka_unit_test(test_tells_segments_apart),
        cmocka_unit_test(test_finds_the_first_and_the_methods),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
