#include "agent/ops/op_renew_pair.h"

#include <stdio.h>

#include "agent/ops/op_admin.h"
#include "agent/ops/op_key.h"
#include "base/hex.h"
#include "base/log.h"
#include "certs/proof.h"

/* "renew-" and 64 bits of the order's hash: short enough for every key's name width. */
#define CONTAINER_PREFIX "renew-"
#define CONTAINER_HASH_BYTES 8
/* Two certificates and two key pairs with their overhead. */
#define REPLACE_BYTES_MIN 6144

bool op_renew_pair_is_new(const struct op *op)
{
    return op->facts.job->replace_key && op->facts.kept_reason == ERR_NONE;
}

const struct token_pair *op_renew_pair_named(const struct token_pairs *pairs, const char *name)
{
    for (size_t i = 0; i < pairs->count; i++)
        if (strcmp(pairs->pairs[i].name, name) == 0)
            return &pairs->pairs[i];
    return NULL;
}

/* ---- judge ---- */

static enum err_code judge_policy(const struct op *op, struct err *err)
{
    const struct remote_job *job = op->facts.job;
    bool is_new = op_renew_pair_is_new(op);
    enum token_algorithm algorithm = op_key_algorithm(job->algorithm);
    if (algorithm == TOKEN_ALGORITHM_NONE)
        return err_set(err, ERR_POLICY, "unknown algorithm \"%s\"", job->algorithm);
    if (!is_new && algorithm != op->key.pair->algorithm)
        return err_set(err, ERR_POLICY, "the kept key is not of algorithm %s", job->algorithm);
    if (!is_new && job->dual && op->key.encrypt_cert == NULL)
        return err_set(err, ERR_POLICY, "no encryption key to keep");
    if (is_new && job->dual && algorithm != TOKEN_SM2)
        return err_set(err, ERR_POLICY, "only SM2 encryption keys can be imported");
    return ERR_NONE;
}

static enum err_code judge_room(const struct op *op, struct err *err)
{
    const struct token_facts *facts = token_peek_facts(op->key.token);
    if (!op_renew_pair_is_new(op) || op->facts.container_is_ours)
        return ERR_NONE;
    if (op->key.pairs->count >= facts->pairs_max)
        return err_set(err, ERR_TOKEN_NO_SPACE, "all %zu containers are taken", facts->pairs_max);
    if (facts->free_bytes < REPLACE_BYTES_MIN)
        return err_set(err, ERR_TOKEN_NO_SPACE, "%zu bytes free, %d are needed", facts->free_bytes,
                       REPLACE_BYTES_MIN);
    return ERR_NONE;
}

static void name_container(struct op *op)
{
    const struct remote_job *job = op->facts.job;
    if (!op_renew_pair_is_new(op)) {
        memcpy(op->facts.container, op->key.pair->name, sizeof op->facts.container);
        return;
    }
    uint8_t hash[32];
    proof_sha256(span_text(job->order), hash);
    AUTO(memory_freep) char *digits = hex_encode(span_of(hash, CONTAINER_HASH_BYTES));
    snprintf(op->facts.container, sizeof op->facts.container, CONTAINER_PREFIX "%s", digits);
}

enum err_code op_renew_pair_judge(struct op *op, struct err *err)
{
    name_container(op);
    op->facts.container_is_ours =
        op_renew_pair_is_new(op) && op_renew_pair_named(op->key.pairs, op->facts.container) != NULL;
    if (judge_policy(op, err) != ERR_NONE)
        return err->code;
    return judge_room(op, err);
}

/* ---- the present pair ---- */

static void take_present(struct op *op)
{
    bytes_freep(&op->public_key);
    op->public_key = bytes_new(cert_peek(op->key.sign_cert)->public_key);
}

bool op_renew_pair_cant_sign(enum err_code code)
{
    return code == ERR_TOKEN_CANNOT_REPLACE || code == ERR_TOKEN_NOT_SUPPORTED;
}

/* What can't be removed is without a certificate, so that nothing takes it for the pair in use. One that an earlier
 * attempt gave a certificate may be just that. */
static void remove_made(struct op *op, const char *name)
{
    struct err err = ERR_INIT;
    const struct token_pair *left = op_renew_pair_named(op->key.pairs, name);
    if (left != NULL && left->sign_cert != NULL)
        return;
    if (op_admin_delete_pair(op, name, &err) != ERR_NONE)
        log_err("ops", "remove a key pair that can't sign", &err);
}

enum err_code op_renew_pair_keep(struct op *op, struct err *err)
{
    char made[sizeof op->facts.container];
    bool was_made = op->public_key != NULL;
    memcpy(made, op->facts.container, sizeof made);
    log_info("ops", "the key has no place for a second signing key: the present one is kept");
    op->facts.kept_reason = ERR_TOKEN_CANNOT_REPLACE;
    name_container(op);
    op->facts.container_is_ours = false;
    take_present(op);
    if (was_made)
        remove_made(op, made);
    if (judge_policy(op, err) == ERR_NONE)
        return ERR_NONE;
    return err->code = ERR_TOKEN_CANNOT_REPLACE;
}

/* ---- a new pair ---- */

/* The signing key of our container: made now, or the one that an earlier attempt left there. */
static enum err_code make_or_adopt(struct op *op, struct token_public_key *out, struct err *err)
{
    const char *name = op->facts.container;
    enum token_algorithm algorithm = op_key_algorithm(op->facts.job->algorithm);
    const struct token_pair *left = op_renew_pair_named(op->key.pairs, name);
    if (left != NULL && left->has_sign_key && left->algorithm == algorithm)
        return token_read_public_key(op->key.token, name, TOKEN_SIGN, out, err);
    if (left != NULL && left->sign_cert != NULL)
        return err_set(err, ERR_TOKEN_EXISTS, "%s holds a certificate", name);
    if (left != NULL && op_admin_delete_pair(op, name, err) != ERR_NONE)
        return err_add(err, "remove what an earlier attempt left");
    return op_admin_create_pair(op, name, algorithm, out, err);
}

/* The key may know its signing key by the certificate alone. */
static enum err_code prepare_present(struct op *op, struct err *err)
{
    take_present(op);
    if (op_admin_begin(op, err) != ERR_NONE)
        return err->code;
    if (op->key.cert_was_lost &&
        op_admin_write_cert(op, op->facts.container, TOKEN_SIGN,
                            span_bytes(op->facts.old_sign_cert), err) != ERR_NONE)
        return err_add(err, "give the pair its certificate again");
    return ERR_NONE;
}

enum op_outcome op_renew_pair_prepare(struct op *op, struct err *err)
{
    if (!op_renew_pair_is_new(op))
        return prepare_present(op, err) == ERR_NONE ? OP_STEP_NEXT : OP_STEP_FAILED;
    struct token_public_key made;
    op->facts.container_is_ours = true;
    enum err_code code = make_or_adopt(op, &made, err);
    if (code == ERR_NONE)
        code = op_key_public_der(&made, &op->public_key, err);
    if (code == ERR_TOKEN_CANNOT_REPLACE) {
        *err = ERR_INIT;
        code = op_renew_pair_keep(op, err);
    }
    return code == ERR_NONE ? OP_STEP_NEXT : OP_STEP_FAILED;
}
