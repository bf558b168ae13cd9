#include "portal/pay/pay_message.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/hex.h"

#define ID_CHARACTERS 64
#define TIME_CHARACTERS 20
#define STATE_BYTES_MAX 16

static const char *const labels[PAY_KIND_COUNT] = {
    [PAY_PAGE] = "ukey-pay/1/page",
    [PAY_QUERY] = "ukey-pay/1/query",
    [PAY_REFUND] = "ukey-pay/1/refund",
    [PAY_ANSWER] = "ukey-pay/1/answer",
    [PAY_NOTIFICATION] = "ukey-pay/1/notification",
};

void pay_signed_done(struct pay_signed *signed_message)
{
    bytes_freep(&signed_message->message);
}

enum err_code pay_message_sign(const struct pay_parties *parties, enum pay_kind kind,
                               struct json *content, struct pay_signed *out, struct err *err)
{
    AUTO(memory_freep) char *nonce = hex_random(PAY_NONCE_CHARACTERS / 2);
    json_add_text(content, "to", pay_key_id(parties->peer));
    json_add_utc(content, "at", clock_now_utc());
    json_add_text(content, "nonce", nonce);
    AUTO(memory_freep) char *text = json_print(content);
    struct span message = span_text(text);
    struct pay_signed made = {0};
    if (message.len > PAY_MESSAGE_BYTES_MAX)
        return err_set(err, ERR_HTTP_TOO_LARGE, "a payment message of %zu bytes", message.len);
    if (pay_key_sign(parties->own, labels[kind], message, made.signature, err) != ERR_NONE)
        return err->code;
    memcpy(made.nonce, nonce, PAY_NONCE_CHARACTERS);
    made.message = bytes_new(message);
    *out = made;
    return ERR_NONE;
}

static enum err_code check_frame(const struct pay_parties *parties, const struct json *content,
                                 struct err *err)
{
    const char *to = NULL;
    const char *at = NULL;
    const char *nonce = NULL;
    int64_t at_utc = 0;
    const struct json_field fields[] = {
        {"to", JSON_TEXT, false, ID_CHARACTERS, &to},
        {"at", JSON_TEXT, false, TIME_CHARACTERS, &at},
        {"nonce", JSON_TEXT, false, PAY_NONCE_CHARACTERS, &nonce},
    };
    if (json_read(content, fields, ARRAY_SIZE(fields), JSON_UNKNOWN_IGNORED, err) != ERR_NONE)
        return err->code;
    if (strlen(nonce) != PAY_NONCE_CHARACTERS || !clock_parse_utc(at, &at_utc))
        return err_set(err, ERR_FIELD_VALUE, "nonce or at");
    if (strcmp(to, pay_key_id(parties->own)) != 0)
        return err_set(err, ERR_PAYMENT_SIGNATURE, "the message is for another recipient");
    int64_t age_s = clock_now_utc() - at_utc;
    if (age_s > PAY_MESSAGE_AGE_S || age_s < -PAY_MESSAGE_AGE_S)
        return err_set(err, ERR_PAYMENT_SIGNATURE, "the message is of %s", at);
    return ERR_NONE;
}

enum err_code pay_message_open(const struct pay_parties *parties, enum pay_kind kind,
                               struct span message, struct span signature, struct json **out,
                               struct err *err)
{
    AUTO(json_freep) struct json *content = NULL;
    if (message.len > PAY_MESSAGE_BYTES_MAX)
        return err_set(err, ERR_HTTP_TOO_LARGE, "a payment message of %zu bytes", message.len);
    if (pay_key_verify(parties->peer, labels[kind], message, signature, err) != ERR_NONE ||
        json_parse(message, PAY_MESSAGE_BYTES_MAX, &content, err) != ERR_NONE ||
        check_frame(parties, content, err) != ERR_NONE)
        return err->code;
    *out = TAKE(content);
    return ERR_NONE;
}

