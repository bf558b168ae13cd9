#include "tests/unit/token/piv/virtual_desk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/token/virtual/authority.h"
#include "token/token_line.h"

static struct authority authority;
static struct virtual_issuer *issuer;

static const struct virtual_subject subject = {"阳光建设工程有限公司", "张三", 1700000000,
                                               1800000000};

int virtual_desk_set_up(void **state)
{
    struct err err = ERR_INIT;
    authority_init(&authority);
    return virtual_issuer_open(authority.rsa_cert, authority.rsa_key, &issuer, &err) == ERR_NONE
               ? 0
               : -1;
}

int virtual_desk_tear_down(void **state)
{
    virtual_issuer_freep(&issuer);
    authority_done(&authority);
    return 0;
}

static void open_token(struct virtual_desk *desk)
{
    desk->channel = virtual_channel_open(desk->card);
    if (token_open(desk->channel, "reader", NULL, DEADLINE_NEVER, &desk->token, &desk->err) !=
        ERR_NONE)
        fail_msg("%s", desk->err.detail);
    desk->piv = desk->token->self;
}

struct virtual_desk virtual_desk_new(const char *profile, enum virtual_pair_kind kind)
{
    struct virtual_desk desk = {.err = ERR_INIT};
    const struct virtual_piv_profile *found = virtual_piv_profile_find(profile);
    bool has_serial = virtual_piv_profile_has(found, VIRTUAL_PIV_SERIAL);
    struct virtual_piv_wish wish = {
        .profile = found,
        .serial = has_serial ? "12345678" : "00112233445566778899AABBCCDDEEFF",
        .pin = DESK_PIN,
        .puk = DESK_PUK,
        .kind = kind,
        .subject = subject,
    };
    if (virtual_piv_make(&wish, issuer, &desk.objects, &desk.err) != ERR_NONE)
        fail_msg("%s", desk.err.detail);
    desk.card = virtual_card_new_piv(desk.objects, NULL);
    open_token(&desk);
    return desk;
}

void virtual_desk_done(struct virtual_desk *desk)
{
    token_closep(&desk->token);
    virtual_card_freep(&desk->card);
}

void virtual_desk_reopen(struct virtual_desk *desk)
{
    token_closep(&desk->token);
    desk->err = ERR_INIT;
    open_token(desk);
}

void virtual_desk_login(struct virtual_desk *desk)
{
    AUTO(secret_freep) struct secret *pin = NULL;
    assert_int_equal(secret_new(16, &pin, &desk->err), ERR_NONE);
    memcpy(secret_room(pin), DESK_PIN, strlen(DESK_PIN));
    secret_set_length(pin, strlen(DESK_PIN));
    if (token_login(desk->token, pin, &desk->err) != ERR_NONE)
        fail_msg("%s", desk->err.detail);
}

enum err_code virtual_desk_admin_login(struct virtual_desk *desk)
{
    struct token_challenge challenge;
    uint8_t cryptogram[VIRTUAL_PIV_BLOCK_BYTES_MAX];
    enum err_code code = token_challenge(desk->token, TOKEN_PURPOSE_LOGIN, &challenge, &desk->err);
    if (code != ERR_NONE)
        return code;
    virtual_piv_crypto_encrypt(desk->objects->cipher, desk->objects->management_key,
                               challenge.bytes, cryptogram);
    return token_admin_login(desk->token, span_of(cryptogram, challenge.len), &desk->err);
}

struct bytes *virtual_desk_issue(struct virtual_desk *desk, uint8_t reference)
{
    struct bytes *der = NULL;
    const struct virtual_piv_slot *slot = virtual_piv_objects_slot(desk->objects, reference);
    assert_non_null(slot->pair);
    if (virtual_issuer_sign(issuer, slot->pair, &subject, VIRTUAL_USAGE_SIGN, &der, &desk->err) !=
        ERR_NONE)
        fail_msg("%s", desk->err.detail);
    return der;
}

unsigned virtual_desk_commands(const struct virtual_desk *desk)
{
    return token_usage(desk->token).commands;
}
