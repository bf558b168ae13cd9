#include "portal/pay/sandbox_page.h"

#include <stdlib.h>

#include "base/buf.h"

/* A page has about 2 KiB, and texts of at most 1 KiB that escaping makes six times as long. */
#define PAGE_BYTES_MAX 16384
#define FEN_PER_YUAN 100

const char sandbox_page_style[] =
    "body{margin:0;font:16px/1.6 system-ui,\"Noto Sans CJK SC\",sans-serif;color:#1d2129;"
    "background:#f2f3f5}\n"
    "main{max-width:30rem;margin:2rem auto;padding:1.5rem;background:#fff;border-radius:8px}\n"
    "h1{font-size:1.3rem;margin:0 0 1rem}\n"
    ".note{padding:.5rem .75rem;background:#fff3cd;border:1px solid #b58900;border-radius:4px;"
    "color:#5c4400}\n"
    "dl{display:grid;grid-template-columns:auto 1fr;gap:.5rem 1rem;margin:1.5rem 0}\n"
    "dt{color:#4e5969}\n"
    "dd{margin:0;overflow-wrap:anywhere}\n"
    ".amount{font-size:1.6rem;font-weight:600}\n"
    "form{display:inline}\n"
    "button,a.button{display:inline-block;min-width:6rem;min-height:2.75rem;margin:0 .5rem .5rem 0;"
    "padding:.5rem 1.25rem;font:inherit;border:1px solid #0b57a4;border-radius:4px;"
    "background:#fff;color:#0b57a4;text-decoration:none;text-align:center;box-sizing:border-box;"
    "cursor:pointer}\n"
    "button.primary{background:#0b57a4;color:#fff}\n"
    ":focus-visible{outline:3px solid #f59f00;outline-offset:2px}\n";

const char sandbox_page_icon[] =
    "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 16 16\">"
    "<rect width=\"16\" height=\"16\" rx=\"3\" fill=\"#0b57a4\"/>"
    "<path d=\"M5 3l3 4 3-4M8 7v6M5 8h6M5 10h6\" stroke=\"#fff\" fill=\"none\"/></svg>\n";

static void add_escaped(struct buf *buf, const char *text)
{
    static const struct {
        char character;
        const char *instead;
    } escapes[] = {
        {'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}, {'\'', "&#39;"},
    };
    for (; *text != '\0'; text++) {
        size_t i = 0;
        while (i < ARRAY_SIZE(escapes) && escapes[i].character != *text)
            i++;
        if (i < ARRAY_SIZE(escapes))
            buf_add_text(buf, escapes[i].instead);
        else
            buf_add_u8(buf, (uint8_t)*text);
    }
}

static void open_page(struct buf *buf, const char *title)
{
    buf_add_text(buf, "<!DOCTYPE html>\n<html lang=\"zh-CN\">\n<head>\n<meta charset=\"utf-8\">\n"
                      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                      "<title>");
    add_escaped(buf, title);
    buf_add_text(buf,
                 "</title>\n<link rel=\"stylesheet\" href=\"/style.css\">\n"
                 "<link rel=\"icon\" type=\"image/svg+xml\" href=\"/icon.svg\">\n</head>\n<body>\n"
                 "<main>\n<h1>");
    add_escaped(buf, title);
    buf_add_text(buf, "</h1>\n<p class=\"note\" role=\"note\">支付沙箱：仅供测试和演示，"
                      "不会发生真实扣款。</p>\n");
}

static char *close_page(struct buf *buf)
{
    buf_add_text(buf, "</main>\n</body>\n</html>\n");
    struct span page = buf_span(buf);
    char *text = memory_printf("%.*s", (int)page.len, (const char *)page.at);
    buf_done(buf);
    return text;
}

char *sandbox_page_yuan(int64_t fen)
{
    return memory_printf("%lld.%02lld", (long long)(fen / FEN_PER_YUAN),
                         (long long)(fen % FEN_PER_YUAN));
}

static void add_row(struct buf *buf, const char *name, const char *value)
{
    buf_printf(buf, "<dt>%s</dt><dd>", name);
    add_escaped(buf, value);
    buf_add_text(buf, "</dd>\n");
}

static void add_button(struct buf *buf, const struct sandbox_trade *trade, const char *verb,
                       const char *class, const char *word)
{
    buf_printf(buf, "<form method=\"post\" action=\"/trades/%s/%s/%s\">", trade->trade,
               trade->token, verb);
    buf_printf(buf, "<button class=\"%s\" type=\"submit\">%s</button></form>\n", class, word);
}

static void add_return(struct buf *buf, const struct sandbox_trade *trade)
{
    buf_add_text(buf, "<p><a class=\"button\" href=\"");
    add_escaped(buf, trade->return_url);
    buf_add_text(buf, "\">返回采购平台</a></p>\n");
}

/* What a trade that can't be paid says. */
static const char *const outcomes[PAYMENT_STATE_COUNT] = {
    [PAYMENT_PAID] = "该笔费用已支付，不会重复扣款。请返回平台点击“刷新支付状态”。",
    [PAYMENT_REFUNDED] = "该笔费用已退款。",
    [PAYMENT_CLOSED] = "该笔支付已关闭，没有扣款。如需支付，请返回平台重新点击“网上支付”。",
};

char *sandbox_page_trade(const struct sandbox_trade *trade, const char *payee)
{
    struct buf buf = BUF_INIT(PAGE_BYTES_MAX);
    AUTO(memory_freep) char *yuan = sandbox_page_yuan(trade->amount_fen);
    open_page(&buf, "网上支付（沙箱）");
    buf_add_text(&buf, "<dl>\n");
    add_row(&buf, "收款方", payee);
    add_row(&buf, "商品", trade->subject);
    add_row(&buf, "支付单号", trade->trade);
    buf_printf(&buf, "<dt>金额</dt><dd class=\"amount\">¥%s 元</dd>\n</dl>\n", yuan);
    if (trade->state == PAYMENT_WAITING) {
        add_button(&buf, trade, "pay", "primary", "支付");
        add_button(&buf, trade, "cancel", "secondary", "取消");
    } else {
        buf_printf(&buf, "<p role=\"status\">%s</p>\n", outcomes[trade->state]);
        add_return(&buf, trade);
    }
    return close_page(&buf);
}

char *sandbox_page_error(const struct err *err)
{
    struct buf buf = BUF_INIT(PAGE_BYTES_MAX);
    open_page(&buf, err_title(err->code).zh);
    buf_add_text(&buf, "<p role=\"alert\">");
    add_escaped(&buf, err_remedy(err->code).zh);
    buf_add_text(&buf, "</p>\n<p>");
    add_escaped(&buf, err_code_text(err->code));
    buf_add_text(&buf, "</p>\n");
    return close_page(&buf);
}
