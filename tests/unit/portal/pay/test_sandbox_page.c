#include "portal/pay/sandbox_page.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include "stand.h"

static struct sandbox_trade *make(const char *subject, enum payment_state state)
{
    struct sandbox_trade *trade = memory_new(sizeof *trade);
    trade->trade = memory_text("T-1");
    trade->token = memory_text("0123456789abcdef0123456789abcdef");
    trade->subject = memory_text(subject);
    trade->notify_url = memory_text("https://p.cn/n");
    trade->return_url = memory_text("https://p.cn/orders/1?a=1&b=2");
    trade->service_trade = memory_text("");
    trade->amount_fen = 20005;
    trade->state = state;
    return trade;
}

static void expect(const char *page, const char *part)
{
    if (strstr(page, part) == NULL)
        fail_msg("no %s in %s", part, page);
}

static void a_waiting_trade_can_be_paid_or_cancelled(void **state)
{
    AUTO(sandbox_trade_freep) struct sandbox_trade *trade = make("CA锁延期续费", PAYMENT_WAITING);
    AUTO(memory_freep) char *page = sandbox_page_trade(trade, "阳光采购服务平台");
    expect(page, "<html lang=\"zh-CN\">");
    expect(page, "支付沙箱");
    expect(page, "阳光采购服务平台");
    expect(page, "CA锁延期续费");
    expect(page, "¥200.05 元");
    expect(page, "action=\"/trades/T-1/0123456789abcdef0123456789abcdef/pay\"");
    expect(page, "action=\"/trades/T-1/0123456789abcdef0123456789abcdef/cancel\"");
    expect(page, ">支付</button>");
    expect(page, ">取消</button>");
    assert_null(strstr(page, "<script"));
    assert_null(strstr(page, "style="));
}

static void what_is_over_can_only_be_left(void **state)
{
    static const struct {
        enum payment_state state;
        const char *word;
    } cases[] = {
        {PAYMENT_PAID, "已支付"}, {PAYMENT_REFUNDED, "已退款"}, {PAYMENT_CLOSED, "已关闭"}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO(sandbox_trade_freep) struct sandbox_trade *trade = make("x", cases[i].state);
        AUTO(memory_freep) char *page = sandbox_page_trade(trade, "y");
        expect(page, cases[i].word);
        expect(page, "href=\"https://p.cn/orders/1?a=1&amp;b=2\"");
        assert_null(strstr(page, "<button"));
    }
}

static void texts_are_escaped(void **state)
{
    AUTO(sandbox_trade_freep)
    struct sandbox_trade *trade = make("<script>alert('1')&\"</script>", PAYMENT_WAITING);
    AUTO(memory_freep) char *page = sandbox_page_trade(trade, "<b>");
    expect(page, "&lt;script&gt;alert(&#39;1&#39;)&amp;&quot;&lt;/script&gt;");
    expect(page, "&lt;b&gt;");
    assert_null(strstr(page, "<script"));
    assert_null(strstr(page, "<b>"));
}

static void the_longest_texts_fit(void **state)
{
    AUTO(memory_freep) char *subject = memory_printf("%0256d", 0);
    memset(subject, '"', 256);
    AUTO(memory_freep) char *url = memory_printf("https://p.cn/%0499d", 0);
    memset(url + 13, '&', 499);
    AUTO(sandbox_trade_freep) struct sandbox_trade *trade = make(subject, PAYMENT_PAID);
    free(trade->return_url);
    trade->return_url = TAKE(url);
    AUTO(memory_freep) char *page = sandbox_page_trade(trade, subject);
    expect(page, "</html>");
}

static void a_refusal_says_what_to_do(void **state)
{
    struct err err = ERR_INIT;
    err_set(&err, ERR_PAYMENT_SIGNATURE, "secret detail");
    AUTO(memory_freep) char *page = sandbox_page_error(&err);
    expect(page, err_title(ERR_PAYMENT_SIGNATURE).zh);
    expect(page, err_remedy(ERR_PAYMENT_SIGNATURE).zh);
    expect(page, "payment-signature");
    assert_null(strstr(page, "secret detail"));
}

static void amounts_are_exact(void **state)
{
    static const struct {
        int64_t fen;
        const char *yuan;
    } cases[] = {{1, "0.01"},
                 {10, "0.10"},
                 {99, "0.99"},
                 {100, "1.00"},
                 {20000, "200.00"},
                 {PAYMENT_FEN_MAX, "100000000.00"},
                 {INT64_C(9007199254740993), "90071992547409.93"}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO(memory_freep) char *yuan = sandbox_page_yuan(cases[i].fen);
        assert_string_equal(yuan, cases[i].yuan);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_waiting_trade_can_be_paid_or_cancelled),
        cmocka_unit_test(what_is_over_can_only_be_left),
        cmocka_unit_test(texts_are_escaped),
        cmocka_unit_test(the_longest_texts_fit),
        cmocka_unit_test(a_refusal_says_what_to_do),
        cmocka_unit_test(amounts_are_exact),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
