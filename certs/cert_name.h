/* Distinguished names as text. */
#pragma once

#include "certs/ossl.h"

/* RFC 2253 style in UTF-8, cut at CERT_TEXT_BYTES_MAX with its zero byte. The caller frees. */
char *cert_name_text(const X509_NAME *name);
/* The last (most specific) attribute of this kind, "" when there is none; control characters become
 * spaces. The caller frees. */
char *cert_name_attribute(const X509_NAME *name, int nid);
