/* Making a pair the one that other programs find. */
#pragma once

#include "token/piv/piv.h"

/* Where the card can move keys: the key in 9C goes to a free retired slot, where its certificate lies
 * already; the new key goes to 9C; its certificate follows. At each instant one key lies beside its
 * certificate, and any instant can be gone on from: what was done is found again by the certificates that
 * lie in two slots. A pair that is current already costs no command. Elsewhere the newest certificate is the switch, and only the key history is written. */
MUST_CHECK enum err_code piv_current_make(struct piv *piv, const char *pair, struct err *err);