char *pay_envelope_text(const struct pay_signed *signed_message)
{
    AUTO(json_freep) struct json *envelope = json_new_object();
    json_add_base64(envelope, "message", span_bytes(signed_message->message));
    json_add_base64(envelope, "signature", SPAN_ARRAY(signed_message->signature));
    return json_print(envelope);
}

enum err_code pay_envelope_open(const struct pay_parties *parties, enum pay_kind kind,
                                struct span envelope, struct json **out, struct err *err)
{
    AUTO(json_freep) struct json *json = NULL;
    AUTO(bytes_freep) struct bytes *message = NULL;
    AUTO(bytes_freep) struct bytes *signature = NULL;
    const struct json_field fields[] = {
        {"message", JSON_BASE64, false, PAY_MESSAGE_BYTES_MAX, &message},
        {"signature", JSON_BASE64, false, PAY_SIGNATURE_BYTES, &signature},
    };
    if (json_parse(envelope, PAY_ENVELOPE_BYTES_MAX, &json, err) != ERR_NONE ||
        json_read(json, fields, ARRAY_SIZE(fields), JSON_UNKNOWN_REFUSED, err) != ERR_NONE)
        return err->code;
    return pay_message_open(parties, kind, span_bytes(message), span_bytes(signature), out, err);
}

const char *pay_message_nonce(const struct json *content)
{
    return json_text_of(json_member(content, "nonce"));
}

/* ---- facts ---- */

void pay_fact_add(struct json *content, const struct payment_fact *fact)
{
    json_add_text(content, "trade", fact->trade);
    if (fact->service_trade != NULL && fact->service_trade[0] != '\0')
        json_add_text(content, "service_trade", fact->service_trade);
    json_add_integer(content, "amount_fen", fact->amount_fen);
    json_add_text(content, "state", payment_state_text(fact->state));
    json_add_utc(content, "since", fact->at_utc);
}

enum err_code pay_fact_read(const struct json *content, struct payment_fact *out, struct err *err)
{
    const char *trade = NULL;
    const char *service_trade = "";
    const char *state_text = NULL;
    const char *since = NULL;
    int64_t amount_fen = 0;
    int64_t since_utc = 0;
    enum payment_state state = PAYMENT_WAITING;
    const struct json_field fields[] = {
        {"trade", JSON_TEXT, false, PAYMENT_TRADE_BYTES_MAX, &trade},
        {"service_trade", JSON_TEXT, true, PAYMENT_TRADE_BYTES_MAX, &service_trade},
        {"amount_fen", JSON_INTEGER, false, PAYMENT_FEN_MAX, &amount_fen},
        {"state", JSON_TEXT, false, STATE_BYTES_MAX, &state_text},
        {"since", JSON_TEXT, false, TIME_CHARACTERS, &since},
    };
    if (json_read(content, fields, ARRAY_SIZE(fields), JSON_UNKNOWN_IGNORED, err) != ERR_NONE)
        return err->code;
    if (!pay_trade_is_valid(trade) ||
        (service_trade[0] != '\0' && !pay_trade_is_valid(service_trade)))
        return err_set(err, ERR_FIELD_VALUE, "trade or service_trade");
    if (!payment_state_from_text(state_text, &state) || !clock_parse_utc(since, &since_utc))
        return err_set(err, ERR_FIELD_VALUE, "state or since");
    bool money = state == PAYMENT_PAID || state == PAYMENT_REFUNDED;
    if (money && (amount_fen == 0 || service_trade[0] == '\0'))
        return err_set(err, ERR_FIELD_VALUE, "%s without an amount or a service_trade", state_text);
    *out = (struct payment_fact){
        .trade = memory_text(trade),
        .service_trade = memory_text(service_trade),
        .amount_fen = amount_fen,
        .state = state,
        .at_utc = since_utc,
    };
    return ERR_NONE;
}

bool pay_trade_is_valid(const char *trade)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-";
    size_t length = strlen(trade);
    return length > 0 && length <= PAYMENT_TRADE_BYTES_MAX && strspn(trade, allowed) == length;
}
