#include "portal/pay/payment_sandbox.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include "base/clock.h"
#include "base/hex.h"
#include "portal/pay/sandbox_service.h"
#include "portal/pay/sandbox_trade.h"
#include "stand.h"

static const struct payment_ask good_ask = {
    .trade = "20261122000001-0011223344556677",
    .amount_fen = 20000,
    .subject = "CA锁延期续费 12个月",
    .notify_url = "https://p.cn/web/v1/payments/notify/sandbox",
    .return_url = "https://p.cn/orders/20261122000001",
    .expires_utc = STAND_NOW + 7200,
};

static struct payment_provider *open_provider(const struct stand *stand, const char *url)
{
    AUTO(memory_freep) char *ca = stand_path(stand, "tls/ca.pem");
    AUTO(memory_freep) char *own = stand_path(stand, "merchant.key");
    AUTO(memory_freep) char *service = stand_path(stand, "service.pem");
    const struct payment_sandbox_options options = {url, ca, own, service};
    struct payment_provider *provider = NULL;
    struct err err = ERR_INIT;
    stand_must(payment_sandbox_new(&options, &provider, &err), &err);
    return provider;
}

/* ---- the page ---- */

static struct bytes *parameter(const char *url, const char *name)
{
    AUTO(memory_freep) char *wanted = memory_printf("%s=", name);
    const char *at = strstr(url, wanted);
    assert_non_null(at);
    at += strlen(wanted);
    AUTO(memory_freep) char *text = memory_printf("%.*s", (int)strcspn(at, "&"), at);
    return hex_decode(text);
}

static void the_page_holds_what_is_to_be_paid(void **state)
{
    const struct stand *stand = *state;
    AUTO(payment_sandbox_freep)
    struct payment_provider *provider = open_provider(stand, "https://pay.cn:8443");
    AUTO(memory_freep) char *url = NULL;
    AUTO(json_freep) struct json *content = NULL;
    AUTO(sandbox_trade_freep) struct sandbox_trade *trade = NULL;
    struct err err = ERR_INIT;
    stand_must(provider->page(provider->context, &good_ask, &url, &err), &err);
    assert_memory_equal(url, "https://pay.cn:8443/pay?", 24);
    AUTO(bytes_freep) struct bytes *message = parameter(url, "order");
    AUTO(bytes_freep) struct bytes *signature = parameter(url, "signature");
    stand_must(pay_message_open(&stand->as_service, PAY_PAGE, span_bytes(message),
                                span_bytes(signature), &content, &err),
               &err);
    stand_must(sandbox_trade_from_page(content, &trade, &err), &err);
    assert_string_equal(trade->trade, good_ask.trade);
    assert_int_equal(trade->amount_fen, 20000);
    assert_string_equal(trade->subject, good_ask.subject);
    assert_string_equal(trade->notify_url, good_ask.notify_url);
    assert_int_equal(trade->expires_utc, good_ask.expires_utc);
}

static void what_can_not_be_asked_is_refused(void **state)
{
    AUTO(payment_sandbox_freep)
    struct payment_provider *provider = open_provider(*state, "https://pay.cn");
    AUTO(memory_freep) char *subject = memory_printf("%0257d", 0);
    struct payment_ask wrong[] = {good_ask, good_ask, good_ask, good_ask, good_ask, good_ask};
    wrong[0].trade = "a/b";
    wrong[1].amount_fen = 0;
    wrong[2].amount_fen = PAYMENT_FEN_MAX + 1;
    wrong[3].subject = subject;
    wrong[4].notify_url = "http://p.cn/";
    wrong[5].return_url = "javascript:alert(1)";
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        char *url = NULL;
        struct err err = ERR_INIT;
        assert_int_equal(provider->page(provider->context, &wrong[i], &url, &err), ERR_FIELD_VALUE);
        assert_null(url);
    }
}

