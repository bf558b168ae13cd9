/* Pairs: a slot's key with its certificate object.
 *
 * The signature key's slot and every retired slot with a certificate make one. The authentication and key
 * management slots (9A, 9D) are left out: their certificates are other programs' and may be newer. */
#pragma once

#include "token/piv/piv.h"

MUST_CHECK enum err_code piv_pair_read_all(struct piv *piv, struct token_pairs **out,
                                           struct err *err);
/* From the card. A placeholder is none: ERR_TOKEN_NO_CERTIFICATE. */
MUST_CHECK enum err_code piv_pair_read_cert(struct piv *piv, const char *pair, enum token_slot slot,
                                            struct bytes **out, struct err *err);
MUST_CHECK enum err_code piv_pair_read_public(struct piv *piv, const char *pair,
                                              enum token_slot slot, struct token_public_key *out,
                                              struct err *err);
/* A key pair in a free retired slot with a placeholder beside it. */
MUST_CHECK enum err_code piv_pair_create(struct piv *piv, const char *pair,
                                         enum token_algorithm algorithm,
                                         struct token_public_key *out, struct err *err);
MUST_CHECK enum err_code piv_pair_write_cert(struct piv *piv, const char *pair,
                                             enum token_slot slot, struct span der,
                                             struct err *err);
/* Only a pair of ours in a retired slot. */
MUST_CHECK enum err_code piv_pair_delete(struct piv *piv, const char *pair, struct err *err);
MUST_CHECK enum err_code piv_pair_sign(struct piv *piv, const char *pair, struct span input,
                                       struct bytes **out, struct err *err);
