#include "portal/portal_manage.h"

#include "base/clock.h"
#include "base/hex.h"
#include "portal/portal_audit.h"
#include "portal/portal_piv_secret.h"
#include "portal/portal_piv_version.h"
#include "portal/portal_seal.h"
#include "portal/portal_ticket.h"

#define DAY_S 86400

/* As the database has the order now: an operator may have taken the payment back. A renewal that was confirmed still
 * has a pair to be made current. A seal's extension has no order of its own, and no use before a renewal. */
static enum err_code check_approved(struct portal *portal, const struct portal_job *job,
                                    struct err *err)
{
    AUTO(portal_order_freep) struct portal_order *order = NULL;
    if (job->order == NULL)
        return portal_seal_check_renewed(portal, job->key->id, err);
    if (portal_order_load(portal, job->order->number, &order, err) != ERR_NONE)
        return err->code;
    if (order->state != PORTAL_ORDER_APPROVED)
        return err_set(err, ERR_ORDER_NOT_APPROVED, "the order is in %s",
                       portal_order_state_text(order->state));
    return ERR_NONE;
}

static enum err_code check_job(const struct portal_job *job, struct err *err)
{
    bool seal = strcmp(job->kind, PORTAL_KIND_EXTEND_SEAL) == 0;
    return portal_job_check(job, seal ? PORTAL_KIND_EXTEND_SEAL : PORTAL_KIND_RENEW, err);
}

static enum err_code check_profile(const struct portal_job *job, const char *profile,
                                   struct err *err)
{
    if (strcmp(profile, PORTAL_PIV_PROFILE) != 0)
        return err_set(err, ERR_PROFILE_UNKNOWN, "keys of this profile have no management key");
    if (strcmp(job->key->profile, profile) != 0)
        return err_set(err, ERR_PROFILE_UNKNOWN, "the key is registered with the profile %s",
                       job->key->profile);
    return ERR_NONE;
}

/* The lengths are looked at before anything is derived. */
static enum err_code check_question(const struct portal_job *job,
                                    const struct portal_manage_question *question,
                                    const struct portal_piv_cipher **out, struct err *err)
{
    const struct portal_piv_cipher *cipher = portal_piv_cipher_find(question->algorithm);
    if (check_profile(job, question->profile, err) != ERR_NONE)
        return err->code;
    if (cipher == NULL)
        return err_set(err, ERR_FIELD_VALUE, "algorithm: not one of a management key");
    if (question->challenge.len != cipher->block_bytes)
        return err_set(err, ERR_FIELD_VALUE, "challenge: %zu bytes, %zu for %s",
                       question->challenge.len, cipher->block_bytes, cipher->name);
    *out = cipher;
    return ERR_NONE;
}

static enum err_code check_job_limit(struct portal *portal, const struct portal_job *job,
                                     struct err *err)
{
    int64_t answers = 0;
    if (portal_db_number(portal->db, "SELECT count(*) FROM manage_answer WHERE job_id = ?",
                         PORTAL_VALUES(PORTAL_TEXT(job->id)), &answers, err) != ERR_NONE)
        return err_add(err, "count the answers");
    if (answers >= PORTAL_MANAGE_ANSWERS_PER_JOB)
        return err_set(err, ERR_MANAGE_LIMIT, "the job had %d answers",
                       PORTAL_MANAGE_ANSWERS_PER_JOB);
    return ERR_NONE;
}

static enum err_code check_key_limit(struct portal *portal, const struct portal_job *job,
                                     struct err *err)
{
    int64_t answers = 0;
    if (portal_db_number(
            portal->db, "SELECT count(*) FROM manage_answer WHERE key_id = ? AND at_utc > ?",
            PORTAL_VALUES(PORTAL_INTEGER(job->key->id), PORTAL_INTEGER(clock_now_utc() - DAY_S)),
            &answers, err) != ERR_NONE)
        return err_add(err, "count the answers");
    if (answers >= PORTAL_MANAGE_ANSWERS_PER_KEY_AND_DAY)
        return err_set(err, ERR_MANAGE_DAY_LIMIT, "the key had %d answers within a day",
                       PORTAL_MANAGE_ANSWERS_PER_KEY_AND_DAY);
    return ERR_NONE;
}

/* Inside the caller's transaction. */
static enum err_code note(struct portal *portal, const struct portal_job *job,
                          const struct portal_manage_question *question, struct err *err)
{
    if (portal_db_run(portal->db,
                      "INSERT INTO manage_answer (job_id, key_id, algorithm, challenge, at_utc) "
                      "VALUES (?, ?, ?, ?, ?)",
                      PORTAL_VALUES(PORTAL_TEXT(job->id), PORTAL_INTEGER(job->key->id),
                                    PORTAL_TEXT(question->algorithm),
                                    PORTAL_BLOB(question->challenge),
                                    PORTAL_INTEGER(clock_now_utc())),
                      err) == ERR_RECORD_EXISTS)
        return err_set(err, ERR_FIELD_VALUE, "challenge: this key had it before");
    if (err->code != ERR_NONE)
        return err->code;
    AUTO(memory_freep) char *challenge = hex_encode(question->challenge);
    AUTO(memory_freep)
    char *detail =
        memory_printf("%s %s, %s %s", job->number, job->kind, question->algorithm, challenge);
    return portal_audit_add(portal, "manage.answered", job->key->serial, detail, err);
}

static enum err_code compute(struct portal *portal, const struct portal_job *job,
                             const struct portal_piv_cipher *cipher, struct span challenge,
                             struct bytes **out, struct err *err)
{
    AUTO(secret_freep) struct secret *key = NULL;
    struct portal_piv_version now = {0};
    if (portal_piv_cipher_choose(portal, job->key->serial, cipher, &cipher, err) != ERR_NONE ||
        portal_piv_version_load(portal, job->key->id, &now, err) != ERR_NONE ||
        portal_piv_management_key(portal, job->key->serial, now.management, cipher, &key, err) !=
            ERR_NONE)
        return err->code;
    return portal_piv_encipher(cipher, key, challenge, out, err);
}

enum err_code portal_manage_answer(struct portal *portal, const struct portal_job *job,
                                   const struct portal_manage_question *question,
                                   struct bytes **out, struct err *err)
{
    AUTO(portal_transaction_end) struct portal_transaction transaction = {0};
    AUTO(bytes_freep) struct bytes *answer = NULL;
    const struct portal_piv_cipher *cipher = NULL;
    if (check_job(job, err) != ERR_NONE ||
        check_question(job, question, &cipher, err) != ERR_NONE ||
        portal_transaction_begin(&transaction, portal->db, err) != ERR_NONE ||
        check_approved(portal, job, err) != ERR_NONE ||
        check_job_limit(portal, job, err) != ERR_NONE ||
        check_key_limit(portal, job, err) != ERR_NONE ||
        note(portal, job, question, err) != ERR_NONE ||
        compute(portal, job, cipher, question->challenge, &answer, err) != ERR_NONE ||
        portal_transaction_commit(&transaction, err) != ERR_NONE)
        return err_add(err, "the management log-in of job %s", job->id);
    *out = TAKE(answer);
    return ERR_NONE;
}
