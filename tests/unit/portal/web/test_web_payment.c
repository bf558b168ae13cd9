#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include "base/clock.h"
#include "base/log.h"
#include "portal/portal_key.h"
#include "tests/unit/portal/payments.h"
#include "web_world.h"

/* The pages over a portal with a payment service in memory; somebody of the keys' organisation is logged
 * in, whose order waits to be paid. */
struct scene {
    struct world *world;
    struct payments_service service;
    struct web_world *web;
    char *number;
    char *pay, *refresh; /* paths */
};

static void open_scene(struct scene *scene, struct world *world)
{
    static bool users;
    *scene = (struct scene){.world = world};
    log_set_level(LOG_LEVEL_ERROR);
    payments_service_init(&scene->service);
    scene->web = web_world_new(world->portal, &scene->service.provider);
    if (!users) {
        web_world_user(scene->web, "bidder", PORTAL_ROLE_BIDDER, WORLD_ORGANISATION);
        web_world_user(scene->web, "stranger", PORTAL_ROLE_BIDDER, "另一家公司");
        web_world_user(scene->web, "reviewer", PORTAL_ROLE_REVIEWER, NULL);
        users = true;
    }
    web_world_become(scene->web, "bidder");
    scene->number = payments_order(world);
    scene->pay = memory_printf("/orders/%s/payment", scene->number);
    scene->refresh = memory_printf("/orders/%s/payment/refresh", scene->number);
}

static void close_scene(struct scene *scene)
{
    web_world_free(scene->web);
    payments_service_done(&scene->service);
    free(scene->number);
    free(scene->pay);
    free(scene->refresh);
}

/* The trade of the address that 1.网上支付 gives; the caller frees. */
static char *pay(struct scene *scene, struct web_result *result)
{
    web_world_expect(scene->web, "POST", scene->pay, "{}", 200, result);
    const char *url = web_result_text(result, "url");
    const char *start = "https://pay.example/";
    assert_non_null(url);
    assert_memory_equal(url, start, strlen(start));
    url += strlen(start);
    return memory_printf("%.*s", (int)strcspn(url, "?"), url);
}

static void a_bidder_is_sent_to_the_service(void **state)
{
    struct scene scene;
    open_scene(&scene, *state);
    AUTO(web_result_done) struct web_result first = {0};
    AUTO(web_result_done) struct web_result second = {0};
    AUTO(memory_freep) char *trade = pay(&scene, &first);
    AUTO(memory_freep) char *again = pay(&scene, &second);
    const char *url = web_result_text(&first, "url");
    AUTO(memory_freep)
    char *fee = memory_printf("?%lld&", (long long)payments_fee(scene.world, scene.number));
    assert_string_equal(trade, again);
    assert_non_null(strstr(url, fee));
    assert_non_null(strstr(url, "&" WEB_WORLD_ORIGIN "/web/v1/payments/notify/sandbox&"));
    assert_non_null(strstr(url, "&" WEB_WORLD_ORIGIN "/orders/"));
    assert_non_null(strstr(url, "CA锁延期续费 12个月"));
    close_scene(&scene);
}

static void only_the_bidder_pays(void **state)
{
    struct scene scene;
    open_scene(&scene, *state);
    web_world_refused(scene.web, "POST", scene.pay, "{\"amount_fen\":1}", "field-unknown");
    web_world_become(scene.web, "stranger");
    web_world_refused(scene.web, "POST", scene.pay, "{}", "no-such-record");
    web_world_refused(scene.web, "POST", scene.refresh, "{}", "no-such-record");
    web_world_become(scene.web, "reviewer");
    web_world_refused(scene.web, "POST", scene.pay, "{}", "role-refused");
    web_world_become(scene.web, NULL);
    web_world_refused(scene.web, "POST", scene.refresh, "{}", "not-logged-in");
    close_scene(&scene);
}

static bool is_paid(const struct web_result *result)
{
    bool paid = false;
    const struct json_field field = {"paid", JSON_BOOL, false, 0, &paid};
    struct err err = ERR_INIT;
    world_must(json_read(result->json, &field, 1, JSON_UNKNOWN_IGNORED, &err), &err);
    return paid;
}

static void a_refresh_asks_the_service(void **state)
{
    struct scene scene;
    open_scene(&scene, *state);
    AUTO(web_result_done) struct web_result started = {0};
    AUTO(web_result_done) struct web_result before = {0};
    AUTO(web_result_done) struct web_result after = {0};
    AUTO(web_result_done) struct web_result again = {0};
    web_world_refused(scene.web, "POST", "/orders/20260101999999/payment/refresh", "{}",
                      "no-such-record");
    AUTO(memory_freep) char *trade = pay(&scene, &started);
    web_world_expect(scene.web, "POST", scene.refresh, "{}", 200, &before);
    assert_false(is_paid(&before));
    payments_service_put(&scene.service, trade, payments_fee(scene.world, scene.number),
                         PAYMENT_PAID);
    web_world_expect(scene.web, "POST", scene.refresh, "{}", 200, &after);
    assert_true(is_paid(&after));
    /* everything is known: nobody is asked */
    int asked = payments_service_queries(&scene.service);
    web_world_expect(scene.web, "POST", scene.refresh, "{}", 200, &again);
    assert_true(is_paid(&again));
    assert_int_equal(payments_service_queries(&scene.service), asked);
    web_world_refused(scene.web, "POST", scene.pay, "{}", "order-paid");
    close_scene(&scene);
}

