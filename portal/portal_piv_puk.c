#include "portal/portal_piv_puk.h"

#include "portal/portal_audit.h"
#include "portal/portal_piv_version.h"

static enum err_code number_of(struct portal *portal, const char *sql,
                               const struct portal_value *values, size_t count, int64_t *out,
                               struct err *err)
{
    if (portal_db_number(portal->db, sql, values, count, out, err) != ERR_NONE)
        return err_add(err, "look for the answers with a PUK");
    return ERR_NONE;
}

/* ---- an answer ---- */

enum err_code portal_piv_puk_choose(struct portal *portal, const struct portal_job *job,
                                    struct portal_piv_puk *out, struct err *err)
{
    struct portal_piv_version now = {0};
    if (portal_piv_version_load(portal, job->key->id, &now, err) != ERR_NONE)
        return err->code;
    if (now.given == 0) {
        now.given = ++now.highest;
        if (portal_piv_version_store(portal, job->key->id, &now, err) != ERR_NONE)
            return err_add(err, "note the next PUK");
    }
    *out = (struct portal_piv_puk){.version = now.puk, .next = now.given};
    return ERR_NONE;
}

/* The first answer with a next PUK is given when the key can have no other than the present one. Each further one with
 * the same may be wrong, and nobody may ever say so. */
enum err_code portal_piv_puk_tries(struct portal *portal, int64_t key_id, int64_t *out_tries,
                                   struct err *err)
{
    struct portal_piv_version now = {0};
    int64_t spent = 0;
    if (portal_piv_version_load(portal, key_id, &now, err) != ERR_NONE ||
        number_of(portal,
                  "SELECT count(*) FROM unblock_answer AS one WHERE key_id = ?1 AND id > ?2 "
                  "AND puk_version IS NOT NULL AND (refused = 1 OR EXISTS "
                  "(SELECT 1 FROM unblock_answer AS earlier WHERE earlier.key_id = ?1 "
                  "AND earlier.puk_version = one.puk_version AND earlier.id < one.id))",
                  PORTAL_VALUES(PORTAL_INTEGER(key_id), PORTAL_INTEGER(now.settled)), &spent,
                  err) != ERR_NONE)
        return err->code;
    *out_tries = spent < PORTAL_PIV_PUK_TRIES ? PORTAL_PIV_PUK_TRIES - spent : 0;
    return ERR_NONE;
}

/* ---- refused ---- */

struct last {
    int64_t id;
    int64_t from, next;
    bool refused; /* was told before */
};

static enum err_code find_last(struct portal *portal, const struct portal_job *job,
                               struct last *out, struct err *err)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    bool row = false;
    if (portal_db_query(portal->db,
                        "SELECT id, puk_from, puk_version, refused FROM unblock_answer "
                        "WHERE job_id = ? AND puk_version IS NOT NULL ORDER BY id DESC LIMIT 1",
                        PORTAL_VALUES(PORTAL_TEXT(job->id)), &query, err) != ERR_NONE ||
        portal_query_next(query, &row, err) != ERR_NONE)
        return err_add(err, "look for the job's last answer");
    if (!row)
        return err_set(err, ERR_FIELD_VALUE, "refused: the job had no answer");
    *out = (struct last){portal_query_integer(query, 0), portal_query_integer(query, 1),
                         portal_query_integer(query, 2), portal_query_integer(query, 3) != 0};
    return ERR_NONE;
}

/* Whether the key may have taken the given PUK from another answer: one of whose end nothing is known. Inside the
 * caller's transaction, before this refusal is marked. */
