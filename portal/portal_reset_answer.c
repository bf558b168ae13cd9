#include "portal/portal_reset_answer.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/hex.h"
#include "base/log.h"
#include "certs/proof.h"
#include "portal/portal_admin_pin.h"
#include "portal/portal_audit.h"
#include "portal/portal_piv_puk.h"
#include "portal/portal_piv_secret.h"
#include "portal/portal_reset.h"
#include "portal/portal_ticket.h"
#include "portal/portal_unlock.h"

#define DAY_S 86400
#define MONTH_S (30 * DAY_S)
/* Of PIV tokens. */
#define PIV_INITIAL_PIN "123456"
#define PIN_PAD 0xFF

/* ---- limits ---- */

static enum err_code count_of(struct portal *portal, const char *sql,
                              const struct portal_value *values, size_t count, int64_t *out,
                              struct err *err)
{
    if (portal_db_number(portal->db, sql, values, count, out, err) != ERR_NONE)
        return err_add(err, "count the answers");
    return ERR_NONE;
}

static enum err_code check_job_limit(struct portal *portal, const struct portal_job *job,
                                     struct err *err)
{
    int64_t answers = 0;
    if (count_of(portal, "SELECT count(*) FROM unblock_answer WHERE job_id = ?",
                 PORTAL_VALUES(PORTAL_TEXT(job->id)), &answers, err) != ERR_NONE)
        return err->code;
    if (answers >= PORTAL_RESET_ANSWERS_PER_JOB)
        return err_set(err, ERR_RESET_LIMIT, "the job had %lld answers", (long long)answers);
    return ERR_NONE;
}

static enum err_code check_key_limit(struct portal *portal, const struct portal_job *job,
                                     struct err *err)
{
    int64_t resets = 0;
    if (count_of(portal,
                 "SELECT count(DISTINCT job_id) FROM unblock_answer "
                 "WHERE key_id = ? AND job_id <> ? AND at_utc > ?",
                 PORTAL_VALUES(PORTAL_INTEGER(job->key->id), PORTAL_TEXT(job->id),
                               PORTAL_INTEGER(clock_now_utc() - DAY_S)),
                 &resets, err) != ERR_NONE)
        return err->code;
    if (resets >= PORTAL_RESETS_PER_KEY_AND_DAY)
        return err_set(err, ERR_RESET_LIMIT, "the key had %lld resets within a day",
                       (long long)resets);
    return ERR_NONE;
}

static enum err_code check_puk_limit(struct portal *portal, const struct portal_job *job,
                                     struct err *err)
{
    int64_t puks = 0;
    if (count_of(
            portal,
            "SELECT count(*) FROM unblock_answer WHERE key_id = ? AND at_utc > ? "
            "AND puk_version IS NOT NULL",
            PORTAL_VALUES(PORTAL_INTEGER(job->key->id), PORTAL_INTEGER(clock_now_utc() - DAY_S)),
            &puks, err) != ERR_NONE)
        return err->code;
    if (puks >= PORTAL_RESET_PUKS_PER_KEY_AND_DAY)
        return err_set(err, ERR_RESET_LIMIT, "the key's PUK was given %lld times within a day",
                       (long long)puks);
    return ERR_NONE;
}

static enum err_code check_user_limit(struct portal *portal, const struct portal_job *job,
                                      struct err *err)
{
    int64_t resets = 0;
    if (count_of(portal,
                 "SELECT count(DISTINCT job_id) FROM unblock_answer "
                 "JOIN job ON job.id = job_id JOIN reset_request r ON r.id = job.reset_id "
                 "WHERE r.user = (SELECT user FROM reset_request WHERE id = ?) "
                 "AND job_id <> ? AND at_utc > ?",
                 PORTAL_VALUES(PORTAL_INTEGER(job->reset_id), PORTAL_TEXT(job->id),
                               PORTAL_INTEGER(clock_now_utc() - MONTH_S)),
                 &resets, err) != ERR_NONE)
        return err->code;
    if (resets >= PORTAL_RESETS_PER_USER_AND_MONTH)
        return err_set(err, ERR_RESET_LIMIT, "the user had %lld resets within a month",
                       (long long)resets);
    return ERR_NONE;
}

