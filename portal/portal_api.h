/* The platform API's requests, JSON in and JSON out, without HTTP. docs/protocol/platform.md and
 * docs/protocol/platform.openapi.yaml are the contract. */
#pragma once

#include "base/json.h"
#include "portal/portal.h"

#define PORTAL_API_BASE "/agent/v1"
#define PORTAL_API_BODY_BYTES_MAX 65536
#define PORTAL_API_SEAL_BODY_BYTES_MAX 98304 /* a seal of 64 KiB in Base64, and its proof */
#define PORTAL_API_CERTIFICATES_MAX 16 /* on one key: two a container, and room */

struct portal_api_answer {
    int status;
    int retry_after_s; /* 0: no such header */
    struct json *body; /* the caller's */
};

/* POST /jobs */
MUST_CHECK enum err_code portal_api_redeem(struct portal *portal, const struct json *body,
                                           struct portal_api_answer *out, struct err *err);
/* PUT /jobs/{id}/request; authorization: the header's value, NULL when it is absent. */
MUST_CHECK enum err_code portal_api_request(struct portal *portal, const char *id,
                                            const char *authorization, const struct json *body,
                                            struct portal_api_answer *out, struct err *err);
/* PUT /jobs/{id}/seal */
MUST_CHECK enum err_code portal_api_seal(struct portal *portal, const char *id,
                                         const char *authorization, const struct json *body,
                                         struct portal_api_answer *out, struct err *err);
/* POST /jobs/{id}/unblock */
MUST_CHECK enum err_code portal_api_unblock(struct portal *portal, const char *id,
                                            const char *authorization, const struct json *body,
                                            struct portal_api_answer *out, struct err *err);
/* PUT /jobs/{id}/confirmation */
MUST_CHECK enum err_code portal_api_confirm(struct portal *portal, const char *id,
                                            const char *authorization, const struct json *body,
                                            struct portal_api_answer *out, struct err *err);
