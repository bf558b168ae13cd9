#include "portal/web/web_order.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include "portal/portal_order_new.h"
#include "web_orders.h"

#define INVOICE "\"invoice\":{\"title\":\"测试1023\",\"tax_number\":\"91370000\"}"

static char *at(const char *number, const char *what)
{
    return memory_printf("/orders/%s%s", number, what);
}

static void refused(struct web_orders *orders, const char *method, const char *number,
                    const char *what, const char *body, const char *code)
{
    AUTO(memory_freep) char *path = at(number, what);
    web_world_refused(orders->web, method, path, body, code);
}

static void done(struct web_orders *orders, const char *number, const char *what, const char *body,
                 const char *state)
{
    AUTO(memory_freep) char *path = at(number, what);
    AUTO(web_result_done) struct web_result result = {0};
    web_world_expect(orders->web, "POST", path, body, 200, &result);
    assert_string_equal(web_result_text(&result, "state"), state);
}

static void an_order_goes_the_manuals_way(void **state)
{
    struct web_orders *orders = *state;
    AUTO(memory_freep) char *number = web_orders_submitted(orders);
    AUTO(memory_freep) char *ticket_path = at(number, "/ticket");
    AUTO(web_result_done) struct web_result ticket = {0};
    web_world_become(orders->web, "shen");
    done(orders, number, "/reject", "{\"reason\":\"资料不全\"}", "审核不通过");
    web_world_become(orders->web, "zhang");
    done(orders, number, "/submit", "{}", "待审核");
    web_world_become(orders->web, "shen");
    done(orders, number, "/approve", "{}", "审核通过");
    web_world_become(orders->web, "zhang");
    web_world_expect(orders->web, "POST", ticket_path, "{\"kind\":\"renew\"}", 201, &ticket);
    assert_int_equal(strlen(web_result_text(&ticket, "ticket")), 64);
    assert_string_equal(web_result_text(&ticket, "kind"), "renew");
    assert_int_equal(world_count(orders->world->portal,
                                 "SELECT count(*) FROM approval_record WHERE actor = 'user:shen'"),
                     2);
}

/* Bidder and reviewer ask for each step in each state; whatever is not next is refused and changes
 * nothing. */
static void every_step_out_of_order_is_refused(void **state)
{
    enum { EDITING, PAID, REVIEW, APPROVED, REJECTED, COUNT };
    static const struct {
        const char *user, *method, *what, *body;
        const char *codes[COUNT]; /* NULL: allowed */
    } cases[] = {
        {"zhang",
         "POST",
         "/submit",
         "{}",
         {"order-unpaid", "invoice-incomplete", "order-state", "order-state", NULL}},
        {"zhang", "PUT", "", "{" INVOICE "}", {NULL, NULL, "order-state", "order-state", NULL}},
        {"zhang",
         "PUT",
         "",
         "{\"months\":24}",
         {NULL, "order-paid", "order-state", "order-state", "order-paid"}},
        {"zhang",
         "POST",
         "/ticket",
         "{\"kind\":\"renew\"}",
         {"order-not-approved", "order-not-approved", "order-not-approved", NULL,
          "order-not-approved"}},
        {"zhang",
         "POST",
         "/ticket",
         "{\"kind\":\"check\"}",
         {"order-not-approved", "order-not-approved", "order-not-approved", NULL,
          "order-not-approved"}},
        {"zhang",
         "POST",
         "/approve",
         "{}",
         {"role-refused", "role-refused", "role-refused", "role-refused", "role-refused"}},
        {"shen",
         "POST",
         "/approve",
         "{}",
         {"order-state", "order-state", NULL, "order-state", "order-state"}},
        {"shen",
         "POST",
         "/reject",
         "{\"reason\":\"x\"}",
         {"order-state", "order-state", NULL, "order-state", "order-state"}},
        {"shen",
         "POST",
         "/reject",
         "{\"reason\":\" \"}",
         {"field-missing", "field-missing", "field-missing", "field-missing", "field-missing"}},
        {"shen",
         "POST",
         "/submit",
         "{}",
         {"role-refused", "role-refused", "role-refused", "role-refused", "role-refused"}},
        {"shen",
         "POST",
         "/ticket",
         "{\"kind\":\"renew\"}",
         {"role-refused", "role-refused", "role-refused", "role-refused", "role-refused"}},
        {"li",
         "GET",
         "",
         NULL,
         {"no-such-record", "no-such-record", "no-such-record", "no-such-record",
          "no-such-record"}},
        {"li",
         "POST",
         "/ticket",
         "{\"kind\":\"renew\"}",
         {"no-such-record", "no-such-record", "no-such-record", "no-such-record",
          "no-such-record"}},
    };
    struct web_orders *orders = *state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        for (int way = 0; way < COUNT; way++) {
            AUTO(memory_freep)
            char *number = way < REVIEW ? web_orders_add(orders) : web_orders_submitted(orders);
            struct err err = ERR_INIT;
            if (way == PAID)
                web_orders_pay(orders, number);
            if (way > REVIEW)
                world_must(
                    portal_order_act(orders->world->portal, number,
                                     way == APPROVED ? PORTAL_ORDER_APPROVE : PORTAL_ORDER_REJECT,
                                     "x", &err),
                    &err);
            int64_t audit = world_count(orders->world->portal, "SELECT count(*) FROM audit");
            AUTO(memory_freep) char *path = at(number, cases[i].what);
            AUTO(web_result_done) struct web_result result = {0};
            web_world_become(orders->web, cases[i].user);
            web_world_ask(orders->web, cases[i].method, path, cases[i].body, &result);
            const char *code = web_result_text(&result, "code");
            const char *wanted = cases[i].codes[way];
            if ((code == NULL) != (wanted == NULL) || (code != NULL && strcmp(code, wanted) != 0))
                fail_msg("case %zu (%s %s), way %d: %s", i, cases[i].method, cases[i].what, way,
                         result.body);
            if (wanted != NULL)
                assert_int_equal(world_count(orders->world->portal, "SELECT count(*) FROM audit"),
                                 audit);
        }
}

