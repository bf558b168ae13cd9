#include "portal/pay/sandbox_service.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include <curl/curl.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/hex.h"
#include "portal/pay/sandbox_trade.h"
#include "stand.h"

#define ANSWER_BYTES_MAX 32768

struct scene {
    const struct stand *stand;
    struct loop *loop;
    struct sandbox_service *service;
    struct stand_server *server;
};

static struct scene open_scene(const struct stand *stand, const char *merchant_origin)
{
    struct scene scene = {.stand = stand};
    struct sandbox_folder *folder = NULL;
    struct err err = ERR_INIT;
    stand_server_decorate(sandbox_service_decorate);
    stand_must(sandbox_folder_set_notify(stand->folder, "lost", &err), &err);
    stand_must(loop_new(&scene.loop, &err), &err);
    stand_must(sandbox_folder_open(stand->folder, &folder, &err), &err);
    stand_must(sandbox_service_new(scene.loop, folder, merchant_origin, &scene.service, &err),
               &err);
    scene.server = stand_server_start(stand, scene.loop, sandbox_service_routes,
                                      sandbox_service_route_count, scene.service);
    return scene;
}

static void scene_done(struct scene *scene)
{
    stand_server_stop(scene->server);
    sandbox_service_free(scene->service);
    loop_free(scene->loop);
}

/* ---- a browser ---- */

struct answer {
    long status;
    char *text; /* headers and body */
    char *location; /* NULL: none */
};

static void answer_done(struct answer *answer)
{
    free(answer->text);
    free(answer->location);
}

static size_t take(char *data, size_t size, size_t count, void *context)
{
    buf_add(context, span_of(data, size * count));
    return size * count;
}

static struct answer visit(const struct scene *scene, const char *path, const char *post)
{
    AUTO(memory_freep)
    char *url = memory_printf("%s%s", stand_server_origin(scene->server), path);
    AUTO(memory_freep) char *ca = stand_path(scene->stand, "tls/ca.pem");
    AUTO(buf_done) struct buf text = BUF_INIT(ANSWER_BYTES_MAX);
    struct answer answer = {0};
    char *location = NULL;
    CURL *easy = curl_easy_init();
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_CAINFO, ca);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_HEADER, 1L);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &text);
    if (post != NULL)
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, post);
    assert_int_equal(curl_easy_perform(easy), CURLE_OK);
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &answer.status);
    curl_easy_getinfo(easy, CURLINFO_REDIRECT_URL, &location);
    answer.location = memory_text(location);
    struct span all = buf_span(&text);
    answer.text = memory_printf("%.*s", (int)all.len, (const char *)all.at);
    curl_easy_cleanup(easy);
    return answer;
}

/* "/pay?order=…", as the portal makes it. */
static char *page_path(const struct pay_parties *parties, const char *trade, int64_t amount_fen,
                       const char *origin)
{
    AUTO(json_freep) struct json *content = json_new_object();
    AUTO(memory_freep) char *notify_url = memory_printf("%s/notify", origin);
    AUTO(memory_freep) char *return_url = memory_printf("%s/orders/1", origin);
    AUTO(pay_signed_done) struct pay_signed page = {0};
    struct err err = ERR_INIT;
    json_add_text(content, "trade", trade);
    json_add_integer(content, "amount_fen", amount_fen);
    json_add_text(content, "subject", "CA锁延期续费");
    json_add_text(content, "notify_url", notify_url);
    json_add_text(content, "return_url", return_url);
    json_add_utc(content, "expires", STAND_NOW + 7200);
    stand_must(pay_message_sign(parties, PAY_PAGE, content, &page, &err), &err);
    AUTO(memory_freep) char *message = hex_encode(span_bytes(page.message));
    AUTO(memory_freep) char *signature = hex_encode(SPAN_ARRAY(page.signature));
    return memory_printf("/pay?order=%s&signature=%s", message, signature);
}

/* The path of the page that an order leads to; the caller frees. */
static char *trade_path(const struct scene *scene, const char *trade)
{
    AUTO(memory_freep)
    char *path = page_path(&scene->stand->as_merchant, trade, 20000, "https://p.cn");
    AUTO(answer_done) struct answer answer = visit(scene, path, NULL);
    assert_int_equal(answer.status, 303);
    assert_non_null(answer.location);
    return memory_text(answer.location + strlen(stand_server_origin(scene->server)));
}

static enum payment_state state_of(const struct scene *scene, const char *trade)
{
    AUTO(sandbox_trade_freep) struct sandbox_trade *loaded = NULL;
    struct err err = ERR_INIT;
    stand_must(sandbox_trade_load(scene->stand->folder, trade, &loaded, &err), &err);
    return loaded->state;
}

