/* The seal maker (制章人): a certificate of the SM2 issuing CA, and its key behind the same interface as
 * the CAs' keys. */
#pragma once

#include "certs/seal.h"
#include "portal/portal_ca.h"

struct portal_seal_maker;

/* Makes folder/ca/seal-maker.pem and seal-maker.key, over old ones. organisation: in the subject. */
MUST_CHECK enum err_code portal_seal_maker_make(const char *folder, const char *organisation,
                                                struct portal_ca *ca, struct err *err);
/* ERR_FILE_MISSING when either is, or the certificate is one of before there was the mark
 * (SEAL_MAKER_PURPOSE): a new one must be made, and seals of before keep the old one inside. ERR_CONFIG when the key isn't that of the certificate. */
MUST_CHECK enum err_code portal_seal_maker_open(const char *folder, struct portal_seal_maker **out,
                                                struct err *err);
void portal_seal_maker_free(struct portal_seal_maker *maker);
void portal_seal_maker_freep(struct portal_seal_maker **maker);

/* Makes a seal now. Of the wish the maker fills vendor, maker_cert, created_utc and valid_from_utc. What
 * seal_make says. */
MUST_CHECK enum err_code portal_seal_maker_seal(const struct portal_seal_maker *maker,
                                                const struct seal_wish *wish, struct bytes **out,
                                                struct err *err);
