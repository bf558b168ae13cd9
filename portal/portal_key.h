/* Organisations (证书单位名称), holders (使用者姓名) and their keys (CA锁). */
#pragma once

#include "base/json.h"
#include "certs/cert.h"
#include "portal/portal.h"

#define PORTAL_PROFILE_BYTES_MAX 64 /* the name of a device profile */

MUST_CHECK enum err_code portal_organisation_add(struct portal *portal, const char *name,
                                                 int64_t *out_id, struct err *err);
MUST_CHECK enum err_code portal_organisation_list(struct portal *portal, struct json **out,
                                                  struct err *err);

struct portal_key_new {
    const char *serial; /* 介质硬件号 */
    const char *number; /* 证书KEY号, NULL: none */
    const char *organisation; /* exists */
    const char *holder; /* made when it is new */
    const char *profile;
    const struct cert *sign_cert;
    const struct cert *encrypt_cert; /* NULL: a single-certificate key */
};
/* Registers a key with the certificates that are on it, which are in force from now on.
 * ERR_NO_SUCH_RECORD (organisation), ERR_RECORD_EXISTS (serial or certificate), ERR_CERT_USAGE,
 * ERR_CERT_SUBJECT when the two are for different subjects. */
MUST_CHECK enum err_code portal_key_add(struct portal *portal, const struct portal_key_new *new,
                                        int64_t *out_id, struct err *err);
/* A registered key; owned. */
struct portal_key {
    int64_t id;
    char *serial;
    char *profile;
    char *organisation;
};
/* ERR_NO_SUCH_RECORD. */
MUST_CHECK enum err_code portal_key_load(struct portal *portal, int64_t id, struct portal_key **out,
                                         struct err *err);
void portal_key_free(struct portal_key *key);
void portal_key_freep(struct portal_key **key);
/* ERR_NO_SUCH_RECORD. */
MUST_CHECK enum err_code portal_key_find(struct portal *portal, const char *serial, int64_t *out_id,
                                         struct err *err);
/* Rows of the manual's list: 使用者姓名, 证书单位名称, 证书KEY号, 介质硬件号, 证书有效期. */
MUST_CHECK enum err_code portal_key_list(struct portal *portal, struct json **out, struct err *err);
/* The row of one key. ERR_NO_SUCH_RECORD. */
MUST_CHECK enum err_code portal_key_show(struct portal *portal, const char *serial,
                                         struct json **out, struct err *err);
