#include "portal/portal_order_new.h"

#include <stdlib.h>

#include "base/clock.h"
#include "portal/portal_audit.h"
#include "portal/portal_certificate.h"
#include "portal/portal_key.h"
#include "portal/portal_search.h"

/* More orders of one day don't fit the number's six digits. */
#define ORDERS_PER_DAY_MAX 999999
/* As the settings and the orders' rows name the two. */
#define KEY_KEEP "keep"
#define KEY_REPLACE "replace"

/* ---- the policy ---- */

/* A kept key must be there and of the algorithm that is asked for. */
static enum err_code check_kept(struct portal *portal, int64_t key_id, enum cert_usage usage,
                                enum cert_algorithm algorithm, struct err *err)
{
    AUTO(cert_freep) struct cert *cert = NULL;
    const char *what = usage == CERT_USAGE_SIGN ? "signing" : "encryption";
    if (portal_certificate_active(portal, key_id, usage, &cert, NULL, err) != ERR_NONE)
        return err->code == ERR_NO_SUCH_RECORD
                   ? err_set(err, ERR_POLICY, "the key has no %s certificate in force", what)
                   : err->code;
    if (cert_peek(cert)->algorithm != algorithm)
        return err_set(err, ERR_POLICY, "the kept %s key is of another algorithm", what);
    return ERR_NONE;
}

static enum err_code check_policy(struct portal *portal, int64_t key_id,
                                  const struct portal_order_policy *policy, struct err *err)
{
    if (policy->replace_key && policy->dual && policy->algorithm != CERT_SM2)
        return err_set(err, ERR_POLICY, "no enveloped form of an encryption key of %s is known",
                       cert_algorithm_text(policy->algorithm));
    if (policy->replace_key) {
        AUTO(cert_freep) struct cert *present = NULL;
        if (portal_certificate_active(portal, key_id, CERT_USAGE_SIGN, &present, NULL, err) !=
            ERR_NONE)
            return err_set(err, ERR_POLICY, "the key has no signing certificate in force");
        return ERR_NONE;
    }
    if (check_kept(portal, key_id, CERT_USAGE_SIGN, policy->algorithm, err) != ERR_NONE)
        return err->code;
    return policy->dual ? check_kept(portal, key_id, CERT_USAGE_ENCRYPT, policy->algorithm, err)
                        : ERR_NONE;
}

/* ---- months and fee ---- */

/* fallback where the setting is absent. */
static enum err_code setting_number(struct portal *portal, const char *name, int64_t fallback,
                                    int64_t limit, int64_t *out, struct err *err)
{
    AUTO(memory_freep) char *text = NULL;
    if (portal_db_setting(portal->db, name, &text, err) != ERR_NONE) {
        if (err->code != ERR_NO_SUCH_RECORD)
            return err->code;
        *err = ERR_INIT;
        *out = fallback;
        return ERR_NONE;
    }
    size_t digits = strspn(text, "0123456789");
    long long value =
        digits > 0 && digits < 10 && text[digits] == '\0' ? strtoll(text, NULL, 10) : -1;
    if (value < 0 || value > limit)
        return err_set(err, ERR_CONFIG, "setting %s: 0 to %lld are allowed", name,
                       (long long)limit);
    *out = value;
    return ERR_NONE;
}

enum err_code portal_order_fee_per_month(struct portal *portal, int64_t *out_fen, struct err *err)
{
    return setting_number(portal, PORTAL_ORDER_SETTING_FEE, PORTAL_ORDER_FEE_FEN_PER_MONTH_DEFAULT,
                          PORTAL_ORDER_FEE_FEN_PER_MONTH_MAX, out_fen, err);
}

static enum err_code check_months(int64_t months, struct err *err)
{
    if (months < 1 || months > PORTAL_ORDER_MONTHS_MAX)
        return err_set(err, ERR_FIELD_VALUE, "months: 1 to %d are allowed",
                       PORTAL_ORDER_MONTHS_MAX);
    return ERR_NONE;
}

