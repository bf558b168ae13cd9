/* Keys in slots: GENERATE ASYMMETRIC KEY PAIR, GENERAL AUTHENTICATE, MOVE KEY, DELETE KEY.
 * Source: SP 800-73-4 Part 2 3.3.1 and 3.2.4; the last two are Yubico's, from 5.7 on. */
#pragma once

#include "token/piv/piv.h"

/* The key reference of a slot. */
uint8_t piv_key_reference(size_t slot);

/* A new key pair in the slot, over whatever is there. ERR_TOKEN_CANNOT_REPLACE when the card refuses to
 * make one there, or of this kind: nothing is changed then. That the manager is logged in must be known. */
MUST_CHECK enum err_code piv_key_generate(struct piv *piv, size_t slot,
                                          enum token_algorithm algorithm,
                                          struct token_public_key *out, struct err *err);
/* As token_sign. The PIN is given once more where the card wants it before each signature of this key. */
MUST_CHECK enum err_code piv_key_sign(struct piv *piv, size_t slot, enum token_algorithm algorithm,
                                      struct span input, struct bytes **out, struct err *err);
/* The target must be empty. */
MUST_CHECK enum err_code piv_key_move(struct piv *piv, size_t from, size_t to, struct err *err);
/* It is fine when there is none. */
MUST_CHECK enum err_code piv_key_delete(struct piv *piv, size_t slot, struct err *err);