static enum err_code check_limits(struct portal *portal, const struct portal_job *job,
                                  struct err *err)
{
    if (check_job_limit(portal, job, err) != ERR_NONE ||
        check_key_limit(portal, job, err) != ERR_NONE ||
        check_puk_limit(portal, job, err) != ERR_NONE)
        return err->code;
    return check_user_limit(portal, job, err);
}

/* ---- answers ---- */

typedef enum err_code (*compute)(const struct portal_unlock_profile *profile,
                                 const struct secret *admin_pin,
                                 const struct portal_unlock_request *request, struct bytes **out,
                                 struct err *err);

struct answering {
    const struct portal_unlock_profile *profile;
    struct portal_unlock_request request;
    compute compute;
    bool piv; /* then the three above are of no meaning */
    struct portal_piv_puk puk;
};

static enum err_code check_purpose(const char *purpose, struct answering *out, struct err *err)
{
    if (strcmp(purpose, "unblock") == 0) {
        out->compute = portal_unlock_pin;
        return ERR_NONE;
    }
    if (strcmp(purpose, "login") != 0)
        return err_set(err, ERR_FIELD_VALUE, "purpose: neither login nor unblock");
    /* Whoever is logged in as administrator can do more than reset a PIN. */
    if (!out->profile->needs_login)
        return err_set(err, ERR_FIELD_VALUE, "purpose: this profile needs no log-in");
    out->compute = portal_unlock_login;
    return ERR_NONE;
}

static enum err_code check_registered(const struct portal_job *job, const char *profile,
                                      struct err *err)
{
    if (strcmp(profile, job->key->profile) != 0)
        return err_set(err, ERR_PROFILE_UNKNOWN, "the key is registered with the profile %s",
                       job->key->profile);
    return ERR_NONE;
}

static enum err_code check_tries(int64_t tries, int64_t stop, struct err *err)
{
    if (tries <= stop)
        return err_set(err, ERR_ADMIN_PIN_LOW, "%lld administrator tries left", (long long)tries);
    return ERR_NONE;
}

static enum err_code check_piv_question(const struct portal_job *job,
                                        const struct portal_reset_question *question,
                                        struct err *err)
{
    if (question->challenge.len > 0 || question->application.len > 0)
        return err_set(err, ERR_FIELD_VALUE, "challenge, application: a PIV token has none here");
    if (check_registered(job, question->profile, err) != ERR_NONE)
        return err->code;
    if (strcmp(question->purpose, "unblock") != 0)
        return err_set(err, ERR_FIELD_VALUE, "purpose: this profile needs no log-in");
    return question->administrator_tries < 0
               ? ERR_NONE
               : check_tries(question->administrator_tries, PORTAL_RESET_TRIES_STOP_PIV, err);
}

static enum err_code check_gmt0017_question(const struct portal_job *job,
                                            const struct portal_reset_question *question,
                                            struct answering *out, struct err *err)
{
    if (question->refused)
        return err_set(err, ERR_FIELD_VALUE, "refused: of PIV tokens alone");
    if (question->administrator_tries < 0)
        return err_set(err, ERR_FIELD_MISSING, "administrator_tries");
    if (question->challenge.len != sizeof out->request.challenge)
        return err_set(err, ERR_FIELD_VALUE, "challenge: %zu bytes", question->challenge.len);
    if (question->application.len != sizeof out->request.application)
        return err_set(err, ERR_FIELD_VALUE, "application: %zu bytes", question->application.len);
    memcpy(out->request.challenge, question->challenge.at, question->challenge.len);
    memcpy(out->request.application, question->application.at, question->application.len);
    out->profile = portal_unlock_profile_find(question->profile);
    if (out->profile == NULL)
        return err_set(err, ERR_PROFILE_UNKNOWN, "no such profile");
    if (check_registered(job, question->profile, err) != ERR_NONE ||
        check_tries(question->administrator_tries, PORTAL_RESET_TRIES_STOP, err) != ERR_NONE)
        return err->code;
    return check_purpose(question->purpose, out, err);
}

