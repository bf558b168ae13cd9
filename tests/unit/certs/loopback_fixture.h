/* Certificates like the agent's own, and such as only look so. */
#pragma once

#include "base/span.h"

/* NULL or 0: as the agent makes it; "": the extension is left out. */
struct loopback_wish {
    const char *names; /* "DNS:localhost,IP:127.0.0.1" */
    const char *basic_constraints;
    const char *key_usage;
    const char *extended_key_usage;
    const char *name_constraints; /* NULL: none */
    const char *curve;
    const char *digest;
    const char *issuer; /* common name */
    bool signed_by_another;
    int64_t valid_seconds;
};

/* DER; the caller frees. */
struct bytes *loopback_fixture(const struct loopback_wish *wish);
