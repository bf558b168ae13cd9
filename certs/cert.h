/* An X.509 certificate: read strictly, its facts, and comparisons. Pure: bytes in, facts out. */
#pragma once

#include "base/err.h"
#include "base/span.h"
#include "certs/signer.h"

#define CERT_BYTES_MAX 8192
#define CERT_TEXT_BYTES_MAX 256

struct cert;

/* Told apart by key usage, never by order. Source: GM/T 0015 5.2.4.2.5 (key usage). */
enum cert_usage {
    CERT_USAGE_SIGN, /* digitalSignature and/or nonRepudiation */
    CERT_USAGE_ENCRYPT, /* keyEncipherment, dataEncipherment and/or keyAgreement, no signing */
    CERT_USAGE_BOTH, /* signing and encryption in one certificate */
    CERT_USAGE_CA,
    CERT_USAGE_OTHER,
};

/* Facts, borrowed from the certificate. Texts are UTF-8, "" when absent, cut at CERT_TEXT_BYTES_MAX. */
struct cert_facts {
    const char *subject; /* RFC 2253 style, UTF-8 */
    const char *common_name;
    const char *organisation;
    const char *issuer;
    const char *serial; /* hexadecimal, upper case */
    const char *sha256; /* of the DER, hexadecimal, upper case */
    int64_t not_before_utc;
    int64_t not_after_utc;
    enum cert_algorithm algorithm; /* of the public key */
    enum cert_usage usage;
    struct span der;
    struct span public_key; /* DER SubjectPublicKeyInfo */
    struct span subject_der; /* DER Name */
};

/* Fails with ERR_DER, ERR_DER_TRAILING, ERR_CERT_ALGORITHM (none of ours: certs/public_key.h). */
MUST_CHECK enum err_code cert_parse(struct span der, struct cert **out, struct err *err);
void cert_free(struct cert *cert);
void cert_freep(struct cert **cert);
const struct cert_facts *cert_peek(const struct cert *cert);
/* Byte-equal Names, or equal as RFC 5280 7.1 compares them. */
bool cert_same_subject(const struct cert *a, const struct cert *b);
/* "sm2", "rsa2048" (also of more bits), "p256", "p384": as the interfaces name the algorithm of a key. */
const char *cert_algorithm_text(enum cert_algorithm algorithm);
/* False when there is no such word. */
bool cert_algorithm_from_text(const char *text, enum cert_algorithm *out);
/* PEM text, one certificate; the caller frees. */
char *cert_pem(const struct cert *cert);

/* Verifies a signature over message with the certificate's public key. SM2: DER SM2Signature, identifier
 * 1234567812345678, SM3; RSA: PKCS#1 v1.5 with SHA-256; P-256 and P-384: DER, SHA-256 and SHA-384. ERR_SIGNATURE.
 * Source: GB/T 32918.2 6 and 7; GM/T 0009 7.3 and 10. */
MUST_CHECK enum err_code cert_verify(const struct cert *cert, struct span message,
                                     struct span signature, struct err *err);
