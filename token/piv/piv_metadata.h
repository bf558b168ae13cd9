/* What a card says of a PIN or a key without being logged in: Yubico's GET METADATA, which other makers
 * have taken over. A card that does not know it is asked once. */
#pragma once

#include "token/piv/piv.h"

#define PIV_REFERENCE_PIN 0x80
#define PIV_REFERENCE_PUK 0x81
#define PIV_REFERENCE_ADMIN 0x9B

struct piv_metadata {
    bool known; /* the card has answered, or said that there is none; else nothing below holds */
    bool has_key; /* there is a key or a PIN of this reference */
    uint8_t algorithm; /* 0: it does not say */
    bool is_default;
    int tries_max, tries_left; /* -1: it does not say */
    struct token_public_key key; /* TOKEN_ALGORITHM_NONE: none, or of a kind that we don't serve */
};

/* reference: of a PIN or a slot. An answer that can't be understood is none: it fails only when the line
 * does. */
MUST_CHECK enum err_code piv_metadata_read(struct piv *piv, uint8_t reference,
                                           struct piv_metadata *out, struct err *err);
/* The same; whether the card knows the command at all is found out with the PIN first, so that its word on an empty
 * slot is not mistaken. */
MUST_CHECK enum err_code piv_metadata_ask(struct piv *piv, uint8_t reference,
                                          struct piv_metadata *out, struct err *err);
