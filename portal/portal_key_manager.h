/* The key manager: makes encryption key pairs for holders, envelopes them to the signing key, and keeps
 * the private keys encrypted, so that a holder's old messages can be read after a key was lost. */
#pragma once

#include "base/err.h"
#include "base/secret.h"
#include "base/span.h"
#include "portal/portal_db.h"

struct portal_key_manager;

/* Makes folder/key-manager/master.key (mode 0600). Losing it loses every escrowed key. */
MUST_CHECK enum err_code portal_key_manager_make(const char *folder, struct err *err);
MUST_CHECK enum err_code portal_key_manager_open(const char *folder,
                                                 struct portal_key_manager **out, struct err *err);
void portal_key_manager_free(struct portal_key_manager *manager);
void portal_key_manager_freep(struct portal_key_manager **manager);

/* A new SM2 encryption key pair: its public key (DER SubjectPublicKeyInfo) and the private key enveloped
 * to recipient (DER SubjectPublicKeyInfo of the signing key). The private key is put into escrow in the
 * caller's transaction. The caller frees both. ERR_CRYPTO, ERR_DATABASE. */
MUST_CHECK enum err_code portal_key_manager_issue(struct portal_key_manager *manager,
                                                  struct portal_db *db, const char *order_number,
                                                  struct span recipient,
                                                  struct bytes **out_public_key,
                                                  struct bytes **out_envelope, struct err *err);
/* The escrowed private key (32 bytes) of a public key. ERR_NO_SUCH_RECORD; ERR_CRYPTO when the record
 * was changed or belongs to another master key. */
MUST_CHECK enum err_code portal_key_manager_recover(struct portal_key_manager *manager,
                                                    struct portal_db *db, struct span public_key,
                                                    struct secret **out, struct err *err);
/* Opens every escrowed key; how many there are. */
MUST_CHECK enum err_code portal_key_manager_verify(struct portal_key_manager *manager,
                                                   struct portal_db *db, int64_t *out_count,
                                                   struct err *err);
