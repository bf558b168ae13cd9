#include "portal/pay/sandbox_notices.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
/* needs some of the above */
#include <cmocka.h>

#include "base/clock.h"
#include "portal/pay/sandbox_trade.h"
#include "stand.h"

/* A merchant that counts what it takes and refuses the first ones. */
struct merchant {
    const struct stand *stand;
    atomic_int taken, refused;
    int refusals; /* to give */
    atomic_int last_state;
};

static void take(void *context, struct http_request *request)
{
    struct merchant *merchant = context;
    AUTO(json_freep) struct json *content = NULL;
    AUTO(payment_fact_done) struct payment_fact fact = {0};
    struct err err = ERR_INIT;
    stand_must(pay_envelope_open(&merchant->stand->as_merchant, PAY_NOTIFICATION,
                                 http_request_body(request), &content, &err),
               &err);
    stand_must(pay_fact_read(content, &fact, &err), &err);
    merchant->last_state = (int)fact.state;
    if (merchant->refused < merchant->refusals) {
        merchant->refused++;
        http_reply_empty(request, 503);
        return;
    }
    merchant->taken++;
    http_reply_bytes(request, 200, "application/json", span_text("{}"));
}

static const struct http_route routes[] = {{HTTP_POST, "/n", take, PAY_ENVELOPE_BYTES_MAX}};

struct scene {
    const struct stand *stand;
    struct merchant merchant;
    struct loop *server_loop;
    struct stand_server *server;
    struct sandbox_folder *folder;
    struct loop *loop;
    struct sandbox_notices *notices;
    struct loop_timer *timer;
    const char *trade;
};

static struct sandbox_trade *load(const struct scene *scene, const char *name)
{
    struct sandbox_trade *trade = NULL;
    struct err err = ERR_INIT;
    stand_must(sandbox_trade_load(scene->stand->folder, name, &trade, &err), &err);
    return trade;
}

static void put_paid(const struct scene *scene, const char *name)
{
    AUTO(memory_freep)
    char *text = memory_printf("{\"trade\":\"%s\",\"amount_fen\":20000,\"subject\":\"x\","
                               "\"notify_url\":\"%s/n\",\"return_url\":\"https://p.cn/\","
                               "\"expires\":\"2026-11-22T16:30:00Z\"}",
                               name, stand_server_origin(scene->server));
    AUTO(json_freep) struct json *json = NULL;
    AUTO(sandbox_trade_freep) struct sandbox_trade *trade = NULL;
    struct err err = ERR_INIT;
    stand_must(json_parse(span_text(text), 4096, &json, &err), &err);
    stand_must(sandbox_trade_from_page(json, &trade, &err), &err);
    stand_must(sandbox_trade_enter(scene->stand->folder, trade, PAYMENT_PAID, &err), &err);
}

static void open_merchant(struct scene *scene, const struct stand *stand, int refusals)
{
    struct err err = ERR_INIT;
    *scene = (struct scene){.stand = stand, .merchant = {.stand = stand, .refusals = refusals}};
    stand_must(loop_new(&scene->server_loop, &err), &err);
    stand_must(loop_new(&scene->loop, &err), &err);
    scene->server = stand_server_start(stand, scene->server_loop, routes, 1, &scene->merchant);
    stand_must(sandbox_folder_open(stand->folder, &scene->folder, &err), &err);
}

static void open_notices(struct scene *scene)
{
    struct err err = ERR_INIT;
    stand_must(sandbox_notices_new(scene->loop, scene->folder, &scene->notices, &err), &err);
}

static void close_scene(struct scene *scene)
{
    struct err err = ERR_INIT;
    loop_timer_free(scene->timer);
    sandbox_notices_free(scene->notices);
    stand_server_stop(scene->server);
    loop_free(scene->server_loop);
    loop_free(scene->loop);
    sandbox_folder_free(scene->folder);
    stand_must(sandbox_folder_set_notify(scene->stand->folder, "normal", &err), &err);
}

#define LOOK_MS 5
#define LOOKS_MAX 6000 /* then something hangs */

