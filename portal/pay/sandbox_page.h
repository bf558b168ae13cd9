/* The sandbox service's pages: HTML without scripts, every text escaped. The caller frees. */
#pragma once

#include "portal/pay/sandbox_trade.h"

extern const char sandbox_page_style[]; /* CSS */
extern const char sandbox_page_icon[]; /* SVG: a browser that finds none asks, and complains */

/* What is to be paid, to whom; with 支付 and 取消 while it waits, else what became of it. */
char *sandbox_page_trade(const struct sandbox_trade *trade, const char *payee);
/* A refusal. */
char *sandbox_page_error(const struct err *err);
/* "123.45", exactly. */
char *sandbox_page_yuan(int64_t fen);
