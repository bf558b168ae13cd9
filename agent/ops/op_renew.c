/* CA延期续费: new certificates for the key that is plugged in, with the kept or a new key pair.
 *
 * The old pair works until the new one has been written, read back and used. A replaced key goes into a
 * container of its own, named after the order: a container that an earlier attempt left is taken up
 * again, so that the platform, which answers the same public key with the same certificates, is never
 * asked for two. */
#include "agent/ops/op_admin.h"
#include "agent/ops/op_ask.h"
#include "agent/ops/op_key.h"
#include "agent/ops/op_platform.h"
#include "agent/ops/op_renew_check.h"
#include "agent/ops/op_renew_pair.h"
#include "base/log.h"
#include "certs/csr.h"
#include "certs/proof.h"
#include "certs/sm2.h"

static const struct text said_kept = {
    "续费成功、请您进行CA签章延期!本CA锁没有位置存放第二个签名密钥，已沿用原密钥。",
    "Renewed. Now extend the electronic seal. The key has no place for a second signing key: the "
    "present one was kept."};

/* ---- judge ---- */

static enum op_outcome judge(struct op *op, struct err *err)
{
    const struct remote_job *job = op->facts.job;
    if (!job->approved) {
        err_set(err, ERR_ORDER_NOT_APPROVED, "order %s", job->order);
        return OP_STEP_FAILED;
    }
    /* The very same end: an earlier attempt has written the certificates and nobody heard of it. */
    if (job->not_after_utc < op->facts.old_not_after_utc) {
        err_set(err, ERR_NOT_DUE, "the new certificate would not end later");
        return OP_STEP_FAILED;
    }
    if (op_renew_pair_judge(op, err) != ERR_NONE)
        return OP_STEP_FAILED;
    bytes_freep(&op->facts.old_sign_cert);
    op->facts.old_sign_cert = bytes_new(span_bytes(op->key.pair->sign_cert));
    if (op->key.pair->encrypt_cert != NULL)
        op->facts.old_encrypt_cert = bytes_new(span_bytes(op->key.pair->encrypt_cert));
    return OP_STEP_NEXT;
}

/* ---- request ---- */

/* The policy was judged: its algorithm is one of ours. */
static struct signer new_signer(const struct op *op, struct op_key_signer *self)
{
    enum cert_algorithm algorithm = CERT_SM2;
    *self = (struct op_key_signer){op->key.token, op->facts.container};
    op_key_cert_algorithm(op_key_algorithm(op->facts.job->algorithm), &algorithm);
    return op_key_signer(self, algorithm, span_bytes(op->public_key));
}

static enum err_code sign_request(struct op *op, struct err *err)
{
    struct op_key_signer self;
    struct signer signer = new_signer(op, &self);
    return csr_make(cert_peek(op->key.sign_cert)->subject_der, &signer, &op->facts.csr, err);
}

/* The new key's first signature shows whether the key can sign with it; nobody was asked for anything yet. */
static enum err_code sign_or_keep(struct op *op, struct err *err)
{
    enum err_code code = sign_request(op, err);
    if (!op_renew_pair_is_new(op) || !op_renew_pair_cant_sign(code))
        return code;
    log_err("ops", "sign with the new key", err);
    *err = ERR_INIT;
    if (op_renew_pair_keep(op, err) != ERR_NONE)
        return err->code;
    return sign_request(op, err);
}

static enum op_outcome make_request(struct op *op, struct err *err)
{
    if (sign_or_keep(op, err) != ERR_NONE) {
        err_add(err, "make the request");
        return OP_STEP_FAILED;
    }
    struct op_key_signer old_self;
    struct signer old_signer = op_key_present_signer(op, &old_self);
    uint8_t digest[32];
    proof_sha256(span_bytes(op->facts.csr), digest);
    const struct op_proof proof = {&old_signer, NULL, PROOF_REQUEST, SPAN_ARRAY(digest)};
    if (op_key_prove(op, &proof, &op->facts.proof, err) != ERR_NONE) {
        err_add(err, "prove the present key");
        return OP_STEP_FAILED;
    }
    return OP_STEP_NEXT;
}

/* ---- check what came ---- */

static enum op_outcome check_issued(struct op *op, struct err *err)
{
    struct op_renew_expected expected = {
        .job = op->facts.job,
        .new_pair = op_renew_pair_is_new(op),
        .roots = op->platform->roots,
        .public_key = span_bytes(op->public_key),
        .old_sign = op->key.sign_cert,
        .old_encrypt = op->key.encrypt_cert,
        .now_utc = clock_now_utc(),
    };
    return op_renew_check(&expected, op->facts.issued, &op->facts.new_not_after_utc, err) ==
                   ERR_NONE
               ? OP_STEP_NEXT
               : OP_STEP_FAILED;
}

