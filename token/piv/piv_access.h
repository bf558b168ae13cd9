/* PIN, PUK and management key. Source: SP 800-73-4 Part 2 3.2.
 *
 * The PIN that the card accepted is kept, locked and padded, for as long as the log-in lasts, because the
 * signature key may want it right before each signature. It is sent again only there, only while the card
 * has refused no PIN since, and only to the card that accepted it: no try is spent that the user did not
 * type. */
#pragma once

#include "token/piv/piv.h"

#define PIV_UNBLOCK_BYTES 24 /* PUK, next PUK, new PIN, padded */

/* Spends no try. Where the card has no metadata the maximum is -1, and of the administrator (the PUK)
 * nothing is known: both are -1. */
MUST_CHECK enum err_code piv_access_pin_state(struct piv *piv, enum token_role role,
                                              struct token_pin_state *out, struct err *err);
/* A refused PIN is ERR_PIN_WRONG, whatever word the card has for it; err->tries_left is -1 where the card does not
 * tell it. So it is of the two functions that change PINs, too. */
MUST_CHECK enum err_code piv_access_login(struct piv *piv, const struct secret *pin,
                                          struct err *err);
MUST_CHECK enum err_code piv_access_logout(struct piv *piv, struct err *err);
/* Sends the accepted PIN once more, for a key that wants it before each signature. ERR_TOKEN_LOGIN_LOST
 * without a log-in. */
MUST_CHECK enum err_code piv_access_verify_again(struct piv *piv, struct err *err);
MUST_CHECK enum err_code piv_access_change_pin(struct piv *piv, const struct secret *old_pin,
                                               const struct secret *new_pin, struct err *err);
/* LOGIN: the management key's challenge, facts->admin_algorithm says for which cipher. UNBLOCK: empty. */
MUST_CHECK enum err_code piv_access_challenge(struct piv *piv, enum token_purpose purpose,
                                              struct token_challenge *out, struct err *err);
/* A wrong cryptogram is ERR_PIN_WRONG, whatever word the card has for it. */
MUST_CHECK enum err_code piv_access_admin_login(struct piv *piv, struct span cryptogram,
                                                struct err *err);
/* blob: PIV_UNBLOCK_BYTES. Gives the card the next PUK, then with it the new PIN. ERR_PIN_WRONG with
 * err->tries_left for the present PUK: nothing was changed. ERR_PIN_RULES and ERR_TOKEN_STATUS when the card refuses
 * the new PIN: the PUK is the next one then. */
MUST_CHECK enum err_code piv_access_unblock(struct piv *piv, struct span blob, struct err *err);
