#include "tests/unit/token/piv/scripted_piv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

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