/* ---- write ---- */

static enum err_code import_envelope(struct op *op, struct err *err)
{
    const struct token_pair *left = op_renew_pair_named(op->key.pairs, op->facts.container);
    if (op->facts.issued->envelope == NULL || (left != NULL && left->has_encrypt_key))
        return ERR_NONE; /* read-back compares the key with the certificate */
    struct envelope from;
    if (envelope_parse(span_bytes(op->facts.issued->envelope), &from, err) != ERR_NONE)
        return err->code;
    struct token_envelope to = {.cipher_id = from.cipher_id};
    memcpy(to.c1_x, from.c1_x, sizeof to.c1_x);
    memcpy(to.c1_y, from.c1_y, sizeof to.c1_y);
    memcpy(to.c3, from.c3, sizeof to.c3);
    memcpy(to.c2, from.c2, sizeof to.c2);
    memcpy(to.public_x, from.public_x, sizeof to.public_x);
    memcpy(to.public_y, from.public_y, sizeof to.public_y);
    memcpy(to.encrypted_private, from.encrypted_private, sizeof to.encrypted_private);
    return token_import_encryption_key(op->key.token, op->facts.container, &to, err);
}

static enum op_outcome write_key(struct op *op, struct err *err)
{
    const struct remote_issued *issued = op->facts.issued;
    const char *name = op->facts.container;
    if (op_admin_begin(op, err) != ERR_NONE || op_note_change(op, err) != ERR_NONE)
        return OP_STEP_FAILED;
    if (import_envelope(op, err) != ERR_NONE) {
        err_add(err, "import the encryption key");
        return OP_STEP_FAILED;
    }
    if (issued->encrypt_cert != NULL &&
        op_admin_write_cert(op, name, TOKEN_ENCRYPT, span_bytes(issued->encrypt_cert), err) !=
            ERR_NONE) {
        err_add(err, "write the encryption certificate");
        return OP_STEP_FAILED;
    }
    if (op_admin_write_cert(op, name, TOKEN_SIGN, span_bytes(issued->sign_cert), err) != ERR_NONE) {
        err_add(err, "write the signing certificate");
        return OP_STEP_FAILED;
    }
    return OP_STEP_NEXT;
}

/* ---- read back and use ---- */

static enum err_code compare_cert(struct op *op, enum token_slot slot, const struct bytes *written,
                                  struct err *err)
{
    AUTO(bytes_freep) struct bytes *got = NULL;
    if (written == NULL)
        return ERR_NONE;
    if (token_read_cert(op->key.token, op->facts.container, slot, &got, err) != ERR_NONE)
        return err_add(err, "read back a certificate");
    if (!span_equal(span_bytes(got), span_bytes(written)))
        return err_set(err, ERR_READ_BACK, "%s certificate differs",
                       slot == TOKEN_SIGN ? "signing" : "encryption");
    return ERR_NONE;
}

/* The imported key is the one of the certificate: the key itself says so. */
static enum err_code compare_encrypt_key(struct op *op, struct err *err)
{
    struct token_public_key got;
    AUTO(bytes_freep) struct bytes *der = NULL;
    AUTO(cert_freep) struct cert *cert = NULL;
    if (op->facts.issued->envelope == NULL)
        return ERR_NONE;
    if (cert_parse(span_bytes(op->facts.issued->encrypt_cert), &cert, err) != ERR_NONE ||
        token_read_public_key(op->key.token, op->facts.container, TOKEN_ENCRYPT, &got, err) !=
            ERR_NONE ||
        op_key_public_der(&got, &der, err) != ERR_NONE)
        return err_add(err, "read back the encryption key");
    if (!span_equal(span_bytes(der), cert_peek(cert)->public_key))
        return err_set(err, ERR_READ_BACK, "the encryption key is not the certificate's");
    return ERR_NONE;
}