static void a_service_without_https_is_refused(void **state)
{
    static const char *const urls[] = {"http://pay.cn", "https://pay.cn/", "pay.cn", ""};
    const struct stand *stand = *state;
    AUTO(memory_freep) char *own = stand_path(stand, "merchant.key");
    AUTO(memory_freep) char *service = stand_path(stand, "service.pem");
    for (size_t i = 0; i < ARRAY_SIZE(urls); i++) {
        const struct payment_sandbox_options options = {urls[i], NULL, own, service};
        struct payment_provider *provider = NULL;
        struct err err = ERR_INIT;
        assert_int_equal(payment_sandbox_new(&options, &provider, &err), ERR_CONFIG);
    }
}

/* ---- notifications ---- */

static enum err_code notify(const struct payment_provider *provider, const char *body,
                            struct payment_fact *out)
{
    struct err err = ERR_INIT;
    return provider->notification(provider->context, span_text(body), out, &err);
}

static void a_notification_is_the_services_and_ours(void **state)
{
    const struct stand *stand = *state;
    AUTO(payment_sandbox_freep)
    struct payment_provider *provider = open_provider(stand, "https://pay.cn");
    AUTO(payment_fact_done) struct payment_fact fact = {0};
    struct payment_fact untouched = {0};
    const struct pay_parties elsewhere = {stand->service, stand->service};
    const struct pay_parties forged = {stand->merchant, stand->merchant};
    AUTO(memory_freep)
    char *good = stand_envelope(&stand->as_service, PAY_NOTIFICATION,
                                stand_fact("T-1", 20000, PAYMENT_PAID));
    AUTO(memory_freep)
    char *other =
        stand_envelope(&elsewhere, PAY_NOTIFICATION, stand_fact("T-1", 20000, PAYMENT_PAID));
    AUTO(memory_freep)
    char *own = stand_envelope(&forged, PAY_NOTIFICATION, stand_fact("T-1", 20000, PAYMENT_PAID));
    AUTO(memory_freep)
    char *kind =
        stand_envelope(&stand->as_service, PAY_ANSWER, stand_fact("T-1", 20000, PAYMENT_PAID));
    assert_int_equal(notify(provider, good, &fact), ERR_NONE);
    assert_string_equal(fact.trade, "T-1");
    assert_int_equal(notify(provider, other, &untouched), ERR_PAYMENT_SIGNATURE);
    assert_int_equal(notify(provider, own, &untouched), ERR_PAYMENT_SIGNATURE);
    assert_int_equal(notify(provider, kind, &untouched), ERR_PAYMENT_SIGNATURE);
    clock_set_for_test(STAND_NOW + PAY_MESSAGE_AGE_S + 1);
    assert_int_equal(notify(provider, good, &untouched), ERR_PAYMENT_SIGNATURE);
    clock_set_for_test(STAND_NOW);
    assert_null(untouched.trade);
}

/* ---- query and refund, with the real service ---- */

struct scene {
    struct loop *loop;
    struct sandbox_service *service;
    struct stand_server *server;
    struct payment_provider *provider;
};

static struct scene open_scene(const struct stand *stand)
{
    struct scene scene = {0};
    struct sandbox_folder *folder = NULL;
    struct err err = ERR_INIT;
    stand_must(loop_new(&scene.loop, &err), &err);
    stand_must(sandbox_folder_open(stand->folder, &folder, &err), &err);
    stand_must(sandbox_service_new(scene.loop, folder, NULL, &scene.service, &err), &err);
    scene.server = stand_server_start(stand, scene.loop, sandbox_service_routes,
                                      sandbox_service_route_count, scene.service);
    scene.provider = open_provider(stand, stand_server_origin(scene.server));
    return scene;
}

static void scene_done(struct scene *scene)
{
    payment_sandbox_free(scene->provider);
    stand_server_stop(scene->server);
    sandbox_service_free(scene->service);
    loop_free(scene->loop);
}

