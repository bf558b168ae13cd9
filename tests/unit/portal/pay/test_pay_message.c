#include "portal/pay/pay_message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include "base/clock.h"
#include "stand.h"

static int clock_back(void **state)
{
    clock_set_for_test(STAND_NOW);
    return 0;
}

static enum err_code open_envelope(const struct pay_parties *parties, enum pay_kind kind,
                                   const char *envelope)
{
    AUTO(json_freep) struct json *content = NULL;
    struct err err = ERR_INIT;
    enum err_code code = pay_envelope_open(parties, kind, span_text(envelope), &content, &err);
    assert_true(code == ERR_NONE ? content != NULL : content == NULL);
    return code;
}

static void a_message_arrives(void **state)
{
    const struct stand *stand = *state;
    AUTO(json_freep) struct json *sent = stand_fact("T-1", 20000, PAYMENT_PAID);
    AUTO(pay_signed_done) struct pay_signed message = {0};
    AUTO(json_freep) struct json *content = NULL;
    AUTO(payment_fact_done) struct payment_fact fact = {0};
    struct err err = ERR_INIT;
    stand_must(pay_message_sign(&stand->as_service, PAY_NOTIFICATION, sent, &message, &err), &err);
    AUTO(memory_freep) char *envelope = pay_envelope_text(&message);
    stand_must(pay_envelope_open(&stand->as_merchant, PAY_NOTIFICATION, span_text(envelope),
                                 &content, &err),
               &err);
    assert_string_equal(pay_message_nonce(content), message.nonce);
    stand_must(pay_fact_read(content, &fact, &err), &err);
    assert_string_equal(fact.trade, "T-1");
    assert_string_equal(fact.service_trade, "SB-1");
    assert_int_equal(fact.amount_fen, 20000);
    assert_int_equal(fact.state, PAYMENT_PAID);
    assert_int_equal(fact.at_utc, STAND_NOW);
}

static void a_message_is_for_one_purpose(void **state)
{
    const struct stand *stand = *state;
    AUTO(memory_freep)
    char *envelope =
        stand_envelope(&stand->as_service, PAY_ANSWER, stand_fact("T-1", 20000, PAYMENT_PAID));
    for (int kind = 0; kind < PAY_KIND_COUNT; kind++)
        assert_int_equal(open_envelope(&stand->as_merchant, (enum pay_kind)kind, envelope),
                         kind == PAY_ANSWER ? ERR_NONE : ERR_PAYMENT_SIGNATURE);
}

static void a_message_is_for_one_recipient(void **state)
{
    const struct stand *stand = *state;
    /* the service signs for itself: another merchant of the same service */
    const struct pay_parties elsewhere = {stand->service, stand->service};
    AUTO(memory_freep)
    char *envelope =
        stand_envelope(&elsewhere, PAY_NOTIFICATION, stand_fact("T-1", 20000, PAYMENT_PAID));
    assert_int_equal(open_envelope(&stand->as_merchant, PAY_NOTIFICATION, envelope),
                     ERR_PAYMENT_SIGNATURE);
    /* nor does a message of one's own come back */
    AUTO(memory_freep)
    char *own = stand_envelope(&stand->as_merchant, PAY_NOTIFICATION,
                               stand_fact("T-1", 20000, PAYMENT_PAID));
    assert_int_equal(open_envelope(&stand->as_merchant, PAY_NOTIFICATION, own),
                     ERR_PAYMENT_SIGNATURE);
}

static void a_message_is_good_for_five_minutes(void **state)
{
    const struct stand *stand = *state;
    AUTO(memory_freep)
    char *envelope = stand_envelope(&stand->as_service, PAY_NOTIFICATION,
                                    stand_fact("T-1", 20000, PAYMENT_PAID));
    static const struct {
        int64_t after_s;
        enum err_code code;
    } cases[] = {
        {PAY_MESSAGE_AGE_S, ERR_NONE},
        {PAY_MESSAGE_AGE_S + 1, ERR_PAYMENT_SIGNATURE},
        {-PAY_MESSAGE_AGE_S, ERR_NONE},
        {-PAY_MESSAGE_AGE_S - 1, ERR_PAYMENT_SIGNATURE},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        clock_set_for_test(STAND_NOW + cases[i].after_s);
        assert_int_equal(open_envelope(&stand->as_merchant, PAY_NOTIFICATION, envelope),
                         cases[i].code);
    }
}

static void every_changed_byte_is_noticed(void **state)
{
    const struct stand *stand = *state;
    AUTO(memory_freep)
    char *envelope = stand_envelope(&stand->as_service, PAY_NOTIFICATION,
                                    stand_fact("T-1", 20000, PAYMENT_PAID));
    for (size_t i = 0; envelope[i] != '\0'; i++) {
        char before = envelope[i];
        envelope[i] = before == 'A' ? 'B' : 'A';
        assert_int_not_equal(open_envelope(&stand->as_merchant, PAY_NOTIFICATION, envelope),
                             ERR_NONE);
        envelope[i] = before;
    }
}

