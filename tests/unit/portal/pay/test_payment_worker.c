#include "portal/pay/payment_worker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include "base/clock.h"
#include "base/log.h"
#include "tests/unit/portal/payments.h"

struct scene {
    struct world *world;
    struct payments_service service;
    struct loop *loop;
    struct payment_worker *worker;
    struct loop_timer *timer;
    const char *trade; /* whose state is waited for */
    enum portal_payment_state wanted;
    int told, looks;
    enum err_code said;
};

static struct scene *open_scene(struct world *world)
{
    struct scene *scene = memory_new(sizeof *scene);
    struct err err = ERR_INIT;
    log_set_level(LOG_LEVEL_ERROR);
    clock_set_for_test(FIXTURE_NOW);
    world_must(portal_db_run(world->portal->db, "DELETE FROM payment", PORTAL_NO_VALUES, &err),
               &err);
    scene->world = world;
    payments_service_init(&scene->service);
    world_must(loop_new(&scene->loop, &err), &err);
    return scene;
}

static void start_worker(struct scene *scene)
{
    struct err err = ERR_INIT;
    world_must(payment_worker_new(scene->world->portal, scene->loop, &scene->service.provider,
                                  &scene->worker, &err),
               &err);
}

static void close_scene(struct scene *scene)
{
    payment_worker_free(scene->worker);
    loop_timer_free(scene->timer);
    loop_free(scene->loop);
    payments_service_done(&scene->service);
    free(scene);
}

static void on_told(void *context, struct err *err)
{
    struct scene *scene = context;
    scene->told++;
    scene->said = err->code;
    loop_stop(scene->loop);
}

static void run(struct scene *scene)
{
    struct err err = ERR_INIT;
    world_must(loop_run(scene->loop, &err), &err);
}

#define LOOK_MS 2
#define LOOKS_MAX 10000 /* then something hangs */

static void look(void *context)
{
    struct scene *scene = context;
    AUTO(portal_payment_freep)
    struct portal_payment *payment = payments_load(scene->world, scene->trade);
    if (payment->state == scene->wanted || ++scene->looks > LOOKS_MAX)
        loop_stop(scene->loop);
    else
        loop_timer_set(scene->timer, deadline_in_ms(LOOK_MS));
}

static void run_until(struct scene *scene, const char *trade, enum portal_payment_state wanted)
{
    scene->trade = trade;
    scene->wanted = wanted;
    if (scene->timer == NULL)
        scene->timer = loop_timer_new(scene->loop, look, scene);
    loop_timer_set(scene->timer, deadline_in_ms(LOOK_MS));
    run(scene);
    AUTO(portal_payment_freep) struct portal_payment *payment = payments_load(scene->world, trade);
    assert_string_equal(portal_payment_state_text(payment->state),
                        portal_payment_state_text(wanted));
}

static void a_user_learns_what_the_service_knows(void **state)
{
    struct scene *scene = open_scene(*state);
    AUTO(memory_freep) char *number = payments_order(scene->world);
    AUTO(portal_payment_freep)
    struct portal_payment *payment = payments_start(scene->world, number);
    struct err err = ERR_INIT;
    start_worker(scene);
    payments_service_put(&scene->service, payment->trade, payment->amount_fen, PAYMENT_PAID);
    world_must(payment_worker_ask(scene->worker, payment->trade, on_told, scene, &err), &err);
    run(scene);
    assert_int_equal(scene->told, 1);
    assert_int_equal(scene->said, ERR_NONE);
    assert_true(payments_paid(scene->world, number));
    assert_string_equal(scene->world->portal->actor, "test");
    close_scene(scene);
}

static void those_who_ask_about_one_trade_share_a_call(void **state)
{
    struct scene *scene = open_scene(*state);
    AUTO(memory_freep) char *number = payments_order(scene->world);
    AUTO(portal_payment_freep)
    struct portal_payment *payment = payments_start(scene->world, number);
    struct err err = ERR_INIT;
    start_worker(scene);
    payments_service_hold(&scene->service, true);
    for (int i = 0; i < PAYMENT_WORKER_ASKS_MAX; i++)
        world_must(payment_worker_ask(scene->worker, payment->trade, on_told, scene, &err), &err);
    assert_int_equal(payment_worker_ask(scene->worker, payment->trade, on_told, scene, &err),
                     ERR_HTTP_TOO_MANY);
    payments_service_hold(&scene->service, false);
    run(scene);
    assert_int_equal(scene->told, PAYMENT_WORKER_ASKS_MAX);
    assert_int_equal(payments_service_queries(&scene->service), 1);
    close_scene(scene);
}

