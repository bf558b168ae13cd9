/* Issuing for a job: the checks, the certificates, and the stored answer that every repetition gets
 * again. An order is issued for once, unless the key reported that writing failed. */
#pragma once

#include "portal/portal.h"
#include "portal/portal_job.h"

enum portal_issue_state { PORTAL_ISSUE_ISSUED, PORTAL_ISSUE_CONFIRMED };

/* The issue of an order that did not fail; owned. */
struct portal_issue {
    int64_t id;
    enum portal_issue_state state;
    uint8_t public_key_sha256[32];
    int64_t sign_id;
    int64_t encrypt_id; /* 0: a single certificate */
    struct bytes *sign_cert; /* DER */
    struct bytes *encrypt_cert; /* NULL: a single certificate */
    struct bytes *enveloped_key; /* NULL: the encryption key is kept */
    struct bytes *chain; /* the issuing CA */
};
void portal_issue_free(struct portal_issue *issue);
void portal_issue_freep(struct portal_issue **issue);

/* *out is NULL when nothing was issued for the order, or only what failed. */
MUST_CHECK enum err_code portal_issue_find(struct portal *portal, const struct portal_order *order,
                                           struct portal_issue **out, struct err *err);
/* The end of what was issued; else the least end that it will have: the present end plus the order's
 * months while that is ahead (the user loses nothing by renewing early), else now plus the months. */
MUST_CHECK enum err_code portal_issue_end(struct portal *portal, const struct portal_order *order,
                                          int64_t *out_utc, struct err *err);

struct portal_issue_request {
    struct span csr; /* DER PKCS#10 */
    struct span proof; /* by the key's present signing key */
    /* Why the present pair is kept though the order is for a new one; NULL: it is not. */
    const char *kept;
};
/* The one reason that is taken: the token has no place for a second signing key. */
#define PORTAL_ISSUE_KEPT "key-cannot-replace"
/* Issues, or finds what was issued for the same public key. An order for a new pair is met with the present one only
 * for a reason, which then stands among the order's records. ERR_FIELD_VALUE (kept), ERR_TICKET_KIND, ERR_JOB_EXPIRED,
 * ERR_ORDER_NOT_APPROVED, ERR_CSR, ERR_PROOF, ERR_JOB_CONFLICT. */
MUST_CHECK enum err_code portal_issue_request(struct portal *portal, const struct portal_job *job,
                                              const struct portal_issue_request *request,
                                              struct portal_issue **out, struct err *err);
/* utc and so many calendar months; the day is cut to the month's last. */
int64_t portal_issue_add_months(int64_t utc, int64_t months);
