#include "portal/portal_api.h"

#include <strings.h>

#include "base/hex.h"
#include "base/log.h"
#include "certs/csr.h"
#include "portal/portal_confirm.h"
#include "portal/portal_issue.h"
#include "portal/portal_job.h"
#include "portal/portal_manage.h"
#include "portal/portal_reset_answer.h"
#include "portal/portal_seal.h"
#include "portal/portal_test_hooks.h"
#include "portal/portal_ticket.h"
#include "portal/portal_unlock.h"

#define AGENT_BYTES_MAX 64 /* "ukeyd/0.1.0" */
#define MODEL_BYTES_MAX 128 /* GM/T 0017's device information has 32 */
#define PROOF_BYTES_MAX 512 /* of RSA-4096 */
#define OUTCOME_BYTES_MAX 16
#define DIGEST_BYTES 32
#define PURPOSE_BYTES_MAX 16
#define KEPT_BYTES_MAX 32
#define ALGORITHM_BYTES_MAX 16
/* A block of AES. */
#define CHALLENGE_BYTES_MAX 16
#define TRIES_MAX 255 /* GetPinInfo gives a byte */
#define RETRY_AFTER_S 1 /* a CA that signs by itself needs no longer */

/* ---- redeeming ---- */

struct redeem {
    const char *ticket;
    const char *agent;
    const char *serial;
    const char *model;
};

/* What the key holds is for platforms that compare; here the register and the proofs decide. */
static enum err_code check_certificates(const struct json *certificates, struct err *err)
{
    for (size_t i = 0; i < json_count(certificates); i++) {
        AUTO(bytes_freep) struct bytes *der = NULL;
        const char *text = json_text_of(json_item(certificates, i));
        if (text == NULL)
            return err_set(err, ERR_FIELD_TYPE, "certificates[%zu]: not a string", i);
        if (base64_decode(text, CERT_BYTES_MAX, &der, err) != ERR_NONE) {
            err_add(err, "certificates[%zu]", i);
            return err->code = ERR_FIELD_VALUE;
        }
    }
    return ERR_NONE;
}

static enum err_code read_redeem(const struct json *body, struct redeem *out, struct err *err)
{
    struct redeem redeem = {0};
    const struct json *token = NULL;
    const struct json *certificates = NULL;
    const struct json_field fields[] = {
        {"ticket", JSON_TEXT, false, PORTAL_TICKET_BYTES_MAX, &redeem.ticket},
        {"agent", JSON_TEXT, false, AGENT_BYTES_MAX, &redeem.agent},
        {"token", JSON_OBJECT, false, 0, &token},
        {"certificates", JSON_ARRAY, false, PORTAL_API_CERTIFICATES_MAX, &certificates},
    };
    const struct json_field token_fields[] = {
        {"serial", JSON_TEXT, false, PORTAL_SERIAL_BYTES_MAX, &redeem.serial},
        {"model", JSON_TEXT, true, MODEL_BYTES_MAX, &redeem.model},
    };
    if (json_read(body, fields, ARRAY_SIZE(fields), JSON_UNKNOWN_REFUSED, err) != ERR_NONE ||
        check_certificates(certificates, err) != ERR_NONE)
        return err->code;
    if (json_read(token, token_fields, ARRAY_SIZE(token_fields), JSON_UNKNOWN_REFUSED, err) !=
        ERR_NONE)
        return err_add(err, "token");
    *out = redeem;
    return ERR_NONE;
}

static struct json *policy_json(const struct portal_order_policy *policy)
{
    struct json *json = json_new_object();
    json_add_text(json, "key", policy->replace_key ? "replace" : "keep");
    json_add_text(json, "algorithm", cert_algorithm_text(policy->algorithm));
    json_add_bool(json, "dual", policy->dual);
    return json;
}

static struct json *job_json(const struct portal_job *job, const char *secret)
{
    const struct portal_order *order = job->order;
    struct json *json = json_new_object();
    json_add_text(json, "id", job->id);
    json_add_text(json, "secret", secret);
    json_add_text(json, "kind", job->kind);
    json_add_base64(json, "challenge", span_bytes(job->challenge));
    json_add_utc(json, "expires", job->expires_utc);
    json_add_text(json, "order", job->number);
    json_add_text(json, "holder", job->key->organisation);
    json_add_text(json, "serial", job->key->serial);
    json_add_bool(json, "approved", order == NULL || order->state == PORTAL_ORDER_APPROVED);
    if (job->seal_identity != NULL)
        json_add_text(json, "seal", job->seal_identity);
    if (order == NULL)
        return json;
    json_add_utc(json, "not_after", job->not_after_utc);
    json_add(json, "policy", policy_json(&order->policy));
    return json;
}

static void act_as_key(struct portal *portal, const char *serial)
{
    AUTO(memory_freep) char *actor = memory_printf("agent:%s", serial);
    portal_set_actor(portal, actor);
}

