/* What an operation has learnt and made so far: journaled as JSON, so that it can be understood after a
 * restart. Belongs to the operation's thread. Never holds a PIN. */
#pragma once

#include "agent/remote/remote.h"
#include "base/json.h"
#include "token/token.h"

#define OP_DIGEST_BYTES 32

struct op_facts {
    struct remote_job *job; /* from redeem on; NULL: none */
    char container[TOKEN_NAME_BYTES_MAX + 1]; /* that the new certificates go into */
    bool container_is_ours; /* we made it: it may be removed when the operation fails */
    enum err_code
        kept_reason; /* renew: why the key is kept against the policy; ERR_NONE: it is not */
    bool key_changed; /* something on the key is not as it was */
    bool changed_earlier; /* by an attempt before it was gone on with */
    struct bytes *csr;
    struct bytes *proof;
    bool requested; /* the request may have reached the platform */
    struct remote_issued *issued;
    struct bytes *old_sign_cert; /* to put back when writing fails halfway */
    struct bytes *old_encrypt_cert;
    int64_t old_not_after_utc;
    int64_t new_not_after_utc;
    char seal_file[TOKEN_NAME_BYTES_MAX + 1]; /* extend-seal: that the new seal goes into */
    char old_seal_file[TOKEN_NAME_BYTES_MAX + 1]; /* that is removed at the end */
    uint8_t old_seal_digest[OP_DIGEST_BYTES]; /* SHA-256 of what it holds */
    bool old_seal_left; /* it could not be removed: see op_leftovers.h */
    bool has_pin_before; /* reset-pin: the answer to the challenge may have reached the key */
    struct token_pin_state pin_before; /* what the key said until then */
    bool pin_sent; /* the key may have got a PIN that the person made up */
    bool written; /* and read back: only the platform still has to hear of it */
    uint8_t written_digest[OP_DIGEST_BYTES];
    struct bytes *confirmation_proof; /* from read-back on: all that confirming needs */
    int64_t confirm_attempts; /* in vain: the pauses between them grow, also over a restart */
    int64_t
        confirm_after_utc; /* the platform does not want to be asked before; 0: it did not say */
    struct err error; /* why it ended; code ERR_NONE: no reason */
};

void op_facts_done(struct op_facts *facts);
/* The job's secret is needed no more. */
void op_facts_forget_secret(struct op_facts *facts);
/* The caller frees. */
struct json *op_facts_to_json(const struct op_facts *facts);
/* facts must be empty. ERR_JOURNAL when the text is not of ours; facts then are empty. */
MUST_CHECK enum err_code op_facts_from_json(const char *text, struct op_facts *facts,
                                            struct err *err);
