#include "portal/portal_command_payment.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include "base/file.h"
#include "command_runner.h"
#include "payments.h"
#include "portal/pay/pay_key.h"

static char *service_key(struct world *world)
{
    AUTO(pay_key_freep) struct pay_key *key = NULL;
    AUTO(memory_freep) char *private = file_join(world->folder, "service-of-test.key");
    AUTO(memory_freep) char *pem = NULL;
    char *path = file_join(world->folder, "service-of-test.pem");
    struct err err = ERR_INIT;
    world_must(pay_key_make(private, &err), &err);
    world_must(pay_key_read_private(private, &key, &err), &err);
    world_must(pay_key_public_pem(key, &pem, &err), &err);
    world_must(file_write_atomic(path, span_text(pem), 0644, &err), &err);
    return path;
}

static void without_a_service_nobody_is_asked(void **state)
{
    assert_int_equal(command_refused(*state, "payment|query|--trade|T"), ERR_PAYMENT_OFF);
    assert_int_equal(command_refused(*state, "payment|reconcile"), ERR_PAYMENT_OFF);
}

static void a_service_is_configured(void **state)
{
    AUTO(memory_freep) char *key = service_key(*state);
    AUTO(memory_freep)
    char *configure =
        memory_printf("payment|configure|--service|https://127.0.0.1:1|--service-key|%s", key);
    AUTO(json_freep) struct json *own = command_json(*state, "payment|key");
    AUTO(json_freep) struct json *configured = command_json(*state, configure);
    assert_string_equal(command_text(configured, "provider"), "sandbox");
    assert_string_equal(command_text(configured, "merchant_key"),
                        command_text(own, "merchant_key"));
    assert_int_equal(command_refused(*state, "payment|configure|--service|https://a"), ERR_USAGE);
}

static void what_is_asked_in_vain_is_told(void **state)
{
    struct world *world = *state;
    AUTO(memory_freep) char *number = payments_order(world);
    AUTO(portal_payment_freep) struct portal_payment *payment = payments_start(world, number);
    AUTO(memory_freep) char *query = memory_printf("payment|query|--trade|%s", payment->trade);
    assert_int_equal(command_refused(world, query), ERR_PAYMENT_UNAVAILABLE);
    assert_int_equal(command_refused(world, "payment|query|--trade|none"), ERR_NO_SUCH_RECORD);
    AUTO(json_freep) struct json *reconciled = command_json(world, "payment|reconcile");
    const struct json *row = json_item(reconciled, json_count(reconciled) - 1);
    assert_string_equal(command_text(row, "trade"), payment->trade);
    assert_string_equal(command_text(row, "error"), "payment-unavailable");
    assert_string_equal(command_text(row, "state"), "waiting");
}

/* The service can't be reached: it is due all the same. */
static void a_refund_is_noted_first(void **state)
{
    struct world *world = *state;
    AUTO(memory_freep) char *number = payments_order(world);
    AUTO(portal_payment_freep) struct portal_payment *payment = payments_start(world, number);
    AUTO(memory_freep)
    char *refund = memory_printf("payment|refund|--trade|%s|--reason|误付", payment->trade);
    assert_int_equal(command_refused(world, refund), ERR_ORDER_STATE);
    assert_int_equal(payments_say(world, payment->trade, PAYMENT_PAID, payment->amount_fen, NULL),
                     ERR_NONE);
    assert_int_equal(command_refused(world, refund), ERR_PAYMENT_UNAVAILABLE);
    AUTO(portal_payment_freep) struct portal_payment *after = payments_load(world, payment->trade);
    assert_int_equal(after->state, PORTAL_PAYMENT_REFUND_DUE);
}

static void payments_are_listed(void **state)
{
    struct world *world = *state;
    AUTO(memory_freep) char *number = payments_order(world);
    AUTO(portal_payment_freep) struct portal_payment *payment = payments_start(world, number);
    AUTO(memory_freep) char *of_order = memory_printf("payment|list|--order|%s", number);
    AUTO(json_freep) struct json *list = command_json(world, of_order);
    assert_int_equal(json_count(list), 1);
    assert_string_equal(command_text(json_item(list, 0), "trade"), payment->trade);
    assert_int_equal(payments_say(world, "stray-1", PAYMENT_PAID, 5, NULL), ERR_NO_SUCH_RECORD);
    AUTO(json_freep) struct json *strays = command_json(world, "payment|list|--strays");
    assert_int_equal(json_count(strays), 1);
    assert_string_equal(command_text(json_item(strays, 0), "trade"), "stray-1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_service_nobody_is_asked),
        cmocka_unit_test(a_service_is_configured),
        cmocka_unit_test(what_is_asked_in_vain_is_told),
        cmocka_unit_test(a_refund_is_noted_first),
        cmocka_unit_test(payments_are_listed),
    };
    return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
