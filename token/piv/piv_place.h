/* A place for a new key among the retired slots. */
#pragma once

#include "token/piv/piv.h"

/* The lowest retired slot for a new key: marked as free by us, or without certificate and, where the card
 * tells, without key. Behind a slot that only has a key the history is written first, so that what will
 * lie there is found again whatever happens. ERR_TOKEN_CANNOT_REPLACE when all are taken. */
MUST_CHECK enum err_code piv_place_claim(struct piv *piv, size_t *out, struct err *err);
/* Marks a slot as ours before a key is made in it: should it break off then, the key there is known to be
 * nobody's. The mark is as long as a certificate, so that a card that has no room for one or takes no command
 * so long says so now. */
MUST_CHECK enum err_code piv_place_reserve(struct piv *piv, size_t slot, struct err *err);
