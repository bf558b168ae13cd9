#include "portal/portal_certificate.h"

#include <stdlib.h>

#include "base/clock.h"
#include "portal/portal_audit.h"

static const char *const status_texts[PORTAL_CERTIFICATE_STATUS_COUNT] = {
    [PORTAL_CERTIFICATE_ISSUED] = "issued",
    [PORTAL_CERTIFICATE_ACTIVE] = "active",
    [PORTAL_CERTIFICATE_REVOKED] = "revoked",
};

static const bool leads_to[PORTAL_CERTIFICATE_STATUS_COUNT][PORTAL_CERTIFICATE_STATUS_COUNT] = {
    [PORTAL_CERTIFICATE_ISSUED] =
        {[PORTAL_CERTIFICATE_ACTIVE] = true, [PORTAL_CERTIFICATE_REVOKED] = true},
    [PORTAL_CERTIFICATE_ACTIVE] = {[PORTAL_CERTIFICATE_REVOKED] = true},
};

const char *portal_certificate_status_text(enum portal_certificate_status status)
{
    return status_texts[status];
}

static const char *usage_text(enum cert_usage usage)
{
    static const char *const texts[] = {
        [CERT_USAGE_SIGN] = "sign", [CERT_USAGE_ENCRYPT] = "encrypt",
        [CERT_USAGE_BOTH] = "sign", /* a single certificate */
        [CERT_USAGE_CA] = NULL,     [CERT_USAGE_OTHER] = NULL,
    };
    return texts[usage];
}

/* '' for a certificate of another CA, and where no CA is opened. */
static const char *authority_of(const struct portal *portal, const struct cert *cert)
{
    enum cert_algorithm algorithm;
    if (portal->ca == NULL || !portal_ca_issued(portal->ca, cert_peek(cert)->der, &algorithm))
        return "";
    return portal_ca_authority_text(algorithm);
}

enum err_code portal_certificate_add(struct portal *portal,
                                     const struct portal_certificate_new *new, int64_t *out_id,
                                     struct err *err)
{
    const struct cert_facts *facts = cert_peek(new->cert);
    const char *usage = usage_text(facts->usage);
    if (usage == NULL)
        return err_set(err, ERR_CERT_USAGE, "%s is for neither signing nor encryption",
                       facts->subject);
    if (portal_db_run(
            portal->db,
            "INSERT INTO certificate (key_id, order_number, authority, usage, status, "
            "serial_number, "
            "subject, not_before_utc, not_after_utc, sha256, der, created_utc, changed_utc) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            PORTAL_VALUES(PORTAL_INTEGER(new->key_id), PORTAL_TEXT(new->order_number),
                          PORTAL_TEXT(authority_of(portal, new->cert)), PORTAL_TEXT(usage),
                          PORTAL_TEXT(status_texts[new->status]), PORTAL_TEXT(facts->serial),
                          PORTAL_TEXT(facts->subject), PORTAL_INTEGER(facts->not_before_utc),
                          PORTAL_INTEGER(facts->not_after_utc), PORTAL_TEXT(facts->sha256),
                          PORTAL_BLOB(facts->der), PORTAL_INTEGER(clock_now_utc()),
                          PORTAL_INTEGER(clock_now_utc())),
            err) != ERR_NONE)
        return err_add(err, "register the certificate of %s", facts->subject);
    int64_t id = portal_db_last_id(portal->db);
    AUTO(memory_freep) char *event = memory_printf("certificate.%s", status_texts[new->status]);
    AUTO(memory_freep) char *detail = memory_printf("%s %s", usage, facts->sha256);
    if (portal_audit_add(portal, event, facts->serial, detail, err) != ERR_NONE)
        return err->code;
    *out_id = id;
    return ERR_NONE;
}

/* The query gives id and der. */
static enum err_code take_one(struct portal_query *query, struct cert **out, int64_t *out_id,
                              struct err *err)
{
    if (portal_query_one(query, err) != ERR_NONE)
        return err_add(err, "find the certificate");
    if (cert_parse(portal_query_blob(query, 1), out, err) != ERR_NONE)
        return err_add(err, "read the registered certificate");
    if (out_id != NULL)
        *out_id = portal_query_integer(query, 0);
    return ERR_NONE;
}

enum err_code portal_certificate_active(struct portal *portal, int64_t key_id,
                                        enum cert_usage usage, struct cert **out, int64_t *out_id,
                                        struct err *err)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    if (portal_db_query(
            portal->db,
            "SELECT id, der FROM certificate WHERE key_id = ? AND usage = ? AND status = 'active'",
            PORTAL_VALUES(PORTAL_INTEGER(key_id), PORTAL_TEXT(usage_text(usage))), &query,
            err) != ERR_NONE)
        return err->code;
    return take_one(query, out, out_id, err);
}

enum err_code portal_certificate_load(struct portal *portal, int64_t id, struct cert **out,
                                      struct err *err)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    if (portal_db_query(portal->db, "SELECT id, der FROM certificate WHERE id = ?",
                        PORTAL_VALUES(PORTAL_INTEGER(id)), &query, err) != ERR_NONE)
        return err->code;
    return take_one(query, out, NULL, err);
}

static enum portal_certificate_status status_from_text(const char *text)
{
    size_t status = 0;
    while (status + 1 < ARRAY_SIZE(status_texts) && strcmp(status_texts[status], text) != 0)
        status++;
    return (enum portal_certificate_status)status;
}

