/* Virtual PIV tokens behind the driver: made with a signature key in 9C, opened. */
#pragma once

#include "token/piv/piv.h"
#include "token/token_driver.h"
#include "token/virtual/virtual_channel.h"
#include "token/virtual/virtual_piv_make.h"

#define DESK_PIN "123456"
#define DESK_PUK "87654321"

struct virtual_desk {
    struct virtual_card *card;
    struct virtual_piv_objects *objects; /* the card's, to be looked at and changed */
    struct channel *channel; /* the token's */
    struct token *token;
    struct piv *piv; /* the driver's */
    struct err err;
};

/* For cmocka's group set-up and tear-down: the authority that signs certificates. */
int virtual_desk_set_up(void **state);
int virtual_desk_tear_down(void **state);

/* profile: "piv-full" and so on, with 9C of this kind. */
struct virtual_desk virtual_desk_new(const char *profile, enum virtual_pair_kind kind);
void virtual_desk_done(struct virtual_desk *desk);
/* The card is put into the reader anew, without a log-in. */
void virtual_desk_reopen(struct virtual_desk *desk);
void virtual_desk_login(struct virtual_desk *desk);
/* As the platform does it: the card's challenge, enciphered with the management key. */
enum err_code virtual_desk_admin_login(struct virtual_desk *desk);
/* A certificate for the key that is in the slot. */
struct bytes *virtual_desk_issue(struct virtual_desk *desk, uint8_t reference);
unsigned virtual_desk_commands(const struct virtual_desk *desk);
