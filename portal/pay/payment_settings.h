/* Which payment service the portal uses, and its keys: in the portal's folder and database. */
#pragma once

#include "portal/pay/payment.h"
#include "portal/portal.h"

struct payment_settings {
    const char *provider; /* "sandbox" */
    const char *service_url;
    const char *service_key_file; /* PEM, the service's public key */
    const char *service_ca_file; /* PEM; NULL: the system's CAs vouch for the service */
};
/* Keeps copies of the files. The server takes it up when it starts. ERR_USAGE (no such provider),
 * ERR_CONFIG, ERR_FILE_MISSING. */
MUST_CHECK enum err_code payment_settings_configure(struct portal *portal,
                                                    const struct payment_settings *settings,
                                                    struct err *err);
/* The portal's public key as a merchant, PEM, made when there is none yet; the caller frees. */
MUST_CHECK enum err_code payment_settings_merchant_key(struct portal *portal, char **out,
                                                       struct err *err);

/* The provider that was configured; *out is NULL when none was. */
MUST_CHECK enum err_code payment_settings_open(struct portal *portal, struct payment_provider **out,
                                               struct err *err);
void payment_settings_close(struct payment_provider *provider);
void payment_settings_closep(struct payment_provider **provider);