static void fields_are_checked(void **state)
{
    struct web_orders *orders = *state;
    AUTO(memory_freep) char *number = web_orders_add(orders);
    web_world_refused(orders->web, "POST", "/orders", "{}", "field-missing");
    web_world_refused(orders->web, "POST", "/orders", "{\"serial\":\"\"}", "field-value");
    web_world_refused(orders->web, "POST", "/orders", "{\"serial\":1}", "field-type");
    web_world_refused(orders->web, "POST", "/orders", "{\"serial\":\"x\",\"fee_fen\":1}",
                      "field-unknown");
    web_world_refused(orders->web, "POST", "/orders", "{\"serial\":\"none\"}", "no-such-record");
    refused(orders, "PUT", number, "", "{\"months\":0}", "field-value");
    refused(orders, "PUT", number, "", "{\"months\":61}", "field-value");
    refused(orders, "PUT", number, "", "{\"months\":1.5}", "field-value");
    refused(orders, "PUT", number, "", "{\"fee_fen\":1}", "field-unknown");
    refused(orders, "PUT", number, "", "{\"state\":\"审核通过\"}", "field-unknown");
    refused(orders, "PUT", number, "", "{\"paid\":true}", "field-unknown");
    refused(orders, "PUT", number, "", "{\"invoice\":{\"x\":\"\"}}", "field-unknown");
    refused(orders, "POST", number, "/submit", "{\"paid\":true}", "field-unknown");
    refused(orders, "POST", number, "/ticket", "{}", "field-missing");
    web_world_refused(orders->web, "GET", "/orders/none", NULL, "no-such-record");
}

static void a_ticket_of_another_kind_is_refused(void **state)
{
    struct web_orders *orders = *state;
    AUTO(memory_freep) char *number = web_orders_submitted(orders);
    web_world_become(orders->web, "shen");
    done(orders, number, "/approve", "{}", "审核通过");
    web_world_become(orders->web, "zhang");
    refused(orders, "POST", number, "/ticket", "{\"kind\":\"reset-pin\"}", "field-value");
    refused(orders, "POST", number, "/ticket", "{\"kind\":\"extend-seal\"}", "field-value");
}

