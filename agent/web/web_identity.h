/* The agent's own TLS identity: made at the first start, kept in files, renewed in time. */
#pragma once

#include <stdint.h>

#include "base/err.h"

struct http_server;

/* A certificate with fewer days left is replaced. */
#define WEB_IDENTITY_RENEW_DAYS 30
#define WEB_IDENTITY_FOLDER "identity"
#define WEB_IDENTITY_CERT "loopback.pem"
#define WEB_IDENTITY_KEY "loopback.key"

/* When it could not be renewed it is tried again after this time. */
#define WEB_IDENTITY_RETRY_SECONDS 86400

/* Gives server the identity in <state_folder>/identity. It is made anew when there is none, when it is
 * damaged or about to end, and when the key could be read by others or belongs to another user.
 * out_due_utc: when to do so again. ERR_FILE, ERR_CRYPTO, ERR_NO_LOCKED_MEMORY, ERR_TLS. */
MUST_CHECK enum err_code web_identity_use(const char *state_folder, struct http_server *server,
                                          int64_t *out_due_utc, struct err *err);
