/* NSS's own program certutil as a child process, without our environment. Why not the library: docs/adr/0009. */
#pragma once

#include "base/cancel.h"
#include "base/err.h"
#include "base/span.h"

#define TRUST_CERTUTIL "/usr/bin/certutil"
/* One call takes 20 ms; a database that another program holds is given up by NSS after 2 s. */
#define TRUST_CERTUTIL_MS 10000
/* A listing of 10,000 certificates, 70 bytes a line, and room. */
#define TRUST_CERTUTIL_OUTPUT_MAX 1048576

struct trust_certutil {
    const char *program; /* absolute */
    const struct cancel *cancel; /* NULL: never */
    const char *libraries; /* folder of another NSS than the system's; NULL: the system's */
};

/* Runs it with arguments (NULL-terminated, without the program's name); input is its standard input,
 * out_text its standard output, NULL when that is of no interest. Blocks. Fails with
 * ERR_TRUST_TOOL_MISSING, ERR_TRUST_PASSWORD, ERR_TRUST_READ_ONLY, ERR_TRUST_DATABASE (it refused, what it
 * said is the detail), ERR_DEADLINE, ERR_CANCELLED, ERR_INTERNAL. */
MUST_CHECK enum err_code trust_certutil_run(const struct trust_certutil *tool,
                                            const char *const *arguments, struct span input,
                                            struct bytes **out_text, struct err *err);
