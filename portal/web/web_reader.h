/* Reads that may take long (a search, the audit trail) on the readers' threads, each with a database
 * connection of its own, so that nobody's question holds up the loop. */
#pragma once

#include "portal/web/web.h"

struct web_read {
    /* On a thread, or in the loop when it is quick: portal has a folder and a database, nothing else. */
    enum err_code (*read)(struct portal *portal, void *context, struct json **out, struct err *err);
    /* In the loop, when it was read and somebody waits for it: may add to the answer. NULL: none. */
    void (*was_read)(void *context, struct json *json);
    void (*free)(void *context);
    void *context;
};

/* Answers the call with what is read. slow: on a thread. Takes read's context over, also when it fails.
 * ERR_HTTP_TOO_MANY when too many wait, and what read says. */
MUST_CHECK enum err_code web_reader_start(const struct web_call *call, const struct web_read *read,
                                          bool slow, struct web_answer *out, struct err *err);
