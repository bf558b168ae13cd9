/* Electronic seals (电子签章): the first one for a key's certificate, its extensions (签章延期) after each
 * renewal, and the record of all. */
#pragma once

#include "base/json.h"
#include "certs/seal.h"
#include "portal/portal_confirm.h"
#include "portal/portal_job.h"

/* A seal of 64 KiB holds it, two certificates and all texts. */
#define PORTAL_SEAL_PICTURE_BYTES_MAX 49152

struct portal_seal_new {
    const char *serial; /* of the key */
    const char *name;
    int64_t type; /* 1: of a unit */
    enum seal_version version; /* SEAL_V4; SEAL_V1 for keys whose software reads only that */
    enum seal_list list;
    struct span picture; /* PNG */
    int64_t width_mm, height_mm;
};
/* Makes the seal for the key's certificate in force and records it as the current one; it ends with the
 * certificate. ERR_NO_SUCH_RECORD (key, certificate), ERR_FIELD_VALUE, ERR_SEAL_TOO_LARGE. */
MUST_CHECK enum err_code portal_seal_add(struct portal *portal, const struct portal_seal_new *new,
                                         struct bytes **out, struct err *err);
/* Those of one key, or all when serial is NULL. */
MUST_CHECK enum err_code portal_seal_list(struct portal *portal, const char *serial,
                                          struct json **out, struct err *err);

struct portal_seal_request {
    struct span seal; /* DER, the present one */
    struct span proof; /* by the key's signing key */
};
/* The same seal for the renewed certificate: made once for an identity and a certificate, however many
 * jobs ask. Only a seal that was made here for this very key is extended, to the byte: its picture is
 * taken over unseen. Any of the identity's files that may lie on the key stands for it: the current one,
 * one that was given and never confirmed, one that stayed behind when its extension was written. What is
 * made is the extension of the current one. A seal goes to another key of the holder by a new first seal.
 * ERR_SEAL_FORMAT, ERR_SEAL_VERSION, ERR_RENEW_FIRST, ERR_SEAL_EXTENDED (the seal is bound to the certificate
 * in force, and confirmed), ERR_PROOF, ERR_SEAL_UNKNOWN, ERR_JOB_CONFLICT when the job names another seal or got the extension
 * of another one before, and what portal_job_check says. */
MUST_CHECK enum err_code portal_seal_extend(struct portal *portal, const struct portal_job *job,
                                            const struct portal_seal_request *request,
                                            struct bytes **out, struct err *err);
/* ERR_RENEW_FIRST unless the certificate in force came from an order: only then is there a seal to extend. */
MUST_CHECK enum err_code portal_seal_check_renewed(struct portal *portal, int64_t key_id,
                                                   struct err *err);
/* Inside the caller's transaction. written: the job's seal becomes the current one; failed: it stays
 * issued, and is given again. The proof is by the certificate that the job's seal is bound to, so that a
 * word said before a later renewal is still understood. ERR_PROOF; ERR_SEAL_STATE, also when that
 * certificate is no longer in force: a late word must not make an older seal the current one. */
MUST_CHECK enum err_code portal_seal_confirm(struct portal *portal, const struct portal_job *job,
                                             const struct portal_confirmation *confirmation,
                                             struct err *err);
/* ERR_NO_SUCH_RECORD unless a seal of this identity was made for the key. */
MUST_CHECK enum err_code portal_seal_check_made_for(struct portal *portal, int64_t key_id,
                                                    const char *identity, struct err *err);
/* The number of the order that renewed the key last, "-" when none did; the caller frees. */
MUST_CHECK enum err_code portal_seal_order(struct portal *portal, int64_t key_id, char **out,
                                           struct err *err);
