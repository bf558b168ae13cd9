/* The bundled sandbox service as a payment provider: what the portal, as its merchant, says to ukey-pay. */
#pragma once

#include "portal/pay/payment.h"

struct payment_sandbox_options {
    const char *service_url; /* "https://host:port", without a slash at its end */
    const char *ca_file; /* PEM of whom to trust for TLS; NULL: the system's */
    const char *own_key_file; /* the merchant's private key */
    const char *service_key_file; /* the service's public key */
};

/* Nothing is asked yet. ERR_CONFIG, ERR_FILE_MISSING, ERR_CRYPTO. */
MUST_CHECK enum err_code payment_sandbox_new(const struct payment_sandbox_options *options,
                                             struct payment_provider **out, struct err *err);
/* No call may be under way any more. */
void payment_sandbox_free(struct payment_provider *provider);
void payment_sandbox_freep(struct payment_provider **provider);