static void rubbish_is_refused(void **state)
{
    static const char *const wrong[] = {
        "",
        "{}",
        "[]",
        "null",
        "{\"message\":\"\",\"signature\":\"\"}",
        "{\"message\":\"e30=\",\"signature\":\"AAAA\"}",
        "{\"message\":\"e30=\"}",
        "{\"message\":\"e30=\",\"signature\":\"AAAA\",\"more\":1}",
    };
    const struct stand *stand = *state;
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
        assert_int_not_equal(open_envelope(&stand->as_merchant, PAY_NOTIFICATION, wrong[i]),
                             ERR_NONE);
}

static enum err_code read_fact(const char *text)
{
    AUTO(json_freep) struct json *json = NULL;
    struct payment_fact fact = {0};
    struct err err = ERR_INIT;
    stand_must(json_parse(span_text(text), 4096, &json, &err), &err);
    enum err_code code = pay_fact_read(json, &fact, &err);
    payment_fact_done(&fact);
    return code;
}

#define SINCE "\"since\":\"2026-11-22T14:30:00Z\""

static void a_fact_is_whole(void **state)
{
    static const struct {
        const char *text;
        enum err_code code;
    } cases[] = {
        {"{\"trade\":\"T\",\"amount_fen\":0,\"state\":\"waiting\"," SINCE "}", ERR_NONE},
        {"{\"trade\":\"T\",\"amount_fen\":1,\"state\":\"closed\"," SINCE "}", ERR_NONE},
        {"{\"trade\":\"T\",\"service_trade\":\"S\",\"amount_fen\":1,\"state\":\"paid\"," SINCE "}",
         ERR_NONE},
        {"{\"trade\":\"T\",\"service_trade\":\"S\",\"amount_fen\":0,\"state\":\"paid\"," SINCE "}",
         ERR_FIELD_VALUE},
        {"{\"trade\":\"T\",\"amount_fen\":1,\"state\":\"paid\"," SINCE "}", ERR_FIELD_VALUE},
        {"{\"trade\":\"T\",\"amount_fen\":1,\"state\":\"refunded\"," SINCE "}", ERR_FIELD_VALUE},
        {"{\"trade\":\"T'\",\"amount_fen\":1,\"state\":\"waiting\"," SINCE "}", ERR_FIELD_VALUE},
        {"{\"trade\":\"T\",\"amount_fen\":-1,\"state\":\"waiting\"," SINCE "}", ERR_FIELD_VALUE},
        {"{\"trade\":\"T\",\"amount_fen\":1.5,\"state\":\"waiting\"," SINCE "}", ERR_FIELD_VALUE},
        {"{\"trade\":\"T\",\"amount_fen\":\"1\",\"state\":\"waiting\"," SINCE "}", ERR_FIELD_TYPE},
        {"{\"trade\":\"T\",\"amount_fen\":10000000001,\"state\":\"waiting\"," SINCE "}",
         ERR_FIELD_VALUE},
        {"{\"trade\":\"T\",\"amount_fen\":1,\"state\":\"done\"," SINCE "}", ERR_FIELD_VALUE},
        {"{\"trade\":\"T\",\"amount_fen\":1,\"state\":\"waiting\",\"since\":\"today\"}",
         ERR_FIELD_VALUE},
        {"{\"trade\":\"T\",\"state\":\"waiting\"," SINCE "}", ERR_FIELD_MISSING},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        if (read_fact(cases[i].text) != cases[i].code)
            fail_msg("%s", cases[i].text);
}

static void a_trade_has_one_form(void **state)
{
    AUTO(memory_freep) char *longest = memory_printf("%064d", 1);
    AUTO(memory_freep) char *longer = memory_printf("%065d", 1);
    assert_true(pay_trade_is_valid(longest));
    assert_false(pay_trade_is_valid(longer));
    assert_false(pay_trade_is_valid(""));
    assert_false(pay_trade_is_valid("../x"));
    assert_false(pay_trade_is_valid("a b"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_arrives),
        cmocka_unit_test(a_message_is_for_one_purpose),
        cmocka_unit_test(a_message_is_for_one_recipient),
        cmocka_unit_test_teardown(a_message_is_good_for_five_minutes, clock_back),
        cmocka_unit_test(every_changed_byte_is_noticed),
        cmocka_unit_test(rubbish_is_refused),
        cmocka_unit_test(a_fact_is_whole),
        cmocka_unit_test(a_trade_has_one_form),
    };
    return cmocka_run_group_tests(tests, stand_setup, stand_teardown);
}
