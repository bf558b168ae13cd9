/* A PEM file of CA certificates, as a person has it: roots and those between them and a certificate. */
#pragma once

#include "certs/chain.h"

/* A file of certificates with comments. */
#define CTL_ROOTS_BYTES_MAX 262144

struct ctl_roots {
    struct chain_roots *roots;
    struct span intermediates[CHAIN_INTERMEDIATES_MAX]; /* DER, borrowed from kept */
    size_t intermediate_count;
    struct bytes *kept[CHAIN_INTERMEDIATES_MAX];
};

/* Self-signed ones are roots, the others may be needed on the way to one. ERR_CERT_USAGE when one is no
 * CA, ERR_CONFIG when none is a root or there are too many, ERR_DER, ERR_BASE64. */
MUST_CHECK enum err_code ctl_roots_read(struct span pem, struct ctl_roots *out, struct err *err);
void ctl_roots_done(struct ctl_roots *roots);
