/* The three certification authorities, SM2, RSA and P-256, which serves keys on P-384 too: each a root and an
 * issuing CA. The roots' keys are made by portal_ca_make and never opened again: they belong off the machine. */
#pragma once

#include "base/err.h"
#include "base/span.h"
#include "certs/cert.h"

struct portal_ca;

/* They are named by the algorithm of their own keys: CERT_SM2, CERT_RSA, CERT_P256. */
#define PORTAL_CA_COUNT 3
/* Which one certifies a key of this algorithm. */
enum cert_algorithm portal_ca_authority_of(enum cert_algorithm key);
/* "sm2", "rsa", "p256". */
const char *portal_ca_authority_text(enum cert_algorithm authority);
/* False when there is no such word. */
bool portal_ca_authority_from_text(const char *text, enum cert_algorithm *out);

/* Makes folder/ca with sm2-root.pem, sm2-root.key, sm2-issuing.pem, sm2-issuing.key, the same for rsa and p256,
 * and roots.pem with all roots. organisation: in the CAs' subjects. */
MUST_CHECK enum err_code portal_ca_make(const char *folder, const char *organisation,
                                        struct err *err);
/* Makes the P-256 authority in a folder of before there was one; nothing where it is. Inside the caller's
 * transaction, which keeps a second program out. *out_made: whether it did. */
MUST_CHECK enum err_code portal_ca_make_missing(const char *folder, const char *organisation,
                                                bool *out_made, struct err *err);
/* Opens the issuing CAs. ERR_FILE_MISSING; ERR_CONFIG when a key isn't that of its certificate. */
MUST_CHECK enum err_code portal_ca_open(const char *folder, struct portal_ca **out,
                                        struct err *err);
void portal_ca_free(struct portal_ca *ca);
void portal_ca_freep(struct portal_ca **ca);

/* What a holder's certificate is to say. */
struct portal_ca_order {
    struct span subject_der;
    struct span public_key; /* DER SubjectPublicKeyInfo; its algorithm chooses the authority */
    enum cert_usage usage; /* CERT_USAGE_SIGN or CERT_USAGE_ENCRYPT */
    int64_t not_before_utc;
    int64_t not_after_utc; /* not behind the issuing CA's own end */
    bool seal_maker; /* with CERT_USAGE_SIGN: marked as one that makes seals */
    /* With CERT_USAGE_SIGN: the holder's only certificate, which serves agreement too on a curve of NIST's. */
    bool single;
};
/* The certificate, DER, as the present issuing CA signs it. ERR_CRYPTO, ERR_CERT_ALGORITHM and ERR_CERT_PUBLIC_KEY (the
 * public key), ERR_CONFIG when it would outlive its issuer. Key usage is critical: signing digitalSignature and nonRepudiation; a single
 * one on P-256 or P-384 keyAgreement besides; encryption keyEncipherment, dataEncipherment and keyAgreement. Source: RFC 5280 4.2; GM/T 0015. */
MUST_CHECK enum err_code portal_ca_issue(struct portal_ca *ca, const struct portal_ca_order *order,
                                         struct bytes **out, struct err *err);
/* DER of the issuing CA's certificate for keys of this algorithm, borrowed. */
struct span portal_ca_issuing(const struct portal_ca *ca, enum cert_algorithm key);
/* Whether one of our issuing CAs signed this certificate (DER), and which. */
bool portal_ca_issued(const struct portal_ca *ca, struct span der, enum cert_algorithm *out);

/* A certificate revocation list, version 2, under way. It is good for PORTAL_CA_CRL_DAYS.
 * Source: RFC 5280 5. */
#define PORTAL_CA_CRL_DAYS 7
struct portal_ca_crl;
MUST_CHECK enum err_code portal_ca_crl_new(struct portal_ca *ca, enum cert_algorithm authority,
                                           int64_t number, struct portal_ca_crl **out,
                                           struct err *err);
void portal_ca_crl_free(struct portal_ca_crl *crl);
void portal_ca_crl_freep(struct portal_ca_crl **crl);
/* serial: hexadecimal; reason: as RFC 5280 5.3.1 names it, unknown ones are left out. */
MUST_CHECK enum err_code portal_ca_crl_add(struct portal_ca_crl *crl, const char *serial,
                                           int64_t revoked_utc, const char *reason,
                                           struct err *err);
/* PEM; the caller frees. */
MUST_CHECK enum err_code portal_ca_crl_sign(struct portal_ca_crl *crl, char **out_pem,
                                            struct err *err);