/* The service's file, as its page leaves it. */
static void put_trade(const struct stand *stand, const char *name, enum payment_state state)
{
    AUTO(memory_freep)
    char *text = memory_printf("{\"trade\":\"%s\",\"amount_fen\":20000,\"subject\":\"x\","
                               "\"notify_url\":\"https://127.0.0.1:1/n\","
                               "\"return_url\":\"https://p.cn/\","
                               "\"expires\":\"2026-11-22T16:30:00Z\"}",
                               name);
    AUTO(json_freep) struct json *json = NULL;
    AUTO(sandbox_trade_freep) struct sandbox_trade *trade = NULL;
    struct err err = ERR_INIT;
    stand_must(json_parse(span_text(text), 4096, &json, &err), &err);
    stand_must(sandbox_trade_from_page(json, &trade, &err), &err);
    trade->state = state;
    if (state == PAYMENT_PAID) {
        free(trade->service_trade);
        trade->service_trade = memory_text("SB-77");
    }
    stand_must(sandbox_trade_save(stand->folder, trade, &err), &err);
}

static void the_service_says_what_it_knows(void **state)
{
    AUTO(scene_done) struct scene scene = open_scene(*state);
    const struct payment_provider *provider = scene.provider;
    struct err err = ERR_INIT;
    put_trade(*state, "Q-waiting", PAYMENT_WAITING);
    put_trade(*state, "Q-paid", PAYMENT_PAID);
    AUTO(payment_fact_done) struct payment_fact waiting = {0};
    AUTO(payment_fact_done) struct payment_fact paid = {0};
    AUTO(payment_fact_done) struct payment_fact unknown = {0};
    stand_must(provider->query(provider->context, "Q-waiting", &waiting, &err), &err);
    stand_must(provider->query(provider->context, "Q-paid", &paid, &err), &err);
    stand_must(provider->query(provider->context, "Q-never", &unknown, &err), &err);
    assert_int_equal(waiting.state, PAYMENT_WAITING);
    assert_int_equal(waiting.amount_fen, 20000);
    assert_int_equal(paid.state, PAYMENT_PAID);
    assert_string_equal(paid.service_trade, "SB-77");
    assert_int_equal(unknown.state, PAYMENT_WAITING);
    assert_int_equal(unknown.amount_fen, 0);
}

static void a_refund_is_given_once(void **state)
{
    AUTO(scene_done) struct scene scene = open_scene(*state);
    const struct payment_provider *provider = scene.provider;
    struct err err = ERR_INIT;
    put_trade(*state, "R-paid", PAYMENT_PAID);
    put_trade(*state, "R-waiting", PAYMENT_WAITING);
    AUTO(payment_fact_done) struct payment_fact first = {0};
    AUTO(payment_fact_done) struct payment_fact again = {0};
    struct payment_fact none = {0};
    assert_int_equal(provider->refund(provider->context, "R-paid", 1, &none, &err),
                     ERR_PAYMENT_REFUSED);
    stand_must(provider->refund(provider->context, "R-paid", 20000, &first, &err), &err);
    stand_must(provider->refund(provider->context, "R-paid", 20000, &again, &err), &err);
    assert_int_equal(first.state, PAYMENT_REFUNDED);
    assert_int_equal(again.state, PAYMENT_REFUNDED);
    assert_int_equal(again.amount_fen, 20000);
    assert_int_equal(provider->refund(provider->context, "R-waiting", 20000, &none, &err),
                     ERR_PAYMENT_REFUSED);
    assert_int_equal(provider->refund(provider->context, "R-never", 20000, &none, &err),
                     ERR_PAYMENT_REFUSED);
}

static void after_a_stop_nothing_is_asked(void **state)
{
    AUTO(scene_done) struct scene scene = open_scene(*state);
    struct payment_fact none = {0};
    struct err err = ERR_INIT;
    scene.provider->stop(scene.provider->context);
    assert_int_equal(scene.provider->query(scene.provider->context, "Q", &none, &err),
                     ERR_CANCELLED);
}

