/* Building an X.509 certificate up to its signature. */
#pragma once

#include <openssl/x509v3.h>

#include "base/err.h"
#include "base/span.h"

/* Unguessable, so that no two collide; at most 20 are allowed. Source: RFC 5280 4.1.2.2. */
#define PORTAL_X509_SERIAL_BYTES 16
/* The user's clock may be slow; a certificate must not be "not yet valid" right after issue. */
#define PORTAL_X509_CLOCK_SKEW_S 300

/* value: in the language of OpenSSL's x509v3_config(5). */
struct portal_x509_extension {
    int nid;
    const char *value;
};

struct portal_x509_template {
    const X509_NAME *subject;
    X509 *issuer; /* NULL: the certificate itself */
    EVP_PKEY *public_key;
    int64_t not_before_utc, not_after_utc;
    const struct portal_x509_extension
        *extensions; /* a subject key identifier before an authority's */
    size_t extension_count;
};
/* Version 3, a random positive serial number of PORTAL_X509_SERIAL_BYTES bytes, not signed yet.
 * ERR_CRYPTO. */
MUST_CHECK enum err_code portal_x509_make(const struct portal_x509_template *template, X509 **out,
                                          struct err *err);
/* C=CN, O=organisation, CN=common_name. ERR_CRYPTO, also when a text is too long for its attribute. */
MUST_CHECK enum err_code portal_x509_name(const char *organisation, const char *common_name,
                                          X509_NAME **out, struct err *err);
MUST_CHECK enum err_code portal_x509_der(const X509 *x509, struct bytes **out, struct err *err);

/* PEM files of one object. Certificates are written with mode 0644, keys with 0600; a key that others
 * have access to is not read (ERR_CONFIG). */
MUST_CHECK enum err_code portal_x509_write(const char *path, const X509 *x509, struct err *err);
MUST_CHECK enum err_code portal_x509_read(const char *path, X509 **out, struct err *err);
MUST_CHECK enum err_code portal_x509_write_key(const char *path, const EVP_PKEY *key,
                                               struct err *err);
MUST_CHECK enum err_code portal_x509_read_key(const char *path, EVP_PKEY **out, struct err *err);
/* The DER inside a file with one PEM certificate. ERR_DER when there is none. */
MUST_CHECK enum err_code portal_x509_read_der(const char *path, struct bytes **out,
                                              struct err *err);