static void expect(const struct answer *answer, long status, const char *part)
{
    if (answer->status != status || strstr(answer->text, part) == NULL)
        fail_msg("not %ld with %s: %s", status, part, answer->text);
}

/* ---- the payer ---- */

static void a_payer_pays(void **state)
{
    AUTO(scene_done) struct scene scene = open_scene(*state, NULL);
    AUTO(memory_freep) char *path = trade_path(&scene, "S-pay");
    AUTO(memory_freep) char *pay = memory_printf("%s/pay", path);
    AUTO(answer_done) struct answer page = visit(&scene, path, NULL);
    expect(&page, 200, "¥200.00 元");
    expect(&page, 200, "form-action 'self' https://p.cn\r\n");
    expect(&page, 200, "default-src 'none'");
    AUTO(answer_done) struct answer paid = visit(&scene, pay, "");
    assert_int_equal(paid.status, 303);
    assert_string_equal(paid.location, "https://p.cn/orders/1");
    assert_int_equal(state_of(&scene, "S-pay"), PAYMENT_PAID);
    /* a second click */
    AUTO(answer_done) struct answer again = visit(&scene, pay, "");
    assert_string_equal(again.location, "https://p.cn/orders/1");
    /* and the page says so */
    AUTO(answer_done) struct answer after = visit(&scene, path, NULL);
    expect(&after, 200, "不会重复扣款");
}

static void what_the_page_names_is_there(void **state)
{
    static const struct {
        const char *path, *type;
    } files[] = {{"/style.css", "text/css"}, {"/icon.svg", "image/svg+xml"}};
    AUTO(scene_done) struct scene scene = open_scene(*state, NULL);
    AUTO(memory_freep) char *path = trade_path(&scene, "S-files");
    AUTO(answer_done) struct answer page = visit(&scene, path, NULL);
    for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
        AUTO(answer_done) struct answer file = visit(&scene, files[i].path, NULL);
        expect(&page, 200, files[i].path);
        expect(&file, 200, files[i].type);
        expect(&file, 200, "X-Content-Type-Options: nosniff");
    }
}

static void a_payer_cancels(void **state)
{
    AUTO(scene_done) struct scene scene = open_scene(*state, NULL);
    AUTO(memory_freep) char *path = trade_path(&scene, "S-cancel");
    AUTO(memory_freep) char *cancel = memory_printf("%s/cancel", path);
    AUTO(memory_freep) char *pay = memory_printf("%s/pay", path);
    AUTO(answer_done) struct answer cancelled = visit(&scene, cancel, "");
    assert_string_equal(cancelled.location, "https://p.cn/orders/1");
    assert_int_equal(state_of(&scene, "S-cancel"), PAYMENT_CLOSED);
    AUTO(answer_done) struct answer paid = visit(&scene, pay, "");
    expect(&paid, 409, "已关闭");
    assert_int_equal(state_of(&scene, "S-cancel"), PAYMENT_CLOSED);
}

static void the_same_order_is_the_same_payment(void **state)
{
    AUTO(scene_done) struct scene scene = open_scene(*state, NULL);
    AUTO(memory_freep) char *first = trade_path(&scene, "S-same");
    AUTO(memory_freep) char *again = trade_path(&scene, "S-same");
    AUTO(memory_freep)
    char *other = page_path(&scene.stand->as_merchant, "S-same", 10000, "https://p.cn");
    assert_string_equal(first, again);
    AUTO(answer_done) struct answer answer = visit(&scene, other, NULL);
    expect(&answer, 409, "order-amount");
}

static void an_order_that_was_changed_is_refused(void **state)
{
    AUTO(scene_done) struct scene scene = open_scene(*state, NULL);
    AUTO(memory_freep)
    char *path = page_path(&scene.stand->as_merchant, "S-changed", 20000, "https://p.cn");
    AUTO(memory_freep) char *amount = hex_encode(span_text("20000"));
    char *at = strstr(path, amount);
    assert_non_null(at);
    memcpy(at, "3030303031", 10); /* "00001" */
    AUTO(answer_done) struct answer changed = visit(&scene, path, NULL);
    expect(&changed, 403, "payment-signature");
    AUTO(answer_done) struct answer bare = visit(&scene, "/pay", NULL);
    expect(&bare, 403, "payment-signature");
    AUTO(memory_freep)
    char *stranger = page_path(&scene.stand->as_service, "S-changed", 1, "https://p.cn");
    AUTO(answer_done) struct answer signed_by_another = visit(&scene, stranger, NULL);
    expect(&signed_by_another, 403, "payment-signature");
}