static void months_carry_their_fee_and_invoice_stands_beside(void **state)
{
    struct web_orders *orders = *state;
    AUTO(memory_freep) char *number = web_orders_add(orders);
    AUTO(memory_freep) char *path = at(number, "");
    AUTO(web_result_done) struct web_result result = {0};
    web_world_expect(orders->web, "PUT", path, "{\"months\":24," INVOICE "}", 200, &result);
    AUTO(memory_freep) char *fee = json_print(json_member(result.json, "fee_fen"));
    AUTO(memory_freep)
    char *wanted = memory_printf("%d", 24 * PORTAL_ORDER_FEE_FEN_PER_MONTH_DEFAULT);
    assert_string_equal(fee, wanted);
    assert_string_equal(json_text_of(json_member(json_member(result.json, "invoice"), "title")),
                        "测试1023");
}

/* What is refused in one part changes nothing in the other. */
static void an_edit_is_whole_or_not_at_all(void **state)
{
    struct web_orders *orders = *state;
    AUTO(memory_freep) char *number = web_orders_add(orders);
    AUTO(memory_freep) char *path = at(number, "");
    AUTO(web_result_done) struct web_result before = {0};
    AUTO(web_result_done) struct web_result after = {0};
    web_world_expect(orders->web, "GET", path, NULL, 200, &before);
    refused(orders, "PUT", number, "",
            "{\"months\":24,\"invoice\":{\"title\":\"x\",\"kind\":\"odd\"}}", "field-value");
    web_world_expect(orders->web, "GET", path, NULL, 200, &after);
    assert_string_equal(before.body, after.body);
}

static void the_list_takes_its_parameters(void **state)
{
    struct web_orders *orders = *state;
    AUTO(memory_freep) char *number = web_orders_add(orders);
    AUTO(memory_freep) char *search = memory_printf("/orders?search=%s&limit=1", number);
    static const char *const good[] = {
        "/orders",
        "/orders?state=&paid=&search=",
        "/orders?paid=true",
        "/orders?state=%E7%BC%96%E8%BE%91%E4%B8%AD&paid=false",
        "/orders?search=%E6%B5%8B%E8%AF%95",
    };
    static const struct {
        const char *path, *code;
    } bad[] = {
        {"/orders?paid=1", "field-value"},     {"/orders?state=x", "field-value"},
        {"/orders?limit=0", "field-value"},    {"/orders?limit=101", "field-value"},
        {"/orders?after=x", "cursor"},         {"/orders?before=k0000000000000001", "cursor"},
        {"/orders?search=%FF", "field-value"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
        AUTO(web_result_done) struct web_result result = {0};
        web_world_expect(orders->web, "GET", good[i], NULL, 200, &result);
    }
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        web_world_refused(orders->web, "GET", bad[i].path, NULL, bad[i].code);
    AUTO(web_result_done) struct web_result found = {0};
    AUTO(web_result_done) struct web_result foreign = {0};
    web_world_expect(orders->web, "GET", search, NULL, 200, &found);
    assert_int_equal(json_count(json_member(found.json, "items")), 1);
    web_world_become(orders->web, "li");
    web_world_expect(orders->web, "GET", search, NULL, 200, &foreign);
    assert_int_equal(json_count(json_member(foreign.json, "items")), 0);
}

static void nobody_sees_anything_without_a_session(void **state)
{
    struct web_orders *orders = *state;
    AUTO(memory_freep) char *number = web_orders_add(orders);
    web_world_become(orders->web, NULL);
    web_world_refused(orders->web, "GET", "/orders", NULL, "not-logged-in");
    refused(orders, "GET", number, "", NULL, "not-logged-in");
    refused(orders, "POST", number, "/submit", "{}", "not-logged-in");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_order_goes_the_manuals_way),
        cmocka_unit_test(every_step_out_of_order_is_refused),
        cmocka_unit_test(fields_are_checked),
        cmocka_unit_test(a_ticket_of_another_kind_is_refused),
        cmocka_unit_test(months_carry_their_fee_and_invoice_stands_beside),
        cmocka_unit_test(an_edit_is_whole_or_not_at_all),
        cmocka_unit_test(the_list_takes_its_parameters),
        cmocka_unit_test(nobody_sees_anything_without_a_session),
    };
    return cmocka_run_group_tests(tests, web_orders_setup, web_orders_teardown);
}