static void look(void *context)
{
    struct scene *scene = context;
    static int looks;
    AUTO(sandbox_trade_freep) struct sandbox_trade *trade = load(scene, scene->trade);
    if (!trade->notify || ++looks > LOOKS_MAX) {
        loop_stop(scene->loop);
        return;
    }
    loop_timer_set(scene->timer, deadline_in_ms(LOOK_MS));
}

/* Runs until nothing is left to say of the trade. */
static void run_until_settled(struct scene *scene, const char *trade)
{
    struct err err = ERR_INIT;
    scene->trade = trade;
    if (scene->timer == NULL)
        scene->timer = loop_timer_new(scene->loop, look, scene);
    loop_timer_set(scene->timer, deadline_in_ms(LOOK_MS));
    stand_must(loop_run(scene->loop, &err), &err);
    AUTO(sandbox_trade_freep) struct sandbox_trade *settled = load(scene, trade);
    assert_false(settled->notify);
}

static void a_notification_is_taken(void **state)
{
    struct scene scene;
    open_merchant(&scene, *state, 0);
    open_notices(&scene);
    put_paid(&scene, "N-1");
    sandbox_notices_add(scene.notices, "N-1");
    run_until_settled(&scene, "N-1");
    assert_int_equal(scene.merchant.taken, 1);
    assert_int_equal(scene.merchant.last_state, PAYMENT_PAID);
    close_scene(&scene);
}

static void a_refused_one_is_sent_again(void **state)
{
    struct scene scene;
    open_merchant(&scene, *state, 1);
    open_notices(&scene);
    put_paid(&scene, "N-2");
    sandbox_notices_add(scene.notices, "N-2");
    run_until_settled(&scene, "N-2");
    assert_int_equal(scene.merchant.refused, 1);
    assert_int_equal(scene.merchant.taken, 1);
    close_scene(&scene);
}

static void what_an_earlier_process_left_is_sent(void **state)
{
    struct scene scene;
    open_merchant(&scene, *state, 0);
    put_paid(&scene, "N-3");
    open_notices(&scene);
    run_until_settled(&scene, "N-3");
    assert_int_equal(scene.merchant.taken, 1);
    close_scene(&scene);
}

static void a_doubled_one_comes_twice(void **state)
{
    struct scene scene;
    struct err err = ERR_INIT;
    open_merchant(&scene, *state, 0);
    open_notices(&scene);
    stand_must(sandbox_folder_set_notify(scene.stand->folder, "doubled", &err), &err);
    put_paid(&scene, "N-4");
    sandbox_notices_add(scene.notices, "N-4");
    run_until_settled(&scene, "N-4");
    assert_int_equal(scene.merchant.taken, 2);
    close_scene(&scene);
}

static void a_lost_one_is_never_sent(void **state)
{
    struct scene scene;
    struct err err = ERR_INIT;
    open_merchant(&scene, *state, 0);
    open_notices(&scene);
    stand_must(sandbox_folder_set_notify(scene.stand->folder, "lost", &err), &err);
    put_paid(&scene, "N-5");
    sandbox_notices_add(scene.notices, "N-5");
    AUTO(sandbox_trade_freep) struct sandbox_trade *trade = load(&scene, "N-5");
    assert_false(trade->notify);
    assert_int_equal(scene.merchant.taken, 0);
    close_scene(&scene);
}

/* The end of the service is not the end of the notification. */
static void what_was_not_sent_is_kept(void **state)
{
    struct scene scene;
    struct err err = ERR_INIT;
    open_merchant(&scene, *state, 0);
    open_notices(&scene);
    stand_must(sandbox_folder_set_notify(scene.stand->folder, "late", &err), &err);
    put_paid(&scene, "N-6");
    sandbox_notices_add(scene.notices, "N-6");
    close_scene(&scene);
    AUTO(sandbox_trade_freep) struct sandbox_trade *trade = load(&scene, "N-6");
    assert_true(trade->notify);
    assert_int_equal(scene.merchant.taken, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_notification_is_taken),
        cmocka_unit_test(a_refused_one_is_sent_again),
        cmocka_unit_test(what_an_earlier_process_left_is_sent),
        cmocka_unit_test(a_doubled_one_comes_twice),
        cmocka_unit_test(a_lost_one_is_never_sent),
        cmocka_unit_test(what_was_not_sent_is_kept),
    };
    return cmocka_run_group_tests(tests, stand_setup, stand_teardown);
}