static enum err_code check_question(const struct portal_job *job,
                                    const struct portal_reset_question *question,
                                    struct answering *out, struct err *err)
{
    out->piv = strcmp(question->profile, PORTAL_PIV_PROFILE) == 0;
    return out->piv ? check_piv_question(job, question, err)
                    : check_gmt0017_question(job, question, out, err);
}

static enum err_code check_going_on(const struct portal_job *job, struct err *err)
{
    if (portal_job_check(job, PORTAL_KIND_RESET_PIN, err) != ERR_NONE)
        return err->code;
    if (job->outcome[0] != '\0')
        return err_set(err, ERR_JOB_EXPIRED, "the job is over");
    return ERR_NONE;
}

/* What the key's confirmation is held against. A hash of two PUKs of eight digits could be searched through, so that of
 * an answer for a PIV token is of what both sides know of it. */
static void digest_of(const struct portal_job *job, const struct portal_reset_question *question,
                      bool piv, struct span answer, uint8_t out[32])
{
    AUTO(buf_done) struct buf told = BUF_INIT(PORTAL_JOB_CHALLENGE_BYTES + 1);
    buf_add(&told, span_bytes(job->challenge));
    buf_add_u8(&told, question->refused ? 1 : 0);
    proof_sha256(piv ? buf_span(&told) : answer, out);
}

/* Inside the caller's transaction. */
static enum err_code insert_answer(struct portal *portal, const struct portal_job *job,
                                   const struct portal_reset_question *question,
                                   const struct answering *answering, struct span sha256,
                                   struct err *err)
{
    if (portal_db_run(
            portal->db,
            "INSERT INTO unblock_answer (job_id, key_id, purpose, challenge, sha256, "
            "puk_from, puk_version, at_utc) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            PORTAL_VALUES(PORTAL_TEXT(job->id), PORTAL_INTEGER(job->key->id),
                          PORTAL_TEXT(question->purpose), PORTAL_BLOB(question->challenge),
                          PORTAL_BLOB(sha256),
                          answering->piv ? PORTAL_INTEGER(answering->puk.version) : PORTAL_NULL,
                          answering->piv ? PORTAL_INTEGER(answering->puk.next) : PORTAL_NULL,
                          PORTAL_INTEGER(clock_now_utc())),
            err) == ERR_RECORD_EXISTS)
        return err_set(err, ERR_FIELD_VALUE, "challenge: this key had it before");
    return err->code;
}

/* Inside the caller's transaction. */
static enum err_code note_answer(struct portal *portal, const struct portal_job *job,
                                 const struct portal_reset_question *question,
                                 const struct answering *answering, struct span answer,
                                 struct err *err)
{
    uint8_t sha256[32];
    digest_of(job, question, answering->piv, answer, sha256);
    if (insert_answer(portal, job, question, answering, SPAN_ARRAY(sha256), err) != ERR_NONE)
        return err->code;
    AUTO(memory_freep)
    char *what = answering->piv
                     ? memory_printf("PUK %lld to %lld", (long long)answering->puk.version,
                                     (long long)answering->puk.next)
                     : hex_encode(SPAN_ARRAY(sha256));
    AUTO(memory_freep)
    char *detail = memory_printf("%s %s, %lld administrator tries, %s", job->number,
                                 question->purpose, (long long)question->administrator_tries, what);
    return portal_audit_add(portal, "reset.answered", job->key->serial, detail, err);
}

