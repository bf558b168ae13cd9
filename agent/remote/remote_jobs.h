/* POST /jobs: a one-time ticket becomes a job. Source: docs/protocol/platform.md. */
#pragma once

#include "agent/remote/remote.h"

#define REMOTE_JOB_ID_DIGITS 32
/* 256 random bits in Base64url; more than the longest is no secret but a payload. */
#define REMOTE_SECRET_BYTES_MIN 43
#define REMOTE_SECRET_BYTES_MAX 256

MUST_CHECK enum err_code remote_jobs_redeem(const struct remote_call *call,
                                            const struct remote_redeem *redeem,
                                            struct remote_job **out, struct err *err);

/* "/jobs/{id}/{resource}"; the caller frees. ERR_INTERNAL when the job's id or secret, which go into an
 * address and a header, are not of their form. */
MUST_CHECK enum err_code remote_jobs_path(const struct remote_job *job, const char *resource,
                                          char **out, struct err *err);