static void a_service_that_is_down_is_asked_later(void **state)
{
    struct scene *scene = open_scene(*state);
    AUTO(memory_freep) char *number = payments_order(scene->world);
    AUTO(portal_payment_freep)
    struct portal_payment *payment = payments_start(scene->world, number);
    struct err err = ERR_INIT;
    start_worker(scene);
    payments_service_break(&scene->service, ERR_PAYMENT_UNAVAILABLE);
    world_must(payment_worker_ask(scene->worker, payment->trade, on_told, scene, &err), &err);
    run(scene);
    assert_int_equal(scene->said, ERR_PAYMENT_UNAVAILABLE);
    assert_int_equal(payments_next_ask(scene->world, payment->trade),
                     FIXTURE_NOW + (int64_t)2 * PORTAL_PAYMENT_ASK_S);
    close_scene(scene);
}

/* The notification never came, and the portal was started anew meanwhile. */
static void a_forgotten_payment_is_asked_about(void **state)
{
    struct scene *scene = open_scene(*state);
    AUTO(memory_freep) char *number = payments_order(scene->world);
    AUTO(portal_payment_freep)
    struct portal_payment *payment = payments_start(scene->world, number);
    payments_service_put(&scene->service, payment->trade, payment->amount_fen, PAYMENT_PAID);
    clock_set_for_test(FIXTURE_NOW + PORTAL_PAYMENT_ASK_S);
    start_worker(scene);
    run_until(scene, payment->trade, PORTAL_PAYMENT_PAID);
    assert_true(payments_paid(scene->world, number));
    close_scene(scene);
}

static void what_was_paid_twice_is_refunded(void **state)
{
    struct scene *scene = open_scene(*state);
    AUTO(memory_freep) char *number = payments_order(scene->world);
    AUTO(portal_payment_freep) struct portal_payment *first = payments_start(scene->world, number);
    payments_set_months(scene->world, number, 24);
    AUTO(portal_payment_freep) struct portal_payment *second = payments_start(scene->world, number);
    payments_service_put(&scene->service, first->trade, first->amount_fen, PAYMENT_PAID);
    payments_service_put(&scene->service, second->trade, second->amount_fen, PAYMENT_PAID);
    assert_int_equal(
        payments_say(scene->world, second->trade, PAYMENT_PAID, second->amount_fen, NULL),
        ERR_NONE);
    assert_int_equal(
        payments_say(scene->world, first->trade, PAYMENT_PAID, first->amount_fen, NULL), ERR_NONE);
    start_worker(scene);
    run_until(scene, first->trade, PORTAL_PAYMENT_REFUNDED);
    assert_int_equal(payments_service_refunds(&scene->service), 1);
    assert_int_equal(payments_service_queries(&scene->service), 0);
    close_scene(scene);
}

static void nobody_is_asked_while_nothing_is_due(void **state)
{
    struct scene *scene = open_scene(*state);
    start_worker(scene);
    payment_worker_look(scene->worker);
    AUTO(memory_freep) char *number = payments_order(scene->world);
    AUTO(portal_payment_freep)
    struct portal_payment *payment = payments_start(scene->world, number);
    payment_worker_look(scene->worker);
    payment_worker_free(TAKE(scene->worker)); /* waits for what it asked */
    assert_int_equal(payments_service_queries(&scene->service), 0);
    /* and then it is */
    clock_set_for_test(FIXTURE_NOW + PORTAL_PAYMENT_ASK_S);
    start_worker(scene);
    payment_worker_look(scene->worker);
    payment_worker_free(TAKE(scene->worker));
    assert_int_equal(payments_service_queries(&scene->service), 1);
    close_scene(scene);
}

static void who_waits_at_the_end_is_told(void **state)
{
    struct scene *scene = open_scene(*state);
    AUTO(memory_freep) char *number = payments_order(scene->world);
    AUTO(portal_payment_freep)
    struct portal_payment *payment = payments_start(scene->world, number);
    struct err err = ERR_INIT;
    start_worker(scene);
    payments_service_hold(&scene->service, true);
    world_must(payment_worker_ask(scene->worker, payment->trade, on_told, scene, &err), &err);
    payment_worker_free(TAKE(scene->worker));
    assert_int_equal(scene->told, 1);
    assert_int_equal(scene->said, ERR_CANCELLED);
    assert_int_equal(payments_next_ask(scene->world, payment->trade),
                     FIXTURE_NOW + PORTAL_PAYMENT_ASK_S);
    close_scene(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_user_learns_what_the_service_knows),
        cmocka_unit_test(those_who_ask_about_one_trade_share_a_call),
        cmocka_unit_test(a_service_that_is_down_is_asked_later),
        cmocka_unit_test(a_forgotten_payment_is_asked_about),
        cmocka_unit_test(what_was_paid_twice_is_refunded),
        cmocka_unit_test(nobody_is_asked_while_nothing_is_due),
        cmocka_unit_test(who_waits_at_the_end_is_told),
    };
    return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
