#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include "portal/portal_attachment.h"
#include "tests/unit/portal/attachments.h"
#include "web_orders.h"

#define NAME "%E8%90%A5%E4%B8%9A%E6%89%A7%E7%85%A7.png" /* 营业执照.png */

static char *at(const char *number, const char *name)
{
    return memory_printf("/orders/%s/attachments/%s", number, name);
}

static void a_file_goes_up_and_comes_down(void **state)
{
    struct web_orders *orders = *state;
    AUTO(memory_freep) char *number = web_orders_add(orders);
    AUTO(memory_freep) char *path = at(number, NAME);
    AUTO(bytes_freep) struct bytes *png = attachment_png();
    AUTO(web_result_done) struct web_result up = {0};
    AUTO(web_result_done) struct web_result down = {0};
    AUTO(web_result_done) struct web_result gone = {0};
    web_orders_upload(orders, number, NAME, "image/png", span_bytes(png), &up);
    assert_int_equal(up.status, 201);
    assert_string_equal(web_result_text(&up, "name"), "营业执照.png");
    web_world_expect(orders->web, "GET", path, NULL, 200, &down);
    assert_true(span_equal(span_of(down.body, down.body_bytes), span_bytes(png)));
    AUTO(memory_freep) char *type = web_result_header(&down, "Content-Type");
    AUTO(memory_freep) char *disposition = web_result_header(&down, "Content-Disposition");
    AUTO(memory_freep) char *sniff = web_result_header(&down, "X-Content-Type-Options");
    assert_string_equal(type, "image/png");
    assert_int_equal(strncmp(disposition, "attachment;", 11), 0);
    assert_string_equal(sniff, "nosniff");
    web_world_expect(orders->web, "DELETE", path, NULL, 204, &gone);
    web_world_refused(orders->web, "GET", path, NULL, "no-such-record");
}

static void whoever_may_not_see_the_order_sees_no_file(void **state)
{
    struct web_orders *orders = *state;
    AUTO(memory_freep) char *number = web_orders_add(orders);
    AUTO(memory_freep) char *path = at(number, "a.png");
    AUTO(bytes_freep) struct bytes *png = attachment_png();
    AUTO(web_result_done) struct web_result up = {0};
    AUTO(web_result_done) struct web_result foreign = {0};
    AUTO(web_result_done) struct web_result seen = {0};
    web_orders_upload(orders, number, "a.png", "image/png", span_bytes(png), &up);
    web_world_become(orders->web, "li");
    web_world_refused(orders->web, "GET", path, NULL, "no-such-record");
    web_world_refused(orders->web, "DELETE", path, NULL, "no-such-record");
    web_orders_upload(orders, number, "b.png", "image/png", span_bytes(png), &foreign);
    assert_string_equal(web_result_text(&foreign, "code"), "no-such-record");
    web_world_become(orders->web, "shen");
    web_world_expect(orders->web, "GET", path, NULL, 200, &seen);
    web_world_refused(orders->web, "DELETE", path, NULL, "role-refused");
    web_world_become(orders->web, NULL);
    web_world_refused(orders->web, "GET", path, NULL, "not-logged-in");
}

static void what_is_no_attachment_is_refused(void **state)
{
    static const struct {
        const char *name, *type, *code;
    } cases[] = {
        {"a.png", "image/jpeg", "attachment-type"},
        {"a.png", "text/html", "attachment-type"},
        {"a.html", "image/png", "attachment-type"},
        {"a.pdf", "application/pdf", "attachment-type"},
        {"a%0Ab.png", "image/png", "not-found"},
        {"a%2Fb.png", "image/png", "not-found"},
        {"..%2F..%2Fa.png", "image/png", "not-found"},
        {"a%5Cb.png", "image/png", "not-found"},
        {"..", "image/png", "not-found"},
        {"%E2%80%AEgnp.png", "image/png", "attachment-name"},
        {"a%3Cb.png", "image/png", "attachment-name"},
        {"a%FF.png", "image/png", "attachment-name"},
        {"a.png%20", "image/png", "attachment-name"},
    };
    struct web_orders *orders = *state;
    AUTO(memory_freep) char *number = web_orders_add(orders);
    AUTO(bytes_freep) struct bytes *png = attachment_png();
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO(web_result_done) struct web_result result = {0};
        web_orders_upload(orders, number, cases[i].name, cases[i].type, span_bytes(png), &result);
        const char *code = web_result_text(&result, "code");
        if (code == NULL || strcmp(code, cases[i].code) != 0)
            fail_msg("%s: %s", cases[i].name, result.body);
    }
}

static void what_is_too_large_is_refused_unread(void **state)
{
    struct web_orders *orders = *state;
    AUTO(memory_freep) char *number = web_orders_add(orders);
    AUTO(memory_freep) char *path = memory_printf(WEB_BASE "/orders/%s/attachments/a.png", number);
    AUTO(memory_freep)
    char *more = memory_printf("Content-Type: image/png\r\nContent-Length: %zu\r\n\r\n",
                               PORTAL_ATTACHMENT_BYTES_MAX + 1);
    AUTO(memory_freep) char *head = web_world_head(orders->web, "PUT", path, more);
    AUTO(web_result_done) struct web_result result = {0};
    web_world_say(orders->web, span_text(head), &result);
    assert_string_equal(web_result_text(&result, "code"), "too-large");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_goes_up_and_comes_down),
        cmocka_unit_test(whoever_may_not_see_the_order_sees_no_file),
        cmocka_unit_test(what_is_no_attachment_is_refused),
        cmocka_unit_test(what_is_too_large_is_refused_unread),
    };
    return cmocka_run_group_tests(tests, web_orders_setup, web_orders_teardown);
}
