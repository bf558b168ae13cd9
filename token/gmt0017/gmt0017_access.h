/* Access control: GetPinInfo, VerifyPIN, ChangePIN, UnblockPIN, ClearSecureState. */
#pragma once

#include "base/secret.h"
#include "token/gmt0017/gmt0017.h"

MUST_CHECK enum err_code gmt0017_access_pin_state(struct gmt0017 *key, enum token_role role,
                                                  struct token_pin_state *out, struct err *err);
/* Two commands: a challenge and its answer. */
MUST_CHECK enum err_code gmt0017_access_login(struct gmt0017 *key, const struct secret *pin,
                                              struct err *err);
MUST_CHECK enum err_code gmt0017_access_logout(struct gmt0017 *key, struct err *err);
/* Two commands. ERR_PIN_WRONG has no tries_left where the key refuses the authentication code alone. */
MUST_CHECK enum err_code gmt0017_access_change_pin(struct gmt0017 *key,
                                                   const struct secret *old_pin,
                                                   const struct secret *new_pin, struct err *err);
/* cryptogram: GMT0017_VERIFY_BYTES; others are ERR_FIELD_VALUE, unsent. */
MUST_CHECK enum err_code gmt0017_access_admin_login(struct gmt0017 *key, struct span cryptogram,
                                                    struct err *err);
/* blob: a wrapped PIN of one or two blocks and its authentication code; other lengths are
 * ERR_FIELD_VALUE, unsent. */
MUST_CHECK enum err_code gmt0017_access_unblock(struct gmt0017 *key, struct span blob,
                                                struct err *err);
