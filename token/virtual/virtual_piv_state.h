/* The file of a virtual PIV token: one JSON document with everything that it remembers without power.
 *
 * It holds PIN, PUK, management key and private keys in clear: for test material only. Loading is
 * strict: what the token itself could not have written is refused. */
#pragma once

#include "token/virtual/virtual_piv_objects.h"

#define VIRTUAL_PIV_FAMILY "piv"

/* Fails with ERR_JSON_*, ERR_FIELD_*, ERR_DER. */
MUST_CHECK enum err_code virtual_piv_state_parse(struct span text, struct virtual_piv_objects **out,
                                                 struct err *err);
/* The caller wipes and frees with virtual_state_wipe_text. */
MUST_CHECK enum err_code virtual_piv_state_print(const struct virtual_piv_objects *objects,
                                                 char **out, struct err *err);
