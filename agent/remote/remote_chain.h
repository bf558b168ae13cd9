/* The chain of CA certificates in an answer of the platform. Source: docs/protocol/platform.md. */
#pragma once

#include "agent/remote/remote.h"
#include "base/json.h"

/* chain: an array of at most REMOTE_CHAIN_MAX items. *out_count: how many are in out, which are the
 * caller's, also after a failure. ERR_FIELD_TYPE, ERR_BASE64; the detail names the item. */
MUST_CHECK enum err_code remote_chain_read(const struct json *chain,
                                           struct bytes *out[REMOTE_CHAIN_MAX], size_t *out_count,
                                           struct err *err);