/* PUK || next PUK || initial PIN, filled up with FF. Source: SP 800-73-4 part 2, 3.2.2 and 3.2.3. */
static enum err_code piv_blob(const struct portal *portal, const struct portal_job *job,
                              const struct portal_piv_puk *puk, struct bytes **out, struct err *err)
{
    AUTO(secret_freep) struct secret *present = NULL;
    AUTO(secret_freep) struct secret *next = NULL;
    if (portal_piv_puk(portal, job->key->serial, puk->version, &present, err) != ERR_NONE ||
        portal_piv_puk(portal, job->key->serial, puk->next, &next, err) != ERR_NONE)
        return err->code;
    struct bytes *blob = bytes_new_size(3 * PORTAL_PIV_PUK_BYTES);
    memset(blob->at, PIN_PAD, blob->len);
    memcpy(blob->at, secret_peek(present).at, PORTAL_PIV_PUK_BYTES);
    memcpy(blob->at + PORTAL_PIV_PUK_BYTES, secret_peek(next).at, PORTAL_PIV_PUK_BYTES);
    memcpy(blob->at + 2 * PORTAL_PIV_PUK_BYTES, PIV_INITIAL_PIN, sizeof PIV_INITIAL_PIN - 1);
    *out = blob;
    return ERR_NONE;
}

/* Inside the caller's transaction. */
static enum err_code compute_for_piv(struct portal *portal, const struct portal_job *job,
                                     const struct portal_reset_question *question,
                                     struct answering *answering, struct bytes **out,
                                     struct err *err)
{
    int64_t tries = question->administrator_tries;
    if (tries < 0 && (portal_piv_puk_tries(portal, job->key->id, &tries, err) != ERR_NONE ||
                      check_tries(tries, PORTAL_RESET_TRIES_STOP_PIV, err) != ERR_NONE))
        return err->code;
    if (portal_piv_puk_choose(portal, job, &answering->puk, err) != ERR_NONE)
        return err->code;
    return piv_blob(portal, job, &answering->puk, out, err);
}

static enum err_code compute_answer(struct portal *portal, const struct portal_job *job,
                                    const struct portal_reset_question *question,
                                    struct answering *answering, struct bytes **out,
                                    struct err *err)
{
    AUTO(secret_freep) struct secret *pin = NULL;
    if (answering->piv)
        return compute_for_piv(portal, job, question, answering, out, err);
    if (portal_admin_pin_derive(portal, job->key->serial, &pin, err) != ERR_NONE)
        return err->code;
    return answering->compute(answering->profile, pin, &answering->request, out, err);
}

static enum err_code answer(struct portal *portal, const struct portal_job *job,
                            const struct portal_reset_question *question, struct bytes **out,
                            struct err *err)
{
    AUTO(portal_transaction_end) struct portal_transaction transaction = {0};
    AUTO(bytes_wipe_freep) struct bytes *answer = NULL;
    struct answering answering = {0};
    if (check_going_on(job, err) != ERR_NONE ||
        check_question(job, question, &answering, err) != ERR_NONE ||
        (question->refused && portal_piv_puk_refused(portal, job, err) != ERR_NONE) ||
        portal_transaction_begin(&transaction, portal->db, err) != ERR_NONE ||
        portal_reset_check_approved(portal, job->reset_id, err) != ERR_NONE ||
        check_limits(portal, job, err) != ERR_NONE ||
        compute_answer(portal, job, question, &answering, &answer, err) != ERR_NONE ||
        note_answer(portal, job, question, &answering, span_bytes(answer), err) != ERR_NONE ||
        portal_transaction_commit(&transaction, err) != ERR_NONE)
        return err->code;
    *out = TAKE(answer);
    return ERR_NONE;
}

/* Inside the caller's transaction. */
static enum err_code count_refusal(struct portal *portal, const struct portal_job *job,
                                   bool *out_counted, struct err *err)
{
    if (portal_db_run(
            portal->db, "UPDATE job SET refusals = refusals + 1 WHERE id = ? AND refusals < ?",
            PORTAL_VALUES(PORTAL_TEXT(job->id), PORTAL_INTEGER(PORTAL_RESET_REFUSALS_AUDITED)),
            err) != ERR_NONE)
        return err->code;
    *out_counted = portal_db_changed(portal->db) == 1;
    return ERR_NONE;
}

