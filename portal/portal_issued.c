#include "portal/portal_issued.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "certs/cert.h"
#include "portal/portal_certificate.h"

void portal_issued_free(struct portal_issued *issue)
{
    if (issue == NULL)
        return;
    bytes_free(issue->sign_cert);
    bytes_free(issue->encrypt_cert);
    bytes_free(issue->enveloped_key);
    bytes_free(issue->chain);
    free(issue);
}

void portal_issued_freep(struct portal_issued **issue)
{
    portal_issued_free(*issue);
    *issue = NULL;
}

static struct bytes *bytes_or_null(const struct portal_query *query, int column)
{
    return portal_query_is_null(query, column) ? NULL : bytes_new(portal_query_blob(query, column));
}

static struct portal_issued *issue_of(const struct portal_query *query)
{
    struct portal_issued *issue = memory_new(sizeof *issue);
    *issue = (struct portal_issued){
        .id = portal_query_integer(query, 0),
        .confirmed = strcmp(portal_query_text(query, 1), "confirmed") == 0,
        .sign_id = portal_query_integer(query, 3),
        .encrypt_id = portal_query_integer(query, 4),
        .sign_cert = bytes_or_null(query, 5),
        .encrypt_cert = bytes_or_null(query, 6),
        .enveloped_key = bytes_or_null(query, 7),
        .chain = bytes_or_null(query, 8),
    };
    struct span sha256 = portal_query_blob(query, 2);
    if (sha256.len == sizeof issue->public_key_sha256)
        memcpy(issue->public_key_sha256, sha256.at, sha256.len);
    return issue;
}

enum err_code portal_issued_find(struct portal *portal, const struct portal_order *order,
                                 struct portal_issued **out, struct err *err)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    if (portal_db_query(
            portal->db,
            "SELECT issue.id, state, public_key_sha256, sign_certificate_id, "
            "coalesce(encrypt_certificate_id, 0), sign.der, encrypt.der, enveloped_key, chain "
            "FROM issue JOIN certificate sign ON sign.id = sign_certificate_id "
            "LEFT JOIN certificate encrypt ON encrypt.id = encrypt_certificate_id "
            "WHERE issue.order_number = ? AND state <> 'failed'",
            PORTAL_VALUES(PORTAL_TEXT(order->number)), &query, err) != ERR_NONE)
        return err->code;
    bool row = false;
    if (portal_query_next(query, &row, err) != ERR_NONE)
        return err_add(err, "find what was issued for the order");
    *out = row ? issue_of(query) : NULL;
    return ERR_NONE;
}

/* ---- until when ---- */

static int days_of_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 1 && leap ? 29 : days[month];
}

int64_t portal_issued_add_months(int64_t utc, int64_t months)
{
    time_t seconds = (time_t)utc;
    struct tm tm = {0};
    gmtime_r(&seconds, &tm);
    int64_t total = (int64_t)tm.tm_year * 12 + tm.tm_mon + months;
    tm.tm_year = (int)(total / 12);
    tm.tm_mon = (int)(total % 12);
    int last = days_of_month(tm.tm_year + 1900, tm.tm_mon);
    if (tm.tm_mday > last)
        tm.tm_mday = last;
    return (int64_t)timegm(&tm);
}

enum err_code portal_issued_end(struct portal *portal, const struct portal_order *order,
                                int64_t *out_utc, struct err *err)
{
    AUTO(portal_issued_freep) struct portal_issued *issue = NULL;
    AUTO(cert_freep) struct cert *cert = NULL;
    if (portal_issued_find(portal, order, &issue, err) != ERR_NONE)
        return err->code;
    if (issue != NULL) {
        if (cert_parse(span_bytes(issue->sign_cert), &cert, err) != ERR_NONE)
            return err_add(err, "read the issued certificate");
        *out_utc = cert_peek(cert)->not_after_utc;
        return ERR_NONE;
    }
    if (portal_certificate_active(portal, order->key_id, CERT_USAGE_SIGN, &cert, NULL, err) !=
        ERR_NONE)
        return err_add(err, "find the key's present certificate");
    int64_t present_end = cert_peek(cert)->not_after_utc;
    int64_t now = clock_now_utc();
    *out_utc = portal_issued_add_months(present_end > now ? present_end : now, order->months);
    return ERR_NONE;
}
