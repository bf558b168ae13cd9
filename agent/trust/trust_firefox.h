/* Firefox's policies of the machine: one file for everybody, so that our entries are merged into it and only
 * they are taken out. Source: mozilla.github.io/policy-templates, Certificates and LocalNetworkAccess. */
#pragma once

#include "base/err.h"

#include <stdbool.h>

/* Files of administrators have some KiB. */
#define TRUST_FIREFOX_BYTES_MAX 1048576

/* What the file should say: the user's certificate by its relative name, and that the platforms' pages may
 * reach this computer without a question. */
struct trust_firefox {
    const char *path;
    const char *record; /* what was in the file and what we put there */
    const char *const *origins; /* "https://host:port" */
    size_t origin_count;
};

/* Nothing happens when the file says all that already. A file that is not JSON, or whose entries are of
 * another type, is left as it is: ERR_TRUST_POLICY_FILE. ERR_FILE. */
MUST_CHECK enum err_code trust_firefox_install(const struct trust_firefox *wanted, struct err *err);
/* Takes out what trust_firefox_install put in. Gives back the very bytes that were there before when nobody
 * changed the file since. The same errors. */
MUST_CHECK enum err_code trust_firefox_remove(const struct trust_firefox *wanted, struct err *err);
/* Whether the file says all that; out_any: whether it names the certificate. */
MUST_CHECK enum err_code trust_firefox_look(const struct trust_firefox *wanted, bool *out_all,
                                            bool *out_any, struct err *err);
/* Whether the policies of this path name the certificate; a missing file does not. */
MUST_CHECK enum err_code trust_firefox_names(const char *path, bool *out, struct err *err);