enum err_code portal_api_redeem(struct portal *portal, const struct json *body,
                                struct portal_api_answer *out, struct err *err)
{
    struct redeem redeem = {0};
    AUTO(portal_job_freep) struct portal_job *job = NULL;
    AUTO(memory_freep) char *secret = NULL;
    if (read_redeem(body, &redeem, err) != ERR_NONE)
        return err->code;
    act_as_key(portal, redeem.serial);
    if (portal_job_redeem(portal, redeem.ticket, redeem.serial, &job, err) != ERR_NONE ||
        portal_job_secret(portal, job->id, &secret, err) != ERR_NONE)
        return err->code;
    log_info("portal", "%s: ticket for %s redeemed by %s", job->number, job->kind, redeem.agent);
    *out = (struct portal_api_answer){.status = 200, .body = job_json(job, secret)};
    return ERR_NONE;
}

/* ---- with a job's secret ---- */

static enum err_code authorise(struct portal *portal, const char *id, const char *authorization,
                               struct portal_job **out, struct err *err)
{
    static const char scheme[] = "Bearer ";
    if (authorization == NULL || strncasecmp(authorization, scheme, sizeof scheme - 1) != 0)
        return err_set(err, ERR_JOB_FORBIDDEN, "no bearer secret");
    if (portal_job_authorise(portal, id, authorization + sizeof scheme - 1, out, err) != ERR_NONE)
        return err->code;
    act_as_key(portal, (*out)->key->serial);
    return ERR_NONE;
}

static struct json *issue_json(const struct portal_issued *issue)
{
    struct json *json = json_new_object();
    struct json *chain = json_new_array();
    json_add_base64(json, "sign_certificate", span_bytes(issue->sign_cert));
    if (issue->encrypt_cert != NULL)
        json_add_base64(json, "encrypt_certificate", span_bytes(issue->encrypt_cert));
    if (issue->enveloped_key != NULL)
        json_add_base64(json, "enveloped_key", span_bytes(issue->enveloped_key));
    json_append_base64(chain, span_bytes(issue->chain));
    json_add(json, "chain", chain);
    return json;
}

enum err_code portal_api_request(struct portal *portal, const char *id, const char *authorization,
                                 const struct json *body, struct portal_api_answer *out,
                                 struct err *err)
{
    const char *kept = NULL;
    AUTO(bytes_freep) struct bytes *csr = NULL;
    AUTO(bytes_freep) struct bytes *proof = NULL;
    AUTO(portal_job_freep) struct portal_job *job = NULL;
    AUTO(portal_issued_freep) struct portal_issued *issue = NULL;
    const struct json_field fields[] = {
        {"csr", JSON_BASE64, false, CSR_BYTES_MAX, &csr},
        {"proof", JSON_BASE64, false, PROOF_BYTES_MAX, &proof},
        {"kept_key_reason", JSON_TEXT, true, KEPT_BYTES_MAX, &kept},
    };
    if (authorise(portal, id, authorization, &job, err) != ERR_NONE ||
        json_read(body, fields, ARRAY_SIZE(fields), JSON_UNKNOWN_REFUSED, err) != ERR_NONE)
        return err->code;
    struct portal_issue_request request = {span_bytes(csr), span_bytes(proof), kept};
    if (portal_issue_request(portal, job, &request, &issue, err) != ERR_NONE)
        return err->code;
    if (portal_test_hooks_pending(job)) {
        *out = (struct portal_api_answer){202, RETRY_AFTER_S, json_new_object()};
        return ERR_NONE;
    }
    portal_test_hooks_spoil(portal, issue);
    log_info("portal", "order %s: certificates handed out", job->number);
    *out = (struct portal_api_answer){.status = 200, .body = issue_json(issue)};
    return ERR_NONE;
}

static struct json *seal_json(struct span seal, struct span issuing)
{
    struct json *json = json_new_object();
    struct json *chain = json_new_array();
    json_add_base64(json, "seal", seal);
    json_append_base64(chain, issuing);
    json_add(json, "chain", chain);
    return json;
}

enum err_code portal_api_seal(struct portal *portal, const char *id, const char *authorization,
                              const struct json *body, struct portal_api_answer *out,
                              struct err *err)
{
    AUTO(bytes_freep) struct bytes *seal = NULL;
    AUTO(bytes_freep) struct bytes *proof = NULL;
    AUTO(portal_job_freep) struct portal_job *job = NULL;
    AUTO(bytes_freep) struct bytes *extended = NULL;
    const struct json_field fields[] = {
        {"seal", JSON_BASE64, false, SEAL_BYTES_MAX, &seal},
        {"proof", JSON_BASE64, false, PROOF_BYTES_MAX, &proof},
    };
    if (authorise(portal, id, authorization, &job, err) != ERR_NONE ||
        json_read(body, fields, ARRAY_SIZE(fields), JSON_UNKNOWN_REFUSED, err) != ERR_NONE)
        return err->code;
    struct portal_seal_request request = {span_bytes(seal), span_bytes(proof)};
    if (portal_seal_extend(portal, job, &request, &extended, err) != ERR_NONE)
        return err->code;
    log_info("portal", "key %s: extended seal handed out", job->key->serial);
    *out = (struct portal_api_answer){
        .status = 200,
        .body = seal_json(span_bytes(extended), portal_ca_issuing(portal->ca, CERT_SM2)),
    };
    return ERR_NONE;
}

