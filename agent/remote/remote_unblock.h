/* POST /jobs/{id}/unblock: a challenge of the key becomes what its UnblockPIN (or the administrator's
 * VerifyPIN) takes. Source: docs/protocol/platform.md. */
#pragma once

#include "agent/remote/remote.h"

/* Sent once, whatever happens: every request that the platform sees counts against the key's limit. */
MUST_CHECK enum err_code remote_unblock_post(const struct remote_call *call,
                                             const struct remote_job *job,
                                             const struct remote_unblock_request *request,
                                             struct secret **out, struct err *err);
