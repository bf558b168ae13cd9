/* What was issued for an order, as it stands in the database, and until when it is good. */
#pragma once

#include "portal/portal.h"
#include "portal/portal_order.h"

/* The issue of an order that did not fail; owned. */
struct portal_issued {
    int64_t id;
    bool confirmed; /* the key said that it holds the certificates */
    uint8_t public_key_sha256[32];
    int64_t sign_id;
    int64_t encrypt_id; /* 0: a single certificate */
    struct bytes *sign_cert; /* DER */
    struct bytes *encrypt_cert; /* NULL: a single certificate */
    struct bytes *enveloped_key; /* NULL: the encryption key is kept */
    struct bytes *chain; /* the issuing CA */
};
void portal_issued_free(struct portal_issued *issue);
void portal_issued_freep(struct portal_issued **issue);

/* *out is NULL when nothing was issued for the order, or only what failed. */
MUST_CHECK enum err_code portal_issued_find(struct portal *portal, const struct portal_order *order,
                                            struct portal_issued **out, struct err *err);
/* The end of what was issued; else the least end that it will have: the present end plus the order's
 * months while that is ahead (the user loses nothing by renewing early), else now plus the months. */
MUST_CHECK enum err_code portal_issued_end(struct portal *portal, const struct portal_order *order,
                                           int64_t *out_utc, struct err *err);

/* utc and so many calendar months; the day is cut to the month's last. */
int64_t portal_issued_add_months(int64_t utc, int64_t months);
