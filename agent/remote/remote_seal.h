/* PUT /jobs/{id}/seal: the present seal becomes an extended one. Source: docs/protocol/platform.md. */
#pragma once

#include "agent/remote/remote.h"

/* A seal of REMOTE_SEAL_BYTES_MAX and a chain of REMOTE_CHAIN_MAX certificates of REMOTE_CERT_BYTES_MAX in
 * Base64 are 174,772 bytes; their names and what a later platform adds fit beside them. */
#define REMOTE_SEAL_BODY_BYTES_MAX 196608

MUST_CHECK enum err_code remote_seal_put(const struct remote_call *call,
                                         const struct remote_job *job,
                                         const struct remote_seal_request *request,
                                         struct remote_new_seal **out, struct err *err);
