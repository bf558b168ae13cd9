/* Key pairs: GenECCKeyPair, GenRSAKeyPair, ImportECCKeyPair, ExportPublicKey, ECCSignData, RSASignData. */
#pragma once

#include "token/gmt0017/gmt0017.h"

MUST_CHECK enum err_code gmt0017_key_read_public(struct gmt0017 *key, const char *container,
                                                 enum token_slot slot, struct token_public_key *out,
                                                 struct err *err);
/* A container that did not exist, with a new signing pair; it is gone again when that fails. */
MUST_CHECK enum err_code gmt0017_key_create(struct gmt0017 *key, const char *container,
                                            enum token_algorithm algorithm,
                                            struct token_public_key *out, struct err *err);
/* Asks first what is in the container: ERR_TOKEN_EXISTS, ERR_TOKEN_NO_KEY. */
MUST_CHECK enum err_code gmt0017_key_import(struct gmt0017 *key, const char *container,
                                            const struct token_envelope *envelope, struct err *err);
/* SM2: 32 bytes in, r || s out. RSA: a DigestInfo in, 256 bytes out. */
MUST_CHECK enum err_code gmt0017_key_sign(struct gmt0017 *key, const char *container,
                                          struct span input, struct bytes **out, struct err *err);
