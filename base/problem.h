/* An error as a problem object (RFC 9457), for HTTP answers and inside other answers. */
#pragma once

#include "base/err.h"
#include "base/json.h"

/* {"type":"about:blank","title","status","detail","code","remedy"} and "tries_left" where it is known.
 * The caller frees. */
struct json *problem_json(const struct err *err, enum lang lang);
