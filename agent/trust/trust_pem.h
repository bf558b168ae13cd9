/* A certificate as text and as bytes. */
#pragma once

#include "base/err.h"
#include "base/span.h"

/* A P-256 certificate of ours takes less than 600 bytes; foreign ones are only compared. */
#define TRUST_PEM_DER_MAX 16384

/* The first certificate of a PEM text, whose lines may end in any way. Not looked into. Fails with
 * ERR_BASE64 and ERR_FILE (there is none). */
MUST_CHECK enum err_code trust_pem_read(struct span pem, struct bytes **out_der, struct err *err);
/* With lines of 64 characters; the caller frees. Source: RFC 7468 2. */
char *trust_pem_write(struct span der);