/* The confirmation is the test signature: made by the new key, checked with the new certificate. */
static enum err_code use_new_key(struct op *op, struct err *err)
{
    const struct remote_issued *issued = op->facts.issued;
    struct op_key_signer self;
    struct signer signer = new_signer(op, &self);
    proof_written_digest(span_bytes(issued->sign_cert), span_bytes(issued->encrypt_cert),
                         op->facts.written_digest);
    AUTO(bytes_freep)
    struct bytes *body = proof_confirmation_body("written", op->facts.written_digest);
    AUTO(cert_freep) struct cert *cert = NULL;
    if (cert_parse(span_bytes(issued->sign_cert), &cert, err) != ERR_NONE)
        return err_add(err, "read the new certificate");
    const struct op_proof proof = {&signer, cert, PROOF_CONFIRMATION, span_bytes(body)};
    if (op_key_prove(op, &proof, &op->facts.confirmation_proof, err) != ERR_NONE)
        return err_add(err, "sign a test value with the new key");
    op->facts.written = true;
    return ERR_NONE;
}

static enum op_outcome read_back(struct op *op, struct err *err)
{
    const struct remote_issued *issued = op->facts.issued;
    if (compare_cert(op, TOKEN_ENCRYPT, issued->encrypt_cert, err) != ERR_NONE ||
        compare_cert(op, TOKEN_SIGN, issued->sign_cert, err) != ERR_NONE ||
        compare_encrypt_key(op, err) != ERR_NONE || use_new_key(op, err) != ERR_NONE)
        return OP_STEP_FAILED;
    if (!token_peek_facts(op->key.token)->writes_need_admin_login)
        token_logout(op->key.token); /* else it is written to once more, at the end */
    return OP_STEP_NEXT;
}

/* ---- make current ---- */

/* The platform has acknowledged. What fails here is taken up by the next operation that may write on the key; until
 * then the newest certificate says which pair is in use. */
static enum op_outcome make_current(struct op *op, struct err *err)
{
    if (op->facts.kept_reason != ERR_NONE)
        op->said = said_kept;
    if (!op->key.held) {
        log_info("ops", "the key is not here to put its pair in the place of the one in use");
        return OP_STEP_NEXT;
    }
    if (op_renew_pair_is_new(op) && op_admin_make_current(op, op->facts.container, err) != ERR_NONE)
        log_err("ops", "put the new pair in the place of the one in use", err);
    token_logout(op->key.token);
    return OP_STEP_NEXT;
}

/* ---- undo ---- */

static bool holds_cert(struct op *op, enum token_slot slot, const struct bytes *cert)
{
    AUTO(bytes_freep) struct bytes *got = NULL;
    struct err unread = ERR_INIT;
    return token_read_cert(op->key.token, op->facts.container, slot, &got, &unread) == ERR_NONE &&
           span_equal(span_bytes(got), span_bytes(cert));
}

static bool put_cert_back(struct op *op, enum token_slot slot, const struct bytes *old)
{
    struct err err = ERR_INIT;
    if (old == NULL || holds_cert(op, slot, old) ||
        op_admin_write_cert(op, op->facts.container, slot, span_bytes(old), &err) == ERR_NONE)
        return true;
    log_err("ops",
            slot == TOKEN_SIGN ? "put the old signing certificate back"
                               : "put the old encryption certificate back",
            &err);
    return false;
}

/* The kept key's certificates as they were: for a failure between the first write and read-back. */
static void put_back(struct op *op)
{
    const struct op_facts *facts = &op->facts;
    bool encrypt = facts->issued->encrypt_cert == NULL ||
                   put_cert_back(op, TOKEN_ENCRYPT, facts->old_encrypt_cert);
    bool sign = put_cert_back(op, TOKEN_SIGN, facts->old_sign_cert);
    op->facts.key_changed = !encrypt || !sign;
}

static void remove_container(struct op *op)
{
    struct err err = ERR_INIT;
    if (op_admin_delete_pair(op, op->facts.container, &err) == ERR_NONE)
        op->facts.key_changed = false;
    else
        log_err("ops", "remove the half-made container", &err);
}

/* True when the platform has taken back what it issued. */
static bool give_back(struct op *op)
{
    static const uint8_t nothing[OP_DIGEST_BYTES];
    struct op_key_signer self;
    struct signer signer = op_key_present_signer(op, &self);
    AUTO(bytes_freep) struct bytes *body = proof_confirmation_body("failed", nothing);
    AUTO(bytes_freep) struct bytes *signature = NULL;
    struct err err = ERR_INIT;
    const struct op_proof proof = {&signer, NULL, PROOF_CONFIRMATION, span_bytes(body)};
    if (op_key_prove(op, &proof, &signature, &err) == ERR_NONE)
        return op_platform_report_failure(op, span_bytes(signature));
    log_err("ops", "prove that nothing was written", &err);
    return false;
}

