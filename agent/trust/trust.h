/* Makes a user's browsers trust the agent's certificate, and undoes it. There is no CA: what is trusted is one
 * certificate that can vouch for nothing but itself. Everything blocks for some hundred milliseconds. */
#pragma once

#include "agent/trust/trust_user.h"

/* How long one waits for another who is at it: three databases and some profiles, 20 ms a call. */
#define TRUST_LOCK_MS 20000

/* Puts the agent's present certificate where each of the user's browsers looks, and removes those that were
 * put there before. What could be done is done; the first failure is told. Fails with those of
 * trust_read_identity, ERR_FILE, ERR_DEADLINE and those of trust_nss.h. */
MUST_CHECK enum err_code trust_install(const struct trust_user *user, struct err *err);
/* The same when the user has installed trust before and the certificate is another one since; else nothing.
 * out_changed: whether there was something to do. */
MUST_CHECK enum err_code trust_follow(const struct trust_user *user, bool *out_changed,
                                      struct err *err);
/* The same, and trust_install when the user has neither installed nor refused it yet. */
MUST_CHECK enum err_code trust_begin(const struct trust_user *user, bool *out_changed,
                                     struct err *err);
/* Whether the user has; identity: the folder. */
bool trust_is_decided(const char *identity);
/* Takes back all that trust_install did, also what Firefox copied into its profiles. Where it fails, it can be
 * called again. The same errors. */
MUST_CHECK enum err_code trust_remove(const struct trust_user *user, struct err *err);
/* The same, and notes that the user wants none: trust_begin does nothing from then on. */
MUST_CHECK enum err_code trust_refuse(const struct trust_user *user, struct err *err);

/* The agent's present certificate. ERR_TRUST_NO_IDENTITY; ERR_CERT_NOT_LOOPBACK when the file holds one that the agent does
 * not make: whoever took over the agent could else have the browsers trust any. */
MUST_CHECK enum err_code trust_read_identity(const struct trust_user *user, struct bytes **out_der,
                                             struct err *err);