static void a_service_that_is_down_is_named(void **state)
{
    struct scene scene;
    open_scene(&scene, *state);
    AUTO(web_result_done) struct web_result started = {0};
    AUTO(memory_freep) char *trade = pay(&scene, &started);
    payments_service_break(&scene.service, ERR_PAYMENT_UNAVAILABLE);
    web_world_refused(scene.web, "POST", scene.refresh, "{}", "payment-unavailable");
    payments_service_break(&scene.service, ERR_PAYMENT_ANSWER);
    web_world_refused(scene.web, "POST", scene.refresh, "{}", "payment-answer");
    assert_false(payments_paid(scene.world, scene.number));
    close_scene(&scene);
}

static void who_leaves_is_not_waited_for(void **state)
{
    struct scene scene;
    open_scene(&scene, *state);
    AUTO(web_result_done) struct web_result started = {0};
    AUTO(web_result_done) struct web_result after = {0};
    AUTO(memory_freep) char *trade = pay(&scene, &started);
    AUTO(memory_freep)
    char *head = web_world_head(scene.web, "POST", scene.refresh,
                                "Content-Type: application/json\r\nContent-Length: 2\r\n");
    AUTO(memory_freep) char *request = memory_printf("%s{}", head);
    payments_service_hold(&scene.service, true);
    web_world_leave(scene.web, span_text(request));
    payments_service_put(&scene.service, trade, payments_fee(scene.world, scene.number),
                         PAYMENT_PAID);
    payments_service_hold(&scene.service, false);
    web_world_expect(scene.web, "POST", scene.refresh, "{}", 200, &after);
    assert_true(is_paid(&after));
    close_scene(&scene);
}

/* ---- notifications ---- */

static void notify(struct scene *scene, const char *provider, const char *body,
                   struct web_result *out)
{
    AUTO(memory_freep)
    char *request = memory_printf("POST " WEB_BASE "/payments/notify/%s HTTP/1.1\r\n"
                                  "Host: " WEB_WORLD_HOST "\r\nConnection: close\r\n"
                                  "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                                  provider, strlen(body), body);
    web_world_say(scene->web, span_text(request), out);
}

static void a_notification_pays_the_order(void **state)
{
    struct scene scene;
    open_scene(&scene, *state);
    AUTO(web_result_done) struct web_result started = {0};
    AUTO(web_result_done) struct web_result first = {0};
    AUTO(web_result_done) struct web_result again = {0};
    AUTO(memory_freep) char *trade = pay(&scene, &started);
    AUTO(memory_freep)
    char *body =
        memory_printf("%s paid %lld", trade, (long long)payments_fee(scene.world, scene.number));
    web_world_become(scene.web, NULL);
    notify(&scene, "sandbox", body, &first);
    notify(&scene, "sandbox", body, &again);
    assert_int_equal(first.status, 200);
    assert_int_equal(again.status, 200);
    assert_true(payments_paid(scene.world, scene.number));
    assert_int_equal(payments_audited(scene.world, "order.paid", scene.number), 1);
    close_scene(&scene);
}

static void other_notifications_are_refused(void **state)
{
    struct scene scene;
    open_scene(&scene, *state);
    AUTO(web_result_done) struct web_result started = {0};
    AUTO(memory_freep) char *trade = pay(&scene, &started);
    AUTO(memory_freep) char *good = memory_printf("%s paid 24000", trade);
    AUTO(bytes_freep) struct bytes *filler = bytes_new_size(PAYMENT_NOTIFICATION_BYTES_MAX + 1);
    memset(filler->at, 'x', filler->len);
    const struct {
        const char *provider, *body;
        int status;
        const char *code;
    } cases[] = {
        {"sandbox", "forged", 403, "payment-signature"},
        {"sandbox", "", 403, "payment-signature"},
        {"alipay", good, 404, "not-found"},
        {"sandbox", "20260101000001-0 paid 1", 404, "no-such-record"},
        {"sandbox", (const char *)filler->at, 413, "too-large"},
    };
    web_world_become(scene.web, NULL);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO(web_result_done) struct web_result result = {0};
        notify(&scene, cases[i].provider, cases[i].body, &result);
        if (result.status != cases[i].status)
            fail_msg("%s: %d %s", cases[i].code, result.status, result.body);
        assert_string_equal(web_result_text(&result, "code"), cases[i].code);
    }
    assert_false(payments_paid(scene.world, scene.number));
    close_scene(&scene);
}

static void without_a_service_there_is_no_payment(void **state)
{
    struct scene scene;
    open_scene(&scene, *state);
    web_world_free(scene.web);
    scene.web = web_world_new(scene.world->portal, NULL);
    web_world_become(scene.web, "bidder");
    web_world_refused(scene.web, "POST", scene.pay, "{}", "payment-off");
    web_world_refused(scene.web, "POST", scene.refresh, "{}", "payment-off");
    AUTO(web_result_done) struct web_result result = {0};
    notify(&scene, "sandbox", "x paid 1", &result);
    assert_int_equal(result.status, 404);
    close_scene(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bidder_is_sent_to_the_service),
        cmocka_unit_test(only_the_bidder_pays),
        cmocka_unit_test(a_refresh_asks_the_service),
        cmocka_unit_test(a_service_that_is_down_is_named),
        cmocka_unit_test(who_leaves_is_not_waited_for),
        cmocka_unit_test(a_notification_pays_the_order),
        cmocka_unit_test(other_notifications_are_refused),
        cmocka_unit_test(without_a_service_there_is_no_payment),
    };
    return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
