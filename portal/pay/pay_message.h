/* What portal and sandbox service say to each other: a JSON message, signed as the bytes that it is, for
 * one purpose, one recipient and a few minutes. docs/protocol/payment.md is the contract. */
#pragma once

#include "base/json.h"
#include "portal/pay/pay_key.h"
#include "portal/pay/payment.h"

/* Two addresses, a subject, the fact's fields and what every message has. */
#define PAY_MESSAGE_BYTES_MAX 3072
/* Base64 of the message, of the signature, and their names. */
#define PAY_ENVELOPE_BYTES_MAX PAYMENT_NOTIFICATION_BYTES_MAX
/* The clocks of two servers may differ by so much, and a message may be under way so long. */
#define PAY_MESSAGE_AGE_S 300
#define PAY_NONCE_CHARACTERS 32

enum pay_kind {
    PAY_PAGE, /* merchant to service, through the browser: what is to be paid */
    PAY_QUERY,
    PAY_REFUND,
    PAY_ANSWER, /* service to merchant, to a query or refund */
    PAY_NOTIFICATION,
    PAY_KIND_COUNT
};

/* Who signs, and who is at the other end. */
struct pay_parties {
    const struct pay_key *own;
    const struct pay_key *peer;
};

struct pay_signed {
    struct bytes *message;
    uint8_t signature[PAY_SIGNATURE_BYTES];
    char nonce[PAY_NONCE_CHARACTERS + 1];
};
void pay_signed_done(struct pay_signed *signed_message);

/* Adds recipient, time and nonce to content and signs it. ERR_CRYPTO, ERR_HTTP_TOO_LARGE. */
MUST_CHECK enum err_code pay_message_sign(const struct pay_parties *parties, enum pay_kind kind,
                                          struct json *content, struct pay_signed *out,
                                          struct err *err);
/* Checks signature, recipient and age, and gives the content. ERR_PAYMENT_SIGNATURE when one of them is
 * wrong (nothing that isn't signed is read); ERR_JSON_..., ERR_FIELD_... when the signer wrote rubbish. */
MUST_CHECK enum err_code pay_message_open(const struct pay_parties *parties, enum pay_kind kind,
                                          struct span message, struct span signature,
                                          struct json **out, struct err *err);

/* {"message": Base64, "signature": Base64}, the caller frees. */
char *pay_envelope_text(const struct pay_signed *signed_message);
MUST_CHECK enum err_code pay_envelope_open(const struct pay_parties *parties, enum pay_kind kind,
                                           struct span envelope, struct json **out,
                                           struct err *err);

/* The nonce of an opened message. */
const char *pay_message_nonce(const struct json *content);

/* "trade", "service_trade", "amount_fen", "state", "since". */
void pay_fact_add(struct json *content, const struct payment_fact *fact);
/* Every amount from 1 to PAYMENT_FEN_MAX; 0 while waiting. */
MUST_CHECK enum err_code pay_fact_read(const struct json *content, struct payment_fact *out,
                                       struct err *err);
/* 1 to PAYMENT_TRADE_BYTES_MAX of [A-Za-z0-9-]. */
bool pay_trade_is_valid(const char *trade);