/* Our container holds the only copy of a key for which a certificate may have been issued. It goes when
 * none was asked for, or when it is no use and the platform took it back; else it stays, and the next
 * attempt at this order takes it up and gets the same certificates. What an earlier attempt left may
 * have been asked for then; and once it holds a certificate it may be the pair in use. */
static void undo_container(struct op *op, const struct err *why)
{
    const struct token_pair *left = op_renew_pair_named(op->key.pairs, op->facts.container);
    bool no_use = err_kind_of(why->code) == ERR_KIND_STOP && why->code != ERR_CANCELLED &&
                  why->code != ERR_JOURNAL;
    if (left != NULL && left->sign_cert != NULL)
        return;
    if (op->facts.requested ? no_use && give_back(op) : left == NULL)
        remove_container(op);
}

static void undo(struct op *op, const struct err *why)
{
    const struct op_facts *facts = &op->facts;
    struct err err = ERR_INIT;
    if (op->key.token == NULL || facts->job == NULL || facts->written)
        return;
    token_set_deadline(op->key.token, op_step_deadline(op));
    if (token_begin(op->key.token, &err) != ERR_NONE) {
        log_err("ops", "undo", &err);
        return;
    }
    if (op_renew_pair_is_new(op) && op->public_key != NULL)
        undo_container(op, why);
    else if (facts->key_changed)
        put_back(op);
    if (facts->kept_reason != ERR_NONE && why->code == ERR_JOB_CONFLICT)
        give_back(op);
    token_logout(op->key.token);
    token_end(op->key.token);
}

/* ---- the table ---- */

static void report(const struct op *op, struct json *result)
{
    const struct op_facts *facts = &op->facts;
    if (facts->issued == NULL)
        return;
    bool kept = facts->kept_reason != ERR_NONE;
    json_add_bool(result, "replaced", op_renew_pair_is_new(op));
    json_add_text(result, "kept_reason", kept ? err_code_text(facts->kept_reason) : NULL);
    json_add_text(result, "container", facts->container);
    json_add_utc(result, "old_not_after", facts->old_not_after_utc);
    json_add_utc(result, "not_after", facts->new_not_after_utc);
    const struct {
        const char *name;
        const struct bytes *der;
    } certs[] = {{"sign_serial", facts->issued->sign_cert},
                 {"encrypt_serial", facts->issued->encrypt_cert}};
    for (size_t i = 0; i < ARRAY_SIZE(certs); i++) {
        AUTO(cert_freep) struct cert *cert = NULL;
        struct err ignored = ERR_INIT;
        if (certs[i].der != NULL &&
            cert_parse(span_bytes(certs[i].der), &cert, &ignored) == ERR_NONE)
            json_add_text(result, certs[i].name, cert_peek(cert)->serial);
    }
}

/* clang-format off */
static const struct op_step steps[] = {
    OP_KEY_FIND_STEP,
    OP_PLATFORM_REDEEM_STEP,
    {"judge", {"核对订单与CA锁", "Compare order and key"}, judge, OP_TOUCHES_NOTHING, OP_TELL, true, 5},
    OP_ASK_PIN_STEP,
    {"key-pair", {"准备密钥", "Prepare the key pair"}, op_renew_pair_prepare, OP_TOUCHES_KEY, OP_TELL, true, 120},
    {"request", {"生成证书请求", "Make the request"}, make_request, OP_TOUCHES_KEY, OP_TELL, true, 30},
    {"issue", {"等待平台签发证书", "Wait for the certificates"}, op_platform_issue, OP_TOUCHES_PLATFORM, OP_TELL, true, 60},
    {"check-issued", {"检查新证书", "Check the certificates"}, check_issued, OP_TOUCHES_NOTHING, OP_TELL, false, 5},
    {"write", {"写入CA锁，请勿拔出", "Write to the key, leave it in"}, write_key, OP_TOUCHES_KEY, OP_TELL, false, 60},
    {"read-back", {"读回并验证", "Read back and test"}, read_back, OP_TOUCHES_KEY, OP_TELL, false, 30},
    OP_PLATFORM_CONFIRM_STEP,
    {"make-current", {"启用新证书", "Put the new certificate in use"}, make_current, OP_TOUCHES_KEY_IF_THERE, OP_RESUME, false, 60},
};
/* clang-format on */

const struct op_kind op_renew = {
    .name = "renew",
    .title = {"CA延期续费", "Certificate renewal"},
    .success = {"续费成功、请您进行CA签章延期!", "Renewed. Now extend the electronic seal."},
    .ticket = OP_TICKET_REQUIRED,
    .steps = steps,
    .step_count = ARRAY_SIZE(steps),
    .undo = undo,
    .report = report,
};
