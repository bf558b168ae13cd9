#include "agent/ops/op_key.h"

#include "agent/ops/op_cards.h"
#include "agent/ops/op_find.h"
#include "agent/ops/op_seals.h"
#include "certs/proof.h"
#include "certs/public_key.h"
#include "certs/sm2.h"

static const enum token_algorithm algorithms[CERT_ALGORITHM_COUNT] = {
    [CERT_SM2] = TOKEN_SM2,
    [CERT_RSA] = TOKEN_RSA2048,
    [CERT_P256] = TOKEN_P256,
    [CERT_P384] = TOKEN_P384,
};

enum token_algorithm op_key_algorithm(const char *text)
{
    enum cert_algorithm algorithm;
    return cert_algorithm_from_text(text, &algorithm) ? algorithms[algorithm]
                                                      : TOKEN_ALGORITHM_NONE;
}

bool op_key_cert_algorithm(enum token_algorithm algorithm, enum cert_algorithm *out)
{
    for (size_t i = 0; i < ARRAY_SIZE(algorithms); i++)
        if (algorithms[i] == algorithm) {
            *out = (enum cert_algorithm)i;
            return true;
        }
    return false;
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

void op_key_add_tries(struct json *json, const char *name, int tries)
{
    if (tries >= 0)
        json_add_integer(json, name, tries);
    else
        json_add_text(json, name, NULL);
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
    op->key.managed = false;
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
    enum cert_algorithm algorithm;
    if (!op_key_cert_algorithm(key->algorithm, &algorithm))
        return err_set(err, ERR_TOKEN_ANSWER, "a public key of no known algorithm");
    if (algorithm == CERT_RSA)
        return rsa_public_key(SPAN_ARRAY(key->modulus), key->exponent, out, err);
    return public_key_of_point(algorithm, key->x, key->y, out, err);
}

/* ---- which pair ---- */

/* A certificate that can't be read is no current one; *unread says why. */
static int64_t end_of(const struct token_pair *pair, struct err *unread)
{
    AUTO(cert_freep) struct cert *cert = NULL;
    if (!pair->has_sign_key || pair->sign_cert == NULL ||
        cert_parse(span_bytes(pair->sign_cert), &cert, unread) != ERR_NONE)
        return INT64_MIN;
    return cert_peek(cert)->not_after_utc;
}

enum err_code op_key_choose(const struct token_pairs *pairs, const struct token_pair **out,
                            struct err *err)
{
    const struct token_pair *current = NULL;
    int64_t current_end = INT64_MIN;
    struct err unread = ERR_INIT;
    for (size_t i = 0; i < pairs->count; i++) {
        int64_t end = end_of(&pairs->pairs[i], &unread);
        if (unread.code == ERR_CRYPTO)
            break; /* ours and not the certificate's: it may be the newest */
        if (end > current_end) {
            current = &pairs->pairs[i];
            current_end = end;
        }
    }
    if (unread.code != ERR_NONE && (unread.code == ERR_CRYPTO || current == NULL)) {
        *err = unread;
        return err_add(err, "read a signing certificate");
    }
    if (current == NULL)
        return err_set(err, ERR_TOKEN_NO_CERTIFICATE, "no signing key with a certificate");
    *out = current;
    return ERR_NONE;
}

const struct token_pair *op_key_current_pair(const struct token_pairs *pairs)
{
    const struct token_pair *current = NULL;
    struct err ignored = ERR_INIT;
    return op_key_choose(pairs, &current, &ignored) == ERR_NONE ? current : NULL;
}

/* ---- finding the key ---- */

static void take_lost(struct token_pair *pair, const struct bytes *der)
{
    AUTO(cert_freep) struct cert *cert = NULL;
    struct err ignored = ERR_INIT;
    if (cert_parse(span_bytes(der), &cert, &ignored) != ERR_NONE)
        return;
    pair->algorithm = op_key_algorithm(cert_algorithm_text(cert_peek(cert)->algorithm));
    pair->sign_cert = bytes_new(span_bytes(der));
}

/* The key was pulled while the kept pair's new certificate was written over its old one. */
static void restore_lost(struct op_key *key, const struct op_facts *facts)
{
    key->cert_was_lost = false;
    if (facts->old_sign_cert == NULL || facts->container_is_ours)
        return;
    for (size_t i = 0; i < key->pairs->count; i++) {
        struct token_pair *pair = &key->pairs->pairs[i];
        if (!pair->has_sign_key || pair->sign_cert != NULL ||
            strcmp(pair->name, facts->container) != 0)
            continue;
        take_lost(pair, facts->old_sign_cert);
        key->cert_was_lost = true;
    }
}

static enum err_code read_key(struct op *op, struct err *err)
{
    struct op_key *key = &op->key;
    if (token_read_pairs(key->token, &key->pairs, err) != ERR_NONE)
        return err_add(err, "read the key");
    restore_lost(key, &op->facts);
    if (op_key_choose(key->pairs, &key->pair, err) != ERR_NONE)
        return err->code;
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