static void an_order_is_of_the_one_merchant(void **state)
{
    AUTO(scene_done) struct scene scene = open_scene(*state, "https://p.cn");
    AUTO(memory_freep) char *own = trade_path(&scene, "S-own");
    AUTO(memory_freep)
    char *other = page_path(&scene.stand->as_merchant, "S-other", 20000, "https://p.cn.evil");
    AUTO(answer_done) struct answer refused = visit(&scene, other, NULL);
    expect(&refused, 403, "payment-signature");
}

static void nobody_pays_without_the_token(void **state)
{
    AUTO(scene_done) struct scene scene = open_scene(*state, NULL);
    AUTO(memory_freep) char *path = trade_path(&scene, "S-token");
    AUTO(answer_done)
    struct answer guessed =
        visit(&scene, "/trades/S-token/00112233445566778899aabbccddeeff/pay", "");
    expect(&guessed, 404, "no-such-record");
    AUTO(answer_done)
    struct answer unknown = visit(&scene, "/trades/S-none/00112233445566778899aabbccddeeff", NULL);
    expect(&unknown, 404, "no-such-record");
    assert_int_equal(state_of(&scene, "S-token"), PAYMENT_WAITING);
}

static void what_has_expired_can_not_be_paid(void **state)
{
    AUTO(scene_done) struct scene scene = open_scene(*state, NULL);
    AUTO(memory_freep) char *path = trade_path(&scene, "S-late");
    AUTO(memory_freep) char *pay = memory_printf("%s/pay", path);
    clock_set_for_test(STAND_NOW + 7201);
    AUTO(memory_freep)
    char *fresh = page_path(&scene.stand->as_merchant, "S-later", 20000, "https://p.cn");
    AUTO(answer_done) struct answer paid = visit(&scene, pay, "");
    AUTO(answer_done) struct answer opened = visit(&scene, fresh, NULL);
    clock_set_for_test(STAND_NOW);
    expect(&paid, 409, "已关闭");
    expect(&opened, 409, "payment-closed");
    assert_int_equal(state_of(&scene, "S-late"), PAYMENT_CLOSED);
}

/* ---- the merchant ---- */

static struct answer call(const struct scene *scene, const char *path, const char *envelope)
{
    return visit(scene, path, envelope);
}

static void a_request_is_taken_once(void **state)
{
    AUTO(scene_done) struct scene scene = open_scene(*state, NULL);
    struct json *content = json_new_object();
    json_add_text(content, "trade", "S-none");
    AUTO(memory_freep)
    char *envelope = stand_envelope(&scene.stand->as_merchant, PAY_QUERY, content);
    AUTO(answer_done) struct answer first = call(&scene, "/api/query", envelope);
    AUTO(answer_done) struct answer replayed = call(&scene, "/api/query", envelope);
    AUTO(answer_done) struct answer misused = call(&scene, "/api/refund", envelope);
    AUTO(answer_done) struct answer rubbish = call(&scene, "/api/query", "{}");
    assert_int_equal(first.status, 200);
    expect(&replayed, 403, "payment-signature");
    expect(&misused, 403, "payment-signature");
    expect(&rubbish, 400, "field-missing");
}

static void an_answer_is_signed_and_names_its_request(void **state)
{
    AUTO(scene_done) struct scene scene = open_scene(*state, NULL);
    AUTO(json_freep) struct json *content = json_new_object();
    AUTO(pay_signed_done) struct pay_signed request = {0};
    AUTO(json_freep) struct json *answer = NULL;
    struct err err = ERR_INIT;
    json_add_text(content, "trade", "S-none");
    stand_must(pay_message_sign(&scene.stand->as_merchant, PAY_QUERY, content, &request, &err),
               &err);
    AUTO(memory_freep) char *envelope = pay_envelope_text(&request);
    AUTO(answer_done) struct answer got = call(&scene, "/api/query", envelope);
    const char *body = strstr(got.text, "\r\n\r\n{");
    assert_non_null(body);
    stand_must(pay_envelope_open(&scene.stand->as_merchant, PAY_ANSWER, span_text(body + 4),
                                 &answer, &err),
               &err);
    assert_string_equal(json_text_of(json_member(answer, "request")), request.nonce);
    assert_string_equal(json_text_of(json_member(answer, "state")), "waiting");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_payer_pays),
        cmocka_unit_test(what_the_page_names_is_there),
        cmocka_unit_test(a_payer_cancels),
        cmocka_unit_test(the_same_order_is_the_same_payment),
        cmocka_unit_test(an_order_that_was_changed_is_refused),
        cmocka_unit_test(an_order_is_of_the_one_merchant),
        cmocka_unit_test(nobody_pays_without_the_token),
        cmocka_unit_test(what_has_expired_can_not_be_paid),
        cmocka_unit_test(a_request_is_taken_once),
        cmocka_unit_test(an_answer_is_signed_and_names_its_request),
    };
    return cmocka_run_group_tests(tests, stand_setup, stand_teardown);
}