/* ---- a service that lies ---- */

struct liar {
    const struct stand *stand;
    const char *trade; /* that it answers about */
    const char *nonce; /* that it answers to; NULL: the right one */
    enum pay_kind kind;
    bool forged;
};

static void answer_wrongly(void *context, struct http_request *request)
{
    const struct liar *liar = context;
    AUTO(json_freep) struct json *asked = NULL;
    struct err err = ERR_INIT;
    stand_must(pay_envelope_open(&liar->stand->as_service, PAY_QUERY, http_request_body(request),
                                 &asked, &err),
               &err);
    struct json *content = stand_fact(liar->trade, 20000, PAYMENT_PAID);
    json_add_text(content, "request", liar->nonce != NULL ? liar->nonce : pay_message_nonce(asked));
    const struct pay_parties forged = {liar->stand->merchant, liar->stand->merchant};
    AUTO(memory_freep)
    char *envelope =
        stand_envelope(liar->forged ? &forged : &liar->stand->as_service, liar->kind, content);
    http_reply_bytes(request, 200, "application/json", span_text(envelope));
}

static void answer_rubbish(void *context, struct http_request *request)
{
    http_reply_bytes(request, 200, "application/json", span_text("{\"paid\":true}"));
}

static enum err_code ask(const struct stand *stand, http_handler handler, struct liar *liar)
{
    const struct http_route routes[] = {{HTTP_POST, "/api/query", handler, PAY_ENVELOPE_BYTES_MAX}};
    struct loop *loop = NULL;
    struct err err = ERR_INIT;
    stand_must(loop_new(&loop, &err), &err);
    struct stand_server *server = stand_server_start(stand, loop, routes, 1, liar);
    struct payment_provider *provider = open_provider(stand, stand_server_origin(server));
    struct payment_fact fact = {0};
    enum err_code code = provider->query(provider->context, "T-1", &fact, &err);
    assert_true((code == ERR_NONE) == (fact.trade != NULL));
    payment_fact_done(&fact);
    payment_sandbox_free(provider);
    stand_server_stop(server);
    loop_free(loop);
    return code;
}

static void wrong_answers_are_not_believed(void **state)
{
    struct liar honest = {*state, "T-1", NULL, PAY_ANSWER, false};
    struct liar other_trade = {*state, "T-2", NULL, PAY_ANSWER, false};
    struct liar replayed = {*state, "T-1", "00112233445566778899aabbccddeeff", PAY_ANSWER, false};
    struct liar notification = {*state, "T-1", NULL, PAY_NOTIFICATION, false};
    struct liar forged = {*state, "T-1", NULL, PAY_ANSWER, true};
    assert_int_equal(ask(*state, answer_wrongly, &honest), ERR_NONE);
    assert_int_equal(ask(*state, answer_wrongly, &other_trade), ERR_PAYMENT_ANSWER);
    assert_int_equal(ask(*state, answer_wrongly, &replayed), ERR_PAYMENT_ANSWER);
    assert_int_equal(ask(*state, answer_wrongly, &notification), ERR_PAYMENT_SIGNATURE);
    assert_int_equal(ask(*state, answer_wrongly, &forged), ERR_PAYMENT_SIGNATURE);
    assert_int_equal(ask(*state, answer_rubbish, NULL), ERR_PAYMENT_ANSWER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_page_holds_what_is_to_be_paid),
        cmocka_unit_test(what_can_not_be_asked_is_refused),
        cmocka_unit_test(a_service_without_https_is_refused),
        cmocka_unit_test(a_notification_is_the_services_and_ours),
        cmocka_unit_test(the_service_says_what_it_knows),
        cmocka_unit_test(a_refund_is_given_once),
        cmocka_unit_test(after_a_stop_nothing_is_asked),
        cmocka_unit_test(wrong_answers_are_not_believed),
    };
    return cmocka_run_group_tests(tests, stand_setup, stand_teardown);
}
