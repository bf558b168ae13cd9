/* Certificates: of the keys that are plugged in, or of a file. */
#pragma once

#include "agent/ctl/ctl.h"
#include "certs/cert.h"

/* Of the file that the third word names (PEM or DER), else of the keys. */
MUST_CHECK enum err_code ctl_cert_show(struct ctl *ctl, struct err *err);
/* Prints the one that --usage, --token and --container choose as PEM. */
MUST_CHECK enum err_code ctl_cert_export(struct ctl *ctl, struct err *err);

/* The DER of the first certificate of a PEM text, or the bytes themselves when they are no PEM.
 * ERR_BASE64, ERR_DER (no certificate in the PEM). */
MUST_CHECK enum err_code ctl_cert_der_of(struct span file, struct bytes **out, struct err *err);
/* A certificate as the agent shows it, without what only the agent knows. The caller frees. */
struct json *ctl_cert_json(const struct cert *cert);
