/* The agent's answers (docs/api/local.md) for people. */
#pragma once

#include <stdio.h>

#include "base/json.h"

void ctl_show_status(FILE *out, const struct json *status, enum lang lang);
/* {"tokens": [...]} */
void ctl_show_tokens(FILE *out, const struct json *answer, enum lang lang);
/* One item of a key's certificates; all its facts. */
void ctl_show_certificate(FILE *out, const struct json *certificate, enum lang lang);
/* {"operations": [...]}: a line each. */
void ctl_show_operations(FILE *out, const struct json *answer, enum lang lang);
/* An operation that ended well: its message and what came of it. */
void ctl_show_result(FILE *out, const struct json *operation, enum lang lang);
/* What happened, the technical detail, what to do, the code. */
void ctl_show_err(FILE *out, const struct err *err, enum lang lang);
