/* Passwords of accounts: rules, and scrypt. Each computation takes about a tenth of a second and 32 MiB.
 * Safe from any thread. */
#pragma once

#include "base/err.h"
#include "base/secret.h"

#define PORTAL_PASSWORD_CHARACTERS_MIN 10
#define PORTAL_PASSWORD_CHARACTERS_MAX 128 /* of at most 4 bytes: fits a struct secret */
#define PORTAL_PASSWORD_SALT_BYTES 16
#define PORTAL_PASSWORD_HASH_BYTES 32

/* What is kept of a password. Source: RFC 7914 2. */
struct portal_password {
    int64_t n, r, p; /* cost, block size, parallelization */
    uint8_t salt[PORTAL_PASSWORD_SALT_BYTES];
    uint8_t hash[PORTAL_PASSWORD_HASH_BYTES];
};

/* 10 to 128 characters of UTF-8, no control character, not the login, not one character again and again.
 * ERR_PASSWORD_RULES. */
MUST_CHECK enum err_code portal_password_check(const char *login, struct span password,
                                               struct err *err);
/* With a fresh salt and today's parameters. ERR_CRYPTO. */
MUST_CHECK enum err_code portal_password_make(const struct secret *password,
                                              struct portal_password *out, struct err *err);
/* kept NULL: takes as long as for one that is kept, and never matches. ERR_CRYPTO. */
MUST_CHECK enum err_code portal_password_matches(const struct portal_password *kept,
                                                 const struct secret *password, bool *out,
                                                 struct err *err);
/* A copy of borrowed bytes. ERR_PASSWORD_RULES when it is longer than any password. */
MUST_CHECK enum err_code portal_password_take(struct span password, struct secret **out,
                                              struct err *err);
