/* The CA that personalises virtual keys: certificates for their pairs, signed with a key from a file. */
#pragma once

#include "token/virtual/virtual_pair.h"

/* Source: GM/T 0015: signing certificates have digitalSignature and nonRepudiation; encryption
 * certificates keyEncipherment, dataEncipherment and keyAgreement. The only certificate of a pair that
 * does both has digitalSignature, nonRepudiation and what its algorithm can do besides. */
enum virtual_usage { VIRTUAL_USAGE_ENCRYPT = 0, VIRTUAL_USAGE_SIGN = 1, VIRTUAL_USAGE_BOTH = 2 };

struct virtual_subject {
    const char *organisation; /* UTF-8, at most 64 characters each (X.520) */
    const char *holder;
    int64_t not_before_utc;
    int64_t not_after_utc;
};

struct virtual_issuer;

/* PEM files. Fails with ERR_FILE*, ERR_DER when one is not what it should be, ERR_CERT_PUBLIC_KEY when
 * they don't belong together. */
MUST_CHECK enum err_code virtual_issuer_open(const char *certificate_path, const char *key_path,
                                             struct virtual_issuer **out, struct err *err);
void virtual_issuer_free(struct virtual_issuer *issuer);
void virtual_issuer_freep(struct virtual_issuer **issuer);
/* DER. An SM2 issuer signs with SM3 and the id 1234567812345678, an RSA one with SHA-256. Fails with
 * ERR_CRYPTO, ERR_FIELD_VALUE (subject). */
MUST_CHECK enum err_code virtual_issuer_sign(const struct virtual_issuer *issuer,
                                             const struct virtual_pair *pair,
                                             const struct virtual_subject *subject,
                                             enum virtual_usage usage, struct bytes **out,
                                             struct err *err);
