/* An opened portal: its folder, database, CA, key manager and secrets. One thread. */
#pragma once

#include "base/err.h"
#include "base/secret.h"
#include "portal/portal_ca.h"
#include "portal/portal_db.h"
#include "portal/portal_key_manager.h"
#include "portal/portal_seal_maker.h"

#define PORTAL_NAME_BYTES_MAX \
    192 /* of a platform, an organisation, a holder: 64 Chinese characters */
#define PORTAL_SERIAL_BYTES_MAX 64 /* of a key; GM/T 0017's device information has 32 */

struct portal {
    char *folder;
    char *name; /* of the platform, for people and the CAs' subjects */
    char *actor; /* who acts, for the audit trail: "uid:1000", "agent:<key serial>" */
    struct portal_db *db;
    /* NULL until portal_open_keys. */
    struct portal_ca *ca;
    struct portal_key_manager *key_manager;
    struct portal_seal_maker *seal_maker;
    struct secret *job_key; /* job secrets are derived from it, so that none is stored */
    struct secret *admin_pin_key; /* the keys' administrator PINs are derived from it */
};

/* Makes folder, CAs, seal maker, TLS identity, master keys and database. ERR_RECORD_EXISTS when it was done before;
 * one that was interrupted is done again. host: the name or address that clients use. */
MUST_CHECK enum err_code portal_init(const char *folder, const char *name, const char *host,
                                     const char *actor, struct err *err);
/* Opens the database alone. ERR_FILE_MISSING when there was no init. */
MUST_CHECK enum err_code portal_open(const char *folder, const char *actor, struct portal **out,
                                     struct err *err);
/* Opens what issues and derives: CAs, key manager, seal maker, job key, administrator PINs. A folder of
 * before there was a seal maker, an administrator PIN or a P-256 CA gets them now. */
MUST_CHECK enum err_code portal_open_keys(struct portal *portal, struct err *err);
void portal_free(struct portal *portal);
void portal_freep(struct portal **portal);
/* Replaces the actor. */
void portal_set_actor(struct portal *portal, const char *actor);
