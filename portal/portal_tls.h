/* The portal's own TLS identity, for running it without a public one. */
#pragma once

#include "base/err.h"

/* Makes folder/tls with ca.pem (what a client must trust), server.pem and server.key for host,
 * 127.0.0.1, ::1 and localhost. The CA's key is not kept: none exists that could be stolen, and a new
 * identity is a new CA. ERR_FIELD_VALUE when host is neither a name nor an address. */
MUST_CHECK enum err_code portal_tls_make(const char *folder, const char *host, struct err *err);
