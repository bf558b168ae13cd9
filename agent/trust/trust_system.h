/* What an administrator does for all users: policies of the machine. No certificate is among them, for each user
 * has one of their own. */
#pragma once

#include "base/json.h"

/* What was put into files that belong to others. */
#define TRUST_SYSTEM_STATE "/var/lib/ukeyd/trust"

struct trust_system {
    const char *root; /* before every path: "" but in tests */
    const char *const *origins; /* of the listed platforms */
    size_t origin_count;
};

/* What could be done is done; the first failure is told. Errors of trust_firefox.h and trust_chromium.h. */
MUST_CHECK enum err_code trust_system_install(const struct trust_system *system, struct err *err);
/* Takes back exactly that, and the folders that were made for it. */
MUST_CHECK enum err_code trust_system_remove(const struct trust_system *system, struct err *err);
/* Rows of trust_state.h, one for each policy file. The caller frees. */
struct json *trust_system_status(const struct trust_system *system, enum lang lang);
