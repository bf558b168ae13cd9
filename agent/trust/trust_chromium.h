/* Managed policies of Chromium, Chrome and Edge: each reads all files of a folder, one of which is ours. They
 * let the platforms' pages reach this computer without a question. Source: chromeenterprise.google/policies,
 * LoopbackNetworkAllowedForUrls and LocalNetworkAccessAllowedForUrls; measured with Chromium 156. */
#pragma once

#include <stdbool.h>

#include "base/err.h"

/* The name of our file in each of the folders. */
#define TRUST_CHROMIUM_FILE "ukeyd.json"

struct trust_chromium {
    const char *folder; /* "/etc/chromium/policies/managed" */
    const char *const *origins; /* "https://host:port" */
    size_t origin_count;
};

/* Chromium takes each policy from the last file that has it, so that a second file would undo ours or be
 * undone by it: ERR_TRUST_POLICY_CONFLICT names it. ERR_FILE. */
MUST_CHECK enum err_code trust_chromium_install(const struct trust_chromium *wanted,
                                                struct err *err);
/* Nothing to do when there is none. ERR_FILE. */
MUST_CHECK enum err_code trust_chromium_remove(const struct trust_chromium *wanted,
                                               struct err *err);
/* out_there: whether our file is there; out_same: whether it says what it should. */
MUST_CHECK enum err_code trust_chromium_look(const struct trust_chromium *wanted, bool *out_there,
                                             bool *out_same, struct err *err);
