/* The sandbox service's records: one JSON file a trade, replaced atomically before anybody is told of a
 * change. */
#pragma once

#include "base/json.h"
#include "portal/pay/payment.h"

#define SANDBOX_TOKEN_CHARACTERS 32

struct sandbox_trade {
    char *trade; /* the merchant's number */
    char *token; /* in the address of its page: who knows it may pay or cancel */
    char *subject, *notify_url, *return_url;
    char *service_trade; /* "" until it was paid */
    int64_t amount_fen;
    int64_t expires_utc;
    int64_t since_utc; /* of its state */
    enum payment_state state;
    bool notify; /* the merchant has yet to hear of its state */
};

/* From an opened PAY_PAGE message: waiting, with a token of its own. ERR_FIELD_... */
MUST_CHECK enum err_code sandbox_trade_from_page(const struct json *content,
                                                 struct sandbox_trade **out, struct err *err);
void sandbox_trade_free(struct sandbox_trade *trade);
void sandbox_trade_freep(struct sandbox_trade **trade);

/* folder: the service's; name: the merchant's number, any text. ERR_NO_SUCH_RECORD, ERR_FILE. */
MUST_CHECK enum err_code sandbox_trade_load(const char *folder, const char *name,
                                            struct sandbox_trade **out, struct err *err);
MUST_CHECK enum err_code sandbox_trade_save(const char *folder, const struct sandbox_trade *trade,
                                            struct err *err);
/* Changes its state now and saves it, to be notified of. service_trade is drawn when it is paid. */
MUST_CHECK enum err_code sandbox_trade_enter(const char *folder, struct sandbox_trade *trade,
                                             enum payment_state state, struct err *err);
/* Each trade of the folder, in no order; what can't be read is logged and left out. */
MUST_CHECK enum err_code sandbox_trade_each(const char *folder,
                                            void (*each)(void *context,
                                                         const struct sandbox_trade *trade),
                                            void *context, struct err *err);
struct json *sandbox_trade_json(const struct sandbox_trade *trade);
/* Borrows the trade's texts. */
struct payment_fact sandbox_trade_fact(const struct sandbox_trade *trade);
