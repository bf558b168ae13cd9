/* The register of certificates: what each key holds, and the status that only a key's confirmation
 * moves: issued, active, revoked. */
#pragma once

#include "base/json.h"
#include "certs/cert.h"
#include "portal/portal.h"

enum portal_certificate_status {
    PORTAL_CERTIFICATE_ISSUED, /* on its way to the key */
    PORTAL_CERTIFICATE_ACTIVE, /* in force: at most one of each usage on a key */
    PORTAL_CERTIFICATE_REVOKED,
    PORTAL_CERTIFICATE_STATUS_COUNT
};
/* Why a certificate was revoked, as the revocation list tells it. Source: RFC 5280 5.3.1. */
#define PORTAL_REASON_SUPERSEDED "superseded" /* the renewed one was confirmed */
#define PORTAL_REASON_NEVER_WRITTEN \
    "cessationOfOperation" /* the key reported that writing failed */

/* "issued", "active", "revoked". */
const char *portal_certificate_status_text(enum portal_certificate_status status);

struct portal_certificate_new {
    int64_t key_id;
    const char *order_number; /* NULL: it came with the key */
    const struct cert *cert; /* of usage sign or encrypt */
    enum portal_certificate_status status; /* issued or active */
};
/* Registers it, in the caller's transaction. ERR_RECORD_EXISTS when it stands there already,
 * ERR_CERT_USAGE when it is for neither signing nor encryption alone. */
MUST_CHECK enum err_code portal_certificate_add(struct portal *portal,
                                                const struct portal_certificate_new *new,
                                                int64_t *out_id, struct err *err);
/* The certificate in force, ERR_NO_SUCH_RECORD when there is none. out_id may be NULL. */
MUST_CHECK enum err_code portal_certificate_active(struct portal *portal, int64_t key_id,
                                                   enum cert_usage usage, struct cert **out,
                                                   int64_t *out_id, struct err *err);
MUST_CHECK enum err_code portal_certificate_load(struct portal *portal, int64_t id,
                                                 struct cert **out, struct err *err);
/* Moves it, in the caller's transaction; reason is for revocation ("" else). ERR_ORDER_STATE when the
 * present status doesn't lead there. */
MUST_CHECK enum err_code portal_certificate_move(struct portal *portal, int64_t id,
                                                 enum portal_certificate_status to,
                                                 const char *reason, struct err *err);
/* Those of one key, or all when serial is NULL. */
MUST_CHECK enum err_code portal_certificate_list(struct portal *portal, const char *serial,
                                                 struct json **out, struct err *err);
/* The present revocation list of the authority, PEM, with the next number; the caller frees. */
MUST_CHECK enum err_code portal_certificate_crl(struct portal *portal,
                                                enum cert_algorithm authority, char **out_pem,
                                                struct err *err);
