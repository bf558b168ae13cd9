/* Certificates that lie in two slots: a switch of keys was interrupted, or the key's certificate was replaced since. */
#pragma once

#include "token/piv/piv.h"

/* Where a certificate or its key is there twice, asks the card where the keys are, and settles which slot makes the
 * pair (key_slot), which holds a copy of its certificate, and which only what was left behind. Without metadata all
 * stay as they are. */
MUST_CHECK enum err_code piv_copy_settle(struct piv *piv, struct err *err);
