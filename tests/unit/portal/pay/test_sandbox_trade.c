#include "portal/pay/sandbox_trade.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include "base/file.h"
#include "stand.h"

#define PAGE(trade, amount, notify, expires) \
    "{\"trade\":\"" trade "\",\"amount_fen\":" amount \
    ",\"subject\":\"续费\",\"notify_url\":\"" notify \
    "\",\"return_url\":\"https://p.cn/orders/1\",\"expires\":\"" expires "\"}"
#define GOOD_PAGE(trade) PAGE(trade, "20000", "https://p.cn/n", "2026-11-22T16:30:00Z")

static enum err_code from_page(const char *text, struct sandbox_trade **out)
{
    AUTO(json_freep) struct json *json = NULL;
    struct err err = ERR_INIT;
    stand_must(json_parse(span_text(text), 4096, &json, &err), &err);
    return sandbox_trade_from_page(json, out, &err);
}

static void a_page_makes_a_waiting_trade(void **state)
{
    AUTO(sandbox_trade_freep) struct sandbox_trade *trade = NULL;
    AUTO(sandbox_trade_freep) struct sandbox_trade *other = NULL;
    assert_int_equal(from_page(GOOD_PAGE("T-1"), &trade), ERR_NONE);
    assert_int_equal(from_page(GOOD_PAGE("T-1"), &other), ERR_NONE);
    assert_int_equal(trade->state, PAYMENT_WAITING);
    assert_int_equal(trade->amount_fen, 20000);
    assert_int_equal(trade->expires_utc, STAND_NOW + 7200);
    assert_string_equal(trade->service_trade, "");
    assert_false(trade->notify);
    assert_int_equal(strlen(trade->token), SANDBOX_TOKEN_CHARACTERS);
    assert_string_not_equal(trade->token, other->token);
}

static void a_wrong_page_makes_none(void **state)
{
    static const char *const wrong[] = {
        PAGE("../T", "20000", "https://p.cn/n", "2026-11-22T16:30:00Z"),
        PAGE("T", "0", "https://p.cn/n", "2026-11-22T16:30:00Z"),
        PAGE("T", "1.5", "https://p.cn/n", "2026-11-22T16:30:00Z"),
        PAGE("T", "1", "http://p.cn/n", "2026-11-22T16:30:00Z"),
        PAGE("T", "1", "https://p.cn/n\\r\\nX:y", "2026-11-22T16:30:00Z"),
        PAGE("T", "1", "https://p.cn/n", "tomorrow"),
        "{\"trade\":\"T\"}",
    };
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        struct sandbox_trade *trade = NULL;
        if (from_page(wrong[i], &trade) == ERR_NONE || trade != NULL)
            fail_msg("%s", wrong[i]);
    }
}

static void a_trade_is_kept_with_its_state(void **state)
{
    const struct stand *stand = *state;
    AUTO(sandbox_trade_freep) struct sandbox_trade *trade = NULL;
    AUTO(sandbox_trade_freep) struct sandbox_trade *loaded = NULL;
    struct err err = ERR_INIT;
    assert_int_equal(from_page(GOOD_PAGE("KEPT-1"), &trade), ERR_NONE);
    stand_must(sandbox_trade_save(stand->folder, trade, &err), &err);
    stand_must(sandbox_trade_enter(stand->folder, trade, PAYMENT_PAID, &err), &err);
    stand_must(sandbox_trade_load(stand->folder, "KEPT-1", &loaded, &err), &err);
    assert_int_equal(loaded->state, PAYMENT_PAID);
    assert_true(loaded->notify);
    assert_memory_equal(loaded->service_trade, "SB-", 3);
    assert_string_equal(loaded->service_trade, trade->service_trade);
    assert_string_equal(loaded->token, trade->token);
    assert_string_equal(loaded->return_url, "https://p.cn/orders/1");
    assert_string_equal(loaded->subject, "续费");
    stand_must(sandbox_trade_enter(stand->folder, loaded, PAYMENT_REFUNDED, &err), &err);
    assert_string_equal(loaded->service_trade, trade->service_trade);
}

static void what_is_not_there_is_not_found(void **state)
{
    static const char *const names[] = {"NONE", "", "../merchant", "a/b", "KEPT-1.json"};
    const struct stand *stand = *state;
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        struct sandbox_trade *trade = NULL;
        struct err err = ERR_INIT;
        assert_int_equal(sandbox_trade_load(stand->folder, names[i], &trade, &err),
                         ERR_NO_SUCH_RECORD);
    }
}

static void count_one(void *context, const struct sandbox_trade *trade)
{
    if (strncmp(trade->trade, "EACH-", 5) == 0)
        ++*(int *)context;
}

static void a_broken_file_hides_no_other(void **state)
{
    const struct stand *stand = *state;
    AUTO(memory_freep) char *broken = stand_path(stand, "trades/EACH-0.json");
    AUTO(sandbox_trade_freep) struct sandbox_trade *first = NULL;
    AUTO(sandbox_trade_freep) struct sandbox_trade *second = NULL;
    struct err err = ERR_INIT;
    int count = 0;
    assert_int_equal(from_page(GOOD_PAGE("EACH-1"), &first), ERR_NONE);
    assert_int_equal(from_page(GOOD_PAGE("EACH-2"), &second), ERR_NONE);
    stand_must(file_write_atomic(broken, span_text("{"), 0600, &err), &err);
    stand_must(sandbox_trade_save(stand->folder, first, &err), &err);
    stand_must(sandbox_trade_save(stand->folder, second, &err), &err);
    stand_must(sandbox_trade_each(stand->folder, count_one, &count, &err), &err);
    assert_int_equal(count, 2);
    assert_int_equal(sandbox_trade_load(stand->folder, "EACH-0", &first, &err), ERR_FILE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_page_makes_a_waiting_trade),
        cmocka_unit_test(a_wrong_page_makes_none),
        cmocka_unit_test(a_trade_is_kept_with_its_state),
        cmocka_unit_test(what_is_not_there_is_not_found),
        cmocka_unit_test(a_broken_file_hides_no_other),
    };
    return cmocka_run_group_tests(tests, stand_setup, stand_teardown);
}
