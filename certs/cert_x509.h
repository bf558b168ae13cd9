/* The inside of a certificate, for this folder. */
#pragma once

#include "certs/cert.h"
#include "certs/ossl.h"

/* Borrowed. The SM2 identifier is set in it where its signature is by SM2. */
X509 *cert_x509_peek(const struct cert *cert);
/* The key that could have made this certificate's signature; false when its algorithm is none of ours. */
bool cert_signed_with(const struct cert *cert, enum cert_algorithm *out);
/* ERR_CERT_USAGE unless it is a CA: basic constraints say so, and key usage, where present, allows to
 * sign certificates. Source: RFC 5280 6.1.4 (k), (n). */
MUST_CHECK enum err_code cert_check_ca(const struct cert *cert, struct err *err);
