/* Which key pair a renewal is for: the present one, or a new one in a container of its own, named after the order. A
 * key that has no place for a second signing key is renewed with the present one, and the reason told; that is decided
 * before anything is asked for, since a certificate is issued once. */
#pragma once

#include "agent/ops/op.h"

/* Whether the certificates are for a new pair: the policy's wish, unless the key can't. */
bool op_renew_pair_is_new(const struct op *op);
/* NULL: none of this name. */
const struct token_pair *op_renew_pair_named(const struct token_pairs *pairs, const char *name);
/* Step's part: names facts.container and judges whether policy and key fit. ERR_POLICY, ERR_TOKEN_NO_SPACE,
 * ERR_TOKEN_CANNOT_REPLACE. */
MUST_CHECK enum err_code op_renew_pair_judge(struct op *op, struct err *err);
/* Step: makes the pair, or takes up what an earlier attempt left; op->public_key is whose certificates are asked
 * for. A key that can't be written to is found out here, before any is. */
enum op_outcome op_renew_pair_prepare(struct op *op, struct err *err);
/* Whether a signature by the new pair failed because the key can't sign there. */
bool op_renew_pair_cant_sign(enum err_code code);
/* Goes over to the present pair; a new one that was made goes, as far as it can. ERR_TOKEN_CANNOT_REPLACE when the
 * policy does not fit that one. */
MUST_CHECK enum err_code op_renew_pair_keep(struct op *op, struct err *err);
