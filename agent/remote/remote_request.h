/* PUT /jobs/{id}/request: a certificate request becomes certificates. Source: docs/protocol/platform.md. */
#pragma once

#include "agent/remote/remote.h"

/* *out_retry_s (1 to REMOTE_RETRY_SECONDS_MAX) is written with ERR_PLATFORM_PENDING. */
#define REMOTE_RETRY_SECONDS_DEFAULT 5
#define REMOTE_RETRY_SECONDS_MAX 300

MUST_CHECK enum err_code remote_request_put(const struct remote_call *call,
                                            const struct remote_job *job,
                                            const struct remote_request *request,
                                            struct remote_issued **out, int *out_retry_s,
                                            struct err *err);