/* 支付费用. */
static enum err_code fee_of(struct portal *portal, int64_t months, int64_t *out_fen,
                            struct err *err)
{
    int64_t per_month = 0;
    if (portal_order_fee_per_month(portal, &per_month, err) != ERR_NONE)
        return err->code;
    *out_fen = per_month * months;
    return ERR_NONE;
}

enum err_code portal_order_set_months(struct portal *portal, const char *number, int64_t months,
                                      struct err *err)
{
    int64_t fee_fen = 0;
    if (check_months(months, err) != ERR_NONE ||
        fee_of(portal, months, &fee_fen, err) != ERR_NONE ||
        portal_db_run(
            portal->db, "UPDATE renewal_order SET months = ?, fee_fen = ? WHERE number = ?",
            PORTAL_VALUES(PORTAL_INTEGER(months), PORTAL_INTEGER(fee_fen), PORTAL_TEXT(number)),
            err) != ERR_NONE)
        return err_add(err, "change the months");
    AUTO(memory_freep)
    char *detail = memory_printf("%lld months, %lld fen", (long long)months, (long long)fee_fen);
    return portal_audit_add(portal, "order.months", number, detail, err);
}

/* ---- the tariff ---- */

enum err_code portal_order_tariff(struct portal *portal, struct portal_order_tariff *out,
                                  struct err *err)
{
    struct portal_order_tariff tariff = {0};
    AUTO(memory_freep) char *key = NULL;
    if (portal_order_fee_per_month(portal, &tariff.fee_fen_per_month, err) != ERR_NONE ||
        setting_number(portal, PORTAL_ORDER_SETTING_MONTHS, PORTAL_ORDER_MONTHS_DEFAULT,
                       PORTAL_ORDER_MONTHS_MAX, &tariff.months, err) != ERR_NONE)
        return err->code;
    if (tariff.months == 0)
        return err_set(err, ERR_CONFIG, "setting " PORTAL_ORDER_SETTING_MONTHS ": 0");
    if (portal_db_setting(portal->db, PORTAL_ORDER_SETTING_KEY, &key, err) != ERR_NONE &&
        err->code != ERR_NO_SUCH_RECORD)
        return err->code;
    *err = ERR_INIT;
    tariff.replace_key = key != NULL && strcmp(key, KEY_REPLACE) == 0;
    *out = tariff;
    return ERR_NONE;
}

/* Inside the caller's transaction. */
static enum err_code store_tariff(struct portal *portal, const struct portal_order_tariff *tariff,
                                  struct err *err)
{
    AUTO(memory_freep) char *fee = memory_printf("%lld", (long long)tariff->fee_fen_per_month);
    AUTO(memory_freep) char *months = memory_printf("%lld", (long long)tariff->months);
    const char *key = tariff->replace_key ? KEY_REPLACE : KEY_KEEP;
    AUTO(memory_freep)
    char *detail = memory_printf("%s fen a month, %s months, %s", fee, months, key);
    if (portal_db_set_setting(portal->db, PORTAL_ORDER_SETTING_FEE, fee, err) != ERR_NONE ||
        portal_db_set_setting(portal->db, PORTAL_ORDER_SETTING_MONTHS, months, err) != ERR_NONE ||
        portal_db_set_setting(portal->db, PORTAL_ORDER_SETTING_KEY, key, err) != ERR_NONE)
        return err->code;
    return portal_audit_add(portal, "tariff.set", portal->name, detail, err);
}

enum err_code portal_order_set_tariff(struct portal *portal,
                                      const struct portal_order_tariff *tariff, struct err *err)
{
    AUTO(portal_transaction_end) struct portal_transaction transaction = {0};
    if (check_months(tariff->months, err) != ERR_NONE)
        return err->code;
    if (tariff->fee_fen_per_month < 0 ||
        tariff->fee_fen_per_month > PORTAL_ORDER_FEE_FEN_PER_MONTH_MAX)
        return err_set(err, ERR_FIELD_VALUE, "fee: 0 to %d fen a month are allowed",
                       PORTAL_ORDER_FEE_FEN_PER_MONTH_MAX);
    if (portal_transaction_begin(&transaction, portal->db, err) != ERR_NONE ||
        store_tariff(portal, tariff, err) != ERR_NONE ||
        portal_transaction_commit(&transaction, err) != ERR_NONE)
        return err_add(err, "set the tariff");
    return ERR_NONE;
}

