/* What is said of one browser, profile or policy file, and what to do about it. */
#pragma once

#include "base/json.h"

enum trust_state {
    TRUST_STATE_TRUSTED,
    TRUST_STATE_MISSING,
    TRUST_STATE_OUTDATED, /* an earlier certificate, or other platforms, are there */
    TRUST_STATE_NO_POLICY, /* the user's part of Firefox is there, the machine's is not */
    TRUST_STATE_RESTART, /* a Firefox profile that has not taken the certificate over yet */
    TRUST_STATE_FAILED,
};

/* {"browser","path","state","title","remedy"?} of a state. The caller frees. */
struct json *trust_state_row(const char *browser, const char *path, enum trust_state state,
                             enum lang lang);
/* The same with what the error says, and its "code" and "detail". */
struct json *trust_state_row_failed(const char *browser, const char *path, const struct err *err,
                                    enum lang lang);
/* The same of a machine's policy file. */
struct json *trust_state_row_system(const char *browser, const char *path, enum trust_state state,
                                    enum lang lang);
