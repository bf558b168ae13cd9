#include "tests/unit/token/piv/scripted_piv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "token/piv/piv_cert.h"
#include "token/piv/piv_x509.h"
#include "token/token_line.h"

struct scripted_piv scripted_piv_new(const char *atr)
{
    struct scripted_piv card = {.script = scripted_channel_new(), .err = ERR_INIT};
    scripted_channel_set_atr(card.script, atr);
    scripted_piv_expect(&card, SCRIPTED_PIV_SELECT, SCRIPTED_PIV_PROPERTIES);
    scripted_piv_expect(&card, SCRIPTED_PIV_SERIAL, SCRIPTED_PIV_SERIAL_ANSWER);
    enum err_code code = token_open(scripted_channel_channel(card.script), "reader", NULL,
                                    DEADLINE_NEVER, &card.token, &card.err);
    if (code != ERR_NONE)
        fail_msg("%s", card.err.detail);
    card.piv = card.token->self;
    return card;
}

void scripted_piv_expect(struct scripted_piv *card, const char *command, const char *answer)
{
    scripted_channel_expect(card->script, command, answer);
}

void scripted_piv_expect_object(struct scripted_piv *card, const char *id, const char *answer)
{
    AUTO(memory_freep) char *command = memory_printf("00 CB 3F FF 05 5C 03 %s 00", id);
    scripted_piv_expect(card, command, answer);
}

void scripted_piv_login(struct scripted_piv *card)
{
    AUTO(secret_freep) struct secret *pin = scripted_piv_secret("123456");
    scripted_piv_expect(card, SCRIPTED_PIV_SELECT, SCRIPTED_PIV_PROPERTIES);
    scripted_piv_expect(card, SCRIPTED_PIV_VERIFY, "9000");
    assert_int_equal(token_login(card->token, pin, &card->err), ERR_NONE);
}

void scripted_piv_admin_login(struct scripted_piv *card)
{
    static const uint8_t cryptogram[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    struct token_challenge challenge;
    card->piv->metadata = PIV_NO;
    scripted_piv_expect(card, "00 87 03 9B 04 7C 02 81 00 00",
                        "7C 0A 81 08 11 22 33 44 55 66 77 88 9000");
    assert_int_equal(token_challenge(card->token, TOKEN_PURPOSE_LOGIN, &challenge, &card->err),
                     ERR_NONE);
    scripted_piv_expect(card, "00 87 03 9B 0C 7C 0A 82 08 01 02 03 04 05 06 07 08", "9000");
    assert_int_equal(token_admin_login(card->token, SPAN_ARRAY(cryptogram), &card->err), ERR_NONE);
}

void scripted_piv_close(struct scripted_piv *card, bool logged_in)
{
    if (logged_in)
        scripted_piv_expect(card, SCRIPTED_PIV_LOGOUT, "9000");
    token_closep(&card->token);
    card->script = NULL;
}

struct secret *scripted_piv_secret(const char *text)
{
    struct secret *secret = NULL;
    struct err err = ERR_INIT;
    assert_int_equal(secret_new(64, &secret, &err), ERR_NONE);
    memcpy(secret_room(secret), text, strlen(text));
    secret_set_length(secret, strlen(text));
    return secret;
}

/* A certificate object whose key is told by one byte. */
static char *cert_object(uint8_t key_byte, const char *name)
{
    AUTO(buf_done) struct buf cert = BUF_INIT(512);
    AUTO(buf_done) struct buf content = BUF_INIT(512);
    AUTO(buf_done) struct buf whole = BUF_INIT(512);
    struct token_public_key key = {.algorithm = TOKEN_P256};
    key.x[0] = key_byte;
    piv_x509_placeholder(&key, &cert);
    piv_cert_build(&content, buf_span(&cert), name);
    piv_tlv_add(&whole, 0x53, buf_span(&content));
    buf_add_u16_be(&whole, 0x9000);
    char *hex = memory_new(2 * whole.len + 1);
    for (size_t i = 0; i < whole.len; i++)
        snprintf(hex + 2 * i, 3, "%02X", whole.at[i]);
    return hex;
}

char *scripted_piv_metadata(uint8_t key_byte)
{
    return memory_printf("01 01 11 04 43 86 41 04 %02X %062d %064d 9000", key_byte, 0, 0);
}

void scripted_piv_expect_cert(struct scripted_piv *card, const char *id, uint8_t key_byte,
                              const char *name)
{
    AUTO(memory_freep) char *answer = cert_object(key_byte, name);
    scripted_piv_expect_object(card, id, answer);
}

void scripted_piv_check_name(const struct scripted_piv *card, size_t slot, const char *name)
{
    assert_int_equal(card->piv->slot[slot].state, PIV_SLOT_PAIR);
    assert_string_equal(card->piv->slot[slot].name, name);
}