/* ---- adding ---- */

/* The day and a count: 20261122000001. Inside a transaction, so that no two are alike. */
static enum err_code next_number(struct portal *portal, char **out, struct err *err)
{
    char now[CLOCK_TEXT_BYTES];
    clock_format_utc(clock_now_utc(), now);
    AUTO(memory_freep) char *day = memory_printf("%.4s%.2s%.2s", now, now + 5, now + 8);
    int64_t count = 0;
    if (portal_db_number(
            portal->db,
            "SELECT coalesce(CAST(substr(max(number), 9) AS INTEGER), 0) + 1 "
            "FROM renewal_order WHERE number > ? || '000000' AND number <= ? || '999999'",
            PORTAL_VALUES(PORTAL_TEXT(day), PORTAL_TEXT(day)), &count, err) != ERR_NONE)
        return err_add(err, "find the next order number");
    if (count > ORDERS_PER_DAY_MAX)
        return err_set(err, ERR_HTTP_TOO_MANY, "%d orders today", ORDERS_PER_DAY_MAX);
    *out = memory_printf("%s%06lld", day, (long long)count);
    return ERR_NONE;
}

static enum err_code insert_row(struct portal *portal, const struct portal_order_new *new,
                                int64_t key_id, int64_t fee_fen, const char *number,
                                struct err *err)
{
    int64_t now = clock_now_utc();
    return portal_db_run(
        portal->db,
        "INSERT INTO renewal_order (number, key_id, organisation_id, fee_kind, months, fee_fen, "
        "state, key_policy, algorithm, dual, created_utc, changed_utc, revision) "
        "SELECT ?, key.id, organisation_id, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
        "(SELECT coalesce(max(revision), 0) + 1 FROM renewal_order) "
        "FROM key JOIN holder ON holder.id = holder_id WHERE key.id = ?",
        PORTAL_VALUES(PORTAL_TEXT(number), PORTAL_TEXT(PORTAL_ORDER_FEE_KIND),
                      PORTAL_INTEGER(new->months), PORTAL_INTEGER(fee_fen),
                      PORTAL_TEXT(portal_order_state_text(PORTAL_ORDER_EDITING)),
                      PORTAL_TEXT(new->policy.replace_key ? KEY_REPLACE : KEY_KEEP),
                      PORTAL_TEXT(cert_algorithm_text(new->policy.algorithm)),
                      PORTAL_INTEGER(new->policy.dual), PORTAL_INTEGER(now), PORTAL_INTEGER(now),
                      PORTAL_INTEGER(key_id)),
        err);
}

/* Inside the caller's transaction. */
static enum err_code insert_order(struct portal *portal, const struct portal_order_new *new,
                                  int64_t key_id, char **out_number, struct err *err)
{
    int64_t fee_fen = 0;
    AUTO(memory_freep) char *number = NULL;
    if (check_policy(portal, key_id, &new->policy, err) != ERR_NONE ||
        fee_of(portal, new->months, &fee_fen, err) != ERR_NONE ||
        next_number(portal, &number, err) != ERR_NONE ||
        insert_row(portal, new, key_id, fee_fen, number, err) != ERR_NONE ||
        portal_search_put_order(portal, number, 0, err) != ERR_NONE ||
        portal_audit_add(portal, "order.added", number, new->serial, err) != ERR_NONE)
        return err->code;
    *out_number = TAKE(number);
    return ERR_NONE;
}

enum err_code portal_order_add(struct portal *portal, const struct portal_order_new *new,
                               char **out_number, struct err *err)
{
    AUTO(portal_transaction_end) struct portal_transaction transaction = {0};
    AUTO(memory_freep) char *number = NULL;
    int64_t key_id = 0;
    if (check_months(new->months, err) != ERR_NONE ||
        portal_transaction_begin(&transaction, portal->db, err) != ERR_NONE ||
        portal_key_find(portal, new->serial, &key_id, err) != ERR_NONE ||
        insert_order(portal, new, key_id, &number, err) != ERR_NONE ||
        portal_transaction_commit(&transaction, err) != ERR_NONE)
        return err_add(err, "add an order");
    *out_number = TAKE(number);
    return ERR_NONE;
}

