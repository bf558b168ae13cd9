#include "agent/ops/op_key.h"

#include "agent/ops/op_cards.h"
#include "agent/ops/op_find.h"
#include "agent/ops/op_seals.h"
#include "certs/proof.h"
#include "certs/sm2.h"

static const struct {
    const char *text;
    enum token_algorithm algorithm;
} algorithms[] = {
    {"sm2", TOKEN_SM2},
    {"rsa2048", TOKEN_RSA2048},
};

enum token_algorithm op_key_algorithm(const char *text)
{
    for (size_t i = 0; i < ARRAY_SIZE(algorithms); i++)
        if (strcmp(algorithms[i].text, text) == 0)
            return algorithms[i].algorithm;
    return TOKEN_ALGORITHM_NONE;
}

static const char *const due_texts[] = {
    [DUE_NOT_YET] = "not-yet",         [DUE_NOW] = "now",
    [DUE_EXPIRED] = "expired",         [DUE_TOO_LATE] = "too-late",
    [DUE_CLOCK_WRONG] = "clock-wrong",
};

const char *op_key_due_text(enum due_state state)
{
    return due_texts[state];
}

void op_key_done(struct op_key *key)
{
    cert_freep(&key->sign_cert);
    cert_freep(&key->encrypt_cert);
    token_pairs_freep(&key->pairs);
    op_seals_freep(&key->seals);
    token_closep(&key->token);
    *key = (struct op_key){0};
}

void op_key_give_back(struct op *op)
{
    if (op->key.token == NULL)
        return;
    token_set_deadline(op->key.token, op_step_deadline(op));
    token_logout(op->key.token);
    op->key.usage = token_usage(op->key.token);
    token_closep(&op->key.token);
    op_cards_give_back(op);
}

/* ---- signing and public keys ---- */

static enum err_code sign(void *self, struct span input, struct bytes **out, struct err *err)
{
    const struct op_key_signer *signer = self;
    return token_sign(signer->token, signer->pair, input, out, err);
}

struct signer op_key_signer(struct op_key_signer *self, enum cert_algorithm algorithm,
                            struct span public_key)
{
    return (struct signer){algorithm, public_key, sign, self};
}

struct signer op_key_present_signer(const struct op *op, struct op_key_signer *self)
{
    const struct cert_facts *facts = cert_peek(op->key.sign_cert);
    *self = (struct op_key_signer){op->key.token, op->key.pair->name};
    return op_key_signer(self, facts->algorithm, facts->public_key);
}

enum err_code op_key_prove(const struct op *op, const struct op_proof *proof, struct bytes **out,
                           struct err *err)
{
    const struct remote_job *job = op->facts.job;
    AUTO(bytes_freep) struct bytes *message = NULL;
    AUTO(bytes_freep) struct bytes *signature = NULL;
    if (proof_message(proof->label, job->id, span_bytes(job->challenge), proof->body, &message,
                      err) != ERR_NONE ||
        signer_sign_message(proof->signer, span_bytes(message), &signature, err) != ERR_NONE)
        return err->code;
    if (proof->cert != NULL &&
        cert_verify(proof->cert, span_bytes(message), span_bytes(signature), err) != ERR_NONE)
        return err->code;
    *out = TAKE(signature);
    return ERR_NONE;
}

enum err_code op_key_public_der(const struct token_public_key *key, struct bytes **out,
                                struct err *err)
{
    if (key->algorithm == TOKEN_SM2)
        return sm2_public_key(key->x, key->y, out, err);
    return rsa_public_key(SPAN_ARRAY(key->modulus), key->exponent, out, err);
}

/* ---- which pair ---- */

static int64_t end_of(const struct token_pair *pair)
{
    AUTO(cert_freep) struct cert *cert = NULL;
    struct err ignored = ERR_INIT; /* a broken certificate is no current one */
    if (pair->sign_cert == NULL ||
        cert_parse(span_bytes(pair->sign_cert), &cert, &ignored) != ERR_NONE)
        return INT64_MIN;
    return cert_peek(cert)->not_after_utc;
}

const struct token_pair *op_key_current_pair(const struct token_pairs *pairs)
{
    const struct token_pair *current = NULL;
    int64_t current_end = INT64_MIN;
    for (size_t i = 0; i < pairs->count; i++) {
        const struct token_pair *pair = &pairs->pairs[i];
        int64_t end = pair->has_sign_key ? end_of(pair) : INT64_MIN;
        if (end > current_end) {
            current = pair;
            current_end = end;
        }
    }
    return current;
}

/* ---- finding the key ---- */

static enum err_code read_key(struct op *op, struct err *err)
{
    struct op_key *key = &op->key;
    if (token_read_pairs(key->token, &key->pairs, err) != ERR_NONE)
        return err_add(err, "read the key");
    key->pair = op_key_current_pair(key->pairs);
    if (key->pair == NULL)
        return err_set(err, ERR_TOKEN_NO_CERTIFICATE, "no signing key with a certificate");
    if (cert_parse(span_bytes(key->pair->sign_cert), &key->sign_cert, err) != ERR_NONE)
        return err_add(err, "read the signing certificate");
    if (key->pair->encrypt_cert != NULL &&
        cert_parse(span_bytes(key->pair->encrypt_cert), &key->encrypt_cert, err) != ERR_NONE)
        return err_add(err, "read the encryption certificate");
    op->facts.old_not_after_utc = cert_peek(key->sign_cert)->not_after_utc;
    return ERR_NONE;
}

enum op_outcome op_key_find(struct op *op, struct err *err)
{
    struct token_presence presence;
    if (op_find(op, &op->key.token, &presence, err) != ERR_NONE)
        return OP_STEP_FAILED;
    if (!op_cards_claim(op, token_peek_facts(op->key.token)->serial, &presence)) {
        err_set(err, ERR_TOKEN_BUSY, "another operation has this key");
        return OP_STEP_FAILED;
    }
    token_set_deadline(op->key.token, op_step_deadline(op));
    if (token_begin(op->key.token, err) != ERR_NONE)
        return OP_STEP_FAILED;
    enum err_code code = read_key(op, err);
    token_end(op->key.token);
    return code == ERR_NONE ? OP_STEP_NEXT : OP_STEP_FAILED;
}
