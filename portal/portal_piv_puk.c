#include "portal/portal_piv_puk.h"

#include "base/clock.h"
#include "portal/portal_audit.h"

/* *out is 0 where the first row's first column is null or there is no row. */
static enum err_code number_of(struct portal *portal, const char *sql,
                               const struct portal_value *values, size_t count, int64_t *out,
                               struct err *err)
{
    if (portal_db_number(portal->db, sql, values, count, out, err) != ERR_NONE)
        return err_add(err, "look for a PUK's version");
    return ERR_NONE;
}

static enum err_code add(struct portal *portal, int64_t key_id, int64_t version, int64_t from,
                         const char *state, struct err *err)
{
    return portal_db_run(portal->db,
                         "INSERT INTO piv_puk (key_id, version, from_version, state, at_utc) "
                         "VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                         PORTAL_VALUES(PORTAL_INTEGER(key_id), PORTAL_INTEGER(version),
                                       PORTAL_INTEGER(from), PORTAL_TEXT(state),
                                       PORTAL_INTEGER(clock_now_utc())),
                         err);
}

/* A key is made with version 1. */
static enum err_code begin(struct portal *portal, int64_t key_id, struct err *err)
{
    int64_t rows = 0;
    if (number_of(portal, "SELECT count(*) FROM piv_puk WHERE key_id = ?",
                  PORTAL_VALUES(PORTAL_INTEGER(key_id)), &rows, err) != ERR_NONE)
        return err->code;
    return rows > 0 ? ERR_NONE : add(portal, key_id, 1, 0, "confirmed", err);
}

/* When the newest one was refused, its answer was lost, and likely those before it too: the confirmed one comes before
 * them, so that it gets its turn while there are tries. */
static enum err_code newest(struct portal *portal, int64_t key_id, int64_t *out, struct err *err)
{
    return number_of(portal,
                     "SELECT version FROM piv_puk WHERE key_id = ?1 "
                     "AND state IN ('given', 'confirmed', 'past') ORDER BY state = 'past', "
                     "state = 'given' AND version < (SELECT max(version) FROM piv_puk "
                     "WHERE key_id = ?1 AND state = 'refused'), version DESC LIMIT 1",
                     PORTAL_VALUES(PORTAL_INTEGER(key_id)), out, err);
}

static enum err_code fresh(struct portal *portal, int64_t key_id, int64_t *out, struct err *err)
{
    return number_of(portal, "SELECT max(version) + 1 FROM piv_puk WHERE key_id = ?",
                     PORTAL_VALUES(PORTAL_INTEGER(key_id)), out, err);
}

/* What the refused answer would have made of it never came to be. Inside a transaction. */
static enum err_code mark_refused(struct portal *portal, const struct portal_job *job,
                                  int64_t version, int64_t next, struct err *err)
{
    AUTO(memory_freep) char *detail = memory_printf("PUK %lld", (long long)version);
    if (portal_db_run(portal->db,
                      "UPDATE piv_puk SET state = CASE WHEN version = ?1 THEN 'refused' ELSE "
                      "'never' END WHERE key_id = ?2 AND version IN (?1, ?3) "
                      "AND state NOT IN ('refused', 'never')",
                      PORTAL_VALUES(PORTAL_INTEGER(version), PORTAL_INTEGER(job->key->id),
                                    PORTAL_INTEGER(next)),
                      err) != ERR_NONE)
        return err_add(err, "note a refused PUK");
    return portal_db_changed(portal->db) == 0
               ? ERR_NONE
               : portal_audit_add(portal, "piv-puk.refused", job->key->serial, detail, err);
}

enum err_code portal_piv_puk_refused(struct portal *portal, const struct portal_job *job,
                                     struct err *err)
{
    AUTO(portal_transaction_end) struct portal_transaction transaction = {0};
    int64_t next = 0;
    int64_t version = 0;
    if (portal_transaction_begin(&transaction, portal->db, err) != ERR_NONE ||
        number_of(portal,
                  "SELECT puk_version FROM unblock_answer WHERE job_id = ? ORDER BY id DESC "
                  "LIMIT 1",
                  PORTAL_VALUES(PORTAL_TEXT(job->id)), &next, err) != ERR_NONE ||
        number_of(portal, "SELECT from_version FROM piv_puk WHERE key_id = ? AND version = ?",
                  PORTAL_VALUES(PORTAL_INTEGER(job->key->id), PORTAL_INTEGER(next)), &version,
                  err) != ERR_NONE)
        return err->code;
    if (version == 0)
        return err_set(err, ERR_FIELD_VALUE, "refused: the job had no answer");
    if (mark_refused(portal, job, version, next, err) != ERR_NONE)
        return err->code;
    return portal_transaction_commit(&transaction, err);
}