/* ---- as a bidder ---- */

static enum err_code find_own_key(struct portal *portal, const char *serial,
                                  int64_t organisation_id, int64_t *out_id, struct err *err)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    if (portal_db_query(portal->db,
                        "SELECT key.id FROM key JOIN holder ON holder.id = holder_id "
                        "WHERE serial = ?1 AND (?2 = 0 OR organisation_id = ?2)",
                        PORTAL_VALUES(PORTAL_TEXT(serial), PORTAL_INTEGER(organisation_id)), &query,
                        err) != ERR_NONE ||
        portal_query_one(query, err) != ERR_NONE)
        return err_add(err, "find the key");
    *out_id = portal_query_integer(query, 0);
    return ERR_NONE;
}

static enum err_code check_none_open(struct portal *portal, int64_t key_id, struct err *err)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    bool row = false;
    if (portal_db_query(portal->db,
                        "SELECT number, state FROM renewal_order o WHERE key_id = ? "
                        "AND NOT EXISTS (SELECT 1 FROM issue WHERE order_number = o.number "
                        "AND issue.state <> 'failed' AND issue.state = 'confirmed') "
                        "ORDER BY number LIMIT 1",
                        PORTAL_VALUES(PORTAL_INTEGER(key_id)), &query, err) != ERR_NONE ||
        portal_query_next(query, &row, err) != ERR_NONE)
        return err_add(err, "look for an open order");
    return row ? err_set(err, ERR_ORDER_OPEN, "%s (%s)", portal_query_text(query, 0),
                         portal_query_text(query, 1))
               : ERR_NONE;
}

/* What the platform makes of this key. */
static enum err_code wish_for(struct portal *portal, int64_t key_id, struct portal_order_new *out,
                              struct err *err)
{
    AUTO(cert_freep) struct cert *sign = NULL;
    AUTO(cert_freep) struct cert *encrypt = NULL;
    struct portal_order_tariff tariff;
    if (portal_order_tariff(portal, &tariff, err) != ERR_NONE)
        return err->code;
    if (portal_certificate_active(portal, key_id, CERT_USAGE_SIGN, &sign, NULL, err) != ERR_NONE)
        return err_set(err, ERR_POLICY, "the key has no signing certificate in force");
    if (portal_certificate_active(portal, key_id, CERT_USAGE_ENCRYPT, &encrypt, NULL, err) !=
            ERR_NONE &&
        err->code != ERR_NO_SUCH_RECORD)
        return err->code;
    *err = ERR_INIT;
    out->months = tariff.months;
    out->policy = (struct portal_order_policy){
        .replace_key = tariff.replace_key,
        .algorithm = cert_peek(sign)->algorithm,
        .dual = encrypt != NULL,
    };
    return ERR_NONE;
}

enum err_code portal_order_open(struct portal *portal, const char *serial, int64_t organisation_id,
                                char **out_number, struct err *err)
{
    AUTO(portal_transaction_end) struct portal_transaction transaction = {0};
    AUTO(memory_freep) char *number = NULL;
    struct portal_order_new new = {.serial = serial};
    int64_t key_id = 0;
    if (portal_transaction_begin(&transaction, portal->db, err) != ERR_NONE ||
        find_own_key(portal, serial, organisation_id, &key_id, err) != ERR_NONE ||
        check_none_open(portal, key_id, err) != ERR_NONE ||
        wish_for(portal, key_id, &new, err) != ERR_NONE ||
        insert_order(portal, &new, key_id, &number, err) != ERR_NONE ||
        portal_transaction_commit(&transaction, err) != ERR_NONE)
        return err_add(err, "add an order");
    *out_number = TAKE(number);
    return ERR_NONE;
}
