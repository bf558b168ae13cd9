/* Certificates as the card sees them from outside: text for people, and whose key is in one. */
#pragma once

#include "base/json.h"
#include "token/virtual/virtual_pair.h"

/* A member with the certificate in PEM; null when der is empty. */
void virtual_certificate_add_pem(struct json *out, const char *name, struct span der);
/* Whether the pair's public half is in this certificate (DER or PEM). */
bool virtual_certificate_is_of(struct span certificate, const struct virtual_pair *pair);
/* A certificate in DER that somebody signed: a placeholder names the algorithm "unsigned". Source: RFC
 * 9925. */
bool virtual_certificate_is_signed(struct span der);
