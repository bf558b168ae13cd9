/* Finding the key that is meant among those plugged in. All cards are looked at side by side: one that is
 * hung keeps nobody waiting but itself. */
#pragma once

#include "agent/ops/op.h"

/* Opens the key of op->wanted_serial, or the only one; both outputs are written on success. Foreign cards
 * are passed over. The card is then looked at (op_cards.h) until it is claimed.
 * ERR_PCSC_*, ERR_NO_TOKEN, ERR_SEVERAL_TOKENS, ERR_TOKEN_BUSY, ERR_WRONG_TOKEN, ERR_CANCELLED, or why the
 * only card can't be used. */
MUST_CHECK enum err_code op_find(struct op *op, struct token **out,
                                 struct token_presence *out_presence, struct err *err);
/* Waits for the looks that turned out not to be needed: at most until their deadline. */
void op_find_done(struct op *op);
