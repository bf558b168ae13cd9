/* Steps and helpers around the key that an operation works on. */
#pragma once

#include "agent/ops/op.h"
#include "certs/signer.h"

/* Step: finds the key that is meant among those plugged in, reads it, claims it. */
enum op_outcome op_key_find(struct op *op, struct err *err);
/* clang-format off */
#define OP_KEY_FIND_STEP \
    {"find-key", {"查找CA锁", "Find the key"}, op_key_find, OP_TOUCHES_NOTHING, OP_TELL, true, 15}
/* clang-format on */
void op_key_done(struct op_key *key);
/* Logs out, closes the key and lets others have it: what is left to do does not need it. */
void op_key_give_back(struct op *op);

/* A signer for a pair of the key; public_key is borrowed. Valid as long as self is. */
struct op_key_signer {
    struct token *token;
    const char *pair;
};
struct signer op_key_signer(struct op_key_signer *self, enum cert_algorithm algorithm,
                            struct span public_key);
/* A signer for the pair in use; valid as long as self and the operation's key are. */
struct signer op_key_present_signer(const struct op *op, struct op_key_signer *self);

/* What a key signs to prove itself in the operation's job, see certs/proof.h. */
struct op_proof {
    const struct signer *signer;
    const struct cert *cert; /* the signature is checked with it; NULL: the platform will */
    const char *label;
    struct span body;
};
MUST_CHECK enum err_code op_key_prove(const struct op *op, const struct op_proof *proof,
                                      struct bytes **out, struct err *err);
/* What the key gave as public key, as DER SubjectPublicKeyInfo. */
MUST_CHECK enum err_code op_key_public_der(const struct token_public_key *key, struct bytes **out,
                                           struct err *err);
/* "sm2", "rsa2048", "p256", "p384"; TOKEN_ALGORITHM_NONE for other texts. */
enum token_algorithm op_key_algorithm(const char *text);
/* The same in the terms of certs/; false for TOKEN_ALGORITHM_NONE. */
bool op_key_cert_algorithm(enum token_algorithm algorithm, enum cert_algorithm *out);

/* The newest certificate among the pairs with a signing key: the pair that is in use, borrowed from pairs.
 * ERR_TOKEN_NO_CERTIFICATE, or why the only ones can't be read. */
MUST_CHECK enum err_code op_key_choose(const struct token_pairs *pairs,
                                       const struct token_pair **out, struct err *err);
/* The same for showing; NULL: none. */
const struct token_pair *op_key_current_pair(const struct token_pairs *pairs);
/* A number of PIN tries, null when the key does not say it. */
void op_key_add_tries(struct json *json, const char *name, int tries);
/* "now", as the API says it. */
const char *op_key_due_text(enum due_state state);