/* One resource for what is computed with a key's secrets: resets, and log-ins to write to a PIV token. */
struct unblock {
    struct portal_reset_question question;
    const char *algorithm; /* NULL: not given */
    struct bytes *challenge;
    struct bytes *application;
};

static void unblock_done(struct unblock *unblock)
{
    bytes_free(unblock->challenge);
    bytes_free(unblock->application);
}

static enum err_code read_unblock(const struct json *body, struct unblock *out, struct err *err)
{
    struct portal_reset_question *question = &out->question;
    const struct json_field fields[] = {
        {"purpose", JSON_TEXT, false, PURPOSE_BYTES_MAX, &question->purpose},
        {"challenge", JSON_BASE64, false, CHALLENGE_BYTES_MAX, &out->challenge},
        {"application", JSON_BASE64, false, PORTAL_UNLOCK_APPLICATION_BYTES, &out->application},
        {"profile", JSON_TEXT, false, PORTAL_PROFILE_BYTES_MAX, &question->profile},
        {"algorithm", JSON_TEXT, true, ALGORITHM_BYTES_MAX, &out->algorithm},
        {"administrator_tries", JSON_INTEGER, true, TRIES_MAX, &question->administrator_tries},
        {"refused", JSON_BOOL, true, 0, &question->refused},
    };
    question->administrator_tries = -1;
    if (json_read(body, fields, ARRAY_SIZE(fields), JSON_UNKNOWN_REFUSED, err) != ERR_NONE)
        return err->code;
    question->challenge = span_bytes(out->challenge);
    question->application = span_bytes(out->application);
    return ERR_NONE;
}

static enum err_code manage(struct portal *portal, const struct portal_job *job,
                            const struct unblock *asked, struct bytes **out, struct err *err)
{
    const struct portal_manage_question question = {asked->question.challenge, asked->algorithm,
                                                    asked->question.profile};
    if (asked->algorithm == NULL)
        return err_set(err, ERR_FIELD_MISSING, "algorithm");
    if (asked->question.application.len > 0 || asked->question.refused)
        return err_set(err, ERR_FIELD_VALUE, "application, refused: none with this purpose");
    return portal_manage_answer(portal, job, &question, out, err);
}

static enum err_code reset(struct portal *portal, const struct portal_job *job,
                           const struct unblock *asked, struct bytes **out, struct err *err)
{
    if (asked->algorithm != NULL)
        return err_set(err, ERR_FIELD_UNKNOWN, "algorithm");
    return portal_reset_answer(portal, job, &asked->question, out, err);
}

enum err_code portal_api_unblock(struct portal *portal, const char *id, const char *authorization,
                                 const struct json *body, struct portal_api_answer *out,
                                 struct err *err)
{
    AUTO(unblock_done) struct unblock asked = {0};
    AUTO(portal_job_freep) struct portal_job *job = NULL;
    AUTO(bytes_wipe_freep) struct bytes *data = NULL;
    if (authorise(portal, id, authorization, &job, err) != ERR_NONE ||
        read_unblock(body, &asked, err) != ERR_NONE)
        return err->code;
    bool writes = strcmp(asked.question.purpose, "manage") == 0;
    if ((writes ? manage : reset)(portal, job, &asked, &data, err) != ERR_NONE)
        return err->code;
    log_info("portal", "key %s: answered for %s", job->key->serial, asked.question.purpose);
    struct json *answer = json_new_object();
    json_add_base64(answer, "data", span_bytes(data));
    *out = (struct portal_api_answer){.status = 200, .body = answer};
    return ERR_NONE;
}

enum err_code portal_api_confirm(struct portal *portal, const char *id, const char *authorization,
                                 const struct json *body, struct portal_api_answer *out,
                                 struct err *err)
{
    const char *outcome = NULL;
    AUTO(bytes_freep) struct bytes *digest = NULL;
    AUTO(bytes_freep) struct bytes *proof = NULL;
    AUTO(portal_job_freep) struct portal_job *job = NULL;
    const struct json_field fields[] = {
        {"outcome", JSON_TEXT, false, OUTCOME_BYTES_MAX, &outcome},
        {"digest", JSON_BASE64, false, DIGEST_BYTES, &digest},
        {"proof", JSON_BASE64, true, PROOF_BYTES_MAX, &proof},
    };
    if (authorise(portal, id, authorization, &job, err) != ERR_NONE ||
        json_read(body, fields, ARRAY_SIZE(fields), JSON_UNKNOWN_REFUSED, err) != ERR_NONE)
        return err->code;
    struct portal_confirmation confirmation = {outcome, span_bytes(digest), span_bytes(proof)};
    if (portal_confirm(portal, job, &confirmation, err) != ERR_NONE)
        return err->code;
    log_info("portal", "%s: %s confirmed as %s", job->number, job->kind, outcome);
    struct json *answer = json_new_object();
    json_add_bool(answer, "acknowledged", true);
    *out = (struct portal_api_answer){.status = 200, .body = answer};
    return ERR_NONE;
}
