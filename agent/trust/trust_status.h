/* Which of the user's browsers trust the agent's certificate. */
#pragma once

#include "agent/trust/trust_user.h"
#include "base/json.h"

/* {"certificate": FILE or null, "installed": whether the user has installed trust, "browsers": rows of
 * trust_state.h}: one for each browser, then one for each Firefox profile. Changes nothing. The caller
 * frees. */
struct json *trust_status(const struct trust_user *user, enum lang lang);
