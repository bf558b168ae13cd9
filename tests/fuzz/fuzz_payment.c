/* What a payment service, a merchant's page address and anybody else may say: any bytes as an envelope,
 * and any JSON as the content of a message that is signed. */
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "fuzz.h"
#include "portal/pay/pay_http.h"
#include "portal/pay/pay_message.h"
#include "portal/pay/sandbox_trade.h"

/* 2026-11-22T14:30:00Z */
#define NOW INT64_C(1795357800)

static struct pay_parties as_service, as_merchant;

static struct pay_key *make_key(const char *folder)
{
    AUTO(memory_freep) char *path = file_join(folder, "key");
    struct pay_key *key = NULL;
    struct err err = ERR_INIT;
    fuzz_require(pay_key_make(path, &err) == ERR_NONE);
    fuzz_require(pay_key_read_private(path, &key, &err) == ERR_NONE);
    fuzz_require(unlink(path) == 0);
    return key;
}

static void start(void)
{
    char folder[] = "/tmp/ukey-fuzz-XXXXXX";
    fuzz_require(mkdtemp(folder) != NULL);
    clock_set_for_test(NOW);
    as_service = (struct pay_parties){make_key(folder), make_key(folder)};
    as_merchant = (struct pay_parties){as_service.peer, as_service.own};
    fuzz_require(rmdir(folder) == 0);
}

/* Nobody signs with a key that lies here alone. */
static void try_as_envelope(struct span data)
{
    for (int kind = 0; kind < PAY_KIND_COUNT; kind++) {
        struct json *content = NULL;
        struct err err = ERR_INIT;
        fuzz_require(pay_envelope_open(&as_merchant, (enum pay_kind)kind, data, &content, &err) !=
                     ERR_NONE);
        fuzz_require(content == NULL && err.detail[0] != '\0');
    }
}

static void check_fact(const struct json *content)
{
    AUTO(payment_fact_done) struct payment_fact fact = {0};
    struct err err = ERR_INIT;
    if (pay_fact_read(content, &fact, &err) != ERR_NONE) {
        fuzz_require(fact.trade == NULL && err.detail[0] != '\0');
        return;
    }
    bool money = fact.state == PAYMENT_PAID || fact.state == PAYMENT_REFUNDED;
    fuzz_require(pay_trade_is_valid(fact.trade));
    fuzz_require(fact.amount_fen >= 0 && fact.amount_fen <= PAYMENT_FEN_MAX);
    fuzz_require(!money || (fact.amount_fen > 0 && pay_trade_is_valid(fact.service_trade)));
    /* what was read is written, and read the same */
    AUTO(json_freep) struct json *again = json_new_object();
    AUTO(payment_fact_done) struct payment_fact copy = {0};
    pay_fact_add(again, &fact);
    fuzz_require(pay_fact_read(again, &copy, &err) == ERR_NONE);
    fuzz_require(strcmp(copy.trade, fact.trade) == 0 && copy.amount_fen == fact.amount_fen &&
                 copy.state == fact.state && copy.at_utc == fact.at_utc);
}

static void check_page(const struct json *content)
{
    AUTO(sandbox_trade_freep) struct sandbox_trade *trade = NULL;
    struct err err = ERR_INIT;
    if (sandbox_trade_from_page(content, &trade, &err) != ERR_NONE)
        return;
    fuzz_require(pay_trade_is_valid(trade->trade) && trade->amount_fen > 0);
    fuzz_require(strpbrk(trade->return_url, "\r\n\"'<> ") == NULL);
    fuzz_require(pay_http_origin_bytes(trade->return_url) <= strlen(trade->return_url));
}

/* The signer's own rubbish. */
static void try_as_content(struct span data)
{
    AUTO(json_freep) struct json *content = NULL;
    AUTO(json_freep) struct json *opened = NULL;
    AUTO(pay_signed_done) struct pay_signed message = {0};
    struct err err = ERR_INIT;
    if (json_parse(data, PAY_MESSAGE_BYTES_MAX, &content, &err) != ERR_NONE ||
        !json_is_object(content))
        return;
    check_fact(content);
    check_page(content);
    bool framed = json_member(content, "to") != NULL || json_member(content, "at") != NULL ||
                  json_member(content, "nonce") != NULL;
    if (pay_message_sign(&as_service, PAY_NOTIFICATION, content, &message, &err) != ERR_NONE)
        return;
    AUTO(memory_freep) char *envelope = pay_envelope_text(&message);
    enum err_code code =
        pay_envelope_open(&as_merchant, PAY_NOTIFICATION, span_text(envelope), &opened, &err);
    fuzz_require((code == ERR_NONE) == (opened != NULL));
    fuzz_require(framed || code == ERR_NONE);
    if (opened != NULL)
        check_fact(opened);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (as_service.own == NULL)
        start();
    try_as_envelope(span_of(data, size));
    try_as_content(span_of(data, size));
    return 0;
}
