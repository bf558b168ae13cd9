/* PUT /jobs/{id}/confirmation: the platform learns what the key holds. Source: docs/protocol/platform.md. */
#pragma once

#include "agent/remote/remote.h"

/* ERR_NONE means that the platform has acknowledged. */
MUST_CHECK enum err_code remote_confirmation_put(const struct remote_call *call,
                                                 const struct remote_job *job,
                                                 const struct remote_confirmation *confirmation,
                                                 struct err *err);
