/* Master secrets of the portal: random bytes in a file of mode 0600. */
#pragma once

#include "base/err.h"
#include "base/secret.h"

#define PORTAL_SECRET_BYTES 32

/* Writes a new one (over an old one). */
MUST_CHECK enum err_code portal_secret_file_make(const char *path, struct err *err);
/* ERR_FILE_MISSING; ERR_CONFIG when it has another length or others may read it. */
MUST_CHECK enum err_code portal_secret_file_read(const char *path, struct secret **out,
                                                 struct err *err);
/* Of any file with a private key. ERR_FILE_MISSING, ERR_FILE; ERR_CONFIG when others have access. */
MUST_CHECK enum err_code portal_secret_file_check(const char *path, struct err *err);
/* HMAC-SM3(master, label || context): a key or secret for one purpose. */
MUST_CHECK enum err_code portal_secret_derive(const struct secret *master, const char *label,
                                              struct span context, struct secret **out,
                                              struct err *err);
