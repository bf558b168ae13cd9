/* The root certificates that a platform of the configuration names. */
#pragma once

#include "agent/config.h"
#include "certs/chain.h"

/* What the certificates and, by themselves, the seals of the platform must chain to; *out_seal_roots is NULL where the
 * configuration names none. The caller frees both. Without them the platform can't use the agent. ERR_FILE_MISSING, ERR_FILE
 * and those of chain_roots_from_pem; the detail names the platform. */
MUST_CHECK enum err_code config_roots_read(const struct config_platform *platform,
                                           struct chain_roots **out_roots,
                                           struct chain_roots **out_seal_roots, struct err *err);