enum err_code portal_certificate_move(struct portal *portal, int64_t id,
                                      enum portal_certificate_status to, const char *reason,
                                      struct err *err)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    if (portal_db_query(portal->db, "SELECT status, serial_number FROM certificate WHERE id = ?",
                        PORTAL_VALUES(PORTAL_INTEGER(id)), &query, err) != ERR_NONE ||
        portal_query_one(query, err) != ERR_NONE)
        return err_add(err, "find the certificate to move");
    enum portal_certificate_status from = status_from_text(portal_query_text(query, 0));
    if (!leads_to[from][to])
        return err_set(err, ERR_ORDER_STATE, "a certificate that is %s can't become %s",
                       status_texts[from], status_texts[to]);
    if (portal_db_run(portal->db,
                      "UPDATE certificate SET status = ?, reason = ?, changed_utc = ? WHERE id = ?",
                      PORTAL_VALUES(PORTAL_TEXT(status_texts[to]), PORTAL_TEXT(reason),
                                    PORTAL_INTEGER(clock_now_utc()), PORTAL_INTEGER(id)),
                      err) != ERR_NONE)
        return err_add(err, "move the certificate to %s", status_texts[to]);
    AUTO(memory_freep) char *event = memory_printf("certificate.%s", status_texts[to]);
    return portal_audit_add(portal, event, portal_query_text(query, 1), reason, err);
}

static struct json *certificate_json(const struct portal_query *query)
{
    struct json *json = json_new_object();
    json_add_text(json, "serial", portal_query_text(query, 0));
    json_add_text(json, "usage", portal_query_text(query, 1));
    json_add_text(json, "status", portal_query_text(query, 2));
    json_add_text(json, "reason", portal_query_text(query, 3));
    json_add_utc(json, "not_before", portal_query_integer(query, 4));
    json_add_utc(json, "not_after", portal_query_integer(query, 5));
    json_add_text(json, "subject", portal_query_text(query, 6));
    json_add_text(json, "serial_number", portal_query_text(query, 7));
    json_add_text(json, "sha256", portal_query_text(query, 8));
    json_add_text(json, "authority", portal_query_text(query, 9));
    json_add_text(json, "order",
                  portal_query_is_null(query, 10) ? NULL : portal_query_text(query, 10));
    return json;
}

enum err_code portal_certificate_list(struct portal *portal, const char *serial, struct json **out,
                                      struct err *err)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    if (portal_db_query(portal->db,
                        "SELECT key.serial, usage, status, reason, not_before_utc, not_after_utc, "
                        "subject, serial_number, sha256, authority, order_number "
                        "FROM certificate JOIN key ON key.id = key_id "
                        "WHERE key.serial = coalesce(?, key.serial) ORDER BY certificate.id",
                        PORTAL_VALUES(PORTAL_TEXT(serial)), &query, err) != ERR_NONE)
        return err_add(err, "list certificates");
    return portal_query_list(query, certificate_json, out, err);
}

/* ---- revocation list ---- */

static enum err_code next_crl_number(struct portal *portal, const char *authority, int64_t *out,
                                     struct err *err)
{
    AUTO(memory_freep) char *name = memory_printf("crl_number_%s", authority);
    AUTO(memory_freep) char *present = NULL;
    if (portal_db_setting(portal->db, name, &present, err) != ERR_NONE &&
        err->code != ERR_NO_SUCH_RECORD)
        return err->code;
    *err = ERR_INIT;
    int64_t number = present == NULL ? 1 : strtoll(present, NULL, 10) + 1;
    AUTO(memory_freep) char *next = memory_printf("%lld", (long long)number);
    if (portal_db_set_setting(portal->db, name, next, err) != ERR_NONE)
        return err_add(err, "count the revocation lists");
    *out = number;
    return portal_audit_add(portal, "crl.issued", authority, next, err);
}

static enum err_code add_revoked(struct portal *portal, const char *authority,
                                 struct portal_ca_crl *crl, struct err *err)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    if (portal_db_query(portal->db,
                        "SELECT serial_number, changed_utc, reason FROM certificate "
                        "WHERE status = 'revoked' AND authority = ? ORDER BY id",
                        PORTAL_VALUES(PORTAL_TEXT(authority)), &query, err) != ERR_NONE)
        return err->code;
    for (bool row = true; row;) {
        if (portal_query_next(query, &row, err) != ERR_NONE ||
            (row &&
             portal_ca_crl_add(crl, portal_query_text(query, 0), portal_query_integer(query, 1),
                               portal_query_text(query, 2), err) != ERR_NONE))
            return err_add(err, "list the revoked certificates");
    }
    return ERR_NONE;
}

enum err_code portal_certificate_crl(struct portal *portal, enum cert_algorithm authority,
                                     char **out_pem, struct err *err)
{
    const char *name = portal_ca_authority_text(authority);
    AUTO(portal_transaction_end) struct portal_transaction transaction = {0};
    AUTO(portal_ca_crl_freep) struct portal_ca_crl *crl = NULL;
    AUTO(memory_freep) char *pem = NULL;
    int64_t number = 0;
    if (portal_transaction_begin(&transaction, portal->db, err) != ERR_NONE ||
        next_crl_number(portal, name, &number, err) != ERR_NONE ||
        portal_ca_crl_new(portal->ca, authority, number, &crl, err) != ERR_NONE ||
        add_revoked(portal, name, crl, err) != ERR_NONE ||
        portal_ca_crl_sign(crl, &pem, err) != ERR_NONE ||
        portal_transaction_commit(&transaction, err) != ERR_NONE)
        return err_add(err, "make a revocation list");
    *out_pem = TAKE(pem);
    return ERR_NONE;
}
