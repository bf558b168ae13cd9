/* The electronic seals on a key: files of its application that read as seals. */
#pragma once

#include "certs/seal.h"
#include "token/token.h"

struct op_seal {
    char file[TOKEN_NAME_BYTES_MAX + 1];
    struct seal *seal;
};

struct op_seals {
    size_t count;
    struct op_seal seals[TOKEN_FILES_MAX];
};

/* Reads every file; those that are no seals are passed over. The caller frees. */
MUST_CHECK enum err_code op_seals_read(struct token *token, struct op_seals **out, struct err *err);
void op_seals_free(struct op_seals *seals);
void op_seals_freep(struct op_seals **seals);

/* The seal to be extended: the one of this identity (esID), or with NULL the only one, whose files then
 * all must hold it. After an attempt that broke off there may be two files; then it is the one that is not
 * bound to cert, or the older one. ERR_SEAL_MISSING, ERR_SEAL_SEVERAL. */
MUST_CHECK enum err_code op_seals_present(const struct op_seals *seals, const char *id,
                                          const struct cert *cert, const struct op_seal **out,
                                          struct err *err);
/* *out_same: whether the file now holds what has this SHA-256. One that is not there does not. */
MUST_CHECK enum err_code op_seals_compare(struct token *token, const char *file,
                                          const uint8_t sha256[32], bool *out_same,
                                          struct err *err);
/* The file that already holds exactly this seal; NULL: none. */
const struct op_seal *op_seals_holding(const struct op_seals *seals, struct span der);