static enum err_code has_given(struct portal *portal, const struct portal_job *job,
                               const struct last *last, const struct portal_piv_version *now,
                               bool *out, struct err *err)
{
    int64_t others = 0;
    int64_t believed = 0;
    if (number_of(portal,
                  "SELECT count(*) FROM unblock_answer WHERE key_id = ? AND puk_version = ? "
                  "AND refused = 0 AND id <> ?",
                  PORTAL_VALUES(PORTAL_INTEGER(job->key->id), PORTAL_INTEGER(now->given),
                                PORTAL_INTEGER(last->id)),
                  &others, err) != ERR_NONE ||
        number_of(portal, "SELECT count(*) FROM unblock_answer WHERE job_id = ? AND refused = 1",
                  PORTAL_VALUES(PORTAL_TEXT(job->id)), &believed, err) != ERR_NONE)
        return err->code;
    *out = last->from == now->puk && last->next == now->given && others > 0 && believed == 0;
    return ERR_NONE;
}

/* Inside the caller's transaction. */
static enum err_code mark(struct portal *portal, const struct portal_job *job,
                          const struct last *last, struct portal_piv_version *now, struct err *err)
{
    bool given = false;
    if (has_given(portal, job, last, now, &given, err) != ERR_NONE ||
        portal_db_run(portal->db, "UPDATE unblock_answer SET refused = 1 WHERE id = ?",
                      PORTAL_VALUES(PORTAL_INTEGER(last->id)), err) != ERR_NONE)
        return err_add(err, "note a refused PUK");
    if (given) {
        now->puk = now->given;
        now->given = 0;
        if (portal_piv_version_store(portal, job->key->id, now, err) != ERR_NONE)
            return err->code;
    }
    AUTO(memory_freep)
    char *detail = memory_printf("%s PUK %lld, now %lld", job->number, (long long)last->from,
                                 (long long)now->puk);
    return portal_audit_add(portal, "piv-puk.refused", job->key->serial, detail, err);
}

enum err_code portal_piv_puk_refused(struct portal *portal, const struct portal_job *job,
                                     struct err *err)
{
    AUTO(portal_transaction_end) struct portal_transaction transaction = {0};
    struct portal_piv_version now = {0};
    struct last last = {0};
    if (portal_transaction_begin(&transaction, portal->db, err) != ERR_NONE ||
        find_last(portal, job, &last, err) != ERR_NONE ||
        portal_piv_version_load(portal, job->key->id, &now, err) != ERR_NONE ||
        (!last.refused && mark(portal, job, &last, &now, err) != ERR_NONE) ||
        portal_transaction_commit(&transaction, err) != ERR_NONE)
        return err->code;
    if (last.from == now.puk)
        return err_set(err, ERR_ADMIN_PIN_LOW, "the key refused every PUK that it may have");
    return ERR_NONE;
}

/* ---- taken ---- */

/* A job's word may come long after the key was reset by another, or after an operator's. Inside the caller's
 * transaction. *out_overtaken: it changes nothing. */
static enum err_code settle(struct portal *portal, int64_t key_id, int64_t answer_id,
                            int64_t version, bool *out_overtaken, struct err *err)
{
    struct portal_piv_version now = {0};
    if (portal_piv_version_load(portal, key_id, &now, err) != ERR_NONE)
        return err->code;
    bool given = version == now.given;
    *out_overtaken = answer_id <= now.settled || (!given && version != now.puk);
    if (*out_overtaken)
        return ERR_NONE;
    if (given) {
        now.puk = now.given;
        now.given = 0;
    }
    now.settled = answer_id;
    return portal_piv_version_store(portal, key_id, &now, err);
}

enum err_code portal_piv_puk_commit(struct portal *portal, const struct portal_job *job,
                                    int64_t answer_id, struct err *err)
{
    bool overtaken = false;
    int64_t version = 0;
    if (number_of(portal, "SELECT puk_version FROM unblock_answer WHERE id = ?",
                  PORTAL_VALUES(PORTAL_INTEGER(answer_id)), &version, err) != ERR_NONE ||
        settle(portal, job->key->id, answer_id, version, &overtaken, err) != ERR_NONE)
        return err->code;
    AUTO(memory_freep)
    char *detail =
        memory_printf(overtaken ? "PUK %lld, overtaken" : "PUK %lld", (long long)version);
    return portal_audit_add(portal, "piv-puk.confirmed", job->key->serial, detail, err);
}