/* In a transaction of its own: that of the answer was rolled back. */
static enum err_code note_refusal(struct portal *portal, const struct portal_job *job,
                                  const struct portal_reset_question *question, enum err_code why,
                                  struct err *err)
{
    AUTO(portal_transaction_end) struct portal_transaction transaction = {0};
    bool counted = false;
    if (portal_transaction_begin(&transaction, portal->db, err) != ERR_NONE ||
        count_refusal(portal, job, &counted, err) != ERR_NONE)
        return err->code;
    AUTO(memory_freep)
    char *detail = memory_printf("%s %s, %lld administrator tries", job->number, err_code_text(why),
                                 (long long)question->administrator_tries);
    if (counted &&
        portal_audit_add(portal, "reset.refused", job->key->serial, detail, err) != ERR_NONE)
        return err->code;
    return portal_transaction_commit(&transaction, err);
}

enum err_code portal_reset_answer(struct portal *portal, const struct portal_job *job,
                                  const struct portal_reset_question *question, struct bytes **out,
                                  struct err *err)
{
    struct err unnoted = ERR_INIT;
    if (answer(portal, job, question, out, err) == ERR_NONE)
        return ERR_NONE;
    if (note_refusal(portal, job, question, err->code, &unnoted) != ERR_NONE)
        log_err("portal", "note a refused PIN reset", &unnoted);
    return err_add(err, "the PIN reset of job %s", job->id);
}

/* ---- confirmation ---- */

static enum err_code check_taken(struct portal *portal, const struct portal_job *job,
                                 struct span digest, struct err *err)
{
    int64_t given = 0;
    int64_t same = 0;
    if (count_of(portal,
                 "SELECT count(*) FROM unblock_answer WHERE job_id = ? AND purpose = 'unblock'",
                 PORTAL_VALUES(PORTAL_TEXT(job->id)), &given, err) != ERR_NONE ||
        count_of(portal,
                 "SELECT count(*) FROM unblock_answer WHERE job_id = ? AND purpose = 'unblock' "
                 "AND sha256 = ?",
                 PORTAL_VALUES(PORTAL_TEXT(job->id), PORTAL_BLOB(digest)), &same, err) != ERR_NONE)
        return err->code;
    if (given == 0)
        return err_set(err, ERR_RESET_STATE, "nothing was computed for the key");
    if (same == 0)
        return err_set(err, ERR_PROOF, "the digest is not that of an answer to the key");
    return ERR_NONE;
}

/* Inside the caller's transaction: which PUK the key has now. */
static enum err_code commit_puk(struct portal *portal, const struct portal_job *job,
                                struct span digest, struct err *err)
{
    int64_t answer_id = 0;
    if (count_of(portal,
                 "SELECT max(id) FROM unblock_answer WHERE job_id = ? AND sha256 = ? "
                 "AND puk_version IS NOT NULL",
                 PORTAL_VALUES(PORTAL_TEXT(job->id), PORTAL_BLOB(digest)), &answer_id,
                 err) != ERR_NONE)
        return err->code;
    return answer_id == 0 ? ERR_NONE : portal_piv_puk_commit(portal, job, answer_id, err);
}

enum err_code portal_reset_confirm(struct portal *portal, const struct portal_job *job,
                                   const struct portal_confirmation *confirmation, struct err *err)
{
    bool written = portal_confirm_is_written(confirmation);
    if (written && check_taken(portal, job, confirmation->digest, err) != ERR_NONE)
        return err->code;
    if (strcmp(job->outcome, confirmation->outcome) == 0)
        return ERR_NONE;
    if (job->outcome[0] != '\0')
        return err_set(err, ERR_RESET_STATE, "the key confirmed before that it was %s",
                       job->outcome);
    if (portal_job_end(portal, job, confirmation->outcome, err) != ERR_NONE ||
        (written && (commit_puk(portal, job, confirmation->digest, err) != ERR_NONE ||
                     portal_reset_finish(portal, job->reset_id, err) != ERR_NONE)))
        return err->code;
    return portal_audit_add(portal, written ? "reset.confirmed" : "reset.failed", job->key->serial,
                            job->number, err);
}