enum err_code portal_piv_puk_choose(struct portal *portal, const struct portal_job *job,
                                    struct portal_piv_puk *out, struct err *err)
{
    struct portal_piv_puk puk = {0};
    int64_t key_id = job->key->id;
    if (begin(portal, key_id, err) != ERR_NONE ||
        newest(portal, key_id, &puk.version, err) != ERR_NONE)
        return err->code;
    if (puk.version == 0)
        return err_set(err, ERR_ADMIN_PIN_LOW, "the key refused every PUK that it may have");
    if (fresh(portal, key_id, &puk.next, err) != ERR_NONE ||
        add(portal, key_id, puk.next, puk.version, "given", err) != ERR_NONE)
        return err_add(err, "note the next PUK");
    *out = puk;
    return ERR_NONE;
}

enum err_code portal_piv_puk_tries(struct portal *portal, int64_t key_id, int64_t *out_tries,
                                   struct err *err)
{
    int64_t refused = 0;
    if (number_of(portal, "SELECT count(*) FROM piv_puk WHERE key_id = ? AND state = 'refused'",
                  PORTAL_VALUES(PORTAL_INTEGER(key_id)), &refused, err) != ERR_NONE)
        return err->code;
    *out_tries = refused < PORTAL_PIV_PUK_TRIES ? PORTAL_PIV_PUK_TRIES - refused : 0;
    return ERR_NONE;
}

/* A job's word may come long after the key was reset by another. Each version is given once, and later ones are higher:
 * what the key has had since then is not taken back. */
static enum err_code is_overtaken(struct portal *portal, int64_t key_id, int64_t version, bool *out,
                                  struct err *err)
{
    int64_t newer = 0;
    if (number_of(portal,
                  "SELECT count(*) FROM piv_puk WHERE key_id = ? AND version > ? "
                  "AND state = 'confirmed'",
                  PORTAL_VALUES(PORTAL_INTEGER(key_id), PORTAL_INTEGER(version)), &newer,
                  err) != ERR_NONE)
        return err->code;
    *out = newer > 0;
    return ERR_NONE;
}

/* The one before stays as a last candidate, should the key's word have been wrong; and what another job has given
 * since, which the key may have taken meanwhile. */
static enum err_code confirm_version(struct portal *portal, const struct portal_job *job,
                                     int64_t version, struct err *err)
{
    const struct portal_value values[] = {PORTAL_INTEGER(job->key->id), PORTAL_INTEGER(version),
                                          PORTAL_TEXT(job->id)};
    if (portal_db_run(portal->db,
                      "UPDATE piv_puk SET state = 'past' WHERE key_id = ?1 AND version = "
                      "(SELECT from_version FROM piv_puk WHERE key_id = ?1 AND version = ?2)",
                      values, 2, err) != ERR_NONE ||
        portal_db_run(portal->db,
                      "UPDATE piv_puk SET state = 'confirmed' WHERE key_id = ?1 AND version = ?2",
                      values, 2, err) != ERR_NONE)
        return err_add(err, "note the key's PUK");
    if (portal_db_changed(portal->db) != 1)
        return err_set(err, ERR_INTERNAL, "no PUK of version %lld was given", (long long)version);
    if (portal_db_run(portal->db,
                      "DELETE FROM piv_puk WHERE key_id = ?1 AND version <> ?2 "
                      "AND (state <> 'past' OR version <> (SELECT from_version FROM piv_puk "
                      "WHERE key_id = ?1 AND version = ?2)) AND (version < ?2 OR state <> 'given' "
                      "OR version IN (SELECT puk_version FROM unblock_answer WHERE job_id = ?3))",
                      values, ARRAY_SIZE(values), err) != ERR_NONE)
        return err_add(err, "forget the other PUKs");
    return ERR_NONE;
}

enum err_code portal_piv_puk_commit(struct portal *portal, const struct portal_job *job,
                                    int64_t version, struct err *err)
{
    bool overtaken = false;
    if (is_overtaken(portal, job->key->id, version, &overtaken, err) != ERR_NONE ||
        (!overtaken && confirm_version(portal, job, version, err) != ERR_NONE))
        return err->code;
    AUTO(memory_freep)
    char *detail =
        memory_printf(overtaken ? "PUK %lld, overtaken" : "PUK %lld", (long long)version);
    return portal_audit_add(portal, "piv-puk.confirmed", job->key->serial, detail, err);
}

enum err_code portal_piv_puk_present(struct portal *portal, const char *serial,
                                     int64_t *out_version, struct err *err)
{
    int64_t key_id = 0;
    int64_t version = 0;
    if (number_of(portal, "SELECT id FROM key WHERE serial = ?", PORTAL_VALUES(PORTAL_TEXT(serial)),
                  &key_id, err) != ERR_NONE)
        return err->code;
    if (key_id == 0) {
        *out_version = 1;
        return ERR_NONE;
    }
    if (begin(portal, key_id, err) != ERR_NONE || newest(portal, key_id, &version, err) != ERR_NONE)
        return err->code;
    if (version == 0 && (fresh(portal, key_id, &version, err) != ERR_NONE ||
                         portal_db_run(portal->db, "DELETE FROM piv_puk WHERE key_id = ?",
                                       PORTAL_VALUES(PORTAL_INTEGER(key_id)), err) != ERR_NONE ||
                         add(portal, key_id, version, 0, "confirmed", err) != ERR_NONE))
        return err_add(err, "begin with a fresh PUK");
    *out_version = version;
    return ERR_NONE;
}
