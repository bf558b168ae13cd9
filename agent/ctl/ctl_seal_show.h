/* A seal as JSON, and that JSON for people. */
#pragma once

#include <stdio.h>

#include "base/json.h"
#include "certs/seal.h"

/* All facts but the picture's bytes. The caller frees. */
struct json *ctl_seal_json(const struct seal *seal);
/* What ctl_seal_json made. */
void ctl_seal_print(FILE *out, const struct json *seal, enum lang lang);
