/* Room for an extended seal, before the platform makes one that could not be kept. */
#pragma once

#include "agent/ops/op.h"

/* Whether a seal of the present one's size, and a little more, fits into a file as far as the key says by itself. How
 * much is free in all is compared with the new seal's own size. ERR_TOKEN_NO_SPACE. */
MUST_CHECK enum err_code op_seal_room_known(const struct op *op, struct err *err);
/* Step: a key that does not say gets a file written and removed again. ERR_TOKEN_NO_SPACE: nothing was changed. */
enum op_outcome op_seal_room_try(struct op *op, struct err *err);
/* Removes what was written for that, when it is there. */
MUST_CHECK enum err_code op_seal_room_clear(struct op *op, struct err *err);
/* Another file of the present seal's identity, which an earlier attempt left; NULL: none. */
const struct op_seal *op_seal_room_other(const struct op *op);
